/** A certificate and its key, checked before anything is served with them. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Pair } from '../server';

export interface CheckedPair extends Pair {
  /** In ms since 1970. */
  notAfter: number;
}

/** @throws {Error} what is wrong with them; never shows either */
export function checkPair({ cert, key }: Pair, now: number): CheckedPair {
  const certificate = parse(() => new X509Certificate(cert), 'the certificate cannot be read');
  const privateKey = parse(() => createPrivateKey(key), 'the key cannot be read');
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('the key does not belong to the certificate');
  const notAfter = Date.parse(certificate.validTo);
  if (notAfter <= now) throw new Error(`the certificate has expired on ${certificate.validTo}`);
  return { cert, key, notAfter };
}

function parse<T>(read: () => T, complaint: string): T {
  try {
    return read();
  } catch {
    throw new Error(complaint);
  }
}
