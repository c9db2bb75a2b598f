/**
 * The flags that are no options of the library: they are about who looks at it, and have no variable. `Described` is what the help
 * says of any flag.
 */

import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import type { Topic } from '../config/topics';
import { SHORTS } from './shorts';

export interface Described {
  /** `-i, --interface <name>` */
  readonly flag: string;
  readonly help: string;
  readonly topic: Topic;
}

export const OWN_FLAGS: readonly Described[] = [
  ...Object.values(SHORTS).map(
    ({ flag, argument, help }): Described => ({ flag: `${flag} <${argument}>`, help, topic: 'filters' }),
  ),
  { topic: 'reading', flag: '--follow', help: 'read on as the file grows, until Ctrl-C' },
  { topic: 'reading', flag: '--duration <time>', help: 'stop a live capture after so long: 30s, 5m' },
  {
    topic: 'reading',
    flag: '-w, --write <file>',
    help: 'write the packets of the connections whose exchanges match, as pcapng; needs savefiles to read',
  },
  {
    topic: 'reading',
    flag: '--write-secrets',
    help: 'the secrets of their TLS too, so that others can decrypt them',
  },
  {
    topic: 'privacy',
    flag: '--pseudonymize',
    help: 'replace tokens, addresses, names and other values by pseudonyms, equal values by equal pseudonyms, to share the output',
  },
  {
    topic: 'formats',
    flag: '--traces',
    help: 'the slowest traces as trees, at the end: exchanges joined by traceparent, B3 or x-request-id, and the time that each took itself',
  },
  { topic: 'formats', flag: '--trace <id>', help: 'the trace with this id as a tree' },
  {
    topic: 'formats',
    flag: '--format <name>',
    help: 'text, json, har, csv or curl on stdout; default: text on a terminal, else json',
  },
  { topic: 'formats', flag: '--json', help: 'JSON lines if stdout is an output; JSON logs' },
  { topic: 'formats', flag: '-v, --verbose', help: 'headers and bodies too, in text' },
  {
    topic: 'formats',
    flag: '--summary',
    help: 'what failed or became slow, endpoints, losses: on stderr at the end; the default on a terminal',
  },
  { topic: 'formats', flag: '--no-summary', help: 'no summary on a terminal either' },
];

/** Of an option of the library. */
export function flagOf({ short, flag, argument, optionalArgument }: CommandOption): string {
  const value = argument === undefined ? '' : optionalArgument === true ? ` [${argument}]` : ` <${argument}>`;
  return `${short === undefined ? '' : `${short}, `}${flag}${value}`;
}

function helpOf({ help, variable, default: value }: CommandOption): string {
  const shown =
    value === undefined || value === '' || value === false || `${value}` === '' ? [] : [`default: ${value}`];
  return `${help} [${[...(variable === undefined ? [] : [variable]), ...shown].join('; ')}]`.replace(' []', '');
}

/** Also of the flags that every command has. */
export function isFlag(name: string): boolean {
  return ['--version', '--help'].includes(name) || ALL_FLAGS.some(({ flag }) => flag.split(/[ ,]+/).includes(name));
}

export const ALL_FLAGS: readonly Described[] = [
  ...COMMAND_OPTIONS.map((option) => ({ flag: flagOf(option), help: helpOf(option), topic: option.topic })),
  ...OWN_FLAGS,
];
