/** `--format` as a user meets it: into pipes and files, with readers that are slow or go away, and what is refused. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../differential/random.js';
import { savefile } from '../differential/savefile.js';
import { complaintsAbout, entriesOf } from '../har/rules.js';
import { CLI, FIXTURES, linesOf, runCli } from '../live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SHOP = ['--ports', '8080', '--read', join(FIXTURES, 'shop.pcap'), '--log-level', 'error', '--no-summary'];
const formats = ['text', 'json', 'har', 'csv', 'curl'];

async function stdoutOf(format: string, args = SHOP): Promise<string> {
  const run = await runCli([...args, '--format', format]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return run.stdout;
}

/** More than a pipe holds: each exchange has a body of its own. */
function largeSavefile(): string[] {
  const file = join(folder, 'large.pcap');
  const turns = Array.from({ length: 400 }, (_, index) => {
    const body = `${index} ${createHash('sha256').update(`${index}`).digest('hex').repeat(20)}`;
    const head = `POST /${index} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    return [
      { from: 'client' as const, bytes: Buffer.from(head) },
      { from: 'server' as const, bytes: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') },
    ];
  }).flat();
  writeFileSync(file, savefile([{ clientPort: 40_000, turns }], new Random(1)));
  return ['--ports', '80', '--read', file, '--log-level', 'error', '--no-summary'];
}
const LARGE = largeSavefile();

const shell = (script: string): string => {
  const cli = `timeout 20 ${process.execPath} ${CLI} ${LARGE.join(' ')}`;
  return execFileSync('bash', ['-c', `exec 2>&1; ${script.replaceAll('CLI', cli)}; echo "status \${PIPESTATUS[0]}"`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
};

describe('into a pipe', () => {
  test('text: the lines of a terminal, without colours, and no path is cut', async () => {
    const lines = linesOf(await stdoutOf('text'));
    expect(lines[0]).toMatch(/^TIME +METHOD +PATH +STAT +SIZE +TOOK CLIENT → SERVER +ID$/);
    expect(lines.filter((line) => /10\.0\.0\.\d+:\d+ → 10\.0\.0\.5:8080 +\d\.\d$/.test(line)).length).toBe(10);
    expect(lines.join('')).not.toContain('\x1b');
    const file = join(folder, 'path.pcap');
    const path = `/${'long/'.repeat(100)}`;
    const request = { from: 'client' as const, bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`) };
    writeFileSync(file, savefile([{ clientPort: 40_000, turns: [request] }], new Random(1)));
    expect(await stdoutOf('text', ['--ports', '80', '--read', file, '--log-level', 'warn'])).toContain(`${path} `);
  });

  test('text with --verbose: each exchange together, although they were interleaved', async () => {
    const turn = (from: 'client' | 'server', text: string) => ({ from, bytes: Buffer.from(text) });
    const ask = (path: string) => turn('client', `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const answer = turn('server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const file = join(folder, 'pipelined.pcap');
    // Pipelined: all requests come before the first response.
    const turns = [ask('/a'), ask('/b'), ask('/c'), answer, answer];
    writeFileSync(file, savefile([{ clientPort: 40_000, turns }], new Random(1)));
    const quiet = ['--ports', '80', '--log-level', 'error', '--no-summary', '--verbose'];
    const headsOf = (text: string) =>
      linesOf(text)
        .filter((line) => / → \S+:80 +1\.\d+$/.test(line))
        .map((line) => /(\/\w) +(\d+|-)/.exec(line)?.slice(1).join(' '));
    const heads = headsOf(await stdoutOf('text', [...quiet, '--read', file]));
    expect(heads).toEqual(['/a -', '/a 200', '/b -', '/b 200', '/c -', '/c -']);
    // From a pipe a request that hangs is to be seen.
    const { stdout } = await runCli([...quiet, '--read', '-', '--format', 'text'], { input: readFileSync(file) });
    expect(headsOf(stdout)).toEqual(['/a -', '/b -', '/c -', '/a 200', '/b 200', '/c -']);
  });

  test('json: as without a format', async () => {
    const { stdout } = await runCli(SHOP);
    expect(await stdoutOf('json')).toBe(stdout);
    expect((await runCli([...SHOP, '--json'])).stdout).toBe(stdout);
  });

  test.each([
    ['--format', 'har'],
    ['--har', '-'],
  ])('a HAR by %s %s: a whole document with every exchange', async (...args) => {
    const { code, stdout } = await runCli([...SHOP, ...args]);
    expect(code).toBe(0);
    const piped = join(folder, 'piped.har');
    writeFileSync(piped, stdout);
    // It is read by the schema.
    const entries = await entriesOf(piped);
    expect(entries.length).toBe(10);
    expect(entries.flatMap((entry) => complaintsAbout(entry))).toEqual([]);
    const path = join(folder, 'same.har');
    await runCli([...SHOP, '--har', path]);
    expect(entries).toEqual(await entriesOf(path));
  });

  test('csv: a header and a row an exchange', async () => {
    const rows = (await stdoutOf('csv')).split('\r\n');
    expect(rows[0]).toMatch(/^time,client,.*,id$/);
    expect(rows.length).toBe(12);
    expect(rows).toContain(
      '2024-05-17T14:03:00.071Z,10.0.0.9:40312,10.0.0.5:8080,POST,shop.test,/orders,500,,65.462,65.462,11,23,1.4',
    );
  });

  test('curl: a command an exchange', async () => {
    const commands = linesOf(await stdoutOf('curl')).filter((line) => line.startsWith('curl '));
    expect(commands.length).toBe(10);
    expect(commands[0]).toBe('curl --globoff --path-as-is --connect-to ::10.0.0.5:8080 http://shop.test/products');
    expect(commands.join('\n')).toContain(`--data-raw '{"item":43}'`);
  });

  test.each(formats)('%s without any traffic is whole too', async (format) => {
    const nothing = [...SHOP, '--filter', 'path=/nowhere'];
    const stdout = await stdoutOf(format, nothing);
    if (format === 'har') expect(JSON.parse(stdout).log.entries).toEqual([]);
    else expect(linesOf(stdout).length).toBe(format === 'csv' ? 1 : 0);
  });
});

describe.each(formats)('%s', (format) => {
  test('waits for a slow reader and loses nothing', async () => {
    const file = join(folder, `slow-${format}`);
    expect(shell(`CLI --format ${format} | (sleep 0.4; cat > ${file})`)).toBe('status 0\n');
    const text = readFileSync(file, 'utf8');
    expect(text).toBe(await stdoutOf(format, LARGE));
    const counts = { text: 402, json: 800, har: 402, csv: 401, curl: 400 } as Record<string, number>;
    expect(linesOf(text).length).toBe(counts[format]);
  });

  test('ends as well when its reader has what it wanted', () => {
    const lines = shell(`CLI --format ${format} --summary 2>/dev/null | head -n 2`).split('\n');
    expect(lines.slice(-2)).toEqual(['status 0', '']);
    expect(lines.length).toBe(4);
  });

  test('says it when the disk is full, and ends with 2', () => {
    const words = shell(`CLI --format ${format} > /dev/full`);
    expect(words).toMatch(/"level":"error".*ENOSPC/);
    expect(words).toMatch(/status 2\n$/);
  });
});

test.each([
  [['--format', 'cvs'], "--format: must be one of text, json, har, csv, curl, got 'cvs'; did you mean csv?"],
  [['--format', 'csv', '--format', 'har'], 'stdout has one format: csv and har are asked for'],
  [['--format', 'csv', '--json'], 'stdout has one format: csv and json are asked for'],
  [['--format', 'csv', '--har', '-'], 'stdout has one format: csv and har are asked for'],
  [['--format', 'csv', '--no-output-stdout'], '--format: stdout is turned off by --no-output-stdout'],
])('%j is refused: one line, exit 1', async (args, words) => {
  const { code, stdout, stderr } = await runCli([...SHOP, ...args]);
  expect({ code, stdout, lines: linesOf(stderr).length }).toEqual({ code: 1, stdout: '', lines: 1 });
  expect(stderr).toContain(words);
});

test('a format goes to stdout beside other outputs', async () => {
  const path = join(folder, 'beside.har');
  const { code, stdout } = await runCli([...SHOP, '--har', path, '--format', 'csv']);
  expect({ code, rows: linesOf(stdout).length }).toEqual({ code: 0, rows: 11 });
  expect(JSON.parse(readFileSync(path, 'utf8')).log.entries.length).toBe(10);
});
