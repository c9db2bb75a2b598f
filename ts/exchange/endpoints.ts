/** Endpoints as text. */

import type { Endpoint } from '../types';

/** `10.0.0.5:8080`, `[2001:db8::1]:80` (RFC 3986 §3.2.2). */
export function endpointText({ ip, port }: Endpoint): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** And back. */
export function endpointOf(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  return { ip: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
