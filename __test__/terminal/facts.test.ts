/** The counts by the facts of messages are those by their lines: of each savefile, and of each row of the summary. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Exchanged, Tape } from '../incidents/tape.js';
import { FIXTURES } from '../live/harness.js';
import { SAVEFILES } from '../savefiles.js';

const built = createRequire(require.resolve('../../dist/index.js'));
const { validateConfig } = built('./config') as typeof import('../../ts/config');
const { toCaptureOptions } = built('./config/engine') as typeof import('../../ts/config/engine');
const { createCapture } = built('./native') as typeof import('../../ts/native');
const { Summary } = built('./command/terminal/summary') as typeof import('../../ts/command/terminal/summary');
const { Facts } = built('./exchange/facts') as typeof import('../../ts/exchange/facts');
const { loadText } = built('./command/terminal/text') as typeof import('../../ts/command/terminal/text');

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-facts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NO_DELIVERIES = { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, errors: 0, waiting: 0 };
const SCREEN = { columns: 200, rows: 1_000 };

/** The rows of the summary, by lines and by facts, and of how many messages there were facts. */
async function bothWays(config: Parameters<typeof validateConfig>[0]) {
  const options = { text: await loadText(), paint: (_: unknown, words: string) => words };
  const [byLines, byFacts] = [new Summary(options), new Summary(options)];
  const capture = createCapture(toCaptureOptions(validateConfig(config)));
  capture.wantFacts(true);
  let told = 0;
  let odd = 0;
  let tables = 0;
  let lines = 0;
  await new Promise<void>((resolve, reject) => {
    capture
      .open(({ kind, bytes = 0, messages = 0 }) => {
        if (kind === 'end') resolve();
        if (kind !== 'batch' && kind !== 'facts') return;
        const room = Buffer.allocUnsafeSlow(bytes);
        capture.copyLines(room);
        if (kind === 'batch') {
          byLines.read(room);
          capture.release();
          lines += messages;
        } else {
          byFacts.readFacts(room, messages);
          capture.releaseFacts();
          told += messages;
          const facts = new Facts(room, messages);
          for (let message = 0; message < messages; message++) if (facts.isOther(message)) odd++;
          tables++;
        }
      })
      .catch(reject);
  });
  const stats = { engine: { ...capture.stats() } as Record<string, number>, outputs: { callback: NO_DELIVERIES } };
  return { byLines: byLines.rows(stats, SCREEN), byFacts: byFacts.rows(stats, SCREEN), lines, told, odd, tables };
}

/** Messages whose lines hold more than the facts of the usual lines: trailers. */
const ODD: Readonly<Record<string, number>> = { chunked: 2 };

describe('the summary by facts is the summary by lines', () => {
  test.each(
    SAVEFILES.map(({ name, file, ports, options }) => ({
      name,
      config: { ...options, ports, pcapFile: join(FIXTURES, file) },
    })),
  )('$name', async ({ name, config }) => {
    const { byLines, byFacts, lines, told, odd } = await bothWays(config);
    expect(byFacts).toEqual(byLines);
    expect(told).toBe(lines);
    expect(odd).toBe(ODD[name] ?? 0);
  });

  const run = (name: string, savefile: Buffer) => {
    const pcapFile = join(folder, `${name}.pcap`);
    writeFileSync(pcapFile, savefile);
    return bothWays({ ports: [80], pcapFile });
  };
  const exchange = (n: number, path: string, atMs: number, waitMs: number): Exchanged => ({
    client: { ip: `10.9.${n >> 8}.${n & 255}`, port: 40_000 },
    server: { ip: '10.1.0.2', port: 80 },
    atMs: Date.UTC(2024, 4, 17) + atMs,
    request: `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n\r\n`,
    response: [[Date.UTC(2024, 4, 17) + atMs + waitMs, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']],
    endMs: Date.UTC(2024, 4, 17) + atMs + waitMs + 1,
    ending: 'server-fin',
  });

  test.each([
    ['a quote', '/a"b', { messages: 6, odd: 6 }],
    ['a backslash', '/a\\b', { messages: 6, odd: 6 }],
    // No request then: its response is alone.
    ['a tab', '/a\tb', { messages: 3, odd: 0 }],
    ['U+2028', '/a\u2028b', { messages: 6, odd: 0 }],
    ['a letter of Latin-1', '/a^b', { messages: 6, odd: 0 }],
  ])('where paths have %s', async (what, path, expected) => {
    const tape = new Tape();
    for (let n = 0; n < 3; n++) tape.add(exchange(n, path, n * 10, 5));
    const savefile = tape.savefile();
    for (let at = savefile.indexOf('/a^b'); at !== -1; at = savefile.indexOf('/a^b')) savefile[at + 2] = 0xe9;
    const { byLines, byFacts, lines, told, odd } = await run(what, savefile);
    expect(byFacts).toEqual(byLines);
    expect({ lines, messages: told, odd }).toEqual({ lines: expected.messages, ...expected });
  });

  test('where there are more messages than a table has, and more connections than are remembered', async () => {
    const MANY = 4_500;
    const tape = new Tape();
    // Responses come in the table after that of their request, the last one once its connection is forgotten.
    for (let n = 0; n < MANY; n++)
      tape.add(exchange(n, `/item/${n % 7}/${n % 2 === 0 ? 'a' : 'b"'}`, n, n === 0 ? MANY : 40));
    const { byLines, byFacts, lines, told, odd, tables } = await run('many', tape.savefile());
    expect(byFacts).toEqual(byLines);
    expect([lines, told, odd]).toEqual([2 * MANY, 2 * MANY, MANY]);
    expect(tables).toBeGreaterThan(2);
  });
});
