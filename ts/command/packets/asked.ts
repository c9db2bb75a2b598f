/** The request of `-w`, and what it cannot have. Loaded by each run; the rest only if there is `-w`. */

import { ValidationError } from '../../errors';
import { pipeIn } from '../inputs/again';
import type { Input } from '../inputs/find';

export const FIELD = 'write';
export const FLAG = '-w';

export interface PacketsAsked {
  readonly file: string;
  readonly secrets: boolean;
}

/** @throws {ValidationError} if the packets of these inputs cannot be copied once they were read */
export function refuseUncopied(inputs: readonly Input[], follows: boolean): void {
  if (inputs.length === 0)
    throw wrong("copies packets of savefiles; live: 'tcpdump -i any -w FILE', and then --read FILE");
  if (follows) throw wrong('needs the whole file, which --follow waits for; copy packets once it is written');
  const lines = inputs.find(({ kind }) => kind === 'lines');
  if (lines !== undefined) throw wrong(`copies packets, and '${lines.path}' has JSON lines, which have none`);
  const pipe = pipeIn(inputs);
  if (pipe !== undefined)
    throw wrong(`reads a savefile more than once, and ${pipe} is a pipe; write it to a file first`);
}

export function wrong(complaint: string): ValidationError {
  return new ValidationError(FIELD, complaint, FLAG);
}
