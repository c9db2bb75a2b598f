/** The inputs that are read in place of an interface, as one capture. In: inputs. Out: how their capture is made. */

import type { CreateCapture } from './combined';
import type { Input } from './find';
import { isPipe } from './status';

export type { CreateCapture } from './combined';

/** `createEngine` makes the engine's own capture of one savefile. */
export function captureOf(inputs: readonly Input[], follows: boolean, createEngine: CreateCapture): CreateCapture {
  const [first] = inputs;
  if (first !== undefined && isPlain(inputs, follows) && !isPipe(first.path))
    return (options) => createEngine({ ...options, pcapFile: first.path });
  const { combined } = require('./combined') as typeof import('./combined');
  return combined(inputs, follows, createEngine);
}

/** The engine's own way is open: one savefile that is read as it is. */
export function isPlain(inputs: readonly Input[], follows: boolean): boolean {
  return inputs.length === 0 || (inputs.length === 1 && inputs[0]?.kind === 'savefile' && !follows);
}
