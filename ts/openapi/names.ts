/** Names that people gave, told from keys that are data. Pure: it depends on the name alone. */

import { segmentTemplate } from '../exchange/templates';

/** Longer texts are no names. */
const MAX_NAME_UNITS = 64;
/** Letters of any script, `$`, `@type`, `xml:lang`, `line_1`; no dots and no space: hosts, files and sentences are data. */
const NAME = /^[\p{L}_$@][\p{L}\p{N}_$:-]*$/u;
const BETWEEN = /[_:$-]/;
/** A part of few digits numbers the words before it: `line_1`. */
const SHORT_NUMBER = /^\d{1,2}$/;
/** From so many characters on, letters of both cases and digits are a token. */
const MIN_TOKEN_UNITS = 24;
/** Names with an effect of their own: on objects of JavaScript, and in tools that take them for keywords wherever they stand. */
const UNSAFE: ReadonlySet<string> = new Set(['__proto__', '$ref', '$dynamicRef']);
/** Values of secrets are replaced by this. */
export const REDACTED = '[REDACTED]';

/** True if the name of a member, a field or a parameter may stand in a document. */
export function isName(text: string): boolean {
  if (text.length > MAX_NAME_UNITS || !NAME.test(text) || UNSAFE.has(text)) return false;
  if (text.length >= MIN_TOKEN_UNITS && /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text)) return false;
  return text
    .replace(/^@/, '')
    .split(BETWEEN)
    .every((part) => SHORT_NUMBER.test(part) || part === '' || segmentTemplate(part) === part);
}

/** In brackets too, as some write the members of a query: `filter[status]`, `ids[]`. */
export function isParameterName(text: string): boolean {
  return (
    text.length <= MAX_NAME_UNITS &&
    text.split(/[[\].]/).every((part, index) => (index > 0 && part === '') || isName(part))
  );
}
