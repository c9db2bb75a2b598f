/** `outputBatch`: what a batch of messages is made of, and how its text is read. */

import type { BatchFormat, BatchOptions } from '../types';
import { checkBoolean, integer, oneOf, parts } from './checks';
import { MAX_TIMER_MS } from './limits';
import { boolean, list, number, size } from './texts';

const FORMATS: readonly BatchFormat[] = ['ndjson', 'json-array'];

export const checkBatch = parts<BatchOptions>(
  {
    maxMessages: integer(1),
    maxBytes: integer(1),
    maxDelayMs: integer(0, MAX_TIMER_MS),
    gzip: checkBoolean,
    format: oneOf(FORMATS),
  },
  { maxMessages: 500, maxBytes: 1_048_576, maxDelayMs: 1_000, gzip: false, format: 'ndjson' },
);

const EXPECTED =
  'must be true, false, or parts such as maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip,format=json-array';

/** `true`, `false`, or the parts. */
export function parseBatch(value: string): unknown {
  const word = value.toLowerCase();
  if (word === 'true') return {};
  if (word === 'false') return undefined;
  return Object.fromEntries(
    list(value).map((part) => {
      const [name = '', text, more] = part.split('=').map((half) => half.trim());
      if (more !== undefined || name === '') throw new Error(EXPECTED);
      if (text === undefined || name === 'gzip') return [name, text === undefined ? true : boolean(text)];
      if (name === 'format') return [name, text];
      return [name, name === 'maxBytes' ? size(text) : number(text)];
    }),
  );
}
