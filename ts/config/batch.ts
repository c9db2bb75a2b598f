/** `outputBatch`: what a batch of messages is made of, and how its text is read. */

import type { BatchOptions } from '../types';
import { checkBoolean, integer, parts } from './checks';
import { MAX_TIMER_MS } from './limits';
import { boolean, list, number } from './texts';

export const checkBatch = parts<BatchOptions>(
  { maxMessages: integer(1), maxBytes: integer(1), maxDelayMs: integer(0, MAX_TIMER_MS), gzip: checkBoolean },
  { maxMessages: 500, maxBytes: 1_048_576, maxDelayMs: 1_000, gzip: false },
);

const EXPECTED = 'must be true, false, or parts such as maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip';

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
      return [name, number(text)];
    }),
  );
}
