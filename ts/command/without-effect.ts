/** Options that would have no effect on what is read: refused, so that nobody relies on them. */

import { isDeepStrictEqual } from 'node:util';
import type { SnifferConfig } from '../config';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import { ValidationError } from '../errors';
import { type Asked, isOfLines } from './asked';

/**
 * `config`: as it was given. What messages must not have is refused wherever it was said; a variable may be there for all runs, so that of
 * other options only flags are.
 * @throws {ValidationError}
 */
export function refuseWithoutEffect({ inputs, flags }: Asked, config: SnifferConfig): void {
  const [first] = inputs;
  if (first === undefined) return;
  const lines = inputs.find(({ kind }) => kind === 'lines');
  const stay = `is for packets: '${lines?.path}' has JSON lines, whose messages stay as they are`;
  for (const option of COMMAND_OPTIONS) {
    const { field, acts } = option;
    const isTyped = flags[field] !== undefined;
    if (acts === 'on an interface' && isTyped)
      throw new ValidationError(field, `is for a capture on an interface: '${first.path}' is read in place of one`);
    if (acts === 'on packets' && isTyped && isOfLines(inputs)) throw new ValidationError(field, stay);
    if (acts === 'on messages' && lines !== undefined && says(option, config[field]))
      throw new ValidationError(field, `${stay}${option.topic === 'privacy' ? INSTEAD : ''}`);
  }
}

const INSTEAD = '; --pseudonymize replaces what is private in them';

/** A list of names hides them, also where it is the usual one: who wrote the lines may have had another. */
function says({ default: usual }: CommandOption, value: unknown): boolean {
  return value !== undefined && !isDeepStrictEqual(value, Array.isArray(usual) ? [] : usual);
}
