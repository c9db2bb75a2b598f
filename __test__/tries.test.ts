/**
 * The tries of a new user, with the real command: each try ends in an answer, or in a sentence that says what to do, with a code that
 * stays. Those that need a terminal have one.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  cpSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CLI, describeLive, FIXTURES, linesOf, runCli, start, until } from './live/harness.js';
import { linesOn, onTerminal, shown } from './terminal/pty.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-tries-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const SHOP = at('capture.pcap');
const bytes = readFileSync(join(FIXTURES, 'shop.pcap'));
writeFileSync(SHOP, bytes);
writeFileSync(at('empty.pcap'), '');
writeFileSync(at('notes.txt'), 'no capture\n');
writeFileSync(at('half.pcap'), bytes.subarray(0, 3_000));
writeFileSync(at('stub.pcap'), bytes.subarray(0, 10));
writeFileSync(at('shop.har'), '{"log":{}}');
writeFileSync(at('config.json'), '{"a":1}');
mkdirSync(at('empty-folder'));
mkdirSync(at('folder'));
copyFileSync(SHOP, at('folder/a.pcap'));
const LINES = execFileSync(process.execPath, [CLI, '--ports', '8080', SHOP, '--log-level', 'error']);
writeFileSync(at('lines.jsonl'), LINES);

const READ = ['--ports', '8080', SHOP];
const TEXT = [...READ, '--format', 'text'];

/** The try, the exit code, the code in the log, and what is said. */
const REFUSED: [tried: string, args: string[], exit: number, code: string, words: RegExp][] = [
  ['nothing', [], 1, 'INVALID_CONFIG', /name at least one port, with --ports or the variable PORTS/],
  [
    'no ports',
    [SHOP],
    1,
    'INVALID_CONFIG',
    /name at least one port, with --ports.*; --ports auto takes those that have HTTP/,
  ],
  ['a flag with a slip', ['--port', '8080', SHOP], 1, 'USAGE', /unknown option '--port' \(Did you mean --ports\?\)/],
  ['a flag without its value', ['--ports'], 1, 'USAGE', /'--ports <list>' argument missing/],
  ['a port that is none', ['--ports', '99999', SHOP], 1, 'INVALID_CONFIG', /each port is from 1 to 65535/],
  [
    'a name for a port',
    ['--ports', 'http', SHOP],
    1,
    'INVALID_CONFIG',
    /must be ports or ranges of ports, e\.g\. 8080/,
  ],
  [
    'another port',
    ['--ports', '81', SHOP],
    0,
    'NOTHING_ON_PORTS',
    /no packet of the savefile is TCP with one of the ports; --ports auto/,
  ],
  ['an empty file', ['--ports', '8080', at('empty.pcap')], 2, 'CAPTURE_OPEN_FAILED', /it is empty; .*--follow waits/],
  [
    'no capture',
    ['--ports', '8080', at('notes.txt')],
    2,
    'CAPTURE_OPEN_FAILED',
    /neither pcap nor pcapng; what tcpdump -w/,
  ],
  [
    'a stub',
    ['--ports', '8080', at('stub.pcap')],
    2,
    'CAPTURE_OPEN_FAILED',
    /ends in the middle of its header; what tcpd/,
  ],
  [
    'half a file',
    ['--ports', '8080', at('half.pcap')],
    2,
    'UNRECOVERABLE',
    /broken after packet \d+, .*middle of a record/,
  ],
  [
    'no such file',
    ['--ports', '8080', at('captrue.pcap')],
    2,
    'CAPTURE_OPEN_FAILED',
    /did you mean '.*\/capture\.pcap'\?/,
  ],
  [
    'nothing like it',
    ['--ports', '8080', at('zzz')],
    2,
    'CAPTURE_OPEN_FAILED',
    /name a file, a folder, or a pattern in quotes/,
  ],
  [
    'a slip in another folder',
    ['--ports', '8080', at('folder/b.pcap')],
    2,
    'CAPTURE_OPEN_FAILED',
    /mean '.*folder\/a\.pcap'/,
  ],
  ['no pattern', ['--ports', '8080', at('*.cap')], 1, 'INVALID_CONFIG', /no file is like '.*\*\.cap'/],
  [
    'a folder without any',
    ['--ports', '8080', at('empty-folder')],
    1,
    'INVALID_CONFIG',
    /no file in the folder .* is a savefile/,
  ],
  ['a HAR to read', ['--ports', '8080', at('shop.har')], 1, 'INVALID_CONFIG', /name the savefile or the JSON lines/],
  [
    'no such interface',
    ['--ports', '8080', '-i', 'eth99'],
    2,
    'INVALID_INTERFACE',
    /no interface named 'eth99'; there are: .*lo/,
  ],
  ['ports alone', ['8080', SHOP], 1, 'INVALID_CONFIG', /no file is named '8080'; did you mean --ports 8080\?/],
  ['a port beside an interface', ['-i', 'lo', '80,443'], 1, 'INVALID_CONFIG', /did you mean --ports 80,443\?/],
  ['an unknown command', ['sniff'], 1, 'INVALID_CONFIG', /unknown command 'sniff', and no such file/],
  ['a command with a slip', ['interface'], 1, 'INVALID_CONFIG', /did you mean interfaces\?/],
  ['help about nothing', ['help', 'filetrs'], 1, 'USAGE', /did you mean filters\?/],
  [
    'a key with a slip',
    [...READ, '--filter', 'staus=500'],
    1,
    'INVALID_CONFIG',
    /'staus' is not a key; did you mean status\?/,
  ],
  ['an empty filter', [...READ, '--filter', ''], 1, 'INVALID_CONFIG', /the filter is empty; e\.g\. status=5xx/],
  ['a filter of one =', [...READ, '--filter', 'status'], 1, 'INVALID_CONFIG', /status needs/],
  [
    'a field of no message',
    [...READ, '--fields', 'foo'],
    1,
    'INVALID_CONFIG',
    /each must be the name of a field of a message, got 'foo'/,
  ],
  ['a field with a slip', [...READ, '--fields', 'statusCod'], 1, 'INVALID_CONFIG', /did you mean statusCode\?/],
  ['include, another key', [...READ, '--include', 'methd=GET'], 1, 'INVALID_CONFIG', /did you mean method\?/],
  ['nothing that matches', [...READ, '--filter', 'path=/nowhere'], 0, 'NOTHING_MATCHES', /all messages were left out/],
  ['an id that is not there', [...READ, '--show', '99.1'], 0, 'NOTHING_MATCHES', /no exchange matches the filter/],
  [
    'two formats',
    [...READ, '--format', 'text', '--format', 'csv'],
    1,
    'USAGE',
    /text and csv are asked for; leave out all but/,
  ],
  ['no such format', [...READ, '--format', 'jsn'], 1, 'USAGE', /must be one of text, json.*did you mean json\?/],
  ['a share above all', [...READ, '--sample-rate', '2'], 1, 'INVALID_CONFIG', /a number from 0 to 1, got 2/],
  ['a count of none', [...READ, '--count', '0'], 1, 'INVALID_CONFIG', /an integer of at least 1, got 0/],
  ['a size without its unit', [...READ, '--max-body-size', '1M'], 1, 'INVALID_CONFIG', /1MiB or 1MB/],
  ['a time in words', [...READ, '--since', 'noon'], 1, 'INVALID_CONFIG', /e\.g\. 14:03/],
  ['a client by its name', [...READ, '--client', 'web'], 1, 'INVALID_CONFIG', /must be an address, e\.g\. 10\.0\.0\.5/],
  ['a duration of a file', [...READ, '--duration', '5s'], 1, 'INVALID_CONFIG', /limits a live capture; .*--until/],
  ['an option twice', [...READ, '--har', 'a', '--har', 'b'], 1, 'USAGE', /--har is given twice; one value is taken/],
  [
    'a HAR over another file',
    [...READ, '--har', at('config.json')],
    2,
    'UNRECOVERABLE',
    /is not a HAR.*remove it, or name another/,
  ],
  [
    'a page over another file',
    [...READ, '--html', at('config.json')],
    2,
    'UNRECOVERABLE',
    /is not a page of tcp-sniffer.*remove it, or name another/,
  ],
  ['a HAR over the savefile', [...READ, '--har', SHOP], 1, 'INVALID_CONFIG', /savefile/],
  [
    'a HAR in no folder',
    [...READ, '--har', at('no/x.har')],
    2,
    'UNRECOVERABLE',
    /make the folder '.*no', or name another/,
  ],
  [
    'lines in no folder',
    [...READ, '--output-file', at('no/x')],
    2,
    'UNRECOVERABLE',
    /make the folder '.*no', or name another/,
  ],
  [
    'a page in no folder',
    [...READ, '--html', at('no/x.html')],
    2,
    'UNRECOVERABLE',
    /make the folder '.*no', or name another/,
  ],
  [
    'a URL without its scheme',
    [...READ, '--output-url', 'host:9000'],
    1,
    'INVALID_CONFIG',
    /absolute http:\/\/ or https:\/\/ URL/,
  ],
];

describe('a sentence that says what to do', () => {
  test.each(REFUSED)('%s', async (_, args, exit, code, words) => {
    const { code: ended, stdout, stderr } = await runCli(args);
    const told = linesOf(stderr).map((line) => JSON.parse(line) as { code?: string; message: string });
    const found = told.filter((line) => line.code !== undefined);
    expect(found).toEqual([expect.objectContaining({ code, message: expect.stringMatching(words) })]);
    expect(ended).toBe(exit);
    if (exit === 1) expect([stdout, told.length]).toEqual(['', 1]);
  });

  test('a savefile that may not be read: no advice about its format', async () => {
    writeFileSync(at('closed.pcap'), bytes, { mode: 0 });
    // Root reads what it may not, but for root without its privileges.
    const prefix = process.getuid?.() === 0 ? ['setpriv', '--inh-caps', '-all', '--securebits', '+noroot'] : [];
    const args = [...prefix, process.execPath, CLI, '--ports', '8080', at('closed.pcap')];
    const { code, stderr } = await start(args).done;
    expect(code).toBe(2);
    expect(JSON.parse(stderr).message).toMatch(/^cannot open savefile '.*closed\.pcap': Permission denied[^;]*$/);
  });

  test('a savefile on stdin that is not named: it is not read, and stays where it is', () => {
    const stdin = openSync(SHOP, 'r');
    const args = [CLI, '--ports', '8080', '--interface', 'eth99'];
    const { stderr, status } = spawnSync(process.execPath, args, { stdio: [stdin, 'pipe', 'pipe'], encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/"STDIN_NOT_READ".*stdin is a savefile .*--read - reads it/),
    ]);
    // The position is that of the open file, which the child shares.
    expect(readSync(stdin, Buffer.alloc(4))).toBe(4);
    closeSync(stdin);
  });

  test('a pipe at stdin of a terminal that is not named', async () => {
    const input = at('no-input');
    execFileSync('mkfifo', [input]);
    const writer = spawn('bash', ['-c', `exec sleep 60 > ${input}`], { stdio: 'ignore' });
    const { code, lines } = await shown(['--ports', '8080', '--interface', 'eth99'], 200, { PTY_STDIN: input });
    writer.kill();
    expect([code, lines.join(' ')]).toEqual([2, expect.stringMatching(/warn: stdin is a pipe .*--read - reads it/)]);
  });

  test('in words on a terminal', async () => {
    const { code, lines } = await shown(['--port', '8080', SHOP]);
    expect(code).toBe(1);
    expect(lines.join(' ')).toMatch(/^error: unknown option '--port' \(Did you mean --ports\?\)/);
  });

  test('a package that is not installed', async () => {
    cpSync(dirname(CLI), at('package/dist'), { recursive: true });
    const root = join(dirname(CLI), '..');
    copyFileSync(join(root, 'package.json'), at('package/package.json'));
    mkdirSync(at('package/node_modules'));
    // All that the command itself needs, and not what is optional.
    for (const name of ['undici', 'get-east-asian-width'])
      symlinkSync(join(root, 'node_modules', name), at(`package/node_modules/${name}`));
    const child = spawn(process.execPath, [at('package/dist/cli.js'), ...READ, '--output-kafka', 'kafka://h:1/t']);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/"code":"\w+".*npm install @platformatic\/kafka/)]);
  });
});

describe('an answer', () => {
  test.each<[string, string[], RegExp]>([
    ['a folder', ['--ports', '8080', at('folder')], /"path":"\/orders"/],
    ['JSON lines', [at('lines.jsonl'), '--format', 'text'], /POST +\/orders +500 .* 1\.4\n/],
    ['JSON lines after --read', ['--read', at('lines.jsonl'), '--filter', 'status=5xx'], /"statusCode":500/],
    ['its page again', [...READ, '--html', at('again.html'), '--output-stdout'], /"path":"\/orders"/],
    ['its page once more', [...READ, '--html', at('again.html'), '--output-stdout'], /"path":"\/orders"/],
    ['times of two days', [...READ, '--since', '14:03:01', '--until', '14:02:59'], /14:02:58.*14:03:01/s],
    ['a host as the summary has it', [...READ, '--host', 'shop.test:8080'], /"path":"\/orders"/],
    ['a size in its unit', [...READ, '--max-body-size', '1MiB'], /"path":"\/orders"/],
    ['--version', ['--version'], /^\d+\.\d+\.\d+\n$/],
    ['help', ['help'], /^tcp-sniffer shows .*\n +help TOPIC /s],
    ['--help', ['--help'], /--max-body-size/],
    ['help filter', ['help', 'filter'], /status=5xx/],
    ['interfaces', ['interfaces'], /^lo\b/m],
    ['-v', [...TEXT, '-v', '--filter', 'id=1.4'], /< \{ "error": "out of cups" \}/],
    ['the id of a line', [...TEXT, '--show', '1.4'], /> content-type: application\/json/],
  ])('%s', async (_, args, words) => {
    const { code, stdout } = await runCli([...args, ...(args.includes('--ports') ? ['--log-level', 'error'] : [])]);
    expect(stdout).toMatch(words);
    expect(code).toBe(0);
  });

  test('on 40 columns: the paths', async () => {
    const { lines } = await shown([...READ, '--no-summary', '--log-level', 'error'], 40);
    expect(lines.filter((line) => /^(GET|POST) +\/\w/.test(line))).toHaveLength(10);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  });

  test('with a terminal and no flags for it: lines, then the summary', async () => {
    const { code, lines } = await shown(READ);
    expect(code).toBe(0);
    expect(lines.findIndex((line) => /\/orders +500/.test(line))).toBeGreaterThan(0);
    expect(lines).toContain('exchanges  10');
    expect(lines.at(-1)).not.toBe('');
  });

  test('of TLS: what it is, how much, and what reads it', async () => {
    const { code, lines } = await shown(['--ports', '80', join(FIXTURES, 'tls.pcap')], 120);
    expect(code).toBe(0);
    expect(lines.join(' ')).toMatch(/not read +streams that are not HTTP\/1\.x: 2 \(TLS\); .*--tls-keylog FILE/);
  });

  test('| head: what was asked for, and 0', () => {
    const script = `${process.execPath} ${CLI} ${TEXT.join(' ')} 2>/dev/null | head -2; echo "\${PIPESTATUS[0]}"`;
    const lines = linesOf(execFileSync('bash', ['-c', script], { encoding: 'utf8' }));
    expect(lines).toEqual([expect.stringMatching(/^TIME/), expect.any(String), '0']);
  });

  test('| less: no rows of the log on the screen of the pager, unless they are warnings', async () => {
    const pager = at('quiet-pager');
    execFileSync('mkfifo', [pager]);
    createReadStream(pager).resume();
    const terminal = onTerminal([...TEXT, SHOP], 80, { PTY_STDOUT: pager });
    expect(await terminal.done).toBe(0);
    expect(terminal.raw()).toBe('');
    createReadStream(pager).resume();
    const other = onTerminal(['--ports', '81', SHOP, '--format', 'text'], 80, { PTY_STDOUT: pager });
    expect(await other.done).toBe(0);
    expect(linesOn(other.raw()).join(' ')).toMatch(/^warn: no packet of the savefile is TCP(?!.*info:)/);
  });

  test.each([
    [[...TEXT, '--log-level', 'info'], /^info: capture started/],
    [[...READ, '--format', 'json'], /^\{"level":"info",.*"message":"capture started"/],
    [READ, /^info: capture started/],
  ])('| cat %j: the log says what it was asked to say, and all beside JSON', async (args, start) => {
    const pipe = at(`pipe-${start.source.length}-${args.length}`);
    execFileSync('mkfifo', [pipe]);
    createReadStream(pipe).resume();
    const terminal = onTerminal([...args], 80, { PTY_STDOUT: pipe });
    expect(await terminal.done).toBe(0);
    expect(linesOn(terminal.raw()).join(' ')).toMatch(start);
  });

  test('| less: no progress on the screen of the pager', async () => {
    const [input, pager] = [at('in'), at('pager')];
    execFileSync('mkfifo', [input, pager]);
    const args = ['--ports', '8080', '--read', '-', '--format', 'text', '--log-level', 'error'];
    // A clock in the command's own event loop, as the progress has one.
    writeFileSync(
      at('clock.cjs'),
      `if (require('node:worker_threads').isMainThread)
        setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(at('ticks'))}, '.'), 250).unref();`,
    );
    writeFileSync(at('ticks'), '');
    const ticks = (): number => readFileSync(at('ticks')).length;
    const clock = { NODE_OPTIONS: `--require ${JSON.stringify(at('clock.cjs'))}` };
    const terminal = onTerminal(args, 80, { PTY_STDIN: input, PTY_STDOUT: pager, ...clock });
    let read = '';
    createReadStream(pager, 'utf8').on('data', (text) => (read += text));
    const writer = spawn('bash', ['-c', `exec cat > ${input}`], { stdio: ['pipe', 'inherit', 'inherit'] });
    writer.stdin.write(bytes.subarray(0, bytes.length / 2));
    await until(() => read.includes('/products'));
    // The progress began before there were lines: by then it would have come twice, after 500 ms and each 250 ms.
    const before = ticks();
    await until(() => ticks() >= before + 5, 20_000);
    writer.stdin.end(bytes.subarray(bytes.length / 2));
    expect(await terminal.done).toBe(0);
    expect(terminal.raw()).toBe('');
    await until(() => linesOf(read).length === 12);
  });
});

test('Ctrl-C while an empty file is followed: it ends, as nothing is wrong', async () => {
  const terminal = onTerminal(['--ports', '8080', '--follow', at('empty.pcap')]);
  await terminal.shows('reading empty.pcap');
  terminal.tell('key ^C');
  expect(await terminal.done).toBe(0);
  expect(terminal.raw()).not.toContain('error');
});

describeLive('while it captures', () => {
  const LIVE = ['--ports', '9', '--interface', 'lo'];

  test('Ctrl-C: the summary, and 0', async () => {
    const terminal = onTerminal(LIVE);
    await terminal.shows('capture started');
    terminal.tell('key ^C');
    expect(await terminal.done).toBe(0);
    expect(linesOn(terminal.raw())).toContain('exchanges  0');
  });

  test('Ctrl-C twice: it ends, and says so', async () => {
    const terminal = onTerminal(LIVE);
    await terminal.shows('capture started');
    terminal.tell('key ^C');
    await terminal.shows('stopping');
    terminal.tell('key ^C');
    // The second may come when all is done already.
    expect([0, 2]).toContain(await terminal.done);
  });

  test('another size of the terminal: it goes on', async () => {
    const terminal = onTerminal(LIVE);
    await terminal.shows('capture started');
    terminal.tell('size 40 10');
    terminal.tell('key ^C');
    expect(await terminal.done).toBe(0);
    const after = linesOn(terminal.raw()).slice(-4);
    expect(Math.max(...after.map((line) => line.length))).toBeLessThan(40);
  });
});
