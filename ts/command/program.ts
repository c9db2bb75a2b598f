/** The flags, the commands and their help. In: the tables of options. Out: what the user asked for. */

import { Command, CommanderError, Option } from 'commander';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import type { Flags } from '../config/env';
import { joinExpressions } from '../config/filters';
import { BAD_CONFIG } from '../run/exit-codes';
import { VERSION } from '../version';
import { type AskedFlags, SHORTS } from './asked';
import { type Format, readFormat } from './formats/names';
import type { Appearance } from './terminal';
import type { Traced } from './terminal/traces';

export const INJECTOR = 'injector';
const INTERFACES = 'interfaces';
export const COMMANDS: readonly string[] = [INTERFACES, INJECTOR];

/** What is read, and for how long. */
const READING = [
  { flag: '--follow', help: 'go on with what is added to the file; Ctrl-C ends it' },
  { flag: '--duration <time>', help: 'stop a live capture after so long: 30s, 5m' },
];

/** Flags that are no options of the library: they are about who looks at it, and have no variable. */
const APPEARANCE = [
  {
    flag: '--format <name>',
    help: 'what goes to stdout, also into pipes and files: text, json (JSON lines), har, csv, curl (commands that send the requests again); default: text on a terminal, else json',
  },
  { flag: '--json', help: '--format json where stdout is written; logs are JSON too' },
  { flag: '-v, --verbose', help: 'in text: headers and bodies too' },
  {
    flag: '--summary',
    help: 'what failed or became slow, endpoints, losses: on stderr at the end; the default on a terminal',
  },
  { flag: '--no-summary', help: 'not on a terminal either' },
];

/** What is made of the exchanges in place of lines. */
const TRACES = [
  {
    flag: '--traces',
    help: 'the slowest traces as trees, at the end: exchanges joined by traceparent, B3 or x-request-id, and the time that each took itself',
  },
  { flag: '--trace <id>', help: 'the trace with this id as a tree' },
];

const SHARING = {
  flag: '--pseudonymize',
  help: 'replace tokens, addresses, names and other values, equal ones by equal ones, for what may be shared',
};

const EXAMPLES = `
Examples:
  tcp-sniffer --ports 8080 --interface lo            what this host asks its own server on 8080
  tcp-sniffer --ports 80,8080 --read capture.pcap    what tcpdump has written down
  tcp-sniffer --ports 8080 --verbose --include status=5xx
  tcp-sniffer --ports 8080 --output-url https://collector.example/ --output-batch gzip`;

export function buildProgram(
  onCapture: (flags: Flags, asked: AskedFlags, appearance: Appearance) => Promise<void>,
  onInterfaces: (options: { json?: boolean }) => Promise<void>,
): Command {
  const program = new Command('tcp-sniffer')
    .description(
      'Sees the HTTP traffic of a service without touching the service: JSON lines, or a POST for each message.',
    )
    .version(VERSION)
    .helpCommand(false)
    .exitOverride()
    // `interfaces` has a --json of its own.
    .enablePositionalOptions()
    .configureOutput({ writeErr: () => {} });
  const names = new Map<string, CommandOption>();
  for (const option of COMMAND_OPTIONS) {
    const short = option.short === undefined ? '' : `${option.short}, `;
    const flag = new Option(`${short}${option.flag}${argumentOf(option)}`, describe(option));
    if (option.argument !== undefined) flag.argParser(collect);
    program.addOption(flag);
    names.set(flag.attributeName(), option);
    if (option.argument === undefined) program.addOption(new Option(`--no-${option.flag.slice(2)}`).hideHelp());
  }
  for (const { flag, argument, help } of Object.values(SHORTS))
    program.addOption(new Option(`${flag} <${argument}>`, help).argParser(collect));
  for (const { flag, help } of [...READING, ...TRACES, SHARING]) {
    const option = new Option(flag, help);
    program.addOption(flag.includes('<') ? option.argParser(collect) : option);
  }
  for (const { flag, help } of APPEARANCE) {
    const option = new Option(flag, help);
    program.addOption(flag.includes('<') ? option.argParser(collect) : option);
  }
  program.argument('[files...]', 'savefiles and JSON lines to read, as with --read');
  program.addHelpText('after', EXAMPLES);
  program.action(async (words: string[], values: Record<string, string[] | boolean>) => {
    const flags: Flags = {};
    for (const [name, option] of names) {
      // commander itself gives a switch with a `--no-` form a value that nobody typed.
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
    const durations = listOf(values.duration);
    if (durations.length > 1) throw twice('--duration');
    const traces = tracesOf(flags, listOf(values.trace), values.traces === true, format);
    if (pseudonymize === true && traces?.only !== undefined)
      throw new CommanderError(
        BAD_CONFIG,
        'tcp-sniffer.trace',
        '--trace: with --pseudonymize no trace has its id; take --traces',
      );
    await onCapture(
      flags,
      { ...asked, duration: durations[0], summary, format },
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

function argumentOf({ argument, optionalArgument }: CommandOption): string {
  if (argument === undefined) return '';
  return optionalArgument === true ? ` [${argument}]` : ` <${argument}>`;
}

function describe({ help, variable, default: value }: CommandOption): string {
  const shown =
    value === undefined || value === '' || value === false || `${value}` === '' ? [] : [`default: ${value}`];
  return `${help} [${[...(variable === undefined ? [] : [variable]), ...shown].join('; ')}]`.replace(' []', '');
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function listOf(value: string[] | boolean | undefined): string[] {
  return Array.isArray(value) ? value : [];
}

/** What stands several times adds up, or is refused: nothing is dropped in silence. */
function joined(option: CommandOption, value: string[] | boolean | undefined): string | boolean | undefined {
  if (!Array.isArray(value)) return value;
  const { repeatable, field, flag } = option;
  if (value.length === 1 || field === 'pcapFile') return value[0];
  if (repeatable === undefined) throw twice(flag);
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

function twice(flag: string): CommanderError {
  return new CommanderError(BAD_CONFIG, 'tcp-sniffer.twice', `${flag} is given twice; one value is taken`);
}
