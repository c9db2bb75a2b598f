/** Paths as OpenAPI writes them: `/orders/{orderId}`. A parameter is a whole segment. Pure. */

import { DATE, ID, MAX_SEGMENTS } from '../exchange/templates';

const MARK = new RegExp(`(?:${ID}|${DATE})(?![\\da-z])`);
/** RFC 3986 §3.3, what a segment may have as it is. Braces are not among it. */
const NOT_IN_SEGMENT = /%(?![\dA-F]{2})|[^\w.~!$&'()*+,;=:@%-]/gu;
const UNRESERVED = /[\w.~-]/;
/** A word that names what comes after it. */
const NOUN = /^[A-Za-z][A-Za-z_-]{1,30}$/;

/** Equal for two paths that RFC 3986 §6.2.2 says are equivalent, and without what has a meaning in templates. */
export function normalPath(path: string): string {
  return path.split('/').map(normalSegment).join('/');
}

export function isTooDeep(path: string): boolean {
  return path.split('/').length - 1 > MAX_SEGMENTS;
}

function normalSegment(segment: string): string {
  if (/^[\w.~-]*$/.test(segment)) return segment;
  return segment
    .replace(/%[\da-f]{2}/gi, (octet) => {
      const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
      return UNRESERVED.test(character) ? character : octet.toUpperCase();
    })
    .replace(NOT_IN_SEGMENT, percentEncoded);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

export interface DocumentPath {
  path: string;
  parameters: { name: string; segment: number }[];
}

/** The path of a document for a template, `/orders/:id`; the names depend on the words before alone, so that they stay. */
export function documentPathOf(template: string): DocumentPath {
  const parameters: DocumentPath['parameters'] = [];
  const names = new Set<string>();
  let noun = '';
  const segments = template
    .slice(1)
    .split('/')
    .map((text, segment) => {
      if (!MARK.test(text)) {
        noun = NOUN.test(text) ? singular(text) : '';
        return text;
      }
      const base = noun === '' ? 'id' : `${noun}Id`;
      noun = '';
      let name = base;
      for (let n = 2; names.has(name); n++) name = `${base}${n}`;
      names.add(name);
      parameters.push({ name, segment });
      return `{${name}}`;
    });
  return { path: `/${segments.join('/')}`, parameters };
}

function singular(word: string): string {
  const camel = word.replace(/[-_]+([A-Za-z]?)/g, (_, letter: string) => letter.toUpperCase());
  if (/ies$/i.test(camel)) return `${camel.slice(0, -3)}y`;
  return /[^su]s$/i.test(camel) ? camel.slice(0, -1) : camel;
}
