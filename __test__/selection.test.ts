/** What `include`, `exclude` and `redactQuery` let through, by the command on a savefile: both halves of an exchange alike. */

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
  ['all but', ['--include', 'method=GET', '--exclude', 'path=/nowhere'], [ALL[0], ALL[2], ALL[5]]],
  [
    'a secret in the query',
    ['--include', 'path=/hello?', '--redact-query', 'NAME'],
    ['GET /hello?name=[REDACTED] 200'],
  ],
] as [string, string[], string[]][])('%s', async (_, flags, expected) => {
  expect(await shown(...flags)).toEqual(expected);
});
