/** Options that would have no effect on the input: they are refused, since a user would rely on them. */

import { isDeepStrictEqual } from 'node:util';
import type { SnifferConfig } from '../config';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import { ValidationError } from '../errors';
import type { Log } from '../logger';
import { type Asked, isOfLines } from './asked';

/**
 * `config`: as it was given. An option that promises privacy is refused wherever it was said; a variable may be there for all runs, so that of
 * other options only flags are.
 * @throws {ValidationError}
 */
export function refuseWithoutEffect({ inputs, flags }: Asked, config: SnifferConfig): void {
  const lines = inputs.find(({ kind }) => kind === 'lines');
  if (lines === undefined) return;
  const stay = `is for packets: '${lines.path}' has JSON lines, whose messages stay as they are`;
  for (const option of COMMAND_OPTIONS) {
    const { field, acts } = option;
    const isTyped = flags[field] !== undefined;
    const isPrivacy = option.topic === 'privacy';
    if (acts === 'on packets' && isTyped && isOfLines(inputs)) throw new ValidationError(field, stay);
    if (acts === 'on messages' && (isTyped || isPrivacy) && says(option, config[field]))
      throw new ValidationError(field, `${stay}${isPrivacy ? INSTEAD : ''}`);
  }
}

/** Flags about an interface change nothing in what comes out of files. */
export function warnOfWithoutEffect({ inputs, flags }: Asked, log: Log): void {
  if (inputs.length === 0) return;
  const without = COMMAND_OPTIONS.filter(({ field, acts }) => acts === 'on an interface' && flags[field] !== undefined);
  if (without.length === 0) return;
  log.warn({ flags: without.map(({ flag }) => flag) }, 'flags without effect: no interface is captured on');
}

const INSTEAD = '; --pseudonymize replaces what is private in them';

/** A list of names hides them, also where it is the usual one: who wrote the lines may have had another. */
function says({ default: usual }: CommandOption, value: unknown): boolean {
  return value !== undefined && !isDeepStrictEqual(value, Array.isArray(usual) ? [] : usual);
}
