/** `include` and `exclude`: checked as the engine needs them, and read from the text of a flag or a variable. */

import { ValidationError } from '../errors';
import { suggest } from '../suggest';
import { TOKEN } from '../token';
import type { MessageFilter } from '../types';
import { wrong } from './checks';

/** Of `include` and `exclude` together: the engine keeps a bit each (`MAX_RULES`). */
export const MAX_FILTERS = 63;

/** Loaded with the first expression: most runs have none. @internal */
export const filterLanguage = () => require('../filter') as typeof import('../filter');

/** The rule for each part. Header values may be secrets: the text that came is never shown. */
const PARTS: Record<keyof MessageFilter, { expected: string; isOne(text: string): boolean }> = {
  method: { expected: 'a method', isOne: (text) => TOKEN.test(text) },
  path: { expected: "the beginning of a path, or a pattern with '*'", isOne: (text) => /^[\x21-\x7e]+$/.test(text) },
  status: {
    expected: "three digits, 'x' for any, e.g. '404' or '5xx'",
    isOne: (text) => /^[1-9x][0-9x]{2}$/i.test(text),
  },
  header: {
    expected: "the name of a header, or 'name: value'",
    isOne: (text) => TOKEN.test(text.split(':', 1)[0]?.trim() ?? '') && !/[\r\n\0]/.test(text),
  },
};
const PART_NAMES = Object.keys(PARTS) as (keyof MessageFilter)[];

export function checkFilters(value: unknown, field: string): MessageFilter[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of filters', value);
  return value.map((filter: unknown) => checkFilter(filter, field));
}

function checkFilter(value: unknown, field: string): MessageFilter {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValidationError(field, `each must be an object with ${PART_NAMES.join(', ')} (at least one of them)`);
  }
  const filter: MessageFilter = {};
  for (const [part, text] of Object.entries(value)) {
    if (text === undefined) continue;
    if (!isPart(part)) throw new ValidationError(field, unknownPart(part));
    const { expected, isOne } = PARTS[part];
    if (typeof text !== 'string' || !isOne(text)) {
      throw new ValidationError(field, `${part} must be ${expected} (value not shown)`);
    }
    filter[part] = text;
  }
  if (Object.keys(filter).length === 0) {
    throw new ValidationError(field, `a filter needs at least one of ${PART_NAMES.join(', ')}`);
  }
  return filter;
}

/** `filter`, as it is kept: the text. Complaints about it show no value that may be a secret. */
export function checkExpression(value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrong(field, 'an expression, such as status=5xx', value);
  const { FilterError, parseFilter } = filterLanguage();
  try {
    parseFilter(value);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ValidationError(field, error.message);
  }
  return value;
}

/** Expressions of which all must be true, or one. A wrong expression comes back alone, so that its complaint says the right place. */
export function joinExpressions(texts: readonly string[], by: 'and' | 'or' = 'and'): string {
  const { parseFilter } = filterLanguage();
  for (const text of texts) {
    try {
      parseFilter(text);
    } catch {
      return text;
    }
  }
  return texts.length === 1 ? `${texts[0]}` : texts.map((text) => `(${text})`).join(` ${by} `);
}

/** `include` and `exclude` as expressions, all of which must be true: for messages that the engine does not make. @throws {ValidationError} */
export function expressionsOf(include: readonly MessageFilter[], exclude: readonly MessageFilter[]): string[] {
  const wanted = include.length === 0 ? [] : [joinExpressions(include.map(expressionOf), 'or')];
  const unwanted = exclude.map((filter) => `not (${expressionOf(filter)})`);
  for (const text of wanted) checkExpression(text, 'include');
  for (const text of unwanted) checkExpression(text, 'exclude');
  return [...wanted, ...unwanted];
}

function expressionOf({ method, path, status, header }: MessageFilter): string {
  const parts = [
    ...(method === undefined ? [] : [`method=${quote(method)}`]),
    ...(path === undefined ? [] : [pathExpression(path)]),
    ...(status === undefined ? [] : [`status=${quote(status)}`]),
    ...(header === undefined ? [] : [headerExpression(header)]),
  ];
  return parts.join(' and ');
}

function pathExpression(text: string): string {
  if (canBeQuoted(text)) return `path=${quote(text)}`;
  const isPattern = text.includes('*');
  return `path~${quote(`(?s)^${text.split('*').map(literal).join('.*')}${isPattern ? '$' : ''}`)}`;
}

/** Of the request, with all of its value; a `*` in it is none of a pattern. */
function headerExpression(text: string): string {
  const [, name = text, value] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (value === undefined || (!value.includes('*') && canBeQuoted(text))) return `request.header=${quote(text)}`;
  return `request.header~${quote(`^${literal(name.trim().toLowerCase())}: ${literal(value.trim())}$`)}`;
}

/** In a regular expression. A backslash is a class, so that none stands before a quote or at the end. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, (sign) => (sign === '\\' ? '[\\\\]' : `\\${sign}`));
}

/** A backslash before the quote that ends a value would be taken as one of the value. */
function canBeQuoted(text: string): boolean {
  return !/\\("|$)/.test(text);
}

/** A value as it stands in an expression. */
export function quote(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** `method=POST,path=/api/*;status=5xx`: `;` between filters, `,` between the parts of one. */
export function parseFilters(text: string): Record<string, string>[] {
  const filters = text.split(';').filter((filter) => filter.trim() !== '');
  if (filters.length === 0) throw new Error(unknownPart(''));
  return filters.map((filter) => {
    // A comma that no `part=` follows belongs to the value.
    const parts = filter.trim().split(/,\s*(?=[A-Za-z-]+=)/);
    return Object.fromEntries(
      parts.map((part) => {
        const at = part.indexOf('=');
        const name = at === -1 ? part : part.slice(0, at);
        if (at === -1 || !isPart(name)) throw new Error(unknownPart(at === -1 ? '' : name));
        return [name, part.slice(at + 1).trim()];
      }),
    );
  });
}

function isPart(name: string): name is keyof MessageFilter {
  return Object.hasOwn(PARTS, name);
}

function unknownPart(name: string): string {
  const near = suggest(name, PART_NAMES);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `a filter is made of ${PART_NAMES.join(', ')}${name === '' ? '' : `; '${name}' is not among them${hint}`}`;
}
