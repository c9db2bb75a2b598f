/** Looks for the secrets of a key log in what a run said. */

import { expect } from 'vitest';

/** A secret, or a random, in hex. */
const WORD = /\b(?:[0-9a-f]{2}){16,}\b/gi;
/** So many bytes of one, anywhere in it, are a part of it. */
const PART_BYTES = 8;

/** Parts of a secret as they may be written: in hex of either case, in base64 from each of three places on, and as a list. */
function spellings(hex: string): string[] {
  const bytes = Buffer.from(hex, 'hex');
  const parts = Array.from({ length: bytes.length - PART_BYTES - 2 }, (_, at) =>
    bytes.subarray(at, at + PART_BYTES + 2),
  );
  return parts.flatMap((part) => [
    part.toString('hex').slice(0, 2 * PART_BYTES),
    part
      .toString('hex')
      .slice(0, 2 * PART_BYTES)
      .toUpperCase(),
    // The last digit depends on the byte after.
    part.toString('base64').slice(0, 10),
    part.toString('base64url').slice(0, 10),
    [...part].join(),
    [...part].join(', '),
  ]);
}

/** `keys`: key logs, in which the secret is the last word of a line. Randoms are no secrets: they stand in the hellos. */
export function expectNoSecret(text: string, keys: string): void {
  const words = keys.split('\n').flatMap((line) => line.match(WORD)?.at(-1) ?? []);
  expect(words.length).toBeGreaterThan(1);
  for (const spelling of new Set(words.flatMap(spellings)))
    expect(text.includes(spelling), `${spelling}, a part of a secret, is shown`).toBe(false);
}
