/**
 * A CA of our own and certificates signed by it: P-256, ECDSA with SHA-256, X.509 v3 (RFC 5280). Node signs but writes no
 * certificates; the libraries that do bring some 20 packages for what is said here in one form only.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Pair } from '../server';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der';

const DAY_MS = 86_400_000;
export const CA_LIFETIME_MS = 365 * DAY_MS;
export const LEAF_LIFETIME_MS = 90 * DAY_MS;
/** Other clocks may be slow by this much, compared with ours. */
export const BACKDATE_MS = 5 * 60_000;

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const COMMON_NAME = objectId('2.5.4.3');
const SERVER_AUTH = objectId('1.3.6.1.5.5.7.3.1');
/** RFC 5280 §4.1.2.2: at most 20 bytes. */
const SERIAL_BYTES = 16;

export function createCa(now: number): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = keyId(publicKey);
  // A name of its own: a client that knows two CAs finds the right one by it.
  const name = distinguishedName(`tcp-sniffer injector CA ${id.toString('hex').slice(0, 8)}`);
  const extensions = [
    extension('2.5.29.19', true, sequence(boolean(true))),
    // keyCertSign and cRLSign, the 6th and 7th bit.
    extension('2.5.29.15', true, bitString(Buffer.from([0b0000_0110]), 1)),
    extension('2.5.29.14', false, octetString(id)),
  ];
  const validity = { from: now - BACKDATE_MS, to: now + CA_LIFETIME_MS };
  const cert = certificate({ subject: name, issuer: name, publicKey, validity, extensions, signWith: privateKey });
  return { cert, key: pem(privateKey) };
}

/** For servers with these DNS names and IP addresses; it does not outlive its CA. */
export function createLeaf(ca: Pair, names: readonly string[], now: number): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = new X509Certificate(ca.cert);
  const extensions = [
    extension('2.5.29.19', true, sequence()),
    // digitalSignature, the first bit.
    extension('2.5.29.15', true, bitString(Buffer.from([0b1000_0000]), 7)),
    extension('2.5.29.37', false, sequence(SERVER_AUTH)),
    extension('2.5.29.14', false, octetString(keyId(publicKey))),
    extension('2.5.29.35', false, sequence(implicit(0, keyId(createPublicKey(ca.key))))),
    extension('2.5.29.17', false, sequence(...names.map(generalName))),
  ];
  const cert = certificate({
    subject: distinguishedName('tcp-sniffer injector'),
    issuer: distinguishedName(issuer.subject.replace(/^CN=/, '')),
    publicKey,
    validity: { from: now - BACKDATE_MS, to: Math.min(now + LEAF_LIFETIME_MS, Date.parse(issuer.validTo)) },
    extensions,
    signWith: createPrivateKey(ca.key),
  });
  return { cert, key: pem(privateKey) };
}

interface Contents {
  subject: Buffer;
  issuer: Buffer;
  publicKey: KeyObject;
  /** In ms since 1970. */
  validity: { from: number; to: number };
  extensions: Buffer[];
  signWith: KeyObject;
}

function certificate({ subject, issuer, publicKey, validity, extensions, signWith }: Contents): string {
  const serial = randomBytes(SERIAL_BYTES);
  // Positive, and without a leading zero that DER would not have.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(validity.from), time(validity.to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  );
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, signWith)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, utf8String(commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** RFC 5280 §4.2.1.6. */
function generalName(name: string): Buffer {
  if (isIPv4(name)) return implicit(7, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return implicit(7, ipv6Bytes(name));
  return implicit(2, Buffer.from(name, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser writes the embedded IPv4 form in hex.
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = host.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const front = [...head];
  const back = tail === undefined ? [] : [...tail];
  const groups = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => '0'), ...back];
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, '0'), 'hex')));
}

/** RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 of the key. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
