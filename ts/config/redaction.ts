/** Names whose values are hidden: from what is given, in a config or as a text, to what the engine gets. */

import { ValidationError } from '../errors';
import { TOKEN } from '../token';
import { show, wrong } from './checks';

export const DEFAULT_REDACTED_HEADERS: readonly string[] = Object.freeze(['authorization', 'cookie']);

/** Before a name: beside the default names. RFC 9110 allows it in a name too; no such field is known. */
const ADD = '+';
/** The text that turns redaction off. A field of that name cannot be hidden. */
const NONE = 'none';

/** The names in lower case, each once: either those that are given, or with `+` before each the default names and those. */
export function checkRedactHeaders(value: unknown, field: string): string[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of header names', value);
  const names = value.map((each: unknown) => {
    const name = typeof each === 'string' ? each.toLowerCase() : '';
    const bare = name.startsWith(ADD) ? name.slice(ADD.length) : name;
    if (!TOKEN.test(bare) || bare.startsWith(ADD)) {
      throw new ValidationError(field, `each must be the name of a header, or ${ADD}name, got ${show(each)}`);
    }
    if (bare === NONE) {
      throw new ValidationError(field, `'${NONE}' stands alone, in a flag or a variable; in a config it is []`);
    }
    return name;
  });
  const added = names.filter((name) => name.startsWith(ADD));
  if (added.length === 0) return [...new Set(names)];
  if (added.length < names.length) {
    const complaint = `must be names that replace the default, or ${ADD}names that add to it, not both, got ${show(value)}`;
    throw new ValidationError(field, complaint);
  }
  return [...new Set([...DEFAULT_REDACTED_HEADERS, ...added.map((name) => name.slice(ADD.length))])];
}

/** As they were written: a capital letter may begin a word of a name. */
export function checkRedactBody(value: unknown, field: string): string[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of names of JSON members and form fields', value);
  for (const each of value) {
    if (typeof each !== 'string' || each === '') {
      throw new ValidationError(field, `each must be the name of a JSON member or a form field, got ${show(each)}`);
    }
  }
  return [...new Set(value as string[])];
}

/**
 * The text of a flag, a variable or an annotation.
 * @throws {Error} what is expected
 */
export function parseRedactHeaders(text: string): string[] {
  if (text.trim().toLowerCase() === NONE) return [];
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  // Only what says so turns redaction off.
  if (names.length === 0) throw new Error(`must be header names separated by commas, or ${NONE}`);
  return names;
}
