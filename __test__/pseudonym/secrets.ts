/** Secrets of all kinds, and messages that have them in all places and encodings. */

import { createHash } from 'node:crypto';
import type { HttpMessage } from '../../ts/types';
import type { Random } from '../differential/random.js';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALL = `${LOWER}${LOWER.toUpperCase()}0123456789`;

const exactly = (random: Random, length: number, alphabet: string): string =>
  Array.from({ length }, () => random.pick([...alphabet])).join('');

function card(random: Random): string {
  const front = `4${exactly(random, 14, '0123456789')}`;
  const sum = [...front].reverse().reduce((all, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return all + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${front}${(10 - (sum % 10)) % 10}`;
}

/** Check digits by ISO 13616-1 are no matter here: each group of digits is a part of it. */
const iban = (random: Random): string => `DE${exactly(random, 20, '0123456789')}`;
const inGroups = (text: string): string => text.replace(/(.{4})(?=.)/g, '$1 ');

const KINDS: readonly ((random: Random) => string)[] = [
  (random) => exactly(random, 32, '0123456789abcdef'),
  (random) => exactly(random, 22, `${ALL}-_`),
  (random) => `sk_live_${exactly(random, 24, ALL)}`,
  (random) => `eyJhbGciOiJIUzI1NiJ9.${exactly(random, 30, ALL)}.${exactly(random, 43, `${ALL}-_`)}`,
  (random) => Buffer.from(exactly(random, 25, ALL)).toString('base64'),
  (random) => `${exactly(random, 9, LOWER)}.${exactly(random, 4, LOWER)}@${exactly(random, 8, LOWER)}.test`,
  (random) => card(random),
  (random) => card(random).replace(/(\d{4})(?=\d)/g, '$1 '),
  (random) => `10.${random.upTo(255)}.${100 + random.upTo(155)}.${100 + random.upTo(155)}`,
  (random) => `2001:db8:${exactly(random, 4, '123456789')}::${exactly(random, 4, '123456789')}`,
  (random) => exactly(random, 32, '0123456789abcdef').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  // Passwords.
  (random) => exactly(random, 14, `${ALL}!@#$%^&*()_+-=[]{}|;:,.<>?/~\`"'\\`),
  (random) => Array.from({ length: 4 }, () => exactly(random, 5, LOWER)).join(' '),
  (random) => `${exactly(random, 6, 'äöüéèßñøłжщю漢字')}${exactly(random, 6, ALL)}`,
  (random) => exactly(random, 9, '0123456789'),
  (random) => `+49 ${exactly(random, 3, '123456789')} ${exactly(random, 7, '123456789')}`,
  (random) => exactly(random, 12, LOWER),
  (random) => {
    const parts = [
      { alg: 'RS256', typ: 'JWT' },
      { sub: exactly(random, 9, ALL), iat: 1_700_000_000 },
    ];
    const [head, claims] = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return `${head}.${claims}.${exactly(random, 43, `${ALL}-_`)}`;
  },
  (random) => iban(random),
  (random) => inGroups(iban(random)),
  (random) =>
    `(${exactly(random, 3, '23456789')}) ${exactly(random, 3, '23456789')}-${exactly(random, 4, '123456789')}`,
  (random) => `0${exactly(random, 3, '123456789')}/${exactly(random, 7, '123456789')}`,
  // Keys of AWS, which may have no digit, and their secrets.
  (random) => `AKIA${exactly(random, 16, `${LOWER.toUpperCase()}234567`)}`,
  (random) => `ASIA${exactly(random, 16, LOWER.toUpperCase())}`,
  (random) => exactly(random, 40, `${ALL}+/`),
  // Ids of sessions.
  (random) => exactly(random, 21, `${ALL}-_`),
  (random) => `s:${exactly(random, 32, `${ALL}-_`)}.${exactly(random, 43, ALL)}`,
  (random) => exactly(random, 26, `${LOWER}0123456789`),
  (random) => exactly(random, 32, '0123456789ABCDEF').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  (random) => `${exactly(random, 6, LOWER)}+${exactly(random, 5, LOWER)}@${exactly(random, 8, LOWER)}.test`,
  (random) => inGroups(exactly(random, 32, '0123456789abcdef')).replaceAll(' ', ':'),
  (random) => `2001:db8::${exactly(random, 4, '123456789')}:${exactly(random, 4, 'abcdef')}`,
  (random) => exactly(random, 12, '0123456789abcdef').replace(/(..)(?=.)/g, '$1-'),
];

/** Each is different. */
export function secrets(random: Random, count: number): string[] {
  const found = new Set<string>();
  while (found.size < count) found.add((KINDS[found.size % KINDS.length] as (typeof KINDS)[number])(random));
  return [...found];
}

/** Every character percent-encoded. */
export const allEncoded = (text: string): string => Buffer.from(text).toString('hex').replace(/../g, '%$&');
/** Every unit as an escape of JSON. */
export const allEscaped = (text: string): string =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/** The forms of a secret that must not be found in any format. */
export function formsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const forms = [
    secret,
    inJson,
    JSON.stringify(inJson).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ a: secret }).toString().slice(2),
    allEncoded(secret),
    allEscaped(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    secret.replace(/\s/g, ''),
  ];
  return [...new Set(forms)];
}

export interface Exchanged {
  request: HttpMessage;
  response: HttpMessage;
}

const SERVER = { ip: '10.0.0.5', port: 8080 };

/** An exchange that has the secret in every place. */
export function exchangeWith(secret: string, number: number): Exchanged {
  const inHeader = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(secret) ? secret : encodeURIComponent(secret);
  const inCookie = encodeURIComponent(secret);
  const hash = createHash('sha256').update(`${number}`).digest('hex');
  const base = {
    id: `${number}.1`,
    timestamp: '2024-05-17T14:02:58.006Z',
    receiver: SERVER,
    destination: { ip: '192.168.7.9', port: 40_000 },
    httpVersion: '1.1',
  };
  const query = `token=${encodeURIComponent(secret)}&q=${allEncoded(secret)}&page=2`;
  const json = `{"password":${JSON.stringify(secret)},"note":"${allEscaped(secret)}","list":[{"deep":${JSON.stringify(secret)}}],"text":${JSON.stringify(`it is ${secret}, really`)},"inner":${JSON.stringify(JSON.stringify({ a: secret }))},"state":"active","count":3,"ok":true}`;
  const form = `${new URLSearchParams({ secret, other: secret })}&last=${allEncoded(secret)}&size=large`;
  const bodies = [json, form, `<a b="${secret.replace(/["&<>]/g, '')}">${secret.replace(/["&<>]/g, '')}</a>`];
  const types = ['application/json', 'application/x-www-form-urlencoded', 'text/xml'];
  const body = bodies[number % 3] as string;
  // A segment that is a word or short stays, if the segment before does not say that it is secret.
  const path = `/v1/${/^(?:[a-z]+|\w{0,15})$/.test(secret) ? 'session' : 'orders'}/${encodeURIComponent(secret)}/items?${query}`;
  return {
    request: {
      ...base,
      direction: 'request',
      method: 'POST',
      path,
      headers: {
        host: 'shop.test:8080',
        'content-type': types[number % 3] as string,
        authorization:
          number % 2 === 0 ? `Bearer ${inHeader}` : `Basic ${Buffer.from(`anna:${secret}`).toString('base64')}`,
        'x-api-key': inHeader,
        'x-forwarded-for': `10.9.8.7, ${inHeader}`,
        cookie: `theme=dark; session=${inCookie}; ${inCookie}`,
        referer: `https://anna:${encodeURIComponent(secret)}@shop.test/a#access_token=${encodeURIComponent(secret)}`,
        'user-agent': `bot/1.0 (${inHeader})`,
        'content-length': `${Buffer.byteLength(body)}`,
        etag: `"${hash}"`,
      },
      body,
      bodySize: Buffer.byteLength(body),
    },
    response: {
      ...base,
      direction: 'response',
      timestamp: '2024-05-17T14:02:58.016Z',
      statusCode: 200,
      reason: 'OK',
      headers: {
        'content-type': 'application/json',
        'set-cookie': `session=${inCookie}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly, second=${inCookie}; Max-Age=60`,
        location: `/reset/${encodeURIComponent(`${hash}${secret}`)}?${query}`,
      },
      trailers: { 'x-checksum': inHeader },
      body: json,
      bodySize: Buffer.byteLength(json),
      request: { method: 'POST', path },
      latencyMs: 10,
      waitMs: 10,
    },
  };
}
