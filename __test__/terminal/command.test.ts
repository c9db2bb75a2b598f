/** The command on a real terminal (a pty): what it shows there, how wide, and what never gets through. */

import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../differential/random.js';
import { savefile } from '../differential/savefile.js';
import { describeLive, FIXTURES, fetchOne, messagesOf, runCli, startServer, until } from '../live/harness.js';
import { columnsOf, linesOn, onTerminal, shown, unmeant } from './pty.js';

const DEMO = ['--ports', '8080', '--read', join(FIXTURES, 'demo.pcap')];
const QUIET = ['--log-level', 'error', '--no-summary'];
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-terminal-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Asked {
  path: string;
  headers?: string;
  body?: string;
}

/** A savefile with an exchange for each of these. */
function savefileOf(name: string, exchanges: Asked[]): string[] {
  const turns = exchanges.flatMap(({ path, headers = '', body = 'ok' }) => [
    { from: 'client' as const, bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`) },
    {
      from: 'server' as const,
      bytes: Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    },
  ]);
  const file = join(folder, `${name}.pcap`);
  writeFileSync(file, savefile([{ clientPort: 40_000, turns }], new Random(1)));
  return ['--ports', '80', '--read', file];
}

/** The demo through a FIFO on stdin, in two halves. */
function slowly(args: string[], columns: number, env: NodeJS.ProcessEnv = {}) {
  const fifo = join(folder, `fifo-${fifos++}`);
  execFileSync('mkfifo', [fifo]);
  const terminal = onTerminal(args, columns, { PTY_STDIN: fifo, ...env });
  const bytes = readFileSync(join(FIXTURES, 'demo.pcap'));
  const half = bytes.length / 2;
  const stream = createWriteStream(fifo);
  return {
    terminal,
    first: () => new Promise((resolve) => stream.write(bytes.subarray(0, half), resolve)),
    rest: () => new Promise<void>((resolve) => stream.end(bytes.subarray(half), resolve)),
  };
}
let fifos = 0;

describe('a terminal', () => {
  test('shows a line an exchange, then what it amounts to', async () => {
    const { code, lines } = await shown(DEMO);
    expect(code).toBe(0);
    const at = lines.findIndex((line) => line.startsWith('TIME'));
    expect(lines.slice(at, at + 8)).toEqual([
      'TIME     METHOD  PATH               STAT    SIZE   TOOK CLIENT → SERVER    ID',
      '2024-05-17 UTC',
      '08:30:00 GET     /hello?name=world  200      14B 1.46ms 127.0.0.1 → :8080  1.1',
      '08:30:00 POST    /orders            201      31B 1.46ms 127.0.0.1 → :8080  1.2',
      '08:30:00 GET     /stream            200      14B 1.46ms 127.0.0.1 → :8080  1.3',
      '08:30:00 GET     /nowhere           404      23B 1.46ms 127.0.0.1 → :8080  1.4',
      '08:30:00 HEAD    /hello             200       0B 1.46ms 127.0.0.1 → :8080  1.5',
      '08:30:00 GET     /gzip              200      37B 1.46ms 127.0.0.1 → :8080  1.6',
    ]);
    expect(lines).toContain('status     2xx 5  4xx 1');
    expect(lines).toContain('lost       nothing');
    expect(lines.join('\n')).not.toContain('{');
  });

  test('marks what has no other half', async () => {
    const read = (name: string) => shown([...QUIET, '--ports', '80', '--read', join(FIXTURES, `${name}.pcap`)]);
    expect((await read('unanswered')).lines[2]).toMatch(/ GET {5}\/silence +- +conn\. closed /);
    expect((await read('responses-only')).lines[2]).toMatch(/ - {7}\(request not seen\) +200 /);
    expect((await read('lost-in-response-body')).lines[2]).toMatch(/\/holed +200! /);
  });

  test('has colours unless NO_COLOR or TERM=dumb is against it', async () => {
    expect((await shown(DEMO)).raw).toContain('\x1b[32m200  \x1b[0m');
    expect((await shown(DEMO, 80, { NO_COLOR: '1' })).raw).not.toContain('\x1b');
    expect((await shown(DEMO, 80, { TERM: 'dumb' })).raw).not.toContain('\x1b');
  });

  test('--json gives the lines that a pipe gets, and logs to match', async () => {
    const { lines } = await shown([...DEMO, '--json']);
    const kinds = lines.map((line) => (JSON.parse(line) as { direction?: string }).direction ?? 'log');
    expect(kinds.filter((kind) => kind !== 'log').length).toBe(12);
    const piped = await runCli(DEMO);
    expect(messagesOf(piped.stdout).length).toBe(12);
    for (const line of piped.stderr.trim().split('\n')) JSON.parse(line);
  });

  test('logs in words where only stderr is a terminal: a pipe behind it gets JSON all the same', async () => {
    const stdout = join(folder, 'piped');
    const { lines } = await shown(DEMO, 80, { PTY_STDOUT: stdout });
    expect(lines[0]).toMatch(/^info: capture started /);
    expect(lines.at(-1)).toBe('info: capture stopped');
    expect(messagesOf(readFileSync(stdout, 'utf8')).length).toBe(12);
  });

  test('--verbose shows headers and body', async () => {
    const { lines } = await shown([...QUIET, ...DEMO, '--verbose']);
    expect(lines).toContain('> content-type: application/json');
    expect(lines.filter((line) => line.startsWith('< ')).length).toBeGreaterThan(6);
  });

  test('says of a savefile that has nothing of these ports that it has nothing', async () => {
    const { code, lines } = await shown(['--ports', '9', '--read', join(FIXTURES, 'demo.pcap')]);
    expect(code).toBe(0);
    expect(lines.join(' ')).toMatch(/warn: no packet of the savefile is TCP with one of the ports; --ports +auto /);
    expect(lines).toContain('messages   0');
    const piped = await runCli(['--ports', '80', '--read', join(FIXTURES, 'plain.pcap')]);
    expect(piped.stderr).not.toContain('no packet');
  });

  test('lists the interfaces within its columns', async () => {
    const { lines } = await shown(['interfaces'], 30);
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...(await columnsOf(lines)))).toBeLessThan(30);
  });

  test('complains in words', async () => {
    const { code, lines } = await shown(['--ports', '0']);
    expect(code).toBe(1);
    expect(lines.join(' ')).toMatch(/^error: --ports: each port is from 1 to 65535, 0 is not/);
  });
});

describe('the width', () => {
  const wide = savefileOf('wide', [
    { path: '/日本語のとても長い道の名前をここに書く' },
    { path: '/short' },
    { path: '/한국어' },
    { path: `/e${'\u0301'}${'x'.repeat(100)}` },
    { path: `/${'\u0301'.repeat(300)}zalgo` },
    { path: '/🎉🎉🎉' },
    { path: '/ｆｕｌｌｗｉｄｔｈ', body: '日本語'.repeat(100) },
  ]);

  test.each([10, 40, 80, 120])('%i columns: no line is longer', async (columns) => {
    for (const args of [wide, [...wide, '--verbose'], DEMO]) {
      const { lines } = await shown(args, columns);
      const widths = await columnsOf(lines);
      // The log is for terminals of 20 columns and more.
      expect(Math.max(...widths)).toBeLessThan(Math.max(columns, 21));
    }
  });

  test('wide characters and marks align', async () => {
    const { lines } = await shown([...QUIET, ...wide], 80);
    const before = lines.slice(2).map((line) => line.slice(0, line.indexOf(' 200 ')));
    expect(before.length).toBe(7);
    expect(new Set(await columnsOf(before)).size).toBe(1);
  });

  test('follows the terminal', async () => {
    const { terminal, first, rest } = slowly([...QUIET, '--ports', '8080', '--read', '-'], 80);
    await first();
    await terminal.shows('/hello');
    terminal.tell('size 120 24');
    // The size is there before what is written now: both come through the same kernel, in this order.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await rest();
    expect(await terminal.done).toBe(0);
    const widths = await columnsOf(linesOn(terminal.raw()));
    expect(widths[0]).toBeLessThan(80);
    expect(Math.max(...widths)).toBeGreaterThan(80);
    expect(Math.max(...widths)).toBeLessThan(120);
  });
});

describe('the progress', () => {
  test('is one line that others write over, and gone at the end', async () => {
    const { terminal, first, rest } = slowly([...QUIET, '--ports', '8080', '--read', '-'], 40);
    await first();
    await terminal.shows('reading stdin: ');
    await rest();
    await terminal.done;
    const [, ...behind] = terminal.raw().split('reading stdin: ');
    expect(behind.length).toBeGreaterThan(0);
    for (const text of behind) expect(text.split('\n', 1)[0]).toContain('\r\x1b[K');
    expect(unmeant(terminal.raw())).toEqual([]);
    expect(Math.max(...(await columnsOf(linesOn(terminal.raw()))))).toBeLessThan(40);
  });

  test('does not touch JSON lines', async () => {
    const { terminal, first, rest } = slowly([...QUIET, '--ports', '8080', '--read', '-', '--json'], 80);
    await first();
    await terminal.shows('reading stdin: ');
    await rest();
    await terminal.done;
    const lines = linesOn(terminal.raw()).filter((line) => line !== '' && !line.startsWith('reading'));
    expect(messagesOf(`${lines.join('\n')}\n`).length).toBe(12);
  });

  test('is not there on a dumb terminal', async () => {
    const { terminal, first, rest } = slowly([...QUIET, '--ports', '8080', '--read', '-'], 80, { TERM: 'dumb' });
    await first();
    await terminal.shows('/hello');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await rest();
    await terminal.done;
    expect(terminal.raw()).not.toContain('reading');
    expect(terminal.raw()).not.toContain('\x1b');
  });

  test('is not there when stderr is no terminal', async () => {
    const { terminal, first, rest } = slowly([...QUIET, '--ports', '8080', '--read', '-'], 80, {
      PTY_STDERR: join(folder, 'stderr'),
    });
    await first();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await rest();
    await terminal.done;
    expect(terminal.raw()).not.toContain('reading');
    expect(readFileSync(join(folder, 'stderr'), 'utf8')).toBe('');
  });
});

describe('hostile traffic', () => {
  const escapes = '\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x7f\b\r\u202egnp.exe\u2028x';

  const hostile = savefileOf('hostile', [
    { path: '/a\u009b31m\u202eb', headers: `X-Evil: a${escapes.replace('\r', '')}b\r\n`, body: `one\n${escapes}` },
    { path: '/after' },
  ]);

  test.each([[[]], [['--verbose']], ...['json', 'har', 'csv', 'curl'].map((format) => [['--format', format]])])(
    'never reaches the terminal as it is: %j',
    async (flags) => {
      const { raw, lines } = await shown([...hostile, ...flags]);
      expect(lines.join('\n')).toContain('/after');
      // A line of CSV ends in CRLF, and the terminal makes CRLF of each LF.
      expect(unmeant(raw.replaceAll('\r\r\n', '\n'))).toEqual([]);
    },
  );

  test.each(['text', 'csv', 'curl'])('nor by a pipe that ends there: %s', async (format) => {
    const { stdout } = await runCli([...hostile, ...QUIET, '--verbose', '--format', format]);
    expect(stdout).toContain('/after');
    expect(unmeant(stdout)).toEqual([]);
  });

  test('JSON on a terminal says the same as elsewhere', async () => {
    const { lines } = await shown([...hostile, ...QUIET, '--json']);
    const messages = lines.filter((line) => line.startsWith('{"id"')).map((line) => JSON.parse(line));
    expect(messages).toEqual(messagesOf((await runCli([...hostile, ...QUIET])).stdout));
    expect(messages.length).toBe(4);
  });
});

describe('--summary', () => {
  test('answers through a pipe too which endpoint is slow', async () => {
    const { code, stdout, stderr } = await runCli([...DEMO, '--summary', '--log-level', 'error']);
    expect(code).toBe(0);
    expect(messagesOf(stdout).length).toBe(12);
    expect(stderr).toMatch(/count +4xx +5xx +none +wait50 .* endpoint\n127\.0\.0\.1:8080: 6 exchanges\n/);
    expect(stderr).toMatch(/\n +1 +- +- +- +1\.46ms .* GET \/hello\n/);
  });

  test('is not there unless it is asked for', async () => {
    expect((await runCli([...DEMO, '--log-level', 'error'])).stderr).toBe('');
  });
});

describeLive('live', () => {
  test('Ctrl-C ends it with the summary and 0', async () => {
    const server = await startServer();
    const terminal = onTerminal(['--ports', String(server.port), '--interface', 'lo']);
    await terminal.shows('capture started');
    await fetchOne(server.port, 0);
    await terminal.shows('127.0.0.1');
    terminal.tell('key ^C');
    expect(await terminal.done).toBe(0);
    expect(linesOn(terminal.raw())).toContain('exchanges  1');
    server.stop();
  });

  test('a terminal that goes away ends it, once all is written', async () => {
    const server = await startServer();
    const har = join(folder, 'hangup.har');
    const terminal = onTerminal(['--ports', String(server.port), '--interface', 'lo', '--har', har]);
    await terminal.shows('capture started');
    for (let i = 0; i < 20; i++) await fetchOne(server.port, 0);
    terminal.tell('hangup');
    expect(await terminal.done).toBe(0);
    const { log } = JSON.parse(readFileSync(har, 'utf8')) as { log: { entries: unknown[] } };
    expect(log.entries.length).toBe(20);
    server.stop();
  });

  test('a terminal that is stopped delays nothing', async () => {
    const server = await startServer();
    const har = join(folder, 'stopped.har');
    const terminal = onTerminal([
      ...['--ports', String(server.port), '--interface', 'lo', '--verbose'],
      ...['--har', har, '--output-stdout'],
    ]);
    await terminal.shows('capture started');
    terminal.tell('hold');
    // More than a terminal holds: 64 KiB and what is in the relay.
    const exchanges = 300;
    for (let i = 0; i < exchanges; i++) await fetchOne(server.port, 0);
    const written = (): number => readFileSync(har, 'utf8').split('"pageref"').length - 1;
    await until(() => written() === exchanges);
    terminal.tell('go');
    await until(() => linesOn(terminal.raw()).filter((line) => / 127\.0\.0\.1 → /.test(line)).length === 2 * exchanges);
    terminal.tell('key ^C');
    expect(await terminal.done).toBe(0);
    server.stop();
  });
});
