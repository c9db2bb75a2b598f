/** The messages that `include`, `exclude` and `redactQuery` let through, by the command on a savefile: both halves of an exchange alike. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FIXTURES, linesOf, runCli } from './live/harness.js';

/** The exchanges of fixtures/demo.pcap in their order: `METHOD target status`. */
const ALL = [
  'GET /hello?name=world 200',
  'POST /orders 201',
  'GET /stream 200',
  'GET /nowhere 404',
  'HEAD /hello 200',
  'GET /gzip 200',
];

async function shown(...flags: string[]): Promise<string[]> {
  const run = await runCli(['--read', join(FIXTURES, 'demo.pcap'), '--ports', '8080', ...flags]);
  expect(run.code).toBe(0);
  const messages = linesOf(run.stdout).map((line) => JSON.parse(line));
  const requests = messages.filter(({ direction }) => direction === 'request').map(({ id }) => id);
  const responses = messages.filter(({ direction }) => direction === 'response');
  expect(responses.map(({ id }) => id)).toEqual(requests);
  return responses.map(({ request, statusCode }) => `${request.method} ${request.path} ${statusCode}`);
}

test.each([
  ['nothing asked', [], ALL],
  ['a path', ['--include', 'path=/hello'], [ALL[0], ALL[4]]],
  ['a method and a pattern', ['--include', 'method=GET,path=/*e*'], [ALL[0], ALL[2], ALL[3]]],
  ['a status', ['--include', 'status=4xx'], [ALL[3]]],
  ['one of two', ['--include', 'status=201', '--include', 'method=HEAD'], [ALL[1], ALL[4]]],
  ['not a status', ['--exclude', 'status=2xx'], [ALL[3]]],
  ['a header of the request', ['--include', 'header=content-type: application/json'], [ALL[1]]],
  ['an expression', ['--filter', 'status=4xx or method=HEAD'], [ALL[3], ALL[4]]],
  ['two expressions', ['--filter', 'method=GET', '--filter', 'not path=/hello'], [ALL[2], ALL[3], ALL[5]]],
  ['an expression and a rule', ['--include', 'method=GET', '--filter', 'status=200'], [ALL[0], ALL[2], ALL[5]]],
  ['an id', ['--show', '1.2'], [ALL[1]]],
  ['ids', ['--show', '1.2', '--show', '1.5'], [ALL[1], ALL[4]]],
  ['a host that nobody asked for', ['--host', 'shop.test'], []],
  ['clients', ['--client', '10.0.0.1', '--client', '127.0.0.0/8'], ALL],
  ['a time', ['--since', '2024-05-17T08:30', '--until', '08:30:00.010'], ALL.slice(0, 3)],
  ['so many', ['--count', '2'], ALL.slice(0, 2)],
  ['so many of some', ['--count', '1', '--filter', 'status>=400'], [ALL[3]]],
  ['all but', ['--include', 'method=GET', '--exclude', 'path=/nowhere'], [ALL[0], ALL[2], ALL[5]]],
  [
    'a secret in the query',
    ['--include', 'path=/hello?', '--redact-query', 'NAME'],
    ['GET /hello?name=[REDACTED] 200'],
  ],
] as [string, string[], string[]][])('%s', async (_, flags, expected) => {
  expect(await shown(...flags)).toEqual(expected);
});

test('what a filter leaves out is counted, and reaches no output', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-selection-'));
  const har = join(folder, 'a.har');
  const args = ['--read', join(FIXTURES, 'demo.pcap'), '--ports', '8080', '--filter', 'status=404', '--summary'];
  const run = await runCli([...args, '--har', har]);
  const { log } = JSON.parse(readFileSync(har, 'utf8'));
  rmSync(folder, { recursive: true });
  expect(log.entries.map(({ response }: { response: { status: number } }) => response.status)).toEqual([404]);
  const { engine, outputs } = JSON.parse(
    linesOf(run.stderr).find((line) => line.includes('capture stopped')) as string,
  );
  expect(engine).toMatchObject({ requests: 6, responses: 6, filtered: 10 });
  expect(outputs.har).toMatchObject({ accepted: 2, delivered: 2 });
  expect(run.stderr).toContain('filtered out: 10');
});

test('that nothing matches is said', async () => {
  const run = await runCli(['--read', join(FIXTURES, 'demo.pcap'), '--ports', '8080', '--filter', 'path=/orderz']);
  expect(run.stdout).toBe('');
  expect(run.stderr).toContain('no exchange matches the filter: all messages were left out');
});
