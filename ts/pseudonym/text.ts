/**
 * Text in, the same text with each word replaced out. A word is replaced the same wherever it stands, so what is equal in a header,
 * a query, a form and JSON stays equal. Nothing is kept because it looks harmless; what is kept is named here: short numbers and
 * a list of common values, if they are all of a value; points in time; names that a program has for its fields.
 */

import { isIPv6 } from 'node:net';
import { STRICT_NAMES } from '../config/strict';
import { segmentTemplate } from '../exchange/templates';
import { isCard, type Pseudonyms } from './pseudonyms';

/** The text of a value that is hidden already. */
const REDACTED = '[REDACTED]';
/** Values of fields that say a state; a secret of a field with another name is not among them. */
const COMMON_VALUES = new Set(
  (
    'true false null none unknown default other yes no on off ok error success failure failed pass fail passed info warn warning debug ' +
    'pending active inactive enabled disabled open closed new old created updated deleted draft queued running started stopped done ' +
    'complete completed cancelled canceled accepted rejected approved denied declined authorized captured refunded paid unpaid ' +
    'shipped delivered returned processing ready waiting blocked locked expired valid invalid high medium low critical normal up down ' +
    'asc desc name id type date email phone card cash string number integer boolean object array localhost production staging test ' +
    'get post put patch delete head options http https usd eur gbp jpy inr brl en de fr es pt ja zh ko hi'
  ).split(' '),
);
const SHORT_NUMBER = /^-?(?:\d{1,5}|\d{1,3}\.\d{1,2})$/;

/** By their beginnings: a point in time, an IPv6 address, a card, a URL's scheme and all after it, a word. */
const PARTS = new RegExp(
  [
    '\\[REDACTED\\]',
    '(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?)(?![\\p{L}\\p{N}_-])',
    '(?<v6>(?<![:\\p{L}\\p{N}])(?:[\\da-f]{0,4}:){2,7}(?:[\\da-f]{1,4}|(?:\\d{1,3}\\.){3}\\d{1,3})?)(?![\\p{L}\\p{N}:])',
    '(?<card>[2-6]\\d(?:[ -]?\\d){11,17})(?![\\p{L}\\p{N}_-])',
    '(?<url>[a-z][a-z\\d+.-]{1,15}://[^\\s"\'<>\\\\]{1,8192})',
    '(?<word>[\\p{L}\\p{N}\\p{M}](?:[-_.~@!$&*#^|]{0,16}[\\p{L}\\p{N}\\p{M}]){0,4095})',
  ].join('|'),
  'giu',
);
const WORD = /[\p{L}\p{N}\p{M}](?:[-_.~@!$&*#^|]{0,16}[\p{L}\p{N}\p{M}]){0,4095}/gu;
const HAS_WORD = /[\p{L}\p{N}\p{M}]/u;
/** Shorter words say nothing: `*`, `-`, `...`. */
const MIN_SYMBOLS = 4;

const MAX_NAME_UNITS = 64;
const NAME = /^[a-z_$@:][\w$.:[\]-]*$/i;
/** Digits and letters in turn, as no word has them. */
const MIXED = /\d[a-z]+\d+[a-z]/i;
const NAME_PARTS = /[:[\]@]/;
/** The address of a network card. */
const MAC = /^(?:[\da-f]{2}[:-]){5,7}[\da-f]{2}$/i;
/** Fewer letters may be a name, whatever their order. */
const MIN_CASED_UNITS = 16;
/** Of the letters of a name in camel case no more are capitals; of a token with digits there may be fewer. */
const MAX_CAPITALS = 0.25;
const MAX_CAPITALS_WITH_DIGITS = 0.2;
/** So many consonants in a row are no word, nor two. */
const CONSONANTS = /[b-df-hj-np-tv-xz]{6}/i;
/** A host, and no class of a package, which has a capital, nor a file. */
const HOST = /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,24}$/;
const FILE =
  /\.(?:html?|css|m?js|json|xml|txt|csv|pdf|png|jpe?g|gif|svg|ico|webp|woff2?|map|php|aspx?|jsp|do|zip|gz|wasm|webmanifest)$/i;

const SECRET_NAMES = new Set(
  Object.values(STRICT_NAMES)
    .flat()
    .map((name) => bare(name)),
);
const SECRET_PART =
  /passw|passphrase|passcode|secret|token|apikey|accesskey|privatekey|session|credential|signature|cardnumber|securitycode|cvv|cvc|iban|otp$|pin$|^auth(?!or|entic)|ssn$/;

/** The value of a field with such a name is replaced whatever it is. */
export function isSecretName(name: string): boolean {
  const text = bare(name);
  return SECRET_NAMES.has(text) || SECRET_PART.test(text);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, '');
}

/** True for what a program calls its fields, its paths, its methods: words, without anything that names one thing among many. */
export function isName(text: string): boolean {
  return (
    text.length <= MAX_NAME_UNITS &&
    NAME.test(text) &&
    !MIXED.test(text) &&
    !MAC.test(text) &&
    !isCasedToken(text) &&
    !text.split(NAME_PARTS).some((part) => HOST.test(part) && !FILE.test(part)) &&
    segmentTemplate(text) === text
  );
}

/** Base64, an id, a key: long, and not written as names are. Of constants, which are all capitals, each word is looked at by itself. */
function isCasedToken(text: string): boolean {
  const parts = /[a-z]/.test(text) ? [text.replace(/[^a-z\d]/gi, '')] : text.split(/[^A-Z\d]/);
  return parts.some((part) => {
    const letters = part.replace(/\d/g, '');
    const capitals = letters.replace(/[a-z]/g, '').length;
    const most = letters === part ? MAX_CAPITALS : MAX_CAPITALS_WITH_DIGITS;
    const isOdd = capitals > most * letters.length || (capitals > 0 && CONSONANTS.test(letters));
    return part.length >= MIN_CASED_UNITS && isOdd;
  });
}

/** Handles what is not text: JSON in a value, a URL. */
interface Nested {
  url(text: string): string;
}

/** Each word of it replaced, and all else as it is; of a secret field a URL and a point in time are words too. */
export function replaceWords(text: string, isSecret: boolean, pseudonyms: Pseudonyms, nested: Nested): string {
  const words = (part: string): string => part.replace(WORD, (word) => pseudonyms.word(word));
  return text.replace(PARTS, (part, ...rest) => {
    const found = rest.at(-1) as Record<'time' | 'v6' | 'card' | 'url' | 'word', string | undefined>;
    if (found.word !== undefined) return pseudonyms.word(part);
    if (found.url !== undefined) return isSecret ? words(part) : nested.url(part);
    if (found.time !== undefined) return isSecret || Number.isNaN(Date.parse(part)) ? words(part) : part;
    if (found.v6 !== undefined) return isIPv6(part) ? pseudonyms.address(part) : words(part);
    if (found.card !== undefined) return isCard(part.replace(/\D/g, '')) ? pseudonyms.card(part) : words(part);
    return part;
  });
}

/** A value as a whole; of a secret field nothing is kept. */
export function replaceValue(text: string, isSecret: boolean, pseudonyms: Pseudonyms, nested: Nested): string {
  if (text === '' || text === REDACTED) return text;
  if (!isSecret && (SHORT_NUMBER.test(text) || (text.length < 16 && COMMON_VALUES.has(text.toLowerCase()))))
    return text;
  if (HAS_WORD.test(text)) return replaceWords(text, isSecret, pseudonyms, nested);
  return text.trim().length < MIN_SYMBOLS && !isSecret
    ? text
    : pseudonyms.word(`symbols${text}`).slice(0, 'symbols'.length);
}
