/** The kind of thing that a name of an input stands for, without opening it. */

import { type Stats, statSync } from 'node:fs';

/** Under which it can be opened again. */
export function nameOf(path: string): string {
  return path === '-' || path === '/dev/stdin' ? '/proc/self/fd/0' : path;
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
