/** Keys, records and options of TLS go wrong in every way: no text that says so has a part of a secret in it. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSniffer, type SnifferConfig } from '../dist/index.js';
import { messagesOf, runCli, startCli } from './live/harness.js';
import { expectNoSecret } from './live/no-secret.js';
import { freePort } from './ports.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-tls-secrets-'));
const at = (name: string): string => join(folder, name);
const VERSIONS = ['1.2', '1.3'];

beforeAll(() => {
  const script = join(__dirname, 'live/tls-savefile.mjs');
  for (const version of VERSIONS)
    execFileSync(process.execPath, [script, `TLSv${version}`, at(`${version}.pcap`), at(`${version}.keys`)]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each line spoiled in some way: a reader that complains of a line must not quote it. */
const SPOILED: [name: string, spoil: (line: string) => string][] = [
  ['half lines', (line) => line.slice(0, -20)],
  ['an odd number of digits', (line) => line.slice(0, -1)],
  ['digits that are none', (line) => line.slice(0, -10).concat('g', line.slice(-9))],
  ['secrets that are too long', (line) => line.concat('00'.repeat(64))],
  ['lines that are too long', (line) => line.concat('  ', '00'.repeat(5_000))],
  ['one field more', (line) => line.concat(' ', 'ff')],
  ['unknown labels', (line) => `X_${line}`],
  ['labels that are none', (line) => `x-${line}`],
  ['the secret as the label', (line) => line.split(' ').reverse().join(' ')],
  ['no label', (line) => line.split(' ').slice(1).join(' ')],
  ['the secret alone', (line) => line.split(' ')[2] ?? ''],
  ['comments', (line) => `# ${line}`],
  ['no spaces', (line) => line.replaceAll(' ', '')],
  ['bytes that are no text', (line) => `\u{0}\u{ff}${line}\u{0}`],
];

/** Bytes of a savefile's packets that are TLS records are altered, a few of each packet after the hellos. */
function corrupted(pcap: Buffer): Buffer {
  const bytes = Buffer.from(pcap);
  let number = 0;
  for (let offset = 24; offset < bytes.length; ) {
    const length = bytes.readUInt32LE(offset + 8);
    const end = offset + 16 + length;
    if (length > 200 && number++ % 3 === 2) bytes.writeUInt8(bytes.readUInt8(end - 30) ^ 0x55, end - 30);
    offset = end;
  }
  return bytes;
}

async function said(...args: string[]): Promise<string> {
  const { stdout, stderr } = await runCli(['--ports', '80', '--log-level', 'debug', ...args]);
  return stdout + stderr;
}

function logOf(told: unknown[]) {
  const log = (fields: unknown, message: unknown) => told.push(inspect(fields, { depth: 9 }), message);
  return { debug: log, info: log, warn: log, error: log };
}

/** A run of the library with all that it has to say: messages, stats, its log and its errors. */
async function embedded(config: Partial<SnifferConfig>, act: (sniffer: ReturnType<typeof createSniffer>) => void) {
  const told: unknown[] = [];
  const sniffer = createSniffer({ ports: [80], logLevel: 'debug', logger: logOf(told), ...config });
  sniffer.on('message', (message) => told.push(message));
  sniffer.on('error', (error) => told.push(error, error.stack));
  const ended = once(sniffer, 'stop');
  await sniffer.start();
  act(sniffer);
  await ended;
  const { engine } = sniffer.stats();
  told.push(sniffer.stats(), sniffer, JSON.stringify(sniffer.stats()));
  return {
    text: told.map((each) => (typeof each === 'string' ? each : inspect(each, { depth: 9 }))).join('\n'),
    engine,
  };
}

test('the search finds a secret in each spelling', () => {
  const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7 + 1));
  const keys = `CLIENT_RANDOM ${'01'.repeat(32)} ${secret.toString('hex')}\nCLIENT_RANDOM ${'02'.repeat(32)} ${'3c'.repeat(48)}\n`;
  for (const text of [secret.toString('hex'), secret.toString('hex').toUpperCase(), [...secret].join(', ')])
    for (const shown of [text, `x${text.slice(0, 60)}`, text.slice(-60)])
      expect(() => expectNoSecret(`says ${shown}.`, keys)).toThrow('is shown');
  for (const before of ['', 'a', 'ab'])
    expect(() => expectNoSecret(Buffer.concat([Buffer.from(before), secret]).toString('base64'), keys)).toThrow(
      'is shown',
    );
  expectNoSecret(`the random ${'01'.repeat(32)}`, keys);
});

describe.each(VERSIONS)('TLS %s', (version) => {
  const pcap = () => at(`${version}.pcap`);
  const keys = () => readFileSync(at(`${version}.keys`), 'utf8');
  const lines = () => keys().trim().split('\n');

  test.concurrent.each(SPOILED)('a key log of %s', async (name, spoil) => {
    const log = at(`${version}-${name}.keys`);
    // The last line has no end.
    writeFileSync(log, lines().map(spoil).join('\n'), 'latin1');
    const har = at(`${version}-${name}.har`);
    const text = await said('--read', pcap(), '--tls-keylog', log, '--har', har);
    expect(text).toContain('records of a TLS connection are not read');
    expectNoSecret(text + readFileSync(har, 'utf8'), keys());
  });

  test('key logs that cannot be read', async () => {
    const logs = at(`${version}-logs`);
    mkdirSync(logs);
    const link = join(logs, 'link');
    symlinkSync(at(`${version}.keys`), link);
    execFileSync('mkfifo', [at(`${version}.fifo`)]);
    const unread = [at('not-there'), logs, '/dev/null', '/proc/self/mem', at(`${version}.fifo`)];
    const text = await said('--read', pcap(), '--tls-keylog', unread.join());
    expect(text).toContain('cannot be read');
    expect(text).toContain("fifo' cannot be read: it is neither a file nor a folder");
    expectNoSecret(text, keys());
  });

  test('secrets of another run', async () => {
    const wrong = lines().map((line) => line.replace(/\w+$/, (secret) => [...secret].reverse().join('')));
    const log = at(`${version}-wrong.keys`);
    writeFileSync(log, wrong.join('\n'));
    const text = await said('--read', pcap(), '--tls-keylog', log, '--summary');
    expect(text).toContain('not read');
    expectNoSecret(text, keys() + wrong.join('\n'));
  });

  test('damaged records, and alerts', async () => {
    const damaged = at(`${version}-damaged.pcap`);
    writeFileSync(damaged, corrupted(readFileSync(pcap())));
    const { text, engine } = await embedded({ pcapFile: damaged, tlsKeylog: [at(`${version}.keys`)] }, () => {});
    expect(engine.tlsBrokenRecords).toBeGreaterThan(0);
    expect(engine.tlsRecords).toBeGreaterThan(0);
    expectNoSecret(text, keys());
  });

  test('keys that come too late, and more than the memory takes', async () => {
    const log = at(`${version}-late.keys`);
    writeFileSync(log, '');
    for (const limits of [{ tlsKeyWaitMs: 1 }, { maxBufferedBytes: 65_536 }]) {
      const { text, engine } = await embedded({ pcapFile: pcap(), tlsKeylog: [log], ...limits }, (sniffer) => {
        appendFileSync(log, keys());
        sniffer.addTlsKeys(keys());
      });
      expect((engine.tlsUnreadNoKeys ?? 0) + (engine.tlsRecords ?? 0)).toBeGreaterThan(0);
      expectNoSecret(text, keys());
    }
  });

  test('wrong calls and options', async () => {
    const text = keys();
    const thrown: string[] = [];
    const attempt = async (act: () => unknown): Promise<void> => {
      const error = await (async () => act())().catch((cause) => cause as Error);
      thrown.push(inspect(error, { depth: 9 }));
    };
    const sniffer = createSniffer({ ports: [80], pcapFile: pcap(), logLevel: 'silent' });
    for (const wrong of [[text], { text }, [Buffer.from(text)], Symbol(text), undefined]) {
      await attempt(() => sniffer.addTlsKeys(wrong as unknown as string));
      expect(thrown.at(-1)).toContain('addTlsKeys takes');
    }
    let taken = 0;
    while (sniffer.addTlsKeys(text.repeat(20))) taken++;
    expect(taken).toBeGreaterThan(0);
    thrown.push(inspect(sniffer, { depth: 9, showHidden: true }), JSON.stringify(sniffer));
    for (const tlsKeylog of [text, [Buffer.from(text)], { [text]: 1 }, [text], ['keys.log', lines()[0]]]) {
      const config = { ports: [80], tlsKeylog: tlsKeylog as string[], logger: logOf(thrown) };
      await attempt(() => createSniffer(config).start());
      expect(thrown.at(-1)).toContain('must be an array of paths');
    }
    expectNoSecret(thrown.join('\n'), text);
    // By the command and by the environment.
    const flag = await said('--read', pcap(), '--tls-keylog', text.trim());
    const { stderr } = await runCli(['--ports', '80', '--read', pcap()], { env: { TLS_KEYLOG: text.trim() } });
    expect(flag + stderr).toContain('addTlsKeys');
    expectNoSecret(flag + stderr, text);
  });
});

test('what the metrics say, and what is read right', async () => {
  const metricsPort = await freePort();
  for (const version of VERSIONS) {
    const flags = ['--follow', '--metrics-port', `${metricsPort}`, '--metrics-by-endpoint'];
    const run = startCli([
      '--ports',
      '80',
      '--read',
      at(`${version}.pcap`),
      '--tls-keylog',
      at(`${version}.keys`),
      ...flags,
    ]);
    await run.logged('capture started');
    let metrics = '';
    const counted = /_tls_records_total [1-9]/;
    while (!counted.test(metrics)) metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    run.child.kill('SIGTERM');
    const { stdout, stderr } = await run.done;
    expect(messagesOf(stdout)).toHaveLength(4);
    expectNoSecret(metrics + stdout + stderr, readFileSync(at(`${version}.keys`), 'utf8'));
  }
});
