/** `tcp-sniffer compare` as a process: what it reads, what it refuses, and by which code. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../differential/random.js';
import { FIXTURES, linesOf as rowsOf, runCli } from '../live/harness.js';
import { chainOf, linesOf, SHOP } from './traffic.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(1);
const file = (name: string, lines: Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, lines);
  return path;
};
const before = file('before.jsonl', linesOf(random, 600));
const after = file(
  'after.jsonl',
  linesOf(
    random,
    600,
    SHOP.map((shape) => (shape.path === '/orders/17' ? { ...shape, waitMs: 90 } : { ...shape, failing: 0.4 })),
  ),
);
const savefile = join(FIXTURES, 'shop.pcap');

describe('compare', () => {
  it('says what differs, the worst first, in rows of 80 columns', async () => {
    const { code, stdout, stderr } = await runCli(['compare', before, after]);
    expect([code, stderr]).toEqual([0, '']);
    const rows = rowsOf(stdout);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(80);
    expect(rows.filter((row) => /^[A-Z]{2}/.test(row))).toEqual([
      'FAILS MORE  GET /products on shop.test:80',
      'FAILS MORE  POST /orders on shop.test:80',
      'SLOWER  GET /orders/:id on shop.test:80',
    ]);
    expect(stdout).toMatch(/^ {4}half of the waits are within: \d\d\.\dms -> \d{2,3}\.?\dms$/m);
    expect(stdout).toMatch(/^3 endpoints differ: 4 endpoints in both/m);
  });

  it('the filter, the ports and the short flags hold for both', async () => {
    const found = async (...flags: string[]): Promise<unknown> => {
      const { stdout } = await runCli(['compare', before, after, '--format', 'json', ...flags]);
      const { captures, changes } = JSON.parse(stdout);
      return [captures[0].exchanges > 0, changes.map(({ path }: { path: string }) => path)];
    };
    expect(await found('--filter', 'path=/orders/*')).toEqual([true, ['/orders/:id']]);
    expect(await found('--host', 'shop.test', '--filter', 'method=POST')).toEqual([true, ['/orders']]);
    expect(await found('--ports', '81')).toEqual([false, []]);
  });

  it('reads savefiles beside lines, and says what of them is missing', async () => {
    const { stdout: lines } = await runCli(['--ports', '8080', '--read', savefile, '--log-level', 'warn']);
    const copy = file('shop.jsonl', Buffer.from(lines));
    const { code, stdout } = await runCli(['compare', '--ports', '8080', savefile, copy, '--format', 'json']);
    const { captures, changes } = JSON.parse(stdout);
    expect([code, changes]).toEqual([0, []]);
    expect(captures[0].exchanges).toBe(captures[1].exchanges);
    expect(captures[0].exchanges).toBeGreaterThan(5);
  });

  it('says which value a field had, and which it has, and never more than a part of it', async () => {
    const valued = (lines: Buffer, value: string): Buffer =>
      Buffer.from(lines.toString().replaceAll('"headers":{"vary":"1"', `"headers":{"vary":"1","x-policy":"${value}"`));
    const lines = linesOf(new Random(5), 600, [SHOP[0] as (typeof SHOP)[number]]);
    const front = "default-src 'self'; ".repeat(10);
    const old = file('old.jsonl', valued(lines, `${front}img-src a.test${' '.repeat(90)}z`));
    const now = file('now.jsonl', valued(lines, `${front}img-src b.test`));
    const { stdout } = await runCli(['compare', old, now]);
    const words = stdout.replace(/\n +/g, ' ').replace(/ {2,}/g, ' ');
    expect(words).toMatch(
      /value of x-policy in responses: "…'self'; img-src a\.test …" -> "…'self'; img-src b\.test" \(\d+ of \d+ -> \d+ of \d+\)/,
    );
    const json = JSON.parse((await runCli(['compare', old, now, '--format', 'json'])).stdout);
    expect(json.changes[0].differences[0]).toMatchObject({
      ...{ what: 'response-value', name: 'x-policy' },
      values: { b: `${front}img-src b.test` },
    });
  });

  it('has documented fields in JSON, and no others', async () => {
    const slow = file('slow.jsonl', chainOf(random, 300, { calledMs: 100, failing: 0 }));
    const chain = chainOf(random, 300, { calledMs: 10, failing: 0 });
    const fast = file(
      'fast.jsonl',
      Buffer.from(chain.toString().replaceAll('"headers":{"host"', '"headers":{"accept":"a","host"')),
    );
    writeFileSync(slow, readFileSync(slow, 'utf8').replaceAll('"headers":{"host"', '"headers":{"accept":"b","host"'));
    const { stdout } = await runCli(['compare', fast, slow, '--format', 'json']);
    const found = JSON.parse(stdout);
    expect(JSON.stringify(found)).toContain('"what":"request-value"');
    expect(found.changes[0].callers[0]).toMatchObject({ server: 'front.test:80', path: '/front' });
    const docs = readFileSync(join(FIXTURES, '../docs/comparing.md'), 'utf8');
    const names = new Set<string>();
    JSON.stringify(found, (key, value) => {
      if (/^[a-z]/i.test(key) && !['a', 'b'].includes(key)) names.add(key);
      return value;
    });
    const documented = new Set(
      [...docs.matchAll(/`([\w.[\]]+)`/g)].map(([, path = '']) => path.split('.').at(-1)?.replace('[]', '')),
    );
    expect([...names].filter((name) => !documented.has(name))).toEqual([]);
  });

  it('sends nothing anywhere, whatever the variables say', async () => {
    const env = { OUTPUT_URL: 'http://127.0.0.1:9/', OUTPUT_FILE: join(folder, 'not-this.jsonl'), METRICS_PORT: '9' };
    const { code, stdout, stderr } = await runCli(['compare', before, before], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('No difference: 4 endpoints in both');
  });

  it.each([
    [['compare', before], 1, 'USAGE', "missing required argument 'B'"],
    [['compare', '-', '-'], 1, 'INVALID_CONFIG', 'stdin'],
    [['compare', savefile, before], 1, 'INVALID_CONFIG', '--ports'],
    [['compare', before, after, '--format', 'csv'], 1, 'USAGE', '--format'],
    [['compare', before, after, '--filter', 'wait>'], 1, 'INVALID_CONFIG', '--filter'],
    [['--ports', '80', 'compare', before, after], 1, 'USAGE', '--ports stands before compare'],
    [['compare', '--ports', '80', join(folder, 'nothing.pcap'), before], 2, 'CAPTURE_OPEN_FAILED', 'nothing.pcap'],
    [['compare', '--prots', '80', before, after], 1, 'USAGE', "unknown option '--prots'"],
    [['compare', before, after, after], 1, 'USAGE', 'too many arguments'],
  ])('refuses %j', async (args, status, reason, words) => {
    const { code, stdout, stderr } = await runCli(args);
    const [complaint = ''] = rowsOf(stderr);
    expect([code, stdout, JSON.parse(complaint).code]).toEqual([status, '', reason]);
    expect(JSON.parse(complaint).message).toContain(words);
  });
});
