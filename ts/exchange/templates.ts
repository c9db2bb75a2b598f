/**
 * Paths to endpoints: `/orders/17` and `/orders/18` are `/orders/:id`. Pure: what it says of a path depends on that path
 * alone. Variable parts that only show in many paths, such as names in place of numbers, are for `routes.ts`.
 */

/** Stands for a part that names one thing among many: a number, a UUID, a hash, a token. */
export const ID = ':id';
/** Stands for a day or a point in time. */
export const DATE = ':date';
/** Segments that are told apart; what is deeper is one. */
export const MAX_SEGMENTS = 12;
/** Stands for all segments that are deeper. */
export const REST = '*';
/** Longer words than this are no names that people gave. */
const MAX_WORD_UNITS = 40;
/** From so many characters on, letters and digits together are a token: an account, a ULID, a key. */
const MIN_TOKEN_UNITS = 16;
/** From so many on, letters in both cases are one too: base64url without a digit. */
const MIN_CASED_TOKEN_UNITS = 20;
/** Digits after a word: `user1234` is one of many, `sha256` and `base64` are names. */
const MIN_NUMBER_DIGITS = 4;

/** The endpoint of a request target: its path without query, each part that names one thing as `:id`, a day as `:date`. */
export function templateOf(target: string): string {
  const segments = segmentsOf(pathOf(target));
  return segments.length === 0 ? target.slice(0, MAX_WORD_UNITS) : segments.map((each) => `/${each}`).join('');
}

/** The path of a request target in any of its forms (RFC 9112 §3.2), without query and fragment; `''` if it has none. */
export function pathOf(target: string): string {
  let start = 0;
  if (target.charCodeAt(0) !== SLASH) {
    const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target.slice(0, MAX_TARGET_UNITS));
    if (scheme === null) return '';
    start = scheme[0].length;
  }
  const query = target.indexOf('?', start);
  const fragment = target.indexOf('#', start);
  const end = Math.min(query === -1 ? target.length : query, fragment === -1 ? target.length : fragment);
  return target.slice(start, end) || '/';
}

/** Of longer targets only the front is looked at for a scheme. */
const MAX_TARGET_UNITS = 4_096;
const SLASH = 0x2f;

/** The segments of a path as a template has them: `/a/17` are `a` and `:id`, `/` is one empty segment. */
export function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (let start = 1; start <= path.length; ) {
    if (segments.length === MAX_SEGMENTS) {
      segments.push(REST);
      break;
    }
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    segments.push(segmentTemplate(path.slice(start, end)));
    start = end + 1;
    // `/orders/` is not `/orders`: servers tell them apart.
    if (slash !== -1 && start === path.length) {
      segments.push('');
      break;
    }
  }
  return segments;
}

const WORD = /^[a-zA-Z][a-zA-Z_.-]*$/;
const VERSION = /^v\d{1,3}(?:\.\d{1,3}){0,2}(?:(?:alpha|beta)\d*)?$/i;
const WHEN =
  /^\d{4}-\d\d(?:-\d\d)?(?:(?:T|%20|_| )\d\d(?:(?::|%3A|-)?\d\d){0,2}(?:[.,]\d+)?(?:Z|(?:[+-]|%2B)\d\d(?::|%3A)?\d\d)?)?$/i;
const UUID = /^(?:\{|%7B)?[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}(?:\}|%7D)?$/i;
/** A name and its domain, as they stand in paths. */
const ADDRESS = /^[^@]+(?:@|%40)[^@]+$/i;
/** Each of a file's endings is kept. */
const ENDING = /^(.+?)((?:\.[a-z][a-z\d]{0,4}){1,2})$/i;
/** Between the parts of a segment; what is percent-encoded is no part of a word. */
const BETWEEN = /(%[\da-f]{2}|[^\da-z])/i;
/** Names in dots, as those of packages: the services of gRPC. */
const DOTTED = /^[a-zA-Z]\w{0,30}(?:\.[a-zA-Z]\w{0,30})+$/;
const HEX = /^(?=.*\d)(?=.*[a-f])[\da-f]{6,}$/i;
const NUMBERED = new RegExp(`^([a-z]+)\\d{${MIN_NUMBER_DIGITS},}$`, 'i');
const HAS_DIGIT = /\d/;
const HAS_LETTER = /[a-z]/i;
const HAS_LOWER = /[a-z]/;
const HAS_UPPER = /[A-Z]/;
/** Words in camel case have few of them for their length. */
const CASE_CHANGE = /[a-z][A-Z]/g;

/** One segment as a template has it. */
export function segmentTemplate(segment: string): string {
  if (segment.length <= MAX_WORD_UNITS) {
    // Nearly all segments are words, and this is all that they cost.
    if (WORD.test(segment)) return segment.length >= MIN_CASED_TOKEN_UNITS && isCased(segment) ? ID : segment;
    if (VERSION.test(segment)) return segment;
    if (WHEN.test(segment)) return DATE;
  }
  // So long a segment is not a name, whatever the rest of it is.
  if (segment.length > MAX_LOOKED_AT_UNITS || UUID.test(segment) || ADDRESS.test(segment)) return ID;
  if (segment.length >= MIN_TOKEN_UNITS + 8 && !DOTTED.test(segment) && isToken(segment)) return ID;
  const [, stem = segment, ending = ''] = ENDING.exec(segment) ?? [];
  return partsTemplate(stem) + ending;
}

const MAX_LOOKED_AT_UNITS = 80;

function partsTemplate(text: string): string {
  const parts = text.split(BETWEEN).map((part, index) => (index % 2 === 0 ? partTemplate(part) : part));
  let template = '';
  let lastIsId = false;
  for (let index = 0; index < parts.length; index += 2) {
    const part = parts[index] ?? '';
    const isId = part === ID;
    // `1-2`, `1,2,3`: one id, however many numbers it is made of.
    if (isId && lastIsId) continue;
    template += (index === 0 ? '' : (parts[index - 1] ?? '')) + part;
    lastIsId = isId;
  }
  return template;
}

function partTemplate(part: string): string {
  if (!HAS_DIGIT.test(part)) return part.length > MAX_WORD_UNITS ? ID : part;
  if (!HAS_LETTER.test(part) || HEX.test(part) || part.length >= MIN_TOKEN_UNITS) return ID;
  const [, word] = NUMBERED.exec(part) ?? [];
  return word === undefined ? part : word + ID;
}

/** Letters of both cases and digits, without much of a word in it. */
function isToken(text: string): boolean {
  return HAS_DIGIT.test(text) && HAS_LOWER.test(text) && HAS_UPPER.test(text);
}

function isCased(text: string): boolean {
  return (text.match(CASE_CHANGE)?.length ?? 0) * 5 > text.length;
}
