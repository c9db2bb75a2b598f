/**
 * Help for a live capture whose user may have meant to read stdin. A pipe is not looked into: bytes that are taken from it are missing where they
 * belong, such as in the loop of a script around this command.
 */

import type { Log } from '../logger';
import { isTerminal } from '../run/standard';
import { peek } from './inputs/kind';
import { statusOf } from './inputs/status';

export function hintAtStdin(log: Log): void {
  const isSavefile = peek('-')?.kind === 'savefile';
  // In a terminal only: a supervisor may run it with a pipe that has no writer.
  const isPipe = isTerminal(2) && statusOf('-')?.isFIFO() === true;
  if (!isSavefile && !isPipe) return;
  const what = isSavefile ? 'a savefile' : 'a pipe';
  log.warn(
    { code: 'STDIN_NOT_READ' },
    `stdin is ${what} and is not read: an interface is captured on; --read - reads it`,
  );
}
