/** The flags of `openapi`. */

import { type Command, Option } from '../../commander';
import { type AskedReading, collect, only, ReadingFlags, type Values } from '../reading-flags';

export const OPENAPI = 'openapi';

const FIELDS: ReadonlySet<string> = new Set([
  ...['ports', 'interface', 'pcapFile', 'filter', 'include', 'exclude', 'maxExchanges', 'maxBodySize', 'tlsKeylog'],
  ...['redact', 'redactHeaders', 'redactQuery', 'redactBody', 'logLevel'],
]);
export const READING = new ReadingFlags(FIELDS);

const FORMATS = ['json', 'yaml'] as const;

export interface AskedDocument extends AskedReading {
  inputs: readonly string[];
  duration: string | undefined;
  /** The document that was there before. */
  merge: string | undefined;
  examples: boolean;
  /** stdout without it. */
  output: string | undefined;
  format: (typeof FORMATS)[number];
}

export function addOpenapi(program: Command, onOpenapi: (asked: AskedDocument) => Promise<void>): void {
  const command = program
    .command(OPENAPI)
    .description('an OpenAPI document of what was asked and answered')
    .argument(
      '[files...]',
      "savefiles, JSON lines, folders, '*.pcap'; '-' is stdin; without any: an interface is captured on",
    );
  READING.addTo(command);
  command.addOption(new Option('--duration <time>', 'stop a live capture after so long: 30s, 5m').argParser(collect));
  command.addOption(
    new Option('--merge <file>', 'widen this document, JSON or YAML, by what is seen').argParser(collect),
  );
  command.option('--examples', 'captured values as examples, secrets hidden');
  command.addOption(new Option('-o, --output <file>', 'write it there; .yaml and .yml are YAML').argParser(collect));
  command.addOption(new Option('--format <name>', 'json, unless the file is named as YAML').choices(FORMATS));
  command.action(async (files: string[], values: Values) => {
    const reading = READING.read(program, OPENAPI, values);
    const output = only(values, 'output', '--output');
    const isYaml = values.format === 'yaml' || (values.format === undefined && /\.ya?ml$/i.test(output ?? ''));
    const { read } = values;
    await onOpenapi({
      ...reading,
      inputs: [...(Array.isArray(read) ? read : []), ...files],
      duration: only(values, 'duration', '--duration'),
      merge: only(values, 'merge', '--merge'),
      examples: values.examples === true,
      output: output === '-' ? undefined : output,
      format: isYaml ? 'yaml' : 'json',
    });
  });
}
