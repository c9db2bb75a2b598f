/** The POST output towards a collector that fails in every way it can: each message once, or counted. No right to capture needed. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { SnifferConfig } from '../dist/index.js';
import { type Collector, HASTE, type Post, runToEnd, startCollector, watched } from './live/collecting.js';
import { FIXTURES, linesOf, runCli } from './live/harness.js';
import { loggedLedger } from './live/paced.js';

const SAVEFILE = join(FIXTURES, 'keep-alive.pcap');
const EXPECTED = linesOf(readFileSync(join(FIXTURES, 'keep-alive.jsonl'), 'utf8')).length;

/** Ten seconds of the machine's: no answer is too late because the machine is busy. */
const PATIENCE_MS = 10_000 * HASTE;

const collectors: Collector[] = [];
afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.stop();
});

async function collector(actions?: string[], port?: number): Promise<Collector> {
  const started = await startCollector(actions, port);
  collectors.push(started);
  return started;
}

async function read(actions: string[], options: Partial<SnifferConfig> = {}) {
  const { url, report } = await collector(actions);
  const { sniffer, log } = watched(
    { ports: [80], pcapFile: SAVEFILE, outputUrl: url, outputTimeoutMs: PATIENCE_MS, ...options },
    { token: 'hunter2' },
  );
  const stats = await runToEnd(sniffer);
  return { ...(await report()), log, stats, http: stats.outputs.http };
}

/** How often each body came. */
function timesEach(received: Post[]): number[] {
  const times = new Map<string, number>();
  for (const { body } of received) times.set(body, (times.get(body) ?? 0) + 1);
  return [...times.values()];
}

const each = (times: number): number[] => Array(EXPECTED).fill(times);
const warnings = (log: Record<string, unknown>[]) => log.filter(({ level }) => level !== 'info');

describe('one POST a message', () => {
  test('is the very line that stands on stdout, with its type, the token, and our mark', async () => {
    const { received, http } = await read(['200']);
    const stdout = await runCli(['--ports', '80', '--read', SAVEFILE]);
    expect(received.map(({ body }) => body).sort()).toEqual(linesOf(stdout.stdout).sort());
    expect(received[0]).toMatchObject({
      url: '/in?key=hunter2-url',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer hunter2',
        'tcp-sniffer-output': expect.stringMatching(/^\d+\.\d+\.\d+/),
      },
    });
    expect(http).toEqual({ accepted: EXPECTED, delivered: EXPECTED, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 });
  });

  test('500, 500, 200: delivered once, at the third try, after 1 s and 2 s', async () => {
    const { url, report } = await collector(['500', '500', '200']);
    const run = await runCli(['--ports', '80', '--read', SAVEFILE, '--output-url', url]);
    expect(run.code, run.stderr).toBe(0);
    const { received } = await report();
    expect(timesEach(received)).toEqual(each(3));
    for (const body of new Set(received.map((post) => post.body))) {
      const [first = 0, second = 0, third = 0] = received.filter((post) => post.body === body).map(({ at }) => at);
      expect(second - first).toBeGreaterThan(990);
      expect(third - second).toBeGreaterThan(1_990);
    }
    expect(loggedLedger(run.stderr).outputs.http).toMatchObject({
      delivered: EXPECTED,
      dropped: 0,
      errors: 2 * EXPECTED,
    });
  });

  test('always 503: four tries, one log line, dropped, counted', async () => {
    const { received, log, http } = await read(['503']);
    expect(timesEach(received)).toEqual(each(4));
    expect(warnings(log)).toMatchObject([
      { level: 'warn', output: 'http', reason: 'status 503', attempts: 4, dropped: 1 },
    ]);
    expect(http).toMatchObject({ delivered: 0, droppedBy: { failed: EXPECTED }, waiting: 0, errors: 4 * EXPECTED });
  });

  test.each([
    ['hangs', ['hang', '200']],
    ['resets', ['reset', 'reset', 'reset', '200']],
    ['answers garbage', ['garbage', '200']],
    ['breaks off in its head', ['half-head', '200']],
    ['redirects', ['307', '200']],
  ])('%s, then answers: each message is delivered once', async (_, actions) => {
    const { received, http, log } = await read(actions, { outputTimeoutMs: PATIENCE_MS / 5 });
    expect(timesEach(received)).toEqual(each(actions.length));
    expect(http).toMatchObject({ delivered: EXPECTED, dropped: 0, errors: (actions.length - 1) * EXPECTED });
    expect(warnings(log)).toEqual([]);
  });

  test.each([['half-body'], ['close']])('%s after a 2xx: nothing is sent twice', async (action) => {
    const { received, http } = await read([action], { outputConcurrency: 1 });
    // A connection that closes the moment a POST goes out costs an attempt, and no more than that.
    expect(http).toMatchObject({ delivered: EXPECTED, dropped: 0 });
    expect(timesEach(received)).toEqual(each(1));
  });

  test('a redirect is a failure: neither message nor token go to its target', async () => {
    const { received, http, log } = await read(['301']);
    expect(new Set(received.map(({ url }) => url))).toEqual(new Set(['/in?key=hunter2-url']));
    expect(http).toMatchObject({ delivered: 0, droppedBy: { failed: EXPECTED } });
    expect(warnings(log)).toMatchObject([{ reason: 'status 301' }]);
  });

  test('refuses, and is there after a second: delivered once', async () => {
    const { port, stop } = await collector();
    await stop();
    const outputUrl = `http://127.0.0.1:${port}/`;
    const { sniffer } = watched({ ports: [80], pcapFile: SAVEFILE, outputUrl }, { haste: 1 });
    const over = runToEnd(sniffer);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { report } = await collector(['200'], port);
    const { outputs } = await over;
    expect(outputs.http).toMatchObject({ delivered: EXPECTED, dropped: 0 });
    expect(outputs.http?.errors).toBeGreaterThanOrEqual(EXPECTED);
    expect(timesEach((await report()).received)).toEqual(each(1));
  });

  test('connections are bounded and used again', async () => {
    const { received, sockets } = await read(['200'], {
      outputConcurrency: 2,
      pcapFile: join(FIXTURES, 'pipelined.pcap'),
    });
    expect(received.length).toBeGreaterThan(4);
    expect(sockets).toBeLessThanOrEqual(2);
  });
});

describe('batches', () => {
  test('are NDJSON, byte for byte what stands on stdout', async () => {
    const { received, http } = await read(['200'], { outputBatch: { maxMessages: 4, maxDelayMs: 100 } });
    const stdout = await runCli(['--ports', '80', '--read', SAVEFILE]);
    expect(received.map(({ body }) => body).join('')).toBe(stdout.stdout);
    expect(received.map(({ body }) => linesOf(body).length)).toEqual([4, EXPECTED - 4]);
    expect(received[0]?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      authorization: 'Bearer hunter2',
    });
    expect(http).toMatchObject({ accepted: EXPECTED, delivered: EXPECTED, waiting: 0 });
  });

  test('are compressed when that was asked for', async () => {
    const { received, http } = await read(['500', '200'], { outputBatch: { gzip: true } });
    expect(received[0]?.headers['content-encoding']).toBe('gzip');
    expect(received[0]?.bytes).toBeLessThan((received[0]?.body.length ?? 0) / 2);
    expect(received[1]?.body).toBe(received[0]?.body);
    expect(http).toMatchObject({ delivered: EXPECTED, errors: 1 });
  });

  test('are tried again, given up and counted as a whole', async () => {
    const { received, http, log } = await read(['503'], { outputBatch: {} });
    expect(received).toHaveLength(4);
    expect(http).toMatchObject({ delivered: 0, droppedBy: { failed: EXPECTED }, errors: 4 });
    expect(warnings(log)).toHaveLength(1);
  });
});
