// The benchmark runs and its report is complete; what it measures is no matter here.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const RUN = resolve(__dirname, '..', 'bench', 'run.mjs');
const cache = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bench-'));
const isRoot = process.getuid?.() === 0;

interface Row {
  name: string;
  counted: number;
}

interface Read {
  capture: { name: string; messages: number };
  rows: Row[];
}

interface Goal {
  goal: string;
  measured: string;
  holds?: boolean;
}

async function quickRun(part: string, timeout: number) {
  const args = [RUN, '--quick', '--only', part, '--without-peers', '--cache', cache];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout });
  return { stdout, result: JSON.parse(readFileSync(join(cache, 'results-quick.json'), 'utf8'))[part].result };
}

function expectAllFound(read: readonly Read[]): void {
  for (const { capture, rows } of read) {
    for (const { name, counted } of rows)
      expect(`${capture.name}, ${name}: ${counted}`).toBe(`${capture.name}, ${name}: ${capture.messages}`);
  }
}

describe.skipIf(!isRoot && process.env.CI === undefined)('benchmark (skipped: it needs root for its captures)', () => {
  afterAll(() => rmSync(cache, { recursive: true }));

  test('a quick run reads every capture whole and says what it measured', { timeout: 180_000 }, async () => {
    const { stdout, result: captures } = await quickRun('savefile', 170_000);
    expect(captures).toHaveLength(7);
    for (const { capture, rows } of captures as Read[]) {
      expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['tcp-sniffer', 'callback']));
      expect(stdout).toContain(`### ${capture.name}`);
    }
    expectAllFound(captures);
    expect(stdout).toContain('what must hold');
    expect(stdout).not.toMatch(/NaN|undefined|Not measured/);
  });

  test('a quick run finds every message of HTTP/2, gRPC, TLS and WebSockets', { timeout: 300_000 }, async () => {
    const { stdout, result } = await quickRun('protocols', 290_000);
    const names = (result.cases as Read[]).map(({ capture }) => capture.name);
    for (const word of ['HTTP/2', 'gRPC', 'TLS 1.3', 'WebSocket']) expect(names.join('; ')).toContain(word);
    expectAllFound(result.cases);
    expect(stdout).toContain('| HTTP/2, gRPC, TLS, WebSocket: every message is found | every message | holds |');
    expect(stdout).not.toMatch(/NaN|undefined|Not measured/);
  });
});

describe('what must hold', () => {
  const spread = (median: number) => ({ median, least: median, most: median });
  const capture = { name: 'HTTP/2', messages: 10 };
  const judged = async (results: Record<string, unknown>): Promise<Goal[]> => {
    const { goals } = await import(resolve(__dirname, '../bench/goals.mjs'));
    return goals(Object.fromEntries(Object.entries(results).map(([part, result]) => [part, { result }])));
  };
  const holding = async (results: Record<string, unknown>, words: string) =>
    (await judged(results)).filter(({ goal }) => goal.includes(words)).map(({ holds }) => holds);

  test('a message that is not found is named, and a peer that is missing is no failure', async () => {
    const rows = (counted: number) => [{ name: 'tcp-sniffer', counted }];
    const protocols = (counted: number) => ({ cases: [{ capture, rows: rows(counted), failed: {}, peer: 25 }] });
    expect(await holding({ protocols: protocols(10) }, 'every message')).toEqual([true]);
    const missing = await judged({ protocols: protocols(9) });
    expect(missing[0]).toMatchObject({ measured: 'not in HTTP/2', holds: false });
    expect(missing.filter(({ goal }) => goal.includes('tshark'))).toMatchObject([{ measured: 'not measured' }]);
  });

  test.each([
    ['HTTP/2, savefile', 25, 24.9],
    ['engine alone, small GETs: 1.25×', 1.25, 1.24],
    ['large bodies in TLS', 1.5, 1.51],
    ["start beyond Node's own", 0.5, 0.51],
    ['a sidecar that is idle', 0.0009, 0.001],
    ['88 %', 0.88, 0.87],
    ['p99 of the service', 1.5, 1.6],
    ['Kafka', 60_000, 59_999],
    ['OTLP', 200_000, 199_998],
    ['"streams at once"', 1.2, 1.21],
  ])('%s: %d holds, %d does not', async (words, good, bad) => {
    const results = (value: number) => ({
      protocols: {
        cases: [
          {
            capture,
            rows: [
              { name: 'tcp-sniffer', counted: 10 },
              { name: 'tshark', counted: 10, toWall: spread(value) },
            ],
            peer: 25,
          },
        ],
        aead: { ratio: spread(value) },
      },
      engine: { stages: [], http2: spread(1), beside: [{ traffic: 'small GETs', ratio: spread(value) }] },
      start: { rows: [{ what: '--version', now: spread(50), toBefore: spread(value) }] },
      sidecar: [{ perSecond: 0, cores: value, wakeUps: 10 }],
      live: {
        observers: [
          { name: 'no observer' },
          { name: 'ours', beside: 'theirs', rateBeside: spread(value), p99Beside: spread(value), dropped: 0 },
        ],
      },
      outputs: {
        rows: [
          { name: 'Kafka', perSecond: spread(value) },
          { name: 'OTLP, protobuf', perCpuSecond: spread(value) },
        ],
      },
      growth: [
        {
          name: 'streams at once',
          by: 'microsPerMessage',
          points: [{ microsPerMessage: spread(1) }, { microsPerMessage: spread(value) }],
        },
      ],
    });
    expect(await holding(results(good), words)).toEqual([true]);
    expect(await holding(results(bad), words)).toEqual([false]);
  });
});
