/**
 * Decides what to do about the CA and the certificate that are kept, and when. Pure but for the keys it makes.
 *
 * A CA is renewed in two steps, so that at no time a certificate is served that an API server does not trust yet: first the
 * new CA stands beside the old one in `caBundle`, and only after a while certificates are signed by it.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Pair } from '../server';
import { BACKDATE_MS, createCa, createLeaf } from './issue';
import { checkPair } from './pair';

export interface Kept {
  /** PEM; the first one signs, the others are still trusted. */
  cas: string[];
  caKey: string;
  leaf: Pair;
}

/** The CA before it: its certificates may still be served somewhere. */
const MAX_CAS = 2;
/** API servers learn of a new `caBundle` by a watch; replicas look after it once a minute. */
export const TRUST_MS = 3 * 60_000;

/** With a CA that is good for long enough; the same object where it is already. */
export function withGoodCa(kept: Kept | undefined, names: readonly string[], now: number): Kept {
  if (kept === undefined || !isGoodCa(kept, now)) {
    const ca = createCa(now);
    return { cas: [ca.cert], caKey: ca.key, leaf: createLeaf(ca, names, now) };
  }
  if (!isDue(kept.cas[0] as string, now)) return kept;
  const ca = createCa(now);
  const trusted = kept.cas.filter((each) => Date.parse(new X509Certificate(each).validTo) > now);
  return { cas: [ca.cert, ...trusted].slice(0, MAX_CAS), caKey: ca.key, leaf: kept.leaf };
}

/** With a certificate that is good for long enough, of the newest CA if that is trusted; the same object where it is already. */
export function withGoodLeaf(kept: Kept, names: readonly string[], now: number, trusted: boolean): Kept {
  const ca = { cert: kept.cas[0] as string, key: kept.caKey };
  const usable = isUsable(kept.leaf, now);
  if (usable && (!trusted || now < madeAt(ca.cert) + TRUST_MS)) {
    // The first CA of all has signed its certificate when it was made.
    return kept;
  }
  if (usable && !isDue(kept.leaf.cert, now) && isFor(kept.leaf.cert, names) && isFrom(kept.leaf.cert, ca.cert))
    return kept;
  return { ...kept, leaf: createLeaf(ca, names, now) };
}

function isGoodCa({ cas, caKey }: Kept, now: number): boolean {
  try {
    return cas.every((each) => new X509Certificate(each).ca) && isUsable({ cert: cas[0] ?? '', key: caKey }, now);
  } catch {
    return false;
  }
}

function isUsable(pair: Pair, now: number): boolean {
  try {
    checkPair(pair, now);
    return true;
  } catch {
    return false;
  }
}

/** A third of its time is left. */
function isDue(cert: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return now > to - (to - from) / 3;
}

function madeAt(cert: string): number {
  return Date.parse(new X509Certificate(cert).validFrom) + BACKDATE_MS;
}

function isFrom(cert: string, ca: string): boolean {
  const issuer = new X509Certificate(ca);
  return new X509Certificate(cert).verify(issuer.publicKey);
}

function isFor(cert: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  return names.every(
    (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
  );
}

/** `undefined` where that is not what `writeKept` wrote; what is in the certificates is looked at by the others. */
export function readKept(data: Record<string, string>): Kept | undefined {
  const { 'ca.crt': bundle, 'ca.key': caKey, 'tls.crt': cert, 'tls.key': key } = data;
  const cas = bundle?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g);
  if (!cas || caKey === undefined || cert === undefined || key === undefined) return undefined;
  try {
    createPrivateKey(caKey);
  } catch {
    return undefined;
  }
  return { cas: [...cas], caKey, leaf: { cert, key } };
}

export function writeKept({ cas, caKey, leaf }: Kept): Record<string, string> {
  return { 'ca.crt': bundleOf(cas), 'ca.key': caKey, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
}

export function bundleOf(cas: readonly string[]): string {
  return cas.map((each) => `${each.trim()}\n`).join('');
}
