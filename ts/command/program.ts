/** The flags, the commands and their help. In: the tables of options. Out: what the user asked for. */

import { Command, Option } from 'commander';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import type { Flags } from '../config/env';
import { joinExpressions } from '../config/filters';
import { VERSION } from '../version';
import type { Appearance } from './terminal';

export const INJECTOR = 'injector';

/** Flags that are no options of the library: they are about who looks at it, and have no variable. */
const APPEARANCE = [
  { flag: '--json', help: 'JSON lines on a terminal too' },
  { flag: '--verbose', help: 'on a terminal: headers and bodies too' },
  {
    flag: '--summary',
    help: 'what failed or became slow, endpoints, losses: on stderr at the end; the default on a terminal',
  },
  { flag: '--no-summary', help: 'not on a terminal either' },
];

const EXAMPLES = `
Examples:
  tcp-sniffer --ports 8080 --interface lo            what this host asks its own server on 8080
  tcp-sniffer --ports 80,8080 --read capture.pcap    what tcpdump has written down
  tcp-sniffer --ports 8080 --verbose --include status=5xx
  tcp-sniffer --ports 8080 --output-url https://collector.example/ --output-batch gzip`;

export function buildProgram(
  onCapture: (flags: Flags, appearance: Appearance) => Promise<void>,
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
    const argument = option.argument === undefined ? '' : ` <${option.argument}>`;
    const flag = new Option(`${short}${option.flag}${argument}`, describe(option));
    const { repeatable } = option;
    if (repeatable === 'and')
      flag.argParser((text: string, before?: string) =>
        before === undefined ? text : joinExpressions([before, text]),
      );
    else if (repeatable !== undefined)
      flag.argParser((text: string, before?: string) =>
        before === undefined ? text : `${before}${repeatable}${text}`,
      );
    program.addOption(flag);
    names.set(flag.attributeName(), option);
    if (option.argument === undefined) program.addOption(new Option(`--no-${option.flag.slice(2)}`).hideHelp());
  }
  for (const { flag, help } of APPEARANCE) program.option(flag, help);
  program.addHelpText('after', EXAMPLES);
  program.action(async (values: Record<string, string | boolean>) => {
    const flags: Flags = {};
    for (const [name, option] of names) {
      // commander itself gives a switch with a `--no-` form a value that nobody typed.
      if (program.getOptionValueSource(name) === 'cli') flags[option.field] = values[name];
    }
    const { json, verbose, summary } = values as Appearance;
    await onCapture(flags, { json, verbose, summary });
  });
  program
    .command('interfaces')
    .description('list the interfaces that can be captured on')
    .option('--json', 'as JSON')
    .action(onInterfaces);
  program.command(INJECTOR).description('run the webhook that adds the sidecar to pods; has a --help of its own');
  return program;
}

function describe({ help, variable, default: value }: CommandOption): string {
  const shown =
    value === undefined || value === '' || value === false || `${value}` === '' ? [] : [`default: ${value}`];
  return `${help} [${[...(variable === undefined ? [] : [variable]), ...shown].join('; ')}]`.replace(' []', '');
}
