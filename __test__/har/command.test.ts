/** `--har` as a user meets it: what is there before, during and after a run, whatever ends it. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CLI, describeLive, FIXTURES, linesOf, runCli, start, startCli, until } from '../live/harness.js';
import { complaintsAbout, entriesOf } from './rules.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-'));
afterAll(() => rmSync(folder, { recursive: true }));

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
    for (const before of ['', `\ufeff {\n  "log": {"entries": ["${'x'.repeat(1_000_000)}`]) {
      writeFileSync(path, before);
      await runCli([...args, '--har', path]);
      expect((await entriesOf(path)).length).toBe(6);
    }
  });

  test.each(['x'.repeat(1_000), '{"name": "a package"}', '{"logs": {}}', ' '])(
    'a file that is no HAR stays as it was, with words: %.20j',
    async (before) => {
      const path = join(folder, 'precious.json');
      writeFileSync(path, before);
      const run = await runCli([...args, '--har', path]);
      expect(run).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/not a HAR.*remove it, or name another file/),
      });
      expect(readFileSync(path, 'utf8')).toBe(before);
    },
  );

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
    ['no regular file', '/dev/null', 2, 'it is not a regular file'],
    ['the savefile itself', args[1] as string, 1, 'must not be the savefile'],
  ])('%s is refused, with words', async (_, path, code, words) => {
    const run = await runCli([...args, '--har', path]);
    expect(run).toMatchObject({ code, stderr: expect.stringContaining(words) });
  });

  test.each<[string, (name: string, savefile: string) => void]>([
    ['a symbolic link', (name, savefile) => symlinkSync(savefile, name)],
    ['a hard link', (name, savefile) => linkSync(savefile, name)],
  ])('the savefile is refused by the name of %s too, and stays as it was', async (kind, makeLink) => {
    const savefile = join(folder, `${kind}.pcap`);
    const name = join(folder, kind);
    copyFileSync(args[1] as string, savefile);
    makeLink(name, savefile);
    const run = await runCli(['--read', savefile, '--ports', '8080', '--har', name]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('--har: must not be the savefile') });
    expect(readFileSync(savefile).equals(readFileSync(args[1] as string))).toBe(true);
  });

  test.each([
    ['another path', 's.pcap', './s.pcap'],
    ['stdin', '-', 's.pcap'],
    ['stdin, by its path', '/dev/stdin', './s.pcap'],
  ])('the savefile is refused when it is read as %s, and stays as it was', async (_, read, har) => {
    copyFileSync(args[1] as string, join(folder, 's.pcap'));
    const inFolder = ['bash', '-c', 'cd "$0" && exec "$@" < s.pcap', folder];
    const run = await start([...inFolder, process.execPath, CLI, '--read', read, '--ports', '8080', '--har', har]).done;
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('--har: must not be the savefile') });
    expect(readFileSync(join(folder, 's.pcap')).equals(readFileSync(args[1] as string))).toBe(true);
  });

  test.each([false, true])('a FIFO is refused at once; with a reader: %s', async (read) => {
    const fifo = join(folder, `fifo-${read}`);
    execFileSync('mkfifo', [fifo]);
    // Open for reading and writing, as an open for reading alone waits for a writer (`fifo(7)`).
    const reader = read ? openSync(fifo, 'r+') : undefined;
    const { child, done } = startCli([...args, '--har', fifo]);
    const limit = setTimeout(() => child.kill('SIGKILL'), 4_000);
    const run = await done;
    clearTimeout(limit);
    if (reader !== undefined) closeSync(reader);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(`'${fifo}': it is not a regular file`) });
    expect(statSync(fifo).isFIFO()).toBe(true);
  });

  test('a copy of the savefile is another file, which is no HAR', async () => {
    const path = join(folder, 'copy.har');
    copyFileSync(args[1] as string, path);
    const run = await runCli([...args, '--har', path]);
    expect(run).toMatchObject({ code: 2, stderr: expect.not.stringContaining('must not be the savefile') });
    expect(readFileSync(path).equals(readFileSync(args[1] as string))).toBe(true);
  });

  // The limit on files stands for the disk: writes past it fail with EFBIG. Around the ends of blocks, too.
  test.each([200, 1_024, 1_500, 2_000, 3_000, 4_095, 4_096, 4_097])(
    'a disk that is full after %i bytes ends the command with 2, and the file is still a HAR',
    async (bytes) => {
      const path = join(folder, `full-${bytes}.har`);
      const run = await start(['prlimit', `--fsize=${bytes}`, process.execPath, CLI, ...args, '--har', path]).done;
      expect(linesOf(run.stderr).filter((line) => line.includes('EFBIG'))).toHaveLength(1);
      expect(run.code).toBe(2);
      expect(run.stderr).not.toContain('not a whole document');
      expect((await entriesOf(path)).length).toBeLessThan(6);
    },
  );

  test('a disk without room for an empty HAR: the error says that the file is none', async () => {
    const path = join(folder, 'no-room.har');
    writeFileSync(path, '');
    const run = await start(['prlimit', '--fsize=20', process.execPath, CLI, ...args, '--har', path]).done;
    expect(run.stderr).toContain('not a whole document');
    expect(run.code).toBe(2);
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

describeLive('live', () => {
  test('SIGTERM leaves every exchange, and the request whose response was still to come', async () => {
    const path = join(folder, 'live.har');
    const server = createServer(({ url }, response) => {
      if (url !== '/never') response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { child, logged, done } = startCli(['--ports', String(port), '--interface', 'lo', '--har', path]);
    await logged('capture started');
    const get = (target: string): Promise<unknown> => fetch(`http://127.0.0.1:${port}${target}`).catch(() => {});
    for (let i = 0; i < 20; i++) await get(`/${i}`);
    const never = get('/never');
    // A whole document all the time; the last one waits for its answer.
    await until(() => readFileSync(path, 'utf8').includes('/19'));
    expect((await entriesOf(path)).length).toBe(20);
    child.kill('SIGTERM');
    expect((await done).code).toBe(0);
    const entries = await entriesOf(path);
    expect(entries.flatMap(complaintsAbout)).toEqual([]);
    const urls = entries.map(({ request }) => new URL(request.url).pathname);
    expect(urls).toEqual([...Array.from({ length: 20 }, (_, i) => `/${i}`), '/never']);
    expect(entries.map(({ response }) => response.status)).toEqual([...Array(20).fill(200), 0]);
    for (const { time, timings } of entries.slice(0, 20)) expect([time > 0, time]).toEqual([true, timings.wait]);
    server.closeAllConnections();
    server.close();
    await never;
  });
});
