/** The help. In: the tables of flags, keys and formats. Out: one screen of what is used most, all flags by topic, or one topic. */

import { Help } from '../commander';
import { TOPICS, type Topic } from '../config/topics';
import { KEYS } from '../filter';
import { suggest } from '../suggest';
import { ALL_FLAGS, type Described } from './flags';
import { FORMAT_WORDS } from './formats/names';

/** A terminal as it once was; all that is here is made for it. */
const COLUMNS = 80;
export const SCREEN_ROWS = 24;
const MOST_USED_COLUMNS = 25;
const FLAG_COLUMNS = 22;
const EXAMPLE_COLUMNS = 42;
const INDENT = '  ';

const COMMANDS: readonly (readonly [name: string, help: string])[] = [
  ['interfaces', 'list the interfaces that can be captured on'],
  ['compare', 'what differs between two captures: compare A B'],
  ['openapi', 'an OpenAPI document of what was asked and answered'],
  ['injector', 'run the webhook that adds the sidecar to pods'],
  ['help TOPIC', `${Object.keys(TOPICS).join(', ')}, all, or a flag`],
];

const MOST_USED = [
  ...['--ports', '--interface', '--filter', '--since', '--show'],
  ...['--format', '--verbose', '--har', '--view', '--output-url'],
];

const EXAMPLES: readonly (readonly [command: string, words: string])[] = [
  ['--ports 8080 capture.pcap', 'a file that tcpdump wrote'],
  ['--ports 8080 -i lo', 'traffic inside this host (as root)'],
  ['--ports 8080 --verbose --filter status=5xx capture.pcap', ''],
];

/** The text before the flags of a topic. */
const WORDS: Partial<Record<Topic, () => string[]>> = {
  reading: () => [
    'Savefiles (pcap, pcapng, also as .gz and .zst), JSON lines of tcp-sniffer, folders and patterns in quotes stand alone, or after --read; - is stdin. Without any of them an interface is captured on, which needs root or NET_RAW.',
    '',
    ...examples([
      ['--ports 8000-8100,9090 a.pcap b.pcap.gz', ''],
      ["--ports 8080 'captures/*.pcap'", ''],
      ['--ports 8080 --follow capture.pcap', 'while it is written'],
    ]),
  ],
  filters: () => [
    'An expression of keys, operators, and, or, not and parentheses. A list is one of its values (status=4xx,5xx), * stands for anything, ~ takes a regular expression.',
    '',
    ...Object.entries(KEYS).map(([name, { operators, example }]) =>
      row(
        name,
        `${operators.length === 0 ? 'alone' : operators.join(' ')}`.padEnd(14) + example,
        MOST_USED_COLUMNS - 10,
      ),
    ),
    '',
    ...examples([
      ["--ports 8080 --filter 'status=5xx and path=/orders' capture.pcap", ''],
      ["--ports 8080 --filter 'wait>500ms or status=none' capture.pcap", ''],
      ["--ports 8080 --filter 'not client=10.0.0.0/8' capture.pcap", ''],
    ]),
  ],
  formats: () => [
    ...Object.entries(FORMAT_WORDS).map(([name, words]) => row(`--format ${name}`, words, FLAG_COLUMNS)),
    '',
    ...examples([
      ['--ports 8080 --format csv capture.pcap > exchanges.csv', ''],
      ["--ports 8080 --format curl --filter 'status=5xx' capture.pcap", ''],
    ]),
  ],
  tls: () => [
    'TLS is read if the service, or its client, writes a key log: node --tls-keylog=FILE, curl and browsers with the variable SSLKEYLOGFILE=FILE. Traffic without keys is counted.',
    '',
    ...examples([['--ports 443 --tls-keylog keys.log capture.pcap', '']]),
  ],
};

/** One screen. */
export function screen(): string {
  return [
    'tcp-sniffer shows the HTTP traffic of a service without touching the service.',
    '',
    ...examples(EXAMPLES),
    '',
    'Usage: tcp-sniffer [options] [command] [files...]',
    ...MOST_USED.map((name) => {
      const { flag, help } = ALL_FLAGS.find(({ flag: known }) => isNamed(known, name)) as Described;
      return (INDENT + flag).padEnd(MOST_USED_COLUMNS) + brief(help, COLUMNS - MOST_USED_COLUMNS);
    }),
    ...COMMANDS.map(([name, words]) => row(name, words, MOST_USED_COLUMNS - INDENT.length)),
    '',
  ].join('\n');
}

/** With all flags after it. */
export function all(): string {
  const topics = Object.keys(TOPICS) as Topic[];
  return `${screen()}\n${topics.map(groupOf).join('\n')}\n${OTHERS.join('\n')}\n`;
}

const OTHERS = [
  row('-V, --version', 'the version', FLAG_COLUMNS),
  row('-h, --help', 'this help; a terminal shows one screen of it, `tcp-sniffer help all` all of it', FLAG_COLUMNS),
];

/** Throws a sentence. */
export function topic(word: string): string {
  if (word === 'all') return all();
  const name = word.toLowerCase().replace(/^-+/, '');
  const topics = Object.keys(TOPICS) as Topic[];
  // `filter` is as good as `filters`.
  const found = topics.find((known) => known === name || known === `${name}s`);
  if (found !== undefined) return `${[...paragraphs(WORDS[found]?.()), groupOf(found)].join('\n')}`;
  const flags = ALL_FLAGS.filter(({ flag }) => isNamed(flag, `--${name}`) || isNamed(flag, `-${name}`));
  if (flags.length > 0)
    return flags
      .map(rowOf)
      .map((each) => `${each}\n`)
      .join('');
  const names = ALL_FLAGS.flatMap(({ flag }) => flag.match(/--[\w-]+/) ?? []);
  const near = suggest(word, [...topics, 'all', ...names, ...names.map((each) => each.slice(2))]);
  const hint = near === undefined ? `; there are: ${topics.join(', ')}, all` : `; did you mean ${near}?`;
  throw new Error(`help has nothing about '${word}'${hint}`);
}

function paragraphs(rows: string[] | undefined): string[] {
  return rows === undefined ? [] : [...rows.map((each) => (each.startsWith(INDENT) ? each : wrap(each, COLUMNS))), ''];
}

function groupOf(name: Topic): string {
  const flags = ALL_FLAGS.filter((flag) => flag.topic === name);
  return `${name}: ${TOPICS[name]}\n${flags
    .map(rowOf)
    .map((each) => `${each}\n`)
    .join('')}`;
}

function rowOf({ flag, help }: Described): string {
  return row(flag, help, FLAG_COLUMNS);
}

/** Words beside a name that is shorter than its column, else below it. */
function row(name: string, words: string, columns: number): string {
  const left = INDENT + ' '.repeat(columns);
  const rows = wrap(words, COLUMNS - left.length).split('\n');
  const first = (INDENT + name).padEnd(left.length);
  const isLong = first.length > left.length || name.length >= columns;
  return [
    ...(isLong ? [INDENT + name] : []),
    ...rows.map((each, index) => (index === 0 && !isLong ? first : left) + each),
  ].join('\n');
}

function examples(list: readonly (readonly [command: string, words: string])[]): string[] {
  return list.map(([command, words]) => {
    const row = `${INDENT}tcp-sniffer ${command}`;
    return words === '' ? row : `${row.padEnd(EXAMPLE_COLUMNS - INDENT.length)}${INDENT}${words}`;
  });
}

/** All of it if that fits, else its first part. */
function brief(help: string, columns: number): string {
  const words = help.replace(/ \[[A-Z_]+\]$/, '');
  return words.length <= columns ? words : (words.split(/[;:] | \(/)[0] as string);
}

function isNamed(flag: string, name: string): boolean {
  return flag.split(/[ ,]+/).includes(name);
}

/** At spaces; a word that is longer is broken after its commas, or where it must be. */
function wrap(words: string, columns: number): string {
  const pieces = words.split(' ').map((word) => (word.length <= columns ? word : broken(word, columns)));
  return new Help().boxWrap(pieces.join(' '), columns);
}

function broken(word: string, columns: number): string {
  const front = word.slice(0, columns);
  const at = front.lastIndexOf(',') + 1 || columns;
  const rest = word.slice(at);
  return `${word.slice(0, at)} ${rest.length <= columns ? rest : broken(rest, columns)}`;
}
