/** `fields`, by the command on savefiles: what a message keeps is as it is in the whole message. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FIXTURES, linesOf, type Run, runCli } from './live/harness.js';
import { shown } from './terminal/pty.js';

const ALWAYS = ['id', 'timestamp', 'direction', 'receiver', 'destination'];

const run = (savefile: string, ...flags: string[]): Promise<Run> =>
  runCli(['--read', join(FIXTURES, savefile), '--ports', '80,8080', ...flags]);

/** The whole lines with these fields alone. */
async function expected(savefile: string, fields: readonly string[]): Promise<string[]> {
  const whole = await run(savefile);
  const kept = new Set([...ALWAYS, ...fields]);
  return linesOf(whole.stdout).map((line) => {
    const members = Object.entries(JSON.parse(line)).filter(([name]) => kept.has(name));
    return JSON.stringify(Object.fromEntries(members));
  });
}

it.each([
  ['method,path,statusCode,latencyMs', ['method', 'path', 'statusCode', 'latencyMs']],
  ['', []],
  ['id,bodySize', ['bodySize']],
])('the demo with --fields %j', async (flag, fields) => {
  const { code, stdout } = await run('demo.pcap', '--fields', flag);
  expect(code).toBe(0);
  const lines = linesOf(stdout);
  expect(lines).toEqual(await expected('demo.pcap', fields));
  expect(lines.length).toBeGreaterThan(10);
});

it('include looks at fields that are left out', async () => {
  const { stdout } = await run('demo.pcap', '--fields', 'path', '--include', 'method=POST');
  const whole = await run('demo.pcap', '--include', 'method=POST');
  const ids = (text: string): string[] => linesOf(text).map((line) => JSON.parse(line).id);
  expect(ids(stdout)).toEqual(ids(whole.stdout));
  expect(ids(stdout).length).toBeGreaterThan(0);
  expect(stdout).not.toMatch(/"(method|headers|body)"/);
});

it.each([
  ['a name that is near', ['--fields', 'metod'], 'did you mean method?'],
  ['a filter', ['--fields', 'path', '--filter', 'status=5xx'], 'cannot be given with filter'],
  ['a summary', ['--fields', 'path', '--summary'], 'cannot be given with --summary'],
  ['a table', ['--fields', 'path', '--format', 'csv'], 'cannot be given with --format csv'],
  ['a HAR on stdout', ['--fields', 'path', '--har', '-'], 'cannot be given with --format har'],
])('%s is refused at the start, with the name of the flag', async (_, flags, words) => {
  const { code, stdout, stderr } = await run('demo.pcap', ...flags);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(words);
  expect(stderr).toContain('--fields');
});

it('JSON lines keep their fields, and say so', async () => {
  const { code, stderr } = await runCli([join(FIXTURES, 'demo.jsonl'), '--fields', 'path']);
  expect(code).toBe(1);
  expect(stderr).toContain('--fields: is for packets: ');
});

it('lines without the fields that all messages have are counted when they are read again', async () => {
  const { stdout } = await run('demo.pcap', '--fields', 'path');
  const { code, stderr, stdout: again } = await runCli(['--read', '-'], { input: Buffer.from(stdout) });
  expect([code, again]).toEqual([0, '']);
  expect(stderr).toContain(`"linesDamaged":${linesOf(stdout).length}`);
});

it.each([
  ['by the flag', ['--fields', 'path'], {}],
  ['by the variable', [], { FIELDS: 'path' }],
])('a terminal gets JSON lines too, %s', async (_, flags, env) => {
  const args = ['--read', join(FIXTURES, 'demo.pcap'), '--ports', '8080', ...flags];
  const { code, raw } = await shown(args, 400, env);
  expect(code).toBe(0);
  const lines = raw.split(/\r?\n/).filter((line) => line.startsWith('{"id"'));
  expect(lines).toEqual(await expected('demo.pcap', ['path']));
});
