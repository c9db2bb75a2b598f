/** The tries of a new user: files, folders, pipes and wrong flags, by the command with the engine. Each ends in an answer or in a sentence. */

import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { CLI, FIXTURES, linesOf, messagesOf, runCli, start, startCli, until } from './live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-reading-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DEMO = join(FIXTURES, 'demo.pcap');
const SHOP = join(FIXTURES, 'shop.pcap');
const PORTS = ['--ports', '8080'];

const linesOfDemo = async (): Promise<string> => (await runCli([...PORTS, DEMO])).stdout;

/** The number of the input whose servers have this port. */
const inputOf = (stdout: string, port: number): string | undefined =>
  messagesOf(stdout)
    .find(({ receiver }) => receiver.port === port)
    ?.id.split('/')[0];

/** Warnings and errors. */
function complaints(stderr: string): string[] {
  return linesOf(stderr)
    .map((line) => JSON.parse(line) as { level: string; message: string })
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ message }) => message);
}

describe('a savefile', () => {
  test('needs no flag', async () => {
    const [named, alone] = await Promise.all([runCli([...PORTS, '-r', DEMO]), runCli([...PORTS, DEMO])]);
    expect(messagesOf(alone.stdout)).toHaveLength(12);
    expect(alone.stdout).toBe(named.stdout);
  });

  test('is read with flags that are for an interface; a warning names them', async () => {
    const flags = [
      '-i',
      'none0',
      '--snaplen-bytes',
      '100',
      '--read-timeout-ms',
      '5',
      '--cpu-limit-share',
      '1',
      '--promiscuous',
    ];
    const [run, without] = await Promise.all([runCli([...PORTS, DEMO, ...flags]), runCli([...PORTS, DEMO])]);
    expect([run.code, run.stdout]).toEqual([0, without.stdout]);
    const warnings = linesOf(run.stderr).filter((line) => line.includes('"warn"'));
    expect(warnings.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        flags: expect.arrayContaining(
          flags
            .slice(1)
            .filter((flag) => flag.startsWith('--'))
            .concat('--interface'),
        ),
        message: 'flags without effect: no interface is captured on',
      }),
    ]);
  });

  test('and others are read in the order of their time, each with ids of its own', async () => {
    const run = await runCli([...PORTS, '-r', SHOP, '--read', DEMO]);
    expect(run.code).toBe(0);
    const ids = messagesOf(run.stdout).map(({ id }) => id);
    expect(ids.slice(0, 12).every((id) => id.startsWith('1/1.'))).toBe(true);
    expect(ids.slice(12)).toHaveLength(20);
    expect(ids.slice(12).every((id) => id.startsWith('2/'))).toBe(true);
    const { requests, responses } = JSON.parse(linesOf(run.stderr).at(-1) as string).engine;
    expect([requests, responses]).toEqual([16, 16]);
  });

  test('in a folder, or like a pattern', async () => {
    const captures = join(folder, 'captures');
    mkdirSync(captures);
    copyFileSync(DEMO, join(captures, 'a.pcap'));
    copyFileSync(SHOP, join(captures, 'b.pcap'));
    writeFileSync(join(captures, 'notes.txt'), 'none of these');
    const all = await runCli([...PORTS, captures]);
    expect([all.code, messagesOf(all.stdout).length]).toEqual([0, 32]);
    const some = await runCli([...PORTS, join(captures, 'b*')]);
    expect([some.code, messagesOf(some.stdout).length]).toEqual([0, 20]);
  });

  test('that breaks does not keep the others from being read', async () => {
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(DEMO).subarray(0, 1_000));
    const run = await runCli([...PORTS, cut, SHOP]);
    expect(run.code).toBe(2);
    expect(messagesOf(run.stdout).filter(({ id }) => id.startsWith('2/'))).toHaveLength(20);
    expect(complaints(run.stderr)[0]).toMatch(/cut\.pcap.*; the next input is read$/);
  });

  test('that still grows is followed', async () => {
    const growing = join(folder, 'growing.pcap');
    const bytes = readFileSync(SHOP);
    writeFileSync(growing, bytes.subarray(0, 2_000));
    const { child, logged, done } = startCli([...PORTS, '--follow', growing]);
    let stdout = '';
    child.stdout?.on('data', (text: string) => {
      stdout += text;
    });
    await logged('capture started');
    await until(() => linesOf(stdout).length === 6);
    appendFileSync(growing, bytes.subarray(2_000));
    await until(() => linesOf(stdout).length === 20);
    child.kill('SIGINT');
    const run = await done;
    expect(run.code).toBe(0);
    expect(messagesOf(run.stdout)).toHaveLength(20);
    expect(complaints(run.stderr)).toEqual([]);
  });
});

describe('a pipe with a name', () => {
  const shell = (script: string) =>
    start(['bash', '-c', script.replaceAll(/\bTS\b/g, `${process.execPath} ${CLI}`)]).done;

  test.each([
    ['a FIFO', 'mkfifo fifo; cat $S > fifo & TS --ports 8080 fifo'],
    ['of a shell', 'TS --ports 8080 <(cat $S)'],
    ['with JSON lines', 'TS --ports 8080 $S > lines; TS <(cat lines)'],
    ['with packed JSON lines', 'TS --ports 8080 $S | gzip > a.log.gz; cat a.log.gz | TS -r -'],
  ])('%s', async (_, script) => {
    const run = await shell(`cd ${mkdtempSync(join(folder, 'pipe-'))}; S=${SHOP}; ${script}`);
    expect(run.code, run.stderr).toBe(0);
    expect(messagesOf(run.stdout)).toHaveLength(20);
  });

  test('in a folder is passed over', async () => {
    const run = await shell(`cd ${mkdtempSync(join(folder, 'pipe-'))}; mkfifo fifo; cp ${SHOP} .; TS --ports 8080 .`);
    expect([run.code, messagesOf(run.stdout).length]).toEqual([0, 20]);
  });
});

describe('--ports auto', () => {
  const found = ({ stderr }: { stderr: string }): unknown =>
    linesOf(stderr)
      .map((line) => JSON.parse(line))
      .find(({ message }) => message === 'ports with HTTP')?.ports;

  test('reads the ports that have HTTP, and no others', async () => {
    const inputs = [SHOP, join(FIXTURES, 'ssh.pcap'), join(FIXTURES, 'http2-preface.pcap')];
    const run = await runCli(['--ports', 'auto', ...inputs]);
    expect(run.code, run.stderr).toBe(0);
    const named = await runCli(['--ports', (found(run) as number[]).join(','), ...inputs]);
    expect(found(run)).toEqual([...new Set(messagesOf(run.stdout).map(({ receiver }) => receiver.port))].sort());
    expect(run.stdout).toBe(named.stdout);
    expect(messagesOf((await runCli([...PORTS, SHOP])).stdout)).toHaveLength(
      messagesOf(run.stdout).filter(({ id }) => id.startsWith(`${inputOf(run.stdout, 8080)}/`)).length,
    );
  });

  test('says where there is none', async () => {
    const run = await runCli(['--ports', 'auto', join(FIXTURES, 'ssh.pcap')]);
    expect([run.code, run.stdout]).toEqual([0, '']);
    expect(complaints(run.stderr)[0]).toMatch(/^--ports auto: HTTP was found on no port/);
  });

  test('of JSON lines is all of them', async () => {
    const lines = join(folder, 'auto.jsonl');
    writeFileSync(lines, await linesOfDemo());
    expect(messagesOf((await runCli([lines, '--ports', 'auto'])).stdout)).toHaveLength(12);
  });

  test.each([
    ['live', ['--ports', 'auto'], /^--ports: auto is for savefiles; live, name the ports/],
    ['a pipe', ['--ports', 'auto', '--read', '-'], /auto reads a savefile twice, and stdin is a pipe/],
    ['a file that is followed', ['--ports', 'auto', '--follow', DEMO], /auto reads a savefile twice, which --follow/],
  ] as const)('%s is refused', async (_, args, words) => {
    const run = await runCli([...args]);
    expect([run.code, run.stdout, complaints(run.stderr)]).toEqual([1, '', [expect.stringMatching(words)]]);
  });
});

describe('JSON lines', () => {
  test('come in again through a pipe, as they were', async () => {
    const text = await linesOfDemo();
    const run = await runCli(['--read', '-'], { input: Buffer.from(text) });
    expect(run).toMatchObject({ code: 0, stdout: text });
    expect(complaints(run.stderr)).toEqual([]);
  });

  test('of a log go into summary, filter and HAR', async () => {
    const log = join(folder, 'pod.log');
    const text = (await linesOfDemo()).replaceAll(/^/gm, '[pod/shop] 2026-01-01T00:00:00.123Z ');
    writeFileSync(log, `starting\n${text}`);
    const har = join(folder, 'pod.har');
    const run = await runCli([log, '--filter', 'status=4xx', '--summary', '--har', har, '--output-stdout']);
    expect(run.code).toBe(0);
    expect(messagesOf(run.stdout).map(({ id }) => id)).toEqual(['1.4', '1.4']);
    expect(JSON.parse(readFileSync(har, 'utf8')).log.entries).toHaveLength(1);
    expect(run.stderr).toMatch(/filtered out: 10/);
  });

  test('are read as they were rotated', async () => {
    const text = await linesOfDemo();
    for (const name of ['a.log.gz', 'a.20261129T131459123Z.jsonl.gz']) {
      writeFileSync(join(folder, name), gzipSync(text));
      expect(await runCli([join(folder, name)])).toMatchObject({ code: 0, stdout: text });
    }
    const zstd = join(folder, 'a.jsonl.zst');
    const { zstdCompressSync } = zlib as { zstdCompressSync?: (text: string) => Buffer };
    writeFileSync(zstd, zstdCompressSync?.(text) ?? Buffer.from('28b52ffd0000', 'hex'));
    const run = await runCli([zstd]);
    if (zstdCompressSync === undefined) expect(complaints(run.stderr)[0]).toMatch(/needs Node\.js 22\.15.*zstd -dc/);
    else expect(run).toMatchObject({ code: 0, stdout: text });
  });

  test.skipIf(!('zstdCompressSync' in zlib))(
    'are missing without a word in no file of several frames of zstd',
    async () => {
      const { zstdCompressSync } = zlib as unknown as { zstdCompressSync: (text: string) => Buffer };
      const text = await linesOfDemo();
      const zstd = join(folder, 'frames.jsonl.zst');
      writeFileSync(zstd, Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)]));
      const run = await runCli([zstd]);
      // A later Node.js may read all of them.
      if (messagesOf(run.stdout).length === 24) expect(run.code).toBe(0);
      else
        expect([run.code, complaints(run.stderr)]).toEqual([
          2,
          [expect.stringMatching(/first frame of zstd.*zstd -dc/)],
        ]);
    },
  );

  test.each([
    ['--redact-body', 'error'],
    ['--redact-headers', '+x-api-version'],
    ['--redact-headers', 'authorization,cookie'],
    ['--redact-query', 'day'],
    ['--redact', 'strict'],
    ['--sample-rate', '0'],
    ['--max-body-size', '5'],
    ['--fields', 'path'],
    ['--fields', ''],
    ['--binary-bodies', 'base64'],
    ['--tls-keylog', 'keys.log'],
  ])('%s %s: what the engine would do is refused', async (flag, value) => {
    const lines = join(folder, 'demo.jsonl');
    writeFileSync(lines, await linesOfDemo());
    const words = expect.stringMatching(
      new RegExp(`^${flag}: is for packets: '.*demo.jsonl' has JSON lines, whose mess`),
    );
    const alone = await runCli([lines, flag, value]);
    expect([alone.code, alone.stdout, complaints(alone.stderr)]).toEqual([1, '', [words]]);
    const mixed = await runCli([...PORTS, lines, SHOP, flag, value]);
    // Keys are for the savefile.
    if (flag === '--tls-keylog') expect(complaints(mixed.stderr)).not.toContainEqual(words);
    else expect([mixed.code, mixed.stdout, complaints(mixed.stderr)]).toEqual([1, '', [words]]);
  });

  test('are refused where a variable hides something, and not where it limits a capture', async () => {
    const input = Buffer.from(await linesOfDemo());
    const refused = await runCli(['-r', '-'], { input, env: { REDACT_BODY: 'error' } });
    expect([refused.code, complaints(refused.stderr)[0]]).toEqual([
      1,
      expect.stringMatching(/^REDACT_BODY: is for packets/),
    ]);
    const env = {
      ...{ INTERFACE: 'eth0', MAX_CONCURRENT_CONNECTIONS: '9', REDACT_HEADERS: 'none', REDACT: 'default' },
      ...{ SAMPLE_RATE: '0.5', MAX_BODY_SIZE: '5', DECODE_BODY: 'false', BINARY_BODIES: 'base64' },
      PROTO_DESCRIPTORS: join(folder, 'none.binpb'),
    };
    expect(await runCli(['-r', '-'], { input, env })).toMatchObject({ code: 0, stdout: `${input}` });
  });

  test.each([
    ['--include', 'status=4xx'],
    ['--include', 'method=get,path=/'],
    ['--include', 'header=host'],
    ['--include', 'header=HOST: shop.test'],
    ['--include', 'header=host: shop.*'],
    ['--exclude', 'method=GET'],
    ['--exclude', 'path=*o*,status=200'],
    ['--include', 'path=/a\\'],
    ['--exclude', 'header=if-match: "a*"'],
  ])('%s %s chooses as it does of packets', async (flag, value) => {
    const lines = join(folder, 'shop.jsonl');
    writeFileSync(lines, (await runCli([...PORTS, SHOP])).stdout);
    const [ofPackets, ofLines] = await Promise.all([
      runCli([...PORTS, SHOP, flag, value]),
      runCli([lines, flag, value, '--filter', 'port=8080']),
    ]);
    expect(ofLines).toMatchObject({ code: 0, stdout: ofPackets.stdout });
    const mixed = await runCli([...PORTS, lines, SHOP, flag, value]);
    expect(linesOf(mixed.stdout)).toHaveLength(2 * linesOf(ofPackets.stdout).length);
  });

  test.each(['--include', '--exclude'])('%s that is too long for them is refused by its own name', async (flag) => {
    const run = await runCli(['-r', '-', flag, `path=/${'a'.repeat(5_000)}`], { input: Buffer.alloc(0) });
    expect([run.code, complaints(run.stderr)[0]]).toEqual([
      1,
      expect.stringMatching(RegExp(`^${flag}: .* longer than`)),
    ]);
  });

  test('with messages of WebSockets go into a HAR', async () => {
    const { stdout } = await runCli(['--ports', '80', '--stream-messages', join(FIXTURES, 'websocket.pcap')]);
    const har = join(folder, 'websocket.har');
    const run = await runCli(['-r', '-', '--har', har, '--output-stdout'], { input: Buffer.from(stdout) });
    expect(complaints(run.stderr)).toEqual([]);
    const [entry] = JSON.parse(readFileSync(har, 'utf8')).log.entries;
    expect(entry._webSocketMessages).toHaveLength(2);
    const piped = await runCli(['-r', '-', '--format', 'har'], { input: Buffer.from(stdout) });
    expect(JSON.parse(piped.stdout).log.entries[0]._webSocketMessages).toHaveLength(2);
  });

  test('of other ports are left out', async () => {
    const lines = join(folder, 'a.jsonl');
    writeFileSync(lines, await linesOfDemo());
    expect(messagesOf((await runCli([lines, '--ports', '8000-8100'])).stdout)).toHaveLength(12);
    expect(messagesOf((await runCli([lines, '--ports', '80'])).stdout)).toHaveLength(0);
  });

  test('that grow are followed for so long', async () => {
    const lines = join(folder, 'growing.jsonl');
    const text = await linesOfDemo();
    writeFileSync(lines, text.slice(0, 1_000));
    const { logged, done } = startCli(['--follow', '--duration', '3s', lines]);
    await logged('capture started');
    appendFileSync(lines, text.slice(1_000));
    expect(await done).toMatchObject({ code: 0, stdout: text });
  });
});

describe('what cannot be read', () => {
  const missing = join(folder, 'missing.pcap');
  test.each([
    ['a file that is not there', [...PORTS, missing], 2, /cannot open savefile .*No such file/],
    ['such a file to follow', [...PORTS, '--follow', missing], 2, /cannot open savefile .*no such file.*name a file/],
    ['an empty folder', [...PORTS, join(folder, 'empty')], 1, /no file in the folder .* is a savefile/],
    ['a pattern that nothing is like', [...PORTS, join(folder, '*.cap')], 1, /no file is like/],
    ['no savefile', [...PORTS, join(folder, 'words')], 2, /neither pcap nor pcapng/],
    ['a HAR file', [join(folder, 'b.har')], 1, /is a HAR file, which is written and not read/],
    [
      'the HAR over an input',
      [join(folder, 'c.jsonl'), '--har', join(folder, 'c.jsonl')],
      1,
      /--har: must not be the savefile/,
    ],
    ['ports that nothing uses', ['--ports', '81', DEMO], 0, /no packet of the savefile is TCP with one of the ports/],
    ['no ports', [DEMO], 1, /name at least one port/],
  ] as const)('%s', async (_, args, code, words) => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    writeFileSync(join(folder, 'words'), 'a few words, but no packets');
    writeFileSync(join(folder, 'b.har'), '{"log": {}}');
    writeFileSync(join(folder, 'c.jsonl'), '{}\n');
    const run = await runCli([...args]);
    expect([run.code, run.stdout]).toEqual([code, '']);
    expect(complaints(run.stderr)).toEqual([expect.stringMatching(words)]);
  });

  test.each([
    ['a savefile without ports', ['-r', '-'], readFileSync(DEMO), 2, /name its server ports, e\.g\. --ports 8080/],
    ['nothing', ['-r', '-'], Buffer.alloc(0), 0, /nothing stands in '-'/],
    ['other lines', ['-r', '-'], Buffer.from('a\nb\n'), 0, /no line of 2 is a message/],
    ['JSON lines where ports are named', [...PORTS, '-r', '-'], Buffer.from('{"id":"1.1"}\n'), 2, /without --ports$/],
  ] as const)('%s on stdin', async (_, args, input, code, words) => {
    const run = await runCli([...args], { input });
    expect([run.code, run.stdout]).toEqual([code, '']);
    expect(complaints(run.stderr)).toEqual([expect.stringMatching(words)]);
  });
});
