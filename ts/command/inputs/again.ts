/** Inputs that are read more than once: by which name, and which cannot be. */

import { Savefiles } from '../../exchange/savefiles';
import type { Input } from './find';
import { nameOf, statusOf } from './status';

/** Of inputs that can all be read again as they were. */
export function savefilesOf(inputs: readonly Input[], follows: boolean): Savefiles | undefined {
  const isLost = follows || inputs.some(({ kind }) => kind === 'lines') || pipeIn(inputs) !== undefined;
  return isLost ? undefined : new Savefiles(inputs.map(({ path }) => nameOf(path)));
}

/** A pipe, as messages name it; `undefined` if all inputs can be read again. */
export function pipeIn(inputs: readonly { path: string }[]): string | undefined {
  const once = inputs.find(({ path }) => statusOf(path)?.isFile() === false);
  if (once === undefined) return undefined;
  return once.path === '-' ? 'stdin' : `'${once.path}'`;
}
