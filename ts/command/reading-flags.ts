/** Flags of commands that read exchanges and hand them on nowhere: of the options those that say which exchanges, and how. */

import { type Command, CommanderError, Option } from '../commander';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import type { Env, Flags } from '../config/env';
import { joinExpressions } from '../config/filters';
import { BAD_CONFIG } from '../run/exit-codes';
import type { AskedFlags } from './asked';
import { flagOf } from './flags';
import { SHORTS } from './shorts';

const SHOWN_SHORTS = ['host', 'client', 'since', 'until'] as const;

export type Values = Record<string, string[] | string | boolean>;

export interface AskedReading {
  flags: Flags;
  asked: Pick<AskedFlags, (typeof SHOWN_SHORTS)[number]>;
}

export class ReadingFlags {
  readonly #options: readonly CommandOption[];
  readonly #names = new Map<string, CommandOption>();

  constructor(fields: ReadonlySet<string>) {
    this.#options = COMMAND_OPTIONS.filter(({ field }) => fields.has(field));
  }

  addTo(command: Command): void {
    for (const option of this.#options) {
      const flag = new Option(flagOf(option), option.help).argParser(collect);
      command.addOption(flag);
      this.#names.set(flag.attributeName(), option);
    }
    for (const name of SHOWN_SHORTS) {
      const { flag, argument, help } = SHORTS[name];
      command.addOption(new Option(`${flag} <${argument}>`, help).argParser(collect));
    }
  }

  /** @throws {CommanderError} for a flag that stands where it has no effect, or too often */
  read(program: Command, command: string, values: Values): AskedReading {
    refuseOthers(program, command);
    const flags: Flags = {};
    for (const [name, option] of this.#names) {
      const list = values[name];
      if (Array.isArray(list)) flags[option.field] = joined(option, list);
    }
    const asked: AskedReading['asked'] = {};
    for (const name of SHOWN_SHORTS) {
      const list = values[name];
      if (!Array.isArray(list)) continue;
      if (list.length > 1 && (name === 'since' || name === 'until')) throw twice(SHORTS[name].flag);
      asked[name] = list;
    }
    return { flags, asked };
  }

  /** Variables say what is read, as flags do; where messages go to is no matter of these commands. */
  env(env: Env): Env {
    return Object.fromEntries(this.#options.flatMap(({ variable }) => (variable ? [[variable, env[variable]]] : [])));
  }
}

/** A flag before the command's name would have no effect. */
function refuseOthers(program: Command, command: string): void {
  const option = program.options.find((each) => program.getOptionValueSource(each.attributeName()) === 'cli');
  if (option === undefined) return;
  const words = `${option.long ?? option.flags} stands before ${command}; its flags stand after it`;
  throw new CommanderError(BAD_CONFIG, `tcp-sniffer.${command}`, words);
}

function joined({ repeatable, flag, field }: CommandOption, value: string[]): string {
  if (value.length === 1 || field === 'pcapFile') return `${value[0]}`;
  if (repeatable === undefined) throw twice(flag);
  return repeatable === 'and' ? joinExpressions(value) : value.join(repeatable);
}

export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** The only value of a flag that takes one. */
export function only(values: Values, name: string, flag: string): string | undefined {
  const list = values[name];
  if (!Array.isArray(list)) return undefined;
  if (list.length > 1) throw twice(flag);
  return list[0];
}

export function twice(flag: string): CommanderError {
  return new CommanderError(BAD_CONFIG, 'tcp-sniffer.twice', `${flag} is given twice; one value is taken`);
}
