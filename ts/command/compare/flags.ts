/** The flags of `compare`: of the options those that say which exchanges are read, and how. */

import { type Command, CommanderError, Option } from 'commander';
import { COMMAND_OPTIONS, type CommandOption } from '../../config/command';
import type { Flags } from '../../config/env';
import { joinExpressions } from '../../config/filters';
import { BAD_CONFIG } from '../../run/exit-codes';
import { type AskedFlags, SHORTS } from '../asked';

export const COMPARE = 'compare';

const FIELDS: ReadonlySet<string> = new Set(['ports', 'filter', 'include', 'exclude', 'tlsKeylog', 'logLevel']);
const OPTIONS = COMMAND_OPTIONS.filter(({ field }) => FIELDS.has(field));
export const VARIABLES: readonly string[] = OPTIONS.flatMap(({ variable }) => variable ?? []);

const FORMATS = ['text', 'json'] as const;
const SHOWN_SHORTS = ['host', 'client', 'since', 'until'] as const;

export interface AskedComparison {
  /** The first capture and the second. */
  names: readonly [string, string];
  flags: Flags;
  asked: Pick<AskedFlags, (typeof SHOWN_SHORTS)[number]>;
  format: (typeof FORMATS)[number];
}

export function addCompare(program: Command, onCompare: (asked: AskedComparison) => Promise<void>): void {
  const command = program
    .command(COMPARE)
    .description('what differs between two captures, endpoint by endpoint')
    .argument('<A>', "a savefile, JSON lines, a folder, '*.pcap'; '-' is stdin")
    .argument('<B>', 'the same, what A is compared with');
  const names = new Map<string, CommandOption>();
  for (const option of OPTIONS) {
    const flag = new Option(`${option.flag} <${option.argument}>`, option.help).argParser(collect);
    command.addOption(flag);
    names.set(flag.attributeName(), option);
  }
  for (const name of SHOWN_SHORTS) {
    const { flag, argument, help } = SHORTS[name];
    command.addOption(new Option(`${flag} <${argument}>`, help).argParser(collect));
  }
  command.addOption(new Option('--format <name>', 'of what goes to stdout').choices(FORMATS).default('text'));
  command.action(async (a: string, b: string, values: Record<string, string[] | string>) => {
    refuseOthers(program);
    const flags: Flags = {};
    for (const [name, option] of names) {
      const list = values[name];
      if (Array.isArray(list)) flags[option.field] = joined(option, list);
    }
    const asked: AskedComparison['asked'] = {};
    for (const name of SHOWN_SHORTS) {
      const list = values[name];
      if (!Array.isArray(list)) continue;
      if (list.length > 1 && (name === 'since' || name === 'until')) throw twice(SHORTS[name].flag);
      asked[name] = list;
    }
    await onCompare({ names: [a, b], flags, asked, format: values.format === 'json' ? 'json' : 'text' });
  });
}

/** A flag before the command's name would have no effect. */
function refuseOthers(program: Command): void {
  const option = program.options.find((each) => program.getOptionValueSource(each.attributeName()) === 'cli');
  if (option === undefined) return;
  const words = `${option.long ?? option.flags} stands before ${COMPARE}; its flags stand after it`;
  throw new CommanderError(BAD_CONFIG, 'tcp-sniffer.compare', words);
}

function joined({ repeatable, flag }: CommandOption, value: string[]): string {
  if (value.length === 1) return `${value[0]}`;
  if (repeatable === undefined) throw twice(flag);
  return repeatable === 'and' ? joinExpressions(value) : value.join(repeatable);
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function twice(flag: string): CommanderError {
  return new CommanderError(BAD_CONFIG, 'tcp-sniffer.twice', `${flag} is given twice; one value is taken`);
}
