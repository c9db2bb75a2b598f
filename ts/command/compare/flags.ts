/** The flags of `compare`. */

import { type Command, CommanderError, Option } from '../../commander';
import { BAD_CONFIG } from '../../run/exit-codes';
import { type AskedReading, collect, only, ReadingFlags, type Values } from '../reading-flags';

export const COMPARE = 'compare';

const FIELDS: ReadonlySet<string> = new Set(['ports', 'filter', 'include', 'exclude', 'tlsKeylog', 'logLevel']);
export const READING = new ReadingFlags(FIELDS);

const FORMATS = ['text', 'json'] as const;

export interface AskedComparison extends AskedReading {
  /** The first capture and the second; with a document there may be any number of them. */
  names: readonly string[];
  /** The OpenAPI document that takes the place of the first capture. */
  openapi: string | undefined;
  format: (typeof FORMATS)[number];
  /** The page that is written as well. */
  html: string | undefined;
}

export function addCompare(program: Command, onCompare: (asked: AskedComparison) => Promise<void>): void {
  const command = program
    .command(COMPARE)
    .usage('[options] <A> <B>\n       tcp-sniffer compare [options] --openapi <document> <captures...>')
    .description(
      'what differs between two captures, endpoint by endpoint; or which parts of captures an OpenAPI document does not have',
    )
    .argument('[captures...]', "savefiles, JSON lines, folders, '*.pcap'; '-' is stdin");
  READING.addTo(command);
  command.addOption(new Option('--openapi <file>', 'compare with this document, JSON or YAML').argParser(collect));
  command.addOption(new Option('--format <name>', 'of what goes to stdout').choices(FORMATS).default('text'));
  command.addOption(new Option('--html <file>', 'the same as one HTML page, of two captures').argParser(collect));
  command.action(async (names: string[], values: Values) => {
    const reading = READING.read(program, COMPARE, values);
    const openapi = only(values, 'openapi', '--openapi');
    const html = only(values, 'html', '--html');
    if (html === '') throw refusal('html', '--html must name a file');
    if (html === '-') throw refusal('html', '--html must name a file: stdout has the comparison as text, or as JSON');
    if (html !== undefined && openapi !== undefined)
      throw refusal('html', '--html stands for two captures, and not with --openapi');
    const missing = openapi === undefined ? ['A', 'B'][names.length] : names.length === 0 ? 'captures' : undefined;
    if (missing !== undefined) throw refusal('missingArgument', `missing required argument '${missing}'`);
    if (openapi === undefined && names.length > 2)
      throw refusal(
        'excessArguments',
        `too many arguments for '${COMPARE}'. Expected 2 arguments but got ${names.length}`,
      );
    await onCompare({ ...reading, names, openapi, html, format: values.format === 'json' ? 'json' : 'text' });
  });
}

function refusal(code: string, words: string): CommanderError {
  return new CommanderError(BAD_CONFIG, `tcp-sniffer.${code}`, words);
}
