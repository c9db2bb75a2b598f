/** TLS with the service's own keys: savefiles and live, by files, folders, blocks of pcapng and the program; secrets stay secret. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSniffer, type HttpMessage } from '../dist/index.js';
import { describeLive, messagesOf, type Run, runCli, start, until } from './live/harness.js';
import { expectNoSecret } from './live/no-secret.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-tls-'));
const at = (name: string): string => join(folder, name);
const [CERT, KEY] = ['cert', 'key'].map((name) => join(__dirname, `live/tls/${name}.pem`));
const VERSIONS = ['1.2', '1.3'];

beforeAll(() => {
  for (const version of VERSIONS) {
    const script = join(__dirname, 'live/tls-savefile.mjs');
    execFileSync(process.execPath, [script, `TLSv${version}`, at(`${version}.pcap`), at(`${version}.keys`)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A pcapng file with the packets of a pcap one; the key log stands before them, in their middle or after them. */
function withSecrets(pcap: Buffer, keys: Buffer, place: 'before' | 'between' | 'behind'): Buffer {
  const block = (type: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(padded.length + 12, 4);
    return Buffer.concat([head, padded, head.subarray(4)]);
  };
  const u32 = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
    return bytes;
  };
  const little = pcap.readUInt32LE(0) === 0xa1b2c3d4;
  expect(little, 'a little-endian savefile in microseconds').toBe(true);
  const packets: Buffer[] = [];
  for (let offset = 24; offset < pcap.length; ) {
    const [seconds, micros, length, wire] = [0, 4, 8, 12].map((field) => pcap.readUInt32LE(offset + field));
    const time = BigInt(seconds ?? 0) * 1_000_000n + BigInt(micros ?? 0);
    const fields = u32(0, Number(time >> 32n), Number(time & 0xffffffffn), length ?? 0, wire ?? 0);
    packets.push(block(6, fields, pcap.subarray(offset + 16, offset + 16 + (length ?? 0))));
    offset += 16 + (length ?? 0);
  }
  const secrets = block(10, u32(0x544c534b, keys.length), keys);
  packets.splice({ before: 0, between: packets.length >> 1, behind: packets.length }[place], 0, secrets);
  const section = block(0x0a0d0d0a, u32(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
  return Buffer.concat([section, block(1, u32(pcap.readUInt32LE(20), 0)), ...packets]);
}

/** The two exchanges of the savefile. */
function expectRead(run: Run, version: string): void {
  expect(run.code, run.stderr).toBe(0);
  const messages = messagesOf(run.stdout);
  expect(messages.map(({ direction, path, request }) => [direction, path ?? request?.path])).toEqual([
    ['request', '/secret'],
    ['response', '/secret'],
    ['request', '/secret'],
    ['response', '/secret'],
  ]);
  expect(messages.map(({ body }) => body)).toEqual([
    'hunter2-one',
    'answer to /secret',
    'x'.repeat(100_000),
    'answer to /secret',
  ]);
  for (const { tls } of messages) {
    expect(tls).toMatchObject({ version, serverName: 'shop.test' });
    expect(tls?.cipher).toMatch(/^TLS_/);
  }
}

interface HarEntry {
  request: { url: string };
  _tls?: HttpMessage['tls'];
}

describe.each(VERSIONS)('a savefile of TLS %s', (version) => {
  const read = (...args: string[]): Promise<Run> => runCli(['--ports', '80', '--log-level', 'debug', ...args]);
  const pcap = (): string => at(`${version}.pcap`);
  const keys = (): string => at(`${version}.keys`);

  test('is read with its key log, and no secret is shown', async () => {
    const run = await read('--read', pcap(), '--tls-keylog', keys());
    expectRead(run, version);
    expectNoSecret(run.stdout + run.stderr, readFileSync(keys(), 'utf8'));
  });

  test('is a HAR of https, with the TLS of each entry', async () => {
    const har = at(`${version}.har`);
    const run = await read('--read', pcap(), '--tls-keylog', keys(), '--har', har);
    expect(run.code, run.stderr).toBe(0);
    const { entries } = JSON.parse(readFileSync(har, 'utf8')).log as { entries: HarEntry[] };
    expect(entries.map(({ request }) => request.url)).toEqual(
      Array(2).fill(expect.stringMatching(/^https:.*\/secret$/)),
    );
    const [{ tls } = {}] = messagesOf((await read('--read', pcap(), '--tls-keylog', keys())).stdout);
    expect(entries.map(({ _tls }) => _tls)).toEqual([tls, tls]);
    expect(tls).toMatchObject({ version });
    expectNoSecret(readFileSync(har, 'utf8'), readFileSync(keys(), 'utf8'));
  });

  test('with a folder of key logs', async () => {
    const logs = at(`logs-${version}`);
    mkdirSync(logs);
    for (const each of VERSIONS) copyFileSync(at(`${each}.keys`), join(logs, each));
    expectRead(await read('--read', pcap(), '--tls-keylog', `${at('not-there')},${logs}`), version);
  });

  test.each(['before', 'between', 'behind'] as const)('with secrets %s its packets', async (place) => {
    const file = at(`${version}-${place}.pcapng`);
    writeFileSync(file, withSecrets(readFileSync(pcap()), readFileSync(keys()), place));
    const run = await read('--read', file, '--tls-keylog', '');
    expectRead(run, version);
    expectNoSecret(run.stdout + run.stderr, readFileSync(keys(), 'utf8'));
    expectRead(await read('--read', file), version);
    // From a pipe the records wait for them.
    expectRead(
      await runCli(['--ports', '80', '--read', '-', '--tls-keylog', ''], { input: readFileSync(file) }),
      version,
    );
  });

  test('with the keys of another connection nothing is shown, and that is said', async () => {
    const wrong = at(`wrong-${version}.keys`);
    writeFileSync(
      wrong,
      readFileSync(keys(), 'utf8').replace(/[0-9a-f]+$/gm, (secret) => 'ab'.repeat(secret.length / 2)),
    );
    const run = await read('--read', pcap(), '--tls-keylog', wrong);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('records of a TLS connection are not read');
    expect(run.stderr).toContain('shop.test');
    expectNoSecret(run.stderr, readFileSync(wrong, 'utf8'));
  });

  test('in the library, with keys that were added before', async () => {
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [80], pcapFile: pcap(), logLevel: 'silent' });
    sniffer.on('message', (message) => messages.push(message));
    expect(sniffer.addTlsKeys(readFileSync(keys(), 'utf8'))).toBe(true);
    const ended = once(sniffer, 'stop');
    await sniffer.start();
    await ended;
    expect(messages).toHaveLength(4);
    expect(sniffer.stats().engine).toMatchObject({ tlsConnections: 2, tlsUnreadNoKeys: 0, tlsUnreadBytes: 0 });
  });
});

describeLive('live', () => {
  const SERVER = `
    const { readFileSync } = require('node:fs');
    const [cert, key] = [${JSON.stringify(CERT)}, ${JSON.stringify(KEY)}].map((file) => readFileSync(file));
    require('node:https')
      .createServer({ cert, key }, (asked, answer) => asked.resume().on('end', () => answer.end(asked.url)))
      .listen(0, '127.0.0.1', function () { process.stderr.write('port ' + this.address().port + '\\n'); });
  `;

  async function ask(port: number, path: string): Promise<void> {
    const { request } = await import('node:https');
    const asked = request({ host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false }).end();
    const [answer] = await once(asked, 'response');
    await once(answer.resume(), 'end');
  }

  test('a Node server that logs its keys by --tls-keylog', { timeout: 60_000 }, async () => {
    const log = at('live/node.keys');
    mkdirSync(at('live'));
    let stderr = '';
    const server = start([process.execPath, `--tls-keylog=${log}`, '-e', SERVER]);
    server.child.stderr?.on('data', (text) => {
      stderr += text;
    });
    await server.logged('port ');
    await until(() => /port \d+\n/.test(stderr));
    const port = Number(/port (\d+)/.exec(stderr)?.[1]);
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'silent', tlsKeylog: [at('live')] });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    for (let i = 0; i < 10; i++) await ask(port, `/${i}`);
    await until(() => messages.length === 20);
    await sniffer.stop();
    server.child.kill();
    const paths = messages.filter(({ direction }) => direction === 'request').map(({ path }) => path);
    expect(paths.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `/${i}`));
    expect(messages.every(({ tls, incomplete }) => tls?.version === '1.3' && incomplete === undefined)).toBe(true);
    expect(sniffer.stats().engine.tlsUnreadBytes).toBe(0);
  });

  test('a server in this process, by addTlsKeys', async () => {
    const [cert, key] = [CERT, KEY].map((file) => readFileSync(file as string));
    const server = createServer({ cert, key }, (asked, answer) => {
      asked.resume().on('end', () => answer.end(asked.url));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'silent', tlsKeylog: [] });
    sniffer.on('message', (message) => messages.push(message));
    server.on('keylog', (line) => sniffer.addTlsKeys(line));
    await sniffer.start();
    for (let i = 0; i < 5; i++) await ask(port, `/${i}`);
    await until(() => messages.length === 10);
    await sniffer.stop();
    server.close();
    expect(messages.every(({ tls }) => tls !== undefined)).toBe(true);
  });
});
