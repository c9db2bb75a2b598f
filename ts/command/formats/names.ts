/** The formats of what goes to stdout. In: what the flags say. Out: one of them, or why not. */

import { suggest } from '../../suggest';

export const FORMATS = ['text', 'json', 'har', 'csv', 'curl'] as const;
export type Format = (typeof FORMATS)[number];

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
  if (more.length > 0) throw new Error(`stdout has one format: ${first} and ${more.join(', ')} are asked for`);
  return format;
}
