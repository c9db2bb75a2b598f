/**
 * Bodies with values of named members in them, and others. Each hidden value is of characters that nothing else here has, so that a piece of it
 * is known wherever it survives; each other text holds a token of its own.
 */

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../differential/random.js';

/** For `--redact-body`. */
export const NAMES = 'password,apiKey,card_number';
/** The same names, as others write them. */
const SPELLINGS = [
  'password',
  'Password',
  'PASSWORD',
  'apiKey',
  'api_key',
  'API-KEY',
  'apikey',
  'cardNumber',
  'card-number',
];
/** They stay. */
const NEAR = ['passwords', 'my_password', 'apiKeys', 'note', 'id', 'user', 'items', 'pass'];

/** Four of these marks in a row, any of the letters, and the number are of hidden values alone. Base64 has no mark. */
const MARKS = '~^!$';
const LETTERS = 'ЖЩЮЯ';
const NUMBER = '90909090909';
export const HIDDEN = /[~^!$]{4}|[ЖЩЮЯ]|%D0%(?:96|A9|AE|AF)|9090909/i;
/** Texts that stay. */
export const TOKENS = /keep-\w+(?:-\d+)+\./g;

export interface Body {
  type: string;
  bytes: Buffer;
  /** Texts that have to be there still. */
  kept: string[];
  /** In UTF-16. */
  isWide: boolean;
}

/** The knowledge of a generator of one body. */
interface Draft {
  random: Random;
  kept: string[];
  token(): string;
}

const hiddenText = (random: Random): string => {
  const characters = random.chance(0.3) ? LETTERS : MARKS;
  return Array.from({ length: 6 + random.upTo(20) }, () => random.pick([...characters])).join('');
};

/** JSON's string of it, some characters as escapes. */
function quoted(random: Random, text: string, share = 0.2): string {
  const unit = (each: string): string => {
    if (random.chance(share)) {
      const digits = each.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${random.chance(0.5) ? digits : digits.toUpperCase()}`;
    }
    return each === '"' || each === '\\' ? `\\${each}` : each;
  };
  return `"${text.split('').map(unit).join('')}"`;
}

const space = (random: Random): string => (random.chance(0.2) ? ' '.repeat(1 + random.upTo(2)) : '');

function value(draft: Draft, depth: number, hidden: boolean): string {
  const { random, token } = draft;
  const kind = depth > 4 ? random.upTo(1) : random.upTo(5);
  if (kind === 2) return object(draft, depth + 1, hidden);
  if (kind === 3) {
    const items = Array.from({ length: random.upTo(3) }, () => value(draft, depth + 1, hidden));
    return `[${items.join(`${space(random)},${space(random)}`)}]`;
  }
  if (hidden) {
    if (kind === 0) return `${random.chance(0.3) ? '-' : ''}${NUMBER}${random.pick(['', '.5', 'e9', '.9090909E+2'])}`;
    const end = random.pick(['', '', '\\"', '\\\\', ', \\"note\\": \\"', '}]']);
    return `${quoted(random, hiddenText(random)).slice(0, -1)}${end}"`;
  }
  if (kind === 0) return random.pick(['17', 'true', 'null', '-1.5e3', '""', '{}', '[]']);
  return `"${random.pick(['', '\\u00e9 ', '\\" ', '{\\n', '\\\\'])}${token()}"`;
}

function object(draft: Draft, depth: number, hidden: boolean): string {
  const { random } = draft;
  const members = Array.from({ length: depth === 0 ? 2 + random.upTo(4) : random.upTo(4) }, () => {
    const isNamed = !hidden && random.chance(0.4);
    const name = isNamed ? random.pick(SPELLINGS) : hidden ? hiddenText(random) : random.pick(NEAR);
    const written = quoted(random, name, random.chance(0.3) ? 0.4 : 0);
    return `${written}${space(random)}:${space(random)}${value(draft, depth + 1, hidden || isNamed)}`;
  });
  // The same name again, as parsers allow it.
  if (!hidden && random.chance(0.2)) {
    const name = random.pick(SPELLINGS);
    members.push(`"${name}":${value(draft, depth + 1, true)}`, `"${name}":${value(draft, depth + 1, true)}`);
  }
  return `{${space(random)}${members.join(`${space(random)},${space(random)}`)}${space(random)}}`;
}

const percent = (random: Random, text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const plain = /[\w.~-]/.test(String.fromCharCode(byte)) && !random.chance(0.15);
      return plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

function form(draft: Draft): string {
  const { random, token } = draft;
  const pairs = Array.from({ length: 2 + random.upTo(4) }, () =>
    random.chance(0.5)
      ? `${percent(random, random.pick(SPELLINGS))}=${percent(random, hiddenText(random))}`
      : `${random.pick(NEAR)}=${token()}`,
  );
  return pairs.join('&');
}

const BOUNDARY = '----part-17';

function multipart(draft: Draft): string {
  const { random, token } = draft;
  const part = (name: string, content: string, type = ''): string =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n${type && `content-type: ${type}\r\n`}\r\n${content}\r\n`;
  const parts = Array.from({ length: 1 + random.upTo(3) }, () => {
    if (random.chance(0.3)) return part('data', object(draft, 0, false), 'application/json');
    return random.chance(0.5) ? part(random.pick(SPELLINGS), hiddenText(random)) : part(random.pick(NEAR), token());
  });
  return `${parts.join('')}--${BOUNDARY}--\r\n`;
}

const lines = (draft: Draft, write: (json: string) => string): string =>
  Array.from({ length: 1 + draft.random.upTo(3) }, () => write(object(draft, 0, false))).join('');

const KINDS: readonly [type: string, text: (draft: Draft) => string][] = [
  ['application/json', (draft) => object(draft, 0, false)],
  ['application/json', (draft) => `[${object(draft, 0, false)}, ${object(draft, 1, false)}]`],
  ['application/problem+json; charset=utf-8', (draft) => object(draft, 0, false)],
  ['text/plain', (draft) => object(draft, 0, false)],
  ['application/x-ndjson', (draft) => lines(draft, (json) => `${json}\n`)],
  ['text/event-stream', (draft) => lines(draft, (json) => `event: note\ndata: ${json}\n\n`)],
  ['application/x-www-form-urlencoded', form],
  [`multipart/form-data; boundary=${BOUNDARY}`, multipart],
];
const UTF_16 = 'application/json; charset=utf-16le';

/** The text of a message, for streams as well. */
export function jsonText(random: Random, name: string): { text: string; kept: string[] } {
  const draft = draftOf(random, name);
  return { text: object(draft, 0, false), kept: draft.kept };
}

function draftOf(random: Random, name: string): Draft {
  const kept: string[] = [];
  const token = (): string => {
    kept.push(`keep-${name}-${kept.length}.`);
    return kept.at(-1) ?? '';
  };
  return { random, kept, token };
}

export function bodyOf(random: Random, name: string): Body {
  const draft = draftOf(random, name);
  if (random.chance(0.05)) {
    const text = object(draft, 0, false);
    return { type: UTF_16, bytes: Buffer.from(text, 'utf16le'), kept: draft.kept, isWide: true };
  }
  const [type, text] = random.pick(KINDS);
  return { type, bytes: Buffer.from(text(draft)), kept: draft.kept, isWide: false };
}

export const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
};

/** At random places, some of them one byte each. */
export function pieces(random: Random, bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const most = random.pick([1, 7, 100]);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.upTo(most);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}
