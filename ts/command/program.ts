/** The flags, the commands and their help. In: the tables of options. Out: what the user asked for. */

import { Command, CommanderError, Option } from '../commander';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import type { Flags } from '../config/env';
import { joinExpressions } from '../config/filters';
import { joinTriggers } from '../config/trigger';
import { BAD_CONFIG } from '../run/exit-codes';
import { isTerminal, print } from '../run/standard';
import { VERSION } from '../version';
import type { AskedFlags } from './asked';
import { COMPARE } from './compare/flags';
import { flagOf, OWN_FLAGS } from './flags';
import { type Format, readFormat } from './formats/names';
import { OPENAPI } from './openapi/flags';
import { collect, twice } from './reading-flags';
import { SHORTS } from './shorts';
import type { Appearance } from './terminal';
import type { Traced } from './terminal/traces';

export const INJECTOR = 'injector';
export const HELP = 'help';
const INTERFACES = 'interfaces';
export const COMMANDS: readonly string[] = [INTERFACES, INJECTOR, COMPARE, OPENAPI, HELP];

export function buildProgram(
  onCapture: (flags: Flags, asked: AskedFlags, appearance: Appearance) => Promise<void>,
  onInterfaces: (options: { json?: boolean }) => Promise<void>,
): Command {
  const program = new Command('tcp-sniffer')
    .version(VERSION)
    .helpCommand(false)
    .exitOverride()
    // `interfaces` has a --json of its own.
    .enablePositionalOptions()
    .configureOutput({ writeOut: print, writeErr: () => {} });
  const names = new Map<string, CommandOption>();
  for (const option of COMMAND_OPTIONS) {
    const flag = new Option(flagOf(option), option.help);
    if (option.argument !== undefined) flag.argParser(collect);
    // Without its value it is one of its values too.
    if (option.optionalArgument === true) flag.preset('true');
    program.addOption(flag);
    names.set(flag.attributeName(), option);
    if (option.argument === undefined) program.addOption(new Option(`--no-${option.flag.slice(2)}`).hideHelp());
  }
  for (const { flag, help } of OWN_FLAGS) {
    const option = new Option(flag, help);
    program.addOption(flag.includes('<') ? option.argParser(collect) : option);
  }
  program.argument('[files...]');
  // A terminal shows the end of what is longer.
  program.helpInformation = () => {
    const { all, screen } = require('./help') as typeof import('./help');
    return isTerminal(1) ? screen() : all();
  };
  program.action(async (words: string[], values: Record<string, string[] | boolean>) => {
    const flags: Flags = {};
    for (const [name, option] of names) {
      // For a switch with a `--no-` form, commander itself sets a value that the user did not type.
      if (program.getOptionValueSource(name) === 'cli') flags[option.field] = joined(option, values[name]);
    }
    const { verbose, summary } = values as Appearance;
    const format = formatOf(flags, listOf(values.format), values.json === true);
    const { follow, pseudonymize } = values as { follow?: boolean; pseudonymize?: boolean };
    const asked: AskedFlags = { inputs: [...listOf(values.read), ...words], words, follow, pseudonymize };
    for (const [name, { flag }] of Object.entries(SHORTS)) {
      const list = listOf(values[name]);
      if (list.length > 1 && (name === 'since' || name === 'until')) throw twice(flag);
      if (list.length > 0) asked[name as keyof typeof SHORTS] = list;
    }
    const [durations, writes] = [listOf(values.duration), listOf(values.write)];
    if (durations.length > 1) throw twice('--duration');
    if (writes.length > 1) throw twice('-w');
    const packets = { write: writes[0], writeSecrets: values.writeSecrets === true };
    const traces = tracesOf(flags, listOf(values.trace), values.traces === true, format);
    if (pseudonymize === true && traces?.only !== undefined)
      throw new CommanderError(
        BAD_CONFIG,
        'tcp-sniffer.trace',
        '--trace: with --pseudonymize no trace has its id; take --traces',
      );
    await onCapture(
      flags,
      { ...asked, ...packets, duration: durations[0], summary, format, traces: traces !== undefined },
      {
        format,
        together: asked.inputs.length > 0 && !asked.inputs.includes('-') && follow !== true,
        verbose: verbose === true || asked.show !== undefined,
        summary: asked.show === undefined && traces === undefined ? summary : (summary ?? false),
        traces,
      },
    );
  });
  program
    .command(INTERFACES)
    .description('list the interfaces that can be captured on')
    .option('--json', 'as JSON')
    .action(onInterfaces);
  program.command(INJECTOR).description('run the webhook that adds the sidecar to pods; has a --help of its own');
  return program;
}

function listOf(value: string[] | boolean | undefined): string[] {
  return Array.isArray(value) ? value : [];
}

/** The values of a flag that stands several times add up, or are refused: nothing is dropped in silence. */
function joined(option: CommandOption, value: string[] | boolean | undefined): string | boolean | undefined {
  if (!Array.isArray(value)) return value;
  const { repeatable, field, flag } = option;
  if (value.length === 1 || field === 'pcapFile') return value[0];
  if (repeatable === undefined) throw twice(flag);
  if (repeatable === 'or') return joinTriggers(value);
  return repeatable === 'and' ? joinExpressions(value) : value.join(repeatable);
}

/** A HAR on stdout is a format of stdout. Who names a format wants stdout, beside other outputs too. */
function formatOf(flags: Flags, formats: readonly string[], isJson: boolean): Format | undefined {
  const named = flags.harFile === '-' ? [...formats, 'har'] : formats;
  if (flags.harFile === '-') delete flags.harFile;
  if (named.length > 0 && flags.outputStdout === false)
    throw new CommanderError(BAD_CONFIG, 'tcp-sniffer.format', '--format: stdout is turned off by --no-output-stdout');
  if (named.length > 0) flags.outputStdout = true;
  try {
    return readFormat(isJson ? [...named, 'json'] : named);
  } catch (error) {
    throw new CommanderError(BAD_CONFIG, 'tcp-sniffer.format', (error as Error).message);
  }
}

/** Trees are what goes to stdout then. */
function tracesOf(
  flags: Flags,
  ids: readonly string[],
  slowest: boolean,
  format: Format | undefined,
): Traced | undefined {
  if (ids.length > 1) throw twice('--trace');
  if (ids.length === 0 && !slowest) return undefined;
  const refused = format !== undefined ? '--format' : flags.outputStdout === false ? '--no-output-stdout' : undefined;
  if (refused !== undefined)
    throw new CommanderError(BAD_CONFIG, 'tcp-sniffer.traces', `${refused} leaves no place for --traces and --trace`);
  flags.outputStdout = true;
  return { only: ids[0] };
}
