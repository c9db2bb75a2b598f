/** Every savefile of fixtures/ gives the messages that were put into it: through the library, and some by the command. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSniffer, type HttpMessage } from '../dist/index.js';
import { FIXTURES, linesOf, messagesOf, runCli } from './live/harness.js';
import { SAVEFILES, type Savefile } from './savefiles.js';

/** The fields that are compared; further optional fields may come and are not looked at here. */
const FIELDS = [
  ...[
    'receiver',
    'destination',
    'direction',
    'timestamp',
    'httpVersion',
    'headers',
    'method',
    'path',
    'statusCode',
    'reason',
  ],
  ...[
    'body',
    'bodyEncoding',
    'bodySize',
    'bodyTruncated',
    'incomplete',
    'gapBytes',
    'trailers',
    'request',
    'latencyMs',
  ],
] as (keyof HttpMessage)[];

const flowOf = ({ direction, receiver, destination }: HttpMessage): string =>
  `${direction} ${receiver.ip}:${receiver.port} ${destination.ip}:${destination.port}`;

/** In the order of their flows (within one the order is given), with ids by the order in which they come up. */
function comparable(messages: HttpMessage[]): object[] {
  const sorted = messages
    .map((message, position) => ({ message, position, flow: flowOf(message) }))
    .sort((a, b) => (a.flow === b.flow ? a.position - b.position : a.flow < b.flow ? -1 : 1));
  const ids = new Map<string, number>();
  return sorted.map(({ message }) => {
    const id = ids.get(message.id) ?? ids.size + 1;
    ids.set(message.id, id);
    const known = FIELDS.filter((field) => message[field] !== undefined).map((field) => [field, message[field]]);
    return { exchange: id, ...Object.fromEntries(known) };
  });
}

const expectedOf = ({ name }: Savefile): object[] =>
  comparable(
    linesOf(readFileSync(join(FIXTURES, `${name}.jsonl`), 'utf8')).map((line) => JSON.parse(line) as HttpMessage),
  );

async function read({ file, ports, options }: Savefile): Promise<HttpMessage[]> {
  const messages: HttpMessage[] = [];
  const sniffer = createSniffer({ ports, ...options, pcapFile: join(FIXTURES, file), logLevel: 'silent' });
  sniffer.on('message', (message) => messages.push(message));
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return messages;
}

describe('savefile to messages', () => {
  test.each(SAVEFILES)('$name: $note', async (fixture) => {
    expect(comparable(await read(fixture))).toEqual(expectedOf(fixture));
  });
});

describe('savefile to stdout lines', () => {
  const some = SAVEFILES.filter(({ options }) => Object.keys(options).length === 0).filter(
    (_, position) => position % 10 === 0,
  );

  test.each(some)('$name', async (fixture) => {
    const run = await runCli(['--read', join(FIXTURES, fixture.file), '--ports', fixture.ports.join(',')]);
    expect(run.code, run.stderr).toBe(0);
    expect(comparable(messagesOf(run.stdout))).toEqual(expectedOf(fixture));
  });
});
