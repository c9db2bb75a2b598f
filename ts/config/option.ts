/** The parts of a row of the table of options, and how the command names the option. */

import type { OutputName } from '../types';
import type { Check } from './checks';
import type { Topic } from './topics';

/** One option: one row. The option does not have the parts that its row leaves out. */
export interface Option {
  /** The rule for a value. */
  readonly check: Check;
  /** It must be in every config. */
  readonly required?: true;
  /** The value where the option is left out. */
  readonly default?: unknown;
  /** Where the help has the flag. */
  readonly topic?: Topic;
  /** Of the flag. A row without it is an option of the library only. */
  readonly help?: string;
  /** Reads the text of a flag, a variable or an annotation; throws what is expected. */
  readonly parse?: (text: string) => unknown;
  /** Name of the flag's value in the help; without it the flag is a switch. */
  readonly argument?: string;
  /** The flag is a switch too. */
  readonly optionalArgument?: true;
  /** Where the flag is not the field's own name: `--max-body-size` of `maxBodySize`. */
  readonly flag?: string;
  /** The flag with one letter. */
  readonly short?: string;
  /** Where the variable is not the field's own name: `MAX_BODY_SIZE` of `maxBodySize`; `false`: there is none. */
  readonly variable?: string | false;
  /** The flag may be given several times; the texts are joined by this, as they stand in the variable, or as expressions. */
  readonly repeatable?: ';' | ',' | 'and' | 'or';
  /** The field of the option without which this has no effect. */
  readonly needs?: 'trigger';
  /** The value that came is not shown in a complaint. */
  readonly secret?: true;
  /** The value of a flag with an empty text; an empty variable or annotation counts as left out. */
  readonly emptyMeans?: unknown;
  /**
   * Where the option has an effect, if that is not everywhere. `on messages`: on messages that are made of packets; those of JSON lines stay as
   * they are, and what it says must hold for all that come out.
   */
  readonly acts?: 'on an interface' | 'on packets' | 'on messages';
  /** The output that this option turns on. */
  readonly output?: OutputName;
  /** The engine gets the value, under the field's own name. */
  readonly engine?: true;
  /**
   * A pod may set what has a variable, by `tcp-sniffer/max-body-size` of `maxBodySize`; what its documentation says of the value,
   * where that is more than the help. `false`: a pod may not, since the option makes no sense in a sidecar.
   */
  readonly annotation?: string | false;
}

/** `max-body-size` of `maxBodySize`. */
export function kebabCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function flagOf(field: string, { flag }: Option): string {
  return flag ?? `--${kebabCase(field)}`;
}

export function variableOf(field: string, { variable }: Option): string | undefined {
  if (variable === false) return undefined;
  return variable ?? kebabCase(field).replaceAll('-', '_').toUpperCase();
}
