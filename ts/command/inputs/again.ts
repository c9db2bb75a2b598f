/** Inputs that are read more than once: by which name, and which cannot be. */

import { type Stats, statSync } from 'node:fs';
import { Savefiles } from '../../exchange/savefiles';
import type { Input } from './find';

/** Under which it can be opened again. */
export function nameOf(path: string): string {
  return path === '-' || path === '/dev/stdin' ? '/proc/self/fd/0' : path;
}

/** Of inputs that can all be read again as they were. */
export function savefilesOf(inputs: readonly Input[], follows: boolean): Savefiles | undefined {
  const isLost = follows || inputs.some(({ kind }) => kind === 'lines') || pipeIn(inputs) !== undefined;
  return isLost ? undefined : new Savefiles(inputs.map(({ path }) => nameOf(path)));
}

/** `undefined` of what is missing or out of reach: the engine reports that, with the system's own reason. */
export function statusOf(path: string): Stats | undefined {
  try {
    return statSync(nameOf(path));
  } catch {
    return undefined;
  }
}

/** Stdin, a FIFO, `<(command)`: it is read once, from its beginning. */
export function isPipe(path: string): boolean {
  const status = statusOf(path);
  return path === '-' || status?.isFIFO() === true || status?.isSocket() === true;
}

/** A pipe, as messages name it; `undefined` if all inputs can be read again. */
export function pipeIn(inputs: readonly { path: string }[]): string | undefined {
  const once = inputs.find(({ path }) => statusOf(path)?.isFile() === false);
  if (once === undefined) return undefined;
  return once.path === '-' ? 'stdin' : `'${once.path}'`;
}
