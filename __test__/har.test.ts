/** The HAR of every savefile of fixtures/: what a validator accepts, with every exchange and its timings. */

import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { har as validate } from 'har-validator';
import { afterAll, describe, expect, test } from 'vitest';
import { createSniffer, type HttpMessage, type SnifferConfig } from '../dist/index.js';
import { CLI, FIXTURES, linesOf, runCli, start, startCli, until } from './live/harness.js';

interface Fixture {
  name: string;
  file: string;
  ports: number[];
  options: Partial<SnifferConfig>;
}

interface Entry {
  startedDateTime: string;
  time: number;
  request: { method: string; url: string; bodySize: number; postData?: { text: string }; _incomplete?: string };
  response: {
    status: number;
    bodySize: number;
    content: { size: number; text?: string };
    _error?: string;
    _incomplete?: string;
  };
  timings: { wait: number };
  serverIPAddress: string;
  connection: string;
  _id: string;
  _interim?: { status: number }[];
}

const index = JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8')) as Fixture[];
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function entriesOf(path: string): Promise<Entry[]> {
  const document = JSON.parse(readFileSync(path, 'utf8')) as { log: { version: string; entries: Entry[] } };
  await validate(document);
  expect(document.log.version).toBe('1.2');
  return document.log.entries;
}

/** What an entry must be, from the messages that are in the savefile. */
function expectedOf(messages: HttpMessage[]): object {
  const request = messages.find(({ direction }) => direction === 'request');
  const responses = messages.filter(({ direction }) => direction === 'response');
  const response = responses.find(({ statusCode = 0 }) => statusCode >= 200 || statusCode === 101);
  const interim = responses.filter((one) => one !== response).map(({ statusCode }) => statusCode);
  const first = request ?? responses[0];
  return {
    method: request?.method ?? '',
    requestBody: request === undefined ? -1 : request.bodySize,
    status: response?.statusCode ?? 0,
    responseBody: response === undefined ? -1 : response.bodySize,
    text: response?.body,
    wait: response?.latencyMs ?? 0,
    server: first?.receiver.ip,
    incomplete: [request?.incomplete, response?.incomplete],
    interim,
    ...(request === undefined ? {} : { began: request.timestamp }),
  };
}

function actualOf({ request, response, timings, serverIPAddress, startedDateTime, _interim = [] }: Entry): object {
  return {
    method: request.method,
    requestBody: request.bodySize,
    status: response.status,
    responseBody: response.bodySize,
    text: response.content.text,
    wait: timings.wait,
    server: serverIPAddress,
    incomplete: [request._incomplete, response._incomplete],
    interim: _interim.map(({ status }) => status),
    ...(request.bodySize === -1 ? {} : { began: startedDateTime }),
  };
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test('the validator is one', async () => {
  await expect(validate({ log: { version: '1.2', entries: [{}] } })).rejects.toThrow('validation failed');
});

describe('savefile to HAR', () => {
  test.each(index)('$name: every exchange, with its timings', async ({ name, file, ports, options }) => {
    const harFile = join(folder, `${name}.har`);
    const sniffer = createSniffer({ ports, ...options, harFile, pcapFile: join(FIXTURES, file), logLevel: 'silent' });
    const messages: HttpMessage[] = [];
    sniffer.on('message', (message) => messages.push(message));
    const ended = once(sniffer, 'end');
    await sniffer.start();
    await ended;
    const byId = new Map<string, HttpMessage[]>();
    for (const message of messages) byId.set(message.id, [...(byId.get(message.id) ?? []), message]);
    const expected = [...byId.values()].map(expectedOf);
    const entries = await entriesOf(harFile);
    expect(entries.map(actualOf).sort(byText)).toEqual(expected.sort(byText));
    expect(messages.length).toBe(linesOf(readFileSync(join(FIXTURES, `${name}.jsonl`), 'utf8')).length);
    expect(sniffer.stats().outputs.har).toMatchObject({ delivered: messages.length, waiting: 0, dropped: 0 });
    for (const { time, timings } of entries) expect(time).toBe(timings.wait);
  });
});

describe('--har', () => {
  const args = ['--read', join(FIXTURES, 'demo.pcap'), '--ports', '8080'];

  test('is an output of its own: nothing on stdout unless that is asked for', async () => {
    const path = join(folder, 'own.har');
    expect(await runCli([...args, '--har', path])).toMatchObject({ code: 0, stdout: '' });
    const both = await runCli([...args, '--output-stdout'], { env: { HAR_FILE: path } });
    expect(linesOf(both.stdout).length).toBe(12);
    const entries = await entriesOf(path);
    expect(entries.map(({ request }) => request.url)).toContain('http://127.0.0.1:8080/hello?name=world');
    expect(entries.length).toBe(6);
  });

  test('is for its owner alone, and takes the place of what was there', async () => {
    const path = join(folder, 'new.har');
    await runCli([...args, '--har', path]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, 'x'.repeat(1_000_000));
    await runCli([...args, '--har', path]);
    expect((await entriesOf(path)).length).toBe(6);
  });

  test('what is there stays when nothing can be read; a new file goes again', async () => {
    const path = join(folder, 'kept.har');
    const fresh = join(folder, 'fresh.har');
    writeFileSync(path, 'mine');
    for (const file of [path, fresh]) {
      expect((await runCli(['--ports', '80', '--read', join(folder, 'missing.pcap'), '--har', file])).code).toBe(2);
    }
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(() => statSync(fresh)).toThrow('ENOENT');
  });

  test.each([
    ['a folder that is not there', join(folder, 'no', 'x.har'), 2, 'cannot write the HAR file'],
    ['no regular file', '/dev/null', 2, 'it is no regular file'],
    ['the savefile itself', args[1] as string, 1, 'must not be the savefile'],
  ])('%s is refused, with words', async (_, path, code, words) => {
    const run = await runCli([...args, '--har', path]);
    expect(run).toMatchObject({ code, stderr: expect.stringContaining(words) });
  });

  test('a disk that is full ends the command with 2, and the file is still a HAR', async () => {
    const path = join(folder, 'full.har');
    // The shell's limit on files stands for the disk: 1 KiB, and writes past it fail with EFBIG.
    const limited = ['bash', '-c', `ulimit -f 1; trap '' XFSZ; exec "$@"`, 'bash'];
    const run = await start([...limited, process.execPath, CLI, ...args, '--har', path]).done;
    expect(run.stderr).toContain('EFBIG');
    expect(run.code).toBe(2);
    expect(await entriesOf(path)).toEqual([]);
  });

  test('after a kill the file is a HAR with all that was complete', async () => {
    const path = join(folder, 'killed.har');
    const { child } = startCli(['--read', '-', '--ports', '8080', '--har', path]);
    child.stdin?.write(readFileSync(join(FIXTURES, 'demo.pcap')));
    await until(() => existsSync(path) && readFileSync(path, 'utf8').includes('/gzip'));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await entriesOf(path)).length).toBe(6);
  });
});
