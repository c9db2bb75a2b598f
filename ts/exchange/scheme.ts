/** The scheme of the URLs of a message, wherever one is made. */

import type { HttpMessage } from '../types';

/**
 * https if the message came in TLS, and if its client asked for that (`:scheme`) and something before the server took the TLS off. A
 * proxy may pass on `:scheme: http` in TLS: the server at the end of this connection is still asked by https.
 */
export function schemeOf({ scheme, tls }: Pick<HttpMessage, 'scheme'> & { tls?: unknown }): 'http' | 'https' {
  return tls !== undefined || scheme === 'https' ? 'https' : 'http';
}
