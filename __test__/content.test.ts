/** Content decoding against Node's own zlib: an ordinary server's bodies live, hostile bodies from savefiles. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSniffer, type HttpMessage, type SnifferConfig, type SnifferStats } from '../dist/index.js';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';
import { describeLive } from './live/harness.js';

const MEBIBYTE = 1 << 20;

/** Node has zstd since 22.15. */
const zstd = (zlib as { zstdCompressSync?: (content: Buffer) => Buffer }).zstdCompressSync;
const ENCODERS: Record<string, (content: Buffer) => Buffer> = {
  gzip: (content) => zlib.gzipSync(content),
  'x-gzip': (content) => zlib.gzipSync(content, { level: 1 }),
  deflate: (content) => zlib.deflateSync(content),
  br: (content) => zlib.brotliCompressSync(content, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
  ...(zstd && { zstd }),
};

interface Body {
  headers: Record<string, string>;
  bytes: Buffer;
}

const coded = (coding: string, content: Buffer): Body => ({
  headers: { 'content-encoding': coding },
  bytes: coding.split(', ').reduce((bytes, name) => ENCODERS[name]?.(bytes) ?? bytes, content),
});

/** Of all packets the packet that comes after so large a share of them is left out. */
function withoutOne(pcap: Buffer, share: number): Buffer {
  const starts: number[] = [];
  for (let at = 24; at < pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) starts.push(at);
  const lost = Math.floor(share * starts.length);
  return Buffer.concat([pcap.subarray(0, starts[lost]), pcap.subarray(starts[lost + 1])]);
}

/** The responses with these bodies, in their order. */
async function read(bodies: Body[], config: Partial<SnifferConfig> = {}, change = (pcap: Buffer) => pcap) {
  const folder = mkdtempSync(join(tmpdir(), 'content-'));
  const pcapFile = join(folder, 'bodies.pcap');
  const turns = bodies.flatMap(({ headers, bytes }) => {
    const fields = Object.entries({ ...headers, 'content-length': bytes.length }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    return [
      { from: 'client' as const, bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
      {
        from: 'server' as const,
        bytes: Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n`), bytes]),
      },
    ];
  });
  writeFileSync(pcapFile, change(savefile([{ clientPort: 40_000, turns }], new Random(1))));
  try {
    return await run({ ports: [80], pcapFile, ...config });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(config: SnifferConfig) {
  const responses: HttpMessage[] = [];
  const sniffer = createSniffer({ logLevel: 'silent', ...config });
  sniffer.on('message', (message) => {
    if (message.direction === 'response') responses.push(message);
  });
  const over = new Promise<SnifferStats>((resolve) => sniffer.on('stop', () => resolve(sniffer.stats())));
  await sniffer.start();
  return { responses, stats: await over };
}

/** Contents that compress well, badly, and not at all. */
function contents(): Buffer[] {
  const random = new Random(7);
  const bytes = (size: number, values: number) =>
    Buffer.from(Array.from({ length: size }, () => 97 + random.upTo(values - 1)));
  return [0, 1, 100, 5_000, 70_000].flatMap((size) => [bytes(size, 2), bytes(size, 26), Buffer.alloc(size, 'x')]);
}

test('every coding of Node comes out as it went in', async () => {
  const codings = [...Object.keys(ENCODERS), 'gzip, br', 'deflate, gzip, br'];
  const cases = codings.flatMap((coding) => contents().map((content) => ({ coding, content })));
  const { responses, stats } = await read(cases.map(({ coding, content }) => coded(coding, content)));
  expect(responses.length).toBe(cases.length);
  cases.forEach(({ coding, content }, index) => {
    const { body, bodyDecoded, bodyTruncated, bodySize, headers } = responses[index] as HttpMessage;
    expect({ body, bodyDecoded, bodyTruncated }).toEqual({
      body: content.toString(),
      bodyDecoded: coding,
      bodyTruncated: undefined,
    });
    expect(String(bodySize)).toBe(headers['content-length']);
  });
  expect(stats.engine).toMatchObject({ bodiesDecoded: cases.length, bodiesUndecodable: 0, contentOverLimit: 0 });
});

test('what Node cannot decode is left as it is', async () => {
  const random = new Random(3);
  const content = Buffer.from(Array.from({ length: 3_000 }, () => 97 + random.upTo(25)));
  const whole = zlib.gzipSync(content);
  const damaged = Array.from({ length: 200 }, () => {
    const bytes = Buffer.from(whole);
    const at = random.upTo(bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.upTo(7));
    return bytes;
  });
  const cut = Array.from({ length: 50 }, () => whole.subarray(0, 1 + random.upTo(whole.length - 2)));
  const bodies = [...damaged, ...cut];
  const { responses } = await read(bodies.map((bytes) => ({ headers: { 'content-encoding': 'gzip' }, bytes })));
  bodies.forEach((bytes, index) => {
    let expected: string | undefined;
    try {
      expected = zlib.gunzipSync(bytes).toString();
    } catch {}
    const { body, bodyDecoded, bodyEncoding, bodyTruncated } = responses[index] as HttpMessage;
    // A flag that says nothing of import may be damaged without harm. Content whose end is missing or whose check does not
    // hold is shown as far as it goes, and flagged.
    if (bodyDecoded !== undefined && bodyTruncated === undefined) expect(body).toBe(content.toString());
    if (index >= damaged.length && body !== undefined) expect(content.toString().startsWith(body)).toBe(true);
    if (expected !== undefined) expect(body).toBe(expected);
    if (bodyDecoded === undefined && body === undefined) expect(bodyEncoding).toBe('binary');
  });
});

test('of a coded body with a gap comes what is before the gap', async () => {
  const random = new Random(5);
  const content = Buffer.from(Array.from({ length: 60_000 }, () => 97 + random.upTo(25)));
  for (const coding of Object.keys(ENCODERS)) {
    const { responses } = await read([coded(coding, content)], {}, (pcap) => withoutOne(pcap, 0.6));
    expect(responses.length, coding).toBe(1);
    const { body = '', bodyDecoded, bodyTruncated, incomplete } = responses[0] as HttpMessage;
    expect([bodyDecoded, bodyTruncated, incomplete], coding).toEqual([coding, true, 'gap']);
    expect(body.length, coding).toBeGreaterThan(10_000);
    expect(content.toString().startsWith(body), coding).toBe(true);
  }
});

describe('a bomb of 10 MiB', () => {
  test.each(Object.keys(ENCODERS))('%s: cut in proportion to its coded bytes, flagged, counted', async (coding) => {
    const bombs = Array.from({ length: 3 }, () => coded(coding, Buffer.alloc(10 * MEBIBYTE, 'x')));
    const { responses, stats } = await read(bombs);
    const most = Math.min(MEBIBYTE, 272 * 1024 + 128 * (bombs[0]?.bytes.length ?? 0));
    for (const { body = '', bodyTruncated, bodyDecoded } of responses) {
      expect([bodyTruncated, bodyDecoded]).toEqual([true, coding]);
      expect(body.length).toBeLessThanOrEqual(most);
      expect(body.length).toBeGreaterThan(most - 100);
    }
    const counter = most === MEBIBYTE ? 'contentOverLimit' : 'contentOverRatio';
    expect(stats.engine).toMatchObject({ bodiesDecoded: 3, [counter]: 3, overBodyLimit: 0 });
    const { responses: small } = await read(bombs, { maxBodySize: 100_000 });
    expect(small.map(({ body }) => body?.length)).toEqual([100_000, 100_000, 100_000]);
  });

  test('many of them do not pile up', async () => {
    const bomb = coded('gzip', Buffer.alloc(10 * MEBIBYTE, 'x'));
    const folder = mkdtempSync(join(tmpdir(), 'content-'));
    const pcapFile = join(folder, 'bombs.pcap');
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.bytes.length}\r\n\r\n`;
    const turns = Array.from({ length: 300 }, () => [
      { from: 'client' as const, bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
      { from: 'server' as const, bytes: Buffer.concat([Buffer.from(head), bomb.bytes]) },
    ]).flat();
    writeFileSync(pcapFile, savefile([{ clientPort: 40_000, turns }], new Random(1)));
    let bytes = 0;
    let peak = 0;
    const before = residentBytes();
    const sniffer = createSniffer({ ports: [80], pcapFile, logLevel: 'silent' });
    sniffer.on('message', ({ body }) => {
      bytes += body?.length ?? 0;
      peak = Math.max(peak, residentBytes());
    });
    const stopped = new Promise<void>((resolve) => sniffer.on('stop', () => resolve()));
    await sniffer.start();
    await stopped;
    rmSync(folder, { recursive: true });
    expect(bytes).toBe(300 * MEBIBYTE);
    // JS has in its hands batches, the messages of one, and what its collector has not yet looked at.
    expect(peak - before).toBeLessThan(150 * MEBIBYTE);
  });
});

const residentBytes = (): number =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;

test('the options', async () => {
  const bodies = [
    coded('gzip', Buffer.from('text')),
    coded('gzip', Buffer.from([0xff, 0xfe])),
    { headers: { 'content-type': 'text/plain; charset=iso-8859-1' }, bytes: Buffer.from('café', 'latin1') },
    { headers: { 'content-encoding': 'compress' }, bytes: Buffer.from([0x1f, 0x9d, 0x90]) },
  ];
  const told = ({ body, bodyEncoding, bodyText, bodyDecoded }: HttpMessage) => [
    body,
    bodyEncoding,
    bodyText,
    bodyDecoded,
  ];
  const none = undefined;
  expect((await read(bodies)).responses.map(told)).toEqual([
    ['text', none, none, 'gzip'],
    [none, 'binary', none, 'gzip'],
    [none, 'binary', 'café', none],
    [none, 'binary', none, none],
  ]);
  expect((await read(bodies, { binaryBodies: 'base64' })).responses.map(told)).toEqual([
    ['text', none, none, 'gzip'],
    ['//4=', 'base64', none, 'gzip'],
    [Buffer.from('café', 'latin1').toString('base64'), 'base64', 'café', none],
    ['H52Q', 'base64', none, none],
  ]);
  const { responses, stats } = await read(bodies, { decodeBody: false, binaryBodies: 'base64' });
  expect(responses.map(told)).toEqual(bodies.map(({ bytes }) => [bytes.toString('base64'), 'base64', none, none]));
  expect(stats.engine).toMatchObject({ bodiesDecoded: 0, bodiesUnknownCoding: 0 });
  expect((await read(bodies)).stats.engine).toMatchObject({ bodiesDecoded: 2, bodiesUnknownCoding: 1 });
});

describeLive('a server with every coding, live', () => {
  const content = contents()[13] as Buffer;
  const codings = Object.keys(ENCODERS);
  const server = createServer((request, response) => {
    const { headers, bytes } = coded(codings[Number(request.url?.slice(1))] ?? 'gzip', content);
    response.writeHead(200, headers);
    // Chunked, in pieces.
    for (let at = 0; at < bytes.length; at += 1_000) response.write(bytes.subarray(at, at + 1_000));
    response.end();
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => server.close());

  test('each body comes out decoded', async () => {
    const { port } = server.address() as AddressInfo;
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    for (const index of codings.keys()) {
      await new Promise<void>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path: `/${index}`, agent: false }, (response) => {
          response.resume().on('end', () => resolve());
        }).on('error', reject);
      });
    }
    await sniffer.stop();
    const answers = messages.filter(({ direction }) => direction === 'response');
    expect(answers.map(({ bodyDecoded }) => bodyDecoded)).toEqual(codings);
    for (const { body, bodyTruncated } of answers)
      expect([body, bodyTruncated]).toEqual([content.toString(), undefined]);
  });
});
