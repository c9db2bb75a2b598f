/** The output file, by the command: what is in it is what the ledger says, whatever the disk does. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';
import { CLI, describeLive, linesOf, messagesOf, runCli, start, startCli } from './live/harness.js';
import { expectBalance, loggedLedger, startPacer } from './live/paced.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const SAVEFILE = join(folder, 'many.pcap');
const READ = ['--ports', '80', '--read', SAVEFILE];
const EXCHANGES = 2_000;

let expected: string;

beforeAll(async () => {
  const random = new Random(11);
  const turns = Array.from({ length: EXCHANGES }, (_, n) => [
    { from: 'client' as const, bytes: Buffer.from(`GET /${n} HTTP/1.1\r\nhost: a\r\n\r\n`) },
    { from: 'server' as const, bytes: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok') },
  ]).flat();
  writeFileSync(SAVEFILE, savefile([{ clientPort: 10_000, turns }], random));
  expected = (await runCli([...READ, '--output-stdout'])).stdout;
  expect(linesOf(expected)).toHaveLength(2 * EXCHANGES);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const place = (): string => join(mkdtempSync(join(folder, 'out-')), 'messages.jsonl');
const filesOf = (path: string): string[] => readdirSync(join(path, '..')).sort();

test('a savefile: the lines as on stdout, over rotated and compressed files', { timeout: 60_000 }, async () => {
  const path = place();
  const rotation = ['--output-file-rotation', 'maxBytes=256KiB,maxFiles=50,compression=gzip'];
  const { code, stdout, stderr } = await runCli([...READ, '--output-file', path, ...rotation]);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe('');
  const finished = filesOf(path).slice(0, -1);
  expect(finished.length).toBeGreaterThan(2);
  const texts = finished.map((name) => gunzipSync(readFileSync(join(path, '..', name))).toString());
  for (const text of texts) {
    expect(text.endsWith('\n')).toBe(true);
    expect(text.length).toBeLessThanOrEqual(256 * 1024);
  }
  expect(texts.join('') + readFileSync(path, 'utf8')).toBe(expected);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const ledger = loggedLedger(stderr);
  expectBalance(ledger);
  expect(ledger.outputs.file).toMatchObject({ accepted: 2 * EXCHANGES, delivered: 2 * EXCHANGES });
});

test('a second run goes on after the first one', { timeout: 60_000 }, async () => {
  const path = place();
  for (let i = 0; i < 2; i++) await runCli([...READ, '--output-file', path]);
  const ids = messagesOf(readFileSync(path, 'utf8'));
  expect(ids).toHaveLength(4 * EXCHANGES);
});

test('a savefile and a disk that is full: one line says so, exit 2, whole lines', { timeout: 60_000 }, async () => {
  const path = place();
  const command = ['prlimit', '--fsize=300000', process.execPath, CLI, ...READ, '--output-file', path];
  const { code, stderr } = await start(command).done;
  expect(code, stderr).toBe(2);
  expect(linesOf(stderr).filter((line) => line.includes('EFBIG'))).toHaveLength(1);
  const text = readFileSync(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  expect(expected.startsWith(text)).toBe(true);
  const { accepted = 0, delivered = 0, droppedBy } = loggedLedger(stderr).outputs.file ?? {};
  expect(delivered).toBe(linesOf(text).length);
  expect(droppedBy).toEqual({ closed: accepted - delivered });
});

test('what cannot be written to ends the start: a missing folder, a symbolic link, a file of others', async () => {
  const [link, others] = [place(), place()];
  symlinkSync(join(folder, 'target'), link);
  writeFileSync(others, '[1]\n');
  for (const path of [join(folder, 'missing', 'x.jsonl'), link, others]) {
    const { code, stderr } = await runCli([...READ, '--output-file', path]);
    expect(code, stderr).toBe(2);
    const errors = linesOf(stderr).filter((line) => line.includes('"level":"error"'));
    expect(errors).toHaveLength(1);
    expect(JSON.parse(errors[0] ?? '')).toMatchObject({ code: 'UNRECOVERABLE' });
    expect(errors[0]).toContain(path);
  }
  expect(readFileSync(others, 'utf8')).toBe('[1]\n');
});

test('neither what is read nor another output is written over', async () => {
  const path = place();
  for (const args of [
    [...READ, '--output-file', SAVEFILE],
    [...READ, '--output-file', path, '--har', path],
  ]) {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(1);
    expect(stderr).toContain('INVALID_CONFIG');
  }
});

describeLive('live', () => {
  test('a full disk stops nothing, and messages that waited are written when it has room', {
    timeout: 90_000,
  }, async () => {
    const path = place();
    const pacer = await startPacer(200);
    const args = ['--ports', String(pacer.port), '--interface', 'lo', '--output-file', path];
    const cli = startCli(args);
    await cli.logged('capture started');
    // The limit on files stands for the disk: a write takes what is left of it, the next one fails with EFBIG.
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(cli.child.pid), `--fsize=${bytes}:`]);
    limit('50000');
    let exchanges = await pacer.run(2);
    await cli.logged('"code":"EFBIG"');
    exchanges += await pacer.run(1);
    limit('unlimited');
    await cli.logged('messages are written to the output file again');
    exchanges += await pacer.run(1);
    cli.child.kill('SIGTERM');
    const { code, stderr } = await cli.done;
    pacer.stop();
    expect(code, stderr).toBe(0);
    expect(linesOf(stderr).filter((line) => line.includes('EFBIG'))).toHaveLength(1);
    const ledger = loggedLedger(stderr);
    expectBalance(ledger);
    expect(ledger.outputs.file).toMatchObject({ delivered: 2 * exchanges });
    expect(messagesOf(readFileSync(path, 'utf8'))).toHaveLength(2 * exchanges);
  });
});
