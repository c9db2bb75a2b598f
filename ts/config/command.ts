/** The options that the command has: for each its flag, its variable, and how its text is read. */

import { flagOf, kebabCase, type Option, variableOf } from './option';
import { OPTIONS } from './options';
import type { Topic } from './topics';
import type { SnifferConfig } from './types';

export interface CommandOption
  extends Pick<Option, 'argument' | 'optionalArgument' | 'short' | 'repeatable' | 'secret' | 'emptyMeans' | 'acts'> {
  readonly field: keyof SnifferConfig;
  readonly flag: string;
  readonly variable?: string | undefined;
  readonly topic: Topic;
  readonly help: string;
  readonly default?: unknown;
  /** Without the prefix. */
  readonly annotation?: { readonly name: string; readonly value: string } | undefined;
  /** The option without which this has no effect. */
  readonly needs?: { readonly field: keyof SnifferConfig; readonly flag: string } | undefined;
  /** Throws what is expected. */
  parse(text: string): unknown;
}

export const COMMAND_OPTIONS: readonly CommandOption[] = Object.entries<Option>(OPTIONS).flatMap(([field, row]) => {
  const {
    topic,
    help,
    parse,
    argument,
    optionalArgument,
    short,
    repeatable,
    secret,
    emptyMeans,
    acts,
    annotation,
    needs,
  } = row;
  if (topic === undefined || help === undefined || parse === undefined) return [];
  return {
    field: field as keyof SnifferConfig,
    flag: flagOf(field, row),
    variable: variableOf(field, row),
    topic,
    help,
    parse,
    argument,
    optionalArgument,
    short,
    repeatable,
    secret,
    emptyMeans,
    acts,
    default: row.default,
    needs: needs === undefined ? undefined : { field: needs, flag: flagOf(needs, OPTIONS[needs]) },
    annotation:
      annotation === false || variableOf(field, row) === undefined
        ? undefined
        : { name: kebabCase(field), value: annotation ?? help },
  };
});
