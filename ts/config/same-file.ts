/** If two paths name one file: an output would overwrite what is still to be read. */

import { type BigIntStats, fstatSync, statSync } from 'node:fs';

const STDIN_FD = 0;

/**
 * True if both name one file, also by another name: a path written in another way, a symbolic or hard link; `-` is stdin.
 * Device and inode tell, as `bigint`: an inode may have more than 53 bits.
 */
export function isSameFile(written: string, other: string): boolean {
  if (written === other) return true;
  const mine = statusOf(() => statSync(written, { bigint: true }));
  const its = statusOf(() =>
    other === '-' ? fstatSync(STDIN_FD, { bigint: true }) : statSync(other, { bigint: true }),
  );
  return mine !== undefined && its !== undefined && mine.dev === its.dev && mine.ino === its.ino;
}

/** `undefined` of a file that is missing or out of reach: the code that opens it says so. */
function statusOf(look: () => BigIntStats): BigIntStats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
