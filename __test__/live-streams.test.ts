/** Streams between real peers: every message comes out once, in order and byte for byte, compressed or not. */

import { once } from 'node:events';
import { createServer as createHttp, get, type Server } from 'node:http';
import { connect, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws';
import { createSniffer, type HttpMessage, type StreamMessage } from '../dist/index.js';
import { describeLive } from './live/harness.js';

const MESSAGES = 2_000;

/** Texts that have much in common, binary data, empty texts, and some that take several packets and frames. */
function messageOf(n: number): string | Buffer {
  if (n % 97 === 0) return '';
  if (n % 11 === 0) return Buffer.from(Array.from({ length: n % 300 }, (_, at) => (at * n) & 0xff));
  if (n % 251 === 0) return `${n} äöü `.repeat(20_000);
  return JSON.stringify({ number: n, name: 'a thing that all of them have', rest: `${n}`.repeat(n % 40) });
}

/** Sends back what it gets. */
function echo(deflate: PerMessageDeflateOptions | false): WebSocketServer {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: deflate });
  server.on('connection', (socket) => {
    // In the packet of the 101, or right after it.
    socket.send('welcome');
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return server;
}

/** Asks one message after the other, some of them in fragments, and closes. */
async function talk(port: number, first: number, count: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/room/${first}`);
  await once(socket, 'message');
  for (let n = first; n < first + count; n++) {
    const message = messageOf(n);
    const answered = once(socket, 'message');
    if (n % 5 === 0 && message.length > 1) {
      const binary = typeof message !== 'string';
      socket.send(message.slice(0, 1), { fin: false, binary });
      socket.ping();
      socket.send(message.slice(1), { fin: false, binary });
      socket.send('', { fin: true, binary });
    } else socket.send(message);
    await answered;
  }
  const closed = once(socket, 'close');
  socket.close(1000, 'enough');
  await closed;
}

const data = ({ data, dataEncoding }: StreamMessage): Buffer => Buffer.from(data, dataEncoding ?? 'utf8');

/** The messages of one connection in one direction, control frames apart. */
function expectAll(messages: StreamMessage[], first: number, count: number): void {
  const shown = messages.filter(({ opcode }) => opcode === 'text' || opcode === 'binary');
  expect(shown.length).toBe(count);
  for (const [index, message] of shown.entries()) {
    const sent = messageOf(first + index);
    expect(message.opcode).toBe(typeof sent === 'string' ? 'text' : 'binary');
    expect(data(message).equals(Buffer.from(sent))).toBe(true);
    expect([message.dataSize, message.truncated]).toEqual([Buffer.byteLength(sent), undefined]);
  }
  expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, index) => index + 1));
}

describeLive('WebSockets between ws and ws', () => {
  const kinds: [string, PerMessageDeflateOptions | false][] = [
    ['without compression', false],
    ['compressed, with takeover', { threshold: 0 }],
    [
      'compressed, each message by itself',
      { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    ['compressed, with small windows', { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 }],
  ];
  const servers: WebSocketServer[] = [];
  beforeAll(async () => {
    for (const [, deflate] of kinds) {
      const server = echo(deflate);
      await once(server, 'listening');
      servers.push(server);
    }
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  test.each(kinds.map(([name], index) => [name, index] as const))('%s', { timeout: 120_000 }, async (_, index) => {
    const { port } = (servers[index] as WebSocketServer).address() as AddressInfo;
    const exchanges: HttpMessage[] = [];
    const messages: StreamMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn', streamMessages: true });
    sniffer.on('message', (message) => exchanges.push(message));
    sniffer.on('streamMessage', (message) => messages.push(message));
    await sniffer.start();
    const count = MESSAGES / 2;
    await Promise.all([talk(port, 0, count), talk(port, count, count)]);
    await sniffer.stop();

    expect(exchanges.map(({ method, statusCode }) => method ?? statusCode).sort()).toEqual([101, 101, 'GET', 'GET']);
    for (const first of [0, count]) {
      const id = exchanges.find(({ path }) => path === `/room/${first}`)?.id;
      const inside = messages.filter((message) => message.id === id);
      const [sent, answered] = (['request', 'response'] as const).map((direction) =>
        inside.filter((message) => message.direction === direction),
      );
      expectAll(sent ?? [], first, count);
      const [welcome, ...answers] = answered ?? [];
      expect(welcome?.data).toBe('welcome');
      expectAll(
        answers.map((message) => ({ ...message, sequence: message.sequence - 1 })),
        first,
        count,
      );
      for (const last of [sent?.at(-1), answers.at(-1)]) {
        expect([last?.opcode, last?.closeCode, last?.data]).toEqual(['close', 1000, 'enough']);
      }
    }
    expect(sniffer.stats().engine).toMatchObject({
      webSocketsRead: 2,
      streamMessagesWebSocket: messages.length,
      streamsGivenUp: 0,
      streamMessagesUnread: 0,
      streamBoundariesLost: 0,
    });
    expect(sniffer.stats().outputs.callback).toMatchObject({
      delivered: exchanges.length + messages.length,
      dropped: 0,
    });
  });
});

const EVENTS = 40;
/** The server waits for the listener after so many. */
const EVENTS_AT_A_TIME = 8;

/** Raw blocks of one frame: Node has had zstd since 22.15 only. */
class RawZstd extends Transform {
  #header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58]);

  override _transform(bytes: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const block = Buffer.alloc(3);
    block.writeUIntLE(bytes.length << 3, 0, 3);
    done(null, Buffer.concat([this.#header, block, bytes]));
    this.#header = Buffer.alloc(0);
  }

  override _flush(done: TransformCallback): void {
    done(null, Buffer.from([1, 0, 0]));
  }

  flush(): void {}
}

type Coder = Transform & { flush(kind: number): void };
const { createZstdCompress = () => new RawZstd() } = zlib as { createZstdCompress?: () => Coder };
const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants;
/** Of zstd. */
const ZSTD_E_FLUSH = 1;

/** Each with what makes it flush. */
const CODERS: Record<string, [() => Coder, flush: number] | undefined> = {
  identity: undefined,
  gzip: [zlib.createGzip, Z_SYNC_FLUSH],
  deflate: [zlib.createDeflate, Z_SYNC_FLUSH],
  br: [zlib.createBrotliCompress, BROTLI_OPERATION_FLUSH],
  zstd: [createZstdCompress, ZSTD_E_FLUSH],
};

const eventOf = (n: number): string => {
  const lines = [...(n % 3 === 0 ? [`id: ${n}`] : []), ...(n % 4 === 0 ? ['event: note'] : [])];
  return [...lines, `data: {"number":${n}}`, `data: ${'äöü '.repeat(n)}`, '', ''].join(n % 2 === 0 ? '\n' : '\r\n');
};

/** Writes an event now and then, each compressed by itself, and waits for listeners: they see events while the stream goes on. */
async function writeEvents(out: NodeJS.WritableStream, coding: string, seen: StreamMessage[]): Promise<void> {
  const [create, flush = 0] = CODERS[coding] ?? [];
  const coder = create?.();
  coder?.pipe(out);
  for (let n = 0; n < EVENTS; n++) {
    (coder ?? out).write(eventOf(n));
    coder?.flush(flush);
    await sleep(20);
    while (n % EVENTS_AT_A_TIME === EVENTS_AT_A_TIME - 1 && seen.length <= n) await sleep(5);
  }
  (coder ?? out).end();
}

describeLive('Server-Sent Events', () => {
  const events: StreamMessage[] = [];
  let http: Server;
  let http2: ReturnType<typeof createHttp2>;
  beforeAll(async () => {
    http = createHttp((request, response) => {
      const coding = request.url?.slice(1) ?? '';
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'content-encoding': coding });
      void writeEvents(response, coding, events);
    });
    http2 = createHttp2().on('stream', (stream, headers) => {
      const coding = headers[':path']?.slice(1) ?? '';
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream', 'content-encoding': coding });
      void writeEvents(stream, coding, events);
    });
    for (const server of [http, http2]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  });
  afterAll(() => {
    http.close();
    http2.close();
  });

  const cases = Object.keys(CODERS).flatMap((coding) => [['1.1', coding] as const, ['2.0', coding] as const]);
  test.each(cases)('over HTTP/%s, %s', { timeout: 60_000 }, async (version, coding) => {
    events.length = 0;
    const { port } = (version === '1.1' ? http : http2).address() as AddressInfo;
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn', streamMessages: true });
    sniffer.on('message', (message) => messages.push(message));
    sniffer.on('streamMessage', (event) => events.push(event));
    await sniffer.start();
    if (version === '1.1') {
      const [response] = await once(get({ port, path: `/${coding}`, agent: false }), 'response');
      await once(response.resume(), 'end');
    } else {
      const session = connect(`http://127.0.0.1:${port}`);
      const stream = session.request({ ':path': `/${coding}` }).resume();
      await once(stream, 'close');
      session.close();
    }
    await sniffer.stop();

    const expected = Array.from({ length: EVENTS }, (_, n) => ({
      ...{ stream: 'sse', sequence: n + 1, direction: 'response', data: `{"number":${n}}\n${'äöü '.repeat(n)}` },
      ...{ event: n % 4 === 0 ? 'note' : undefined, eventId: n % 3 === 0 ? `${n}` : undefined, truncated: undefined },
    }));
    const fields = ({ stream, sequence, direction, data, event, eventId, truncated }: StreamMessage) => ({
      ...{ stream, sequence, direction, data, event, eventId, truncated },
    });
    expect(events.map(fields)).toEqual(expected);
    const response = messages.find(({ direction }) => direction === 'response');
    expect([response?.httpVersion, response?.streamedMessages, response?.id]).toEqual([version, EVENTS, events[0]?.id]);
    expect(response?.body).toBe(expected.map((_, n) => eventOf(n)).join(''));
    expect(sniffer.stats().engine).toMatchObject({ streamMessagesSse: EVENTS, streamsGivenUp: 0 });
  });
});
