/** Where the page may be served, of all that the options can say. */

import type { ValidatedConfig } from '../../config';
import { show } from '../../config/checks';
import { LOCALHOST } from '../../config/view';
import { ValidationError } from '../../errors';

/**
 * Where the page listens. Other machines reach it only by TLS, and with a token of the operator's own.
 * @throws {ValidationError}
 */
export function checkListening({ view, viewToken: token, ports }: ValidatedConfig) {
  const { port, host, certFile, keyFile } = view ?? { port: 0, host: LOCALHOST };
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ValidationError('view', 'must have certFile and keyFile together');
  }
  if (!isLoopback(host) && (certFile === undefined || token === undefined)) {
    throw new ValidationError(
      'view',
      `must have certFile, keyFile and the variable VIEW_TOKEN where other machines can reach it, got host ${show(host)}`,
    );
  }
  if (ports.includes(port)) {
    throw new ValidationError('view', `must not have a captured port, got ${port}: the page would show itself`);
  }
  return { port, host, certFile, keyFile, token };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
