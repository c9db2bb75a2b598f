/** The standard descriptors of a process that is ours. Node's streams for them take milliseconds to load, so they are made only if they are needed. */

import { fstatSync } from 'node:fs';

/** The number that Linux gives to `/dev/null`, `/dev/zero` and the like (`major(3)`). */
const MEMORY_DEVICES = 1;
const MINOR_BITS = 8;
const MAJOR_MASK = 0xfff;

/** As `isTTY` of the stream says. */
export function isTerminal(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    if (!status.isCharacterDevice()) return false;
    if (((status.rdev >> MINOR_BITS) & MAJOR_MASK) === MEMORY_DEVICES) return false;
  } catch {
    // It is closed.
    return false;
  }
  const { isatty } = require('node:tty') as typeof import('node:tty');
  return isatty(fd);
}

function ignore(): void {}

/** To stdout, if it is read: help and lists. Messages have an output of their own. */
export function print(text: string, written?: () => void): void {
  const { stdout } = process;
  if (!stdout.listeners('error').includes(ignore)) stdout.on('error', ignore);
  stdout.write(text, written);
}
