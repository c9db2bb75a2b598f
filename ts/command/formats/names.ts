/** The formats of what goes to stdout. In: what the flags say. Out: one of them, or why not. */

import { suggest } from '../../suggest';

/** With what a line of each is. */
export const FORMAT_WORDS = {
  text: 'an exchange, as on a terminal; with --verbose its headers and bodies too',
  json: 'a message, all of it, as JSON',
  har: 'an entry of one document, HAR 1.2, for the network panel of a browser',
  csv: 'an exchange, for spreadsheets and databases',
  curl: 'a command of curl that sends the request again',
} as const;
export type Format = keyof typeof FORMAT_WORDS;
export const FORMATS = Object.keys(FORMAT_WORDS) as readonly Format[];

/** `undefined`: text on a terminal, JSON lines elsewhere. Throws the complaint. */
export function readFormat(asked: readonly string[]): Format | undefined {
  const [first, ...more] = [...new Set(asked)];
  if (first === undefined) return undefined;
  const format = FORMATS.find((known) => known === first);
  if (format === undefined) {
    const near = suggest(first, FORMATS);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new Error(`--format: must be one of ${FORMATS.join(', ')}, got '${first}'${hint}`);
  }
  if (more.length > 0)
    throw new Error(`stdout has one format: ${first} and ${more.join(', ')} are asked for; leave out all but one`);
  return format;
}
