/** `-w`: the packets of what matched, as a pcapng that gives the same messages again and that other tools open. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Target } from '../dist/command/packets/target.js';
import { toCaptureOptions } from '../dist/config/engine.js';
import { validateConfig } from '../dist/config/index.js';
import { Connections } from '../dist/exchange/connections.js';
import { Savefiles } from '../dist/exchange/savefiles.js';
import { createSniffer, type HttpMessage, type SnifferConfig } from '../dist/index.js';
import { extractPackets } from '../dist/native/index.js';
import { CLI, FIXTURES, linesOf, messagesOf, type Run, runCli, start } from './live/harness.js';
import { SAVEFILES } from './savefiles.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-packets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const SHOP = join(FIXTURES, 'shop.pcap');
const DEMO = join(FIXTURES, 'demo.pcap');
const PORTS = ['--ports', '8080'];

/** By connection, without the numbers of inputs and connections, which are others in the copy. */
function comparable(messages: readonly HttpMessage[]): string[] {
  const bare = (message: HttpMessage): object => ({ ...message, id: message.id.slice(message.id.lastIndexOf('.')) });
  const byConnection = new Map<string, string>();
  for (const message of messages) {
    const connection = message.id.slice(0, message.id.lastIndexOf('.'));
    byConnection.set(connection, `${byConnection.get(connection) ?? ''}${JSON.stringify(bare(message))}\n`);
  }
  return [...byConnection.values()].sort();
}

const log = ({ stderr }: Run): Record<string, unknown>[] => linesOf(stderr).map((line) => JSON.parse(line));
const written = (run: Run): Record<string, unknown> | undefined =>
  log(run).find(({ message }) => message === 'packets written');
const complaints = (run: Run): unknown[] =>
  log(run).flatMap(({ level, message }) => (level === 'error' || level === 'warn' ? [message] : []));

const canRun = (tool: string): boolean => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('every savefile', () => {
  async function read(config: SnifferConfig): Promise<HttpMessage[]> {
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer(config);
    sniffer.on('message', (message) => messages.push(message));
    const ended = once(sniffer, 'end');
    await sniffer.start();
    await ended;
    return messages;
  }

  test.each(SAVEFILES)('$name gives the same messages from a copy of the packets', async ({ name, file, ...rest }) => {
    const config: SnifferConfig = {
      ports: rest.ports,
      ...rest.options,
      pcapFile: join(FIXTURES, file),
      logLevel: 'silent',
    };
    const messages = await read(config);
    const connections = new Connections();
    connections.read(Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join('')));
    const copy = at(`${name}.pcapng`);
    writeFileSync(copy, '');
    const options = toCaptureOptions(validateConfig(config));
    const savefiles = [{ pcapFile: join(FIXTURES, file), connections: connections.of(0) }];
    const { packets } = await extractPackets(options, savefiles, copy, false);
    expect(packets > 0).toBe(messages.length > 0);
    expect(comparable(await read({ ...config, pcapFile: copy }))).toEqual(comparable(messages));
  });
});

describe('what matches', () => {
  test('is in the copy with its whole connection, and nothing else', async () => {
    const copy = at('failed.pcapng');
    const run = await runCli([...PORTS, SHOP, '--filter', 'status>=400', '-w', copy]);
    expect(run.code, run.stderr).toBe(0);
    const shown = messagesOf(run.stdout);
    const all = messagesOf((await runCli([...PORTS, SHOP])).stdout);
    expect(shown.length).toBeGreaterThan(0);
    const numbers = new Set(shown.map(({ id }) => id.split('.')[0]));
    const theirs = all.filter(({ id }) => numbers.has(id.split('.')[0]));
    expect(theirs.length).toBeLessThan(all.length);
    expect(comparable(messagesOf((await runCli([...PORTS, copy])).stdout))).toEqual(comparable(theirs));
    const again = await runCli([...PORTS, copy, '--filter', 'status>=400']);
    expect(comparable(messagesOf(again.stdout))).toEqual(comparable(shown));
    expect(written(run)).toMatchObject({ file: copy, connections: numbers.size, bytes: statSync(copy).size });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
  });

  test('of several inputs stands in one file, with the time of each', async () => {
    const [packed, copy] = [at('demo.pcap.gz'), at('both.pcapng')];
    writeFileSync(packed, gzipSync(readFileSync(DEMO)));
    const nanoseconds = join(FIXTURES, 'pcap-nanoseconds.pcap');
    const inputs = ['--ports', '80,8080', packed, SHOP, nanoseconds, join(FIXTURES, 'ipv6-vlan.pcap')];
    const run = await runCli([...inputs, '--write', copy]);
    expect(run.code, run.stderr).toBe(0);
    const again = await runCli(['--ports', '80,8080', copy]);
    expect(again.code, again.stderr).toBe(0);
    expect(comparable(messagesOf(again.stdout))).toEqual(comparable(messagesOf(run.stdout)));
  });

  test('without a terminal and with no other output than the file', async () => {
    const copy = at('quiet.pcapng');
    const run = await runCli([...PORTS, DEMO, '--no-output-stdout', '-w', copy]);
    expect([run.code, run.stdout], run.stderr).toEqual([0, '']);
    expect(messagesOf((await runCli([...PORTS, copy])).stdout)).toHaveLength(12);
  });

  test('nothing: the file has a beginning, and no packets', async () => {
    const copy = at('none.pcapng');
    const run = await runCli([...PORTS, DEMO, '--filter', 'status=599', '-w', copy]);
    expect([run.code, complaints(run)]).toEqual([0, ['no exchange matches the filter: all messages were left out']]);
    expect(statSync(copy).size).toBe(28);
    const again = await runCli([...PORTS, copy]);
    expect([again.code, again.stdout]).toEqual([0, '']);
  });

  test('of a file on stdin, which can be read again', async () => {
    const copy = at('stdin.pcapng');
    const command = `exec "$0" "$1" --ports 8080 --read - -w "$2" < "$3"`;
    const run = await start(['sh', '-c', command, process.execPath, CLI, copy, DEMO]).done;
    expect(run.code, run.stderr).toBe(0);
    expect(messagesOf((await runCli([...PORTS, copy])).stdout)).toHaveLength(12);
  });

  test('of a file that breaks, up to there', async () => {
    const [cut, copy] = [at('cut.pcap'), at('of-cut.pcapng')];
    writeFileSync(cut, readFileSync(SHOP).subarray(0, 2_000));
    const run = await runCli([...PORTS, cut, '-w', copy]);
    expect(run.code).toBe(2);
    expect(messagesOf(run.stdout).length).toBeGreaterThan(0);
    expect(comparable(messagesOf((await runCli([...PORTS, copy])).stdout))).toEqual(comparable(messagesOf(run.stdout)));
  });

  test.skipIf(!canRun('tshark'))('opens in tshark with the same times', async () => {
    const copy = at('for-tshark.pcapng');
    const run = await runCli(['--ports', '80', join(FIXTURES, 'pcap-nanoseconds.pcap'), '-w', copy]);
    const times = (file: string): string[] =>
      linesOf(execFileSync('tshark', ['-r', file, '-T', 'fields', '-e', 'frame.time_epoch'], { encoding: 'utf8' }));
    expect(times(copy)).toHaveLength(Number(written(run)?.packets));
    expect(times(join(FIXTURES, 'pcap-nanoseconds.pcap'))).toEqual(expect.arrayContaining(times(copy)));
  });
});

test.each([
  ['stays', () => {}, undefined],
  ['grows', (path: string) => appendFileSync(path, 'x'), /grows.pcap' has changed since it was read/],
  ['is written to', (path: string) => utimesSync(path, 1, 1), /written to/],
  ['is removed', (path: string) => rmSync(path), /has changed/],
  [
    'is replaced by its like',
    (path: string) => {
      copyFileSync(path, `${path}2`);
      renameSync(`${path}2`, path);
    },
    /another file has its name; read it again/,
  ],
] as const)('a savefile that %s after it was read', async (name, change, complaint) => {
  const [path, copy] = [at(`${name}.pcap`), at(`${name}.pcapng`)];
  copyFileSync(DEMO, path);
  writeFileSync(copy, '');
  const options = toCaptureOptions(validateConfig({ ports: [8080], pcapFile: path }));
  const savefiles = new Savefiles([DEMO, path]);
  const connections = new Connections();
  connections.read(Buffer.from('{"id":"2/1.1"}\n'));
  change(path);
  const copied = savefiles.copy(options, connections, copy, false);
  if (complaint === undefined) expect(await copied).toMatchObject({ connections: 1 });
  else await expect(copied).rejects.toMatchObject({ code: 'UNRECOVERABLE', message: expect.stringMatching(complaint) });
});

describe('secrets', () => {
  const keys = at('1.3.keys');
  const pcap = at('1.3.pcap');
  const TLS = ['--ports', '80', '--tls-keylog', keys];

  beforeAll(() => {
    const script = join(__dirname, 'live/tls-savefile.mjs');
    execFileSync(process.execPath, [script, 'TLSv1.3', pcap, keys]);
  });

  test('are in the copy when they are asked for, those of its connections alone', async () => {
    const copy = at('with-secrets.pcapng');
    const run = await runCli([...TLS, pcap, '--filter', 'id=2.1', '-w', copy, '--write-secrets']);
    expect(run.code, run.stderr).toBe(0);
    expect(messagesOf(run.stdout)).toHaveLength(2);
    const again = await runCli(['--ports', '80', copy]);
    expect(comparable(messagesOf(again.stdout))).toEqual(comparable(messagesOf(run.stdout)));
    const text = readFileSync(copy, 'latin1');
    const randoms = new Set(linesOf(readFileSync(keys, 'utf8')).map((line) => line.split(' ')[1] as string));
    expect(randoms.size).toBe(2);
    expect([...randoms].filter((random) => text.includes(random))).toHaveLength(1);
  });

  test('are not there otherwise', async () => {
    const copy = at('without-secrets.pcapng');
    const run = await runCli([...TLS, pcap, '-w', copy]);
    expect(run.code, run.stderr).toBe(0);
    const text = readFileSync(copy, 'latin1');
    for (const line of linesOf(readFileSync(keys, 'utf8'))) expect(text).not.toContain(line.split(' ')[2] as string);
    expect(messagesOf((await runCli(['--ports', '80', copy])).stdout)).toHaveLength(0);
    expect(messagesOf((await runCli([...TLS, copy])).stdout)).toHaveLength(4);
  });
});

describe('what is refused', () => {
  const lines = at('lines.jsonl');
  const words = at('words');
  const copy = at('refused.pcapng');
  const input = at('input.pcapng');
  const link = at('link.pcapng');

  beforeAll(() => {
    writeFileSync(lines, '{}\n');
    writeFileSync(words, 'a few words');
    writeFileSync(input, readFileSync(join(FIXTURES, 'pcapng.pcapng')));
    symlinkSync(input, link);
    symlinkSync(at('nothing'), at('dangling.pcapng'));
    mkdirSync(at('folder'));
  });

  test.each([
    ['live', [...PORTS, '-w', copy], /-w: copies packets of savefiles; live: 'tcpdump -i any -w FILE'/],
    ['JSON lines', [lines, '-w', copy], /has JSON lines, which have none/],
    ['a pipe', [...PORTS, '--read', '-', '-w', copy], /stdin is a pipe; write it to a file first/],
    ['a file that is followed', [...PORTS, DEMO, '--follow', '-w', copy], /--follow waits for/],
    ['the input', [...PORTS, input, '-w', input], /-w: must not be the savefile that is read/],
    ['a link to the input', [...PORTS, input, '-w', link], /-w: must not be the savefile that is read/],
    ['the file of another output', [...PORTS, DEMO, '-w', copy, '--har', copy], /must not be the file of/],
    ['a file that is no pcapng', [...PORTS, DEMO, '-w', words], /not a pcapng, which would be lost/],
    ['a pcap', [...PORTS, SHOP, '-w', DEMO], /not a pcapng, which would be lost/],
    ['a folder', [...PORTS, DEMO, '-w', at('folder')], /it is not a regular file/],
    ['a link to nothing', [...PORTS, DEMO, '-w', at('dangling.pcapng')], /a link to a file that is not there/],
    ['a folder that is not there', [...PORTS, DEMO, '-w', at('no/where.pcapng')], /ENOENT/],
    ['stdout', [...PORTS, DEMO, '-w', '-'], /names a file/],
    ['packets with pseudonyms', [...PORTS, DEMO, '--pseudonymize', '-w', copy], /-w: packets have no pseudonyms/],
    ['secrets without a file', [...PORTS, DEMO, '--write-secrets'], /--write-secrets: needs -w/],
    ['two files', [...PORTS, DEMO, '-w', copy, '-w', `${copy}2`], /-w is given twice/],
  ] as const)('%s', async (_, args, reason) => {
    const run = await runCli([...args]);
    expect([run.code, run.stdout]).toEqual([1, '']);
    expect(complaints(run)).toEqual([expect.stringMatching(reason)]);
    expect(existsSync(copy)).toBe(false);
    expect(readFileSync(words, 'utf8')).toBe('a few words');
  });

  test.each([
    ['a file that is no pcapng', (path: string): void => writeFileSync(path, 'a few words'), /not a pcapng/],
    ['a link to nothing', (path: string): void => symlinkSync(at('nothing'), path), /a link to a file/],
    ['a folder', (path: string): void => mkdirSync(path), /not a regular file/],
  ] as const)('%s that came in the meantime stays', (name, create, reason) => {
    const path = at(`meantime-${name}`);
    const target = new Target(path);
    create(path);
    const { ino } = lstatSync(path);
    expect(() => target.finish()).toThrow(reason);
    target.discard();
    expect(lstatSync(path).ino).toBe(ino);
    expect(existsSync(target.path)).toBe(false);
  });

  test('what has its name meanwhile is not written to', () => {
    const [path, victim] = [at('swapped.pcapng'), at('victim')];
    writeFileSync(victim, 'a secret');
    const target = new Target(path);
    rmSync(target.path);
    symlinkSync(victim, target.path);
    writeFileSync(target.opened, 'packets');
    expect(readFileSync(victim, 'utf8')).toBe('a secret');
    target.discard();
  });

  test('to discard what is gone, or cannot be removed, is no error', () => {
    const gone = new Target(at('gone.pcapng'));
    rmSync(gone.path);
    gone.discard();
    const stays = new Target(at('stays.pcapng'));
    rmSync(stays.path);
    mkdirSync(stays.path);
    stays.discard();
    rmSync(stays.path, { recursive: true });
  });

  test('a pcapng that is there is kept until the new one is whole', async () => {
    const before = readFileSync(input);
    const failed = await runCli([...PORTS, at('missing.pcap'), '-w', input]);
    expect(failed.code).toBe(2);
    expect(readFileSync(input)).toEqual(before);
    const run = await runCli([...PORTS, DEMO, '-w', link]);
    expect(run.code, run.stderr).toBe(0);
    expect(readFileSync(input)).not.toEqual(before);
    expect(messagesOf((await runCli([...PORTS, input])).stdout)).toHaveLength(12);
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
