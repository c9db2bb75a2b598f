/** The parts of the URL of a message that are not its path. Browsers run it too, so it imports nothing of Node. */

import type { HttpMessage } from '../types';
import { endpointText } from './endpoints';

/** RFC 3986 §3.2.2, as far as a Host field that is one goes. */
export const HOST = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** The Host field, or where there is none that can be one, the server's endpoint. */
export function authorityOf(host: string | undefined, { receiver }: Pick<HttpMessage, 'receiver'>): string {
  return host !== undefined && HOST.test(host) ? host : endpointText(receiver);
}

/** Its bytes as a URL can hold them (RFC 3986 §2.1). */
export function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) encoded += `%${byte.toString(16).padStart(2, '0')}`;
  return encoded;
}
