/** Objects in a listener are those of the lines, and hold no more than that: with the engine, in batches of every size. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createSniffer, type SnifferConfig } from '../dist/index.js';
// @ts-expect-error scripts have no types
import { request, response } from '../fixtures/make/http.mjs';
// @ts-expect-error scripts have no types
import { Tape } from '../fixtures/make/tape.mjs';
import { linesOf, runCli } from './live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-callback-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Open = (this: unknown, onEvent: (event: { changesBytes?: number }) => void) => unknown;

const ROOT = join(__dirname, '..');
const { Capture } = require('../dist/native/binding.js') as { Capture: { prototype: { open: Open } } };

interface Exchange {
  path: string;
  headers: [string, string][];
  answer: object;
}

/** Few kinds, many values: most messages are like one before, and some like none. */
const NAMES = [
  'host',
  'accept',
  '__proto__',
  'constructor',
  'X-1',
  '12',
  'user-agent',
  'cookie',
  'x"y',
  'x\\y',
  'toString',
];
const text = fc.oneof(
  fc.constantFrom('', 'a', 'text/html; q="1"', 'ä€😀', '\\', '{"a":[1]}', '},', 'x'.repeat(300)),
  fc.string({ maxLength: 40 }).map((value) => value.replace(/[^\x21-\x7e]/g, '.')),
);
const kinds = fc.array(
  fc
    .array(fc.constantFrom(...NAMES), { maxLength: 12 })
    .map((names) => [...names, ...(names.length === 12 ? many : [])]),
  { minLength: 1, maxLength: 6 },
);
const many = Array.from({ length: 60 }, (_, n) => `x-many-${n}`);
const exchange = (names: string[][]): fc.Arbitrary<Exchange> =>
  fc.record({
    path: fc.webPath().map((path) => `/${path}`),
    headers: fc
      .constantFrom(...names)
      .chain((some) => fc.tuple(...some.map((name) => text.map((value): [string, string] => [name, value])))),
    answer: fc.oneof(
      { weight: 4, arbitrary: text.map((body) => ({ body })) },
      fc.record({ chunks: fc.constant(['a', 'b']), trailers: fc.constant([['x-sum', '1']]) }),
      fc.constant({ body: Buffer.from([0xff, 0, 1]) }),
      fc.constant({
        headers: [['Content-Type', 'text/plain; charset=iso-8859-1']],
        body: Buffer.from('\xe4', 'latin1'),
      }),
    ),
  });

function savefile(name: string, exchanges: readonly Exchange[]): string {
  const tape = new Tape({});
  for (let sent = 0; sent < exchanges.length; sent += 50) {
    const connection = tape.connection({ client: `192.0.2.10:${10_000 + sent / 50}` }).open();
    for (const { path, headers, answer } of exchanges.slice(sent, sent + 50))
      connection.exchange(request('GET', path, { headers }), response(200, 'OK', answer));
    connection.close();
  }
  const file = join(folder, `${name}.pcap`);
  writeFileSync(file, tape.toSavefile());
  return file;
}

/** Bytes of changes that came with the batches. */
let changesBytes = 0;
const { open } = Capture.prototype;
Capture.prototype.open = function (onEvent) {
  return open.call(this, (event) => {
    changesBytes += event.changesBytes ?? 0;
    onEvent(event);
  });
};

async function listen(pcapFile: string, options: Partial<SnifferConfig>, listener: (message: object) => void) {
  const sniffer = createSniffer({ ports: [80], pcapFile, logLevel: 'silent', ...options });
  // The sniffer keeps to itself what a listener throws.
  const thrown: unknown[] = [];
  sniffer.on('message', (message) => {
    try {
      listener(message);
    } catch (error) {
      thrown.push(error);
    }
  });
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  if (thrown.length > 0) throw thrown[0];
}

describe('an object in a listener', () => {
  test('is what JSON.parse makes of its line', { timeout: 120_000 }, async () => {
    const samples = fc.sample(
      kinds.chain((names) => fc.array(exchange(names), { minLength: 20, maxLength: 400, size: 'max' })),
      { numRuns: 4, seed: 23 },
    );
    const all: string[] = [];
    for (const [index, exchanges] of samples.entries()) {
      const file = savefile(`sample-${index}`, exchanges);
      const lines = linesOf((await runCli(['--read', file, '--ports', '80'])).stdout);
      expect(lines.length).toBeGreaterThan(exchanges.length);
      let at = 0;
      await listen(file, {}, (message) => {
        const line = lines[at++] as string;
        const parsed = JSON.parse(line) as object;
        expect(JSON.stringify(message)).toBe(JSON.stringify(parsed));
        expect(message).toEqual(parsed);
        expect(structuredClone(message)).toEqual(structuredClone(parsed));
        expect(Object.entries({ ...message })).toEqual(Object.entries(parsed));
        // No other listener sees a change of its message.
        for (const [key, value] of Object.entries(message)) {
          if (typeof value === 'object') for (const inner of Object.keys(value)) value[inner] = 'changed';
          Object.assign(message, { [key]: 'changed' });
        }
      });
      expect(at).toBe(lines.length);
      all.push(...lines);
    }
    expect(changesBytes).toBeGreaterThan(0);
    for (const name of NAMES)
      expect(
        all.some((line) => line.includes(`,${JSON.stringify(name.toLowerCase())}:`)),
        name,
      ).toBe(true);
  });

  test('keeps nothing of others alive', { timeout: 120_000 }, () => {
    const agent = (n: number) => `agent/${n} ${'x'.repeat(20)}`;
    const exchanges = Array.from({ length: 10_000 }, (_, n) => ({
      path: `/items/${n}/${'x'.repeat(20)}`,
      headers: [
        ['User-Agent', agent(n)],
        ['Accept', 'x'.repeat(400)],
      ] as [string, string][],
      answer: { body: `answer ${n} ${'y'.repeat(400)}` },
    }));
    const script = `
      const { createSniffer } = require('./dist/index.js');
      const kept = [];
      const sniffer = createSniffer({ ports: [80], pcapFile: process.argv[1], logLevel: 'silent' });
      let heap = 0;
      const measure = () => { for (let n = 0; n < 3; n++) gc(); return process.memoryUsage().heapUsed; };
      sniffer.on('message', ({ path, headers }) => {
        if (path === undefined) return;
        if (kept.length === 0) heap = measure();
        kept.push(path, headers['user-agent']);
      });
      sniffer.on('end', () => console.log(JSON.stringify([kept.length, measure() - heap])));
      sniffer.start();`;
    const file = savefile('kept', exchanges);
    const out = execFileSync(process.execPath, ['--expose-gc', '-e', script, file], { cwd: ROOT, encoding: 'utf8' });
    const [count, bytes] = JSON.parse(out) as [number, number];
    expect(count).toBe(2 * exchanges.length);
    // Each text has some 35 characters; with the place in the list and what the text costs beyond them that is 65.
    expect(bytes / count).toBeLessThan(100);
  });
});
