/** gRPC between real peers: every call once, both halves paired, its messages byte for byte, its status as it was sent. */

import { createHash } from 'node:crypto';
import {
  type CallOptions,
  Client,
  credentials,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSniffer, type HttpMessage, type SnifferStats, type StreamMessage } from '../dist/index.js';
import { describeLive, until } from './live/harness.js';

const SERVICE = 'test.v1.Echo';
const CALLS = 2_000;
const STREAMS = 100;
/** grpc-js: grpc.default_compression_algorithm. */
const GZIP = 2;

/** Bytes that are told apart by their seed, and do not compress. */
function bytes(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, n) =>
    createHash('sha256').update(`${seed} ${n}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const reversed = (message: Buffer): Buffer => Buffer.from(message).reverse();

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  const same = (message: Buffer): Buffer => message;
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { path: `/${SERVICE}/${name}`, requestStream, responseStream, ...codecs };
}

const METHODS = {
  Unary: method('Unary', false, false),
  Many: method('Many', false, true),
  Collect: method('Collect', true, false),
  Chat: method('Chat', true, true),
  Fail: method('Fail', false, false),
  FailLate: method('FailLate', false, true),
  Never: method('Never', false, false),
  Endless: method('Endless', false, true),
};
/** The endless calls whose cancellation has reached the server. */
let cancelled = 0;
/** A method that the server does not have. */
const MISSING = method('Missing', false, false);

function failure(): ServiceError {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from([8, 5, 0xff]));
  return Object.assign(new Error('failed'), { code: status.NOT_FOUND, details: 'no such é%\n', metadata });
}

function startServer(): Server {
  const unary: handleUnaryCall<Buffer, Buffer> = (call, answer) => answer(null, reversed(call.request));
  const server = new Server();
  server.addService(METHODS, {
    Unary: unary,
    Many: (call: ServerWritableStream<Buffer, Buffer>) => {
      for (let n = 0; n < 5; n++) call.write(bytes(`${call.request.toString('hex')} ${n}`, n * 10_000));
      const trailers = new Metadata();
      trailers.set('x-tail', 't');
      call.end(trailers);
    },
    Collect: (call: ServerReadableStream<Buffer, Buffer>, answer: (error: null, message: Buffer) => void) => {
      const all: Buffer[] = [];
      call.on('data', (message: Buffer) => all.push(message));
      call.on('end', () => answer(null, Buffer.concat(all)));
    },
    Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (message: Buffer) => call.write(reversed(message)));
      call.on('end', () => call.end());
    },
    Fail: (_: unknown, answer: (error: ServiceError) => void) => answer(failure()),
    FailLate: (call: ServerWritableStream<Buffer, Buffer>) => {
      call.write(Buffer.from('one'));
      call.emit('error', failure());
    },
    Never: () => {},
    Endless: (call: ServerWritableStream<Buffer, Buffer>) => {
      const timer = setInterval(() => call.write(Buffer.from('more')), 5);
      call.on('cancelled', () => {
        clearInterval(timer);
        cancelled++;
      });
    },
  });
  return server;
}

interface Half {
  message: HttpMessage;
  /** The content of its messages. */
  messages: Buffer[];
}
interface Call {
  request: Half;
  response: Half | undefined;
}

function halfOf(message: HttpMessage): Half {
  const messages = (message.grpcMessages ?? []).map(({ size, compressed, data = '', truncated }) => {
    const held = Buffer.from(data, 'base64');
    expect([truncated, compressed === true || size === held.length]).toEqual([undefined, true]);
    return held;
  });
  expect(message.grpc?.messageCount).toBe(messages.length);
  return { message, messages };
}

/** Of messages that are not compressed: the body, byte for byte. */
function framed(messages: Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      return [prefix, message];
    }),
  );
}

function expectSame(half: Half | undefined, messages: Buffer[]): void {
  expect(half?.messages.length).toBe(messages.length);
  const same = messages.every((message, n) => half?.messages[n]?.equals(message));
  expect(same, 'the messages are those that were sent').toBe(true);
  const body = Buffer.from(half?.message.body ?? '', half?.message.bodyEncoding === 'base64' ? 'base64' : 'utf8');
  expect(body.equals(framed(messages)), 'the body is what was sent').toBe(true);
  expect(half?.message.incomplete).toBeUndefined();
}

describeLive('gRPC between grpc-js and grpc-js', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = startServer();
    port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
  });
  afterAll(() => server.forceShutdown());

  /** The calls that come out while `act` runs, by their path, each of which is called once. */
  async function calls(
    act: (client: Client) => Promise<unknown>,
    options: object = {},
  ): Promise<{ all: Call[]; stats: SnifferStats }> {
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn', binaryBodies: 'base64' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    try {
      await act(client);
    } finally {
      client.close();
      await sniffer.stop();
    }
    const responses = new Map<string, HttpMessage>();
    for (const message of messages.filter(({ direction }) => direction === 'response')) {
      expect(responses.has(message.id)).toBe(false);
      responses.set(message.id, message);
    }
    const requests = messages.filter(({ direction }) => direction === 'request');
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
    const all = requests.map((request) => {
      const response = responses.get(request.id);
      for (const { httpVersion, grpc } of response === undefined ? [request] : [request, response]) {
        expect([httpVersion, grpc?.service, `/${SERVICE}/${grpc?.method}`]).toEqual(['2.0', SERVICE, request.path]);
      }
      expect(request.grpc?.status).toBeUndefined();
      return { request: halfOf(request), response: response && halfOf(response) };
    });
    expect(responses.size).toBe(all.filter(({ response }) => response !== undefined).length);
    return { all, stats: sniffer.stats() };
  }

  const unary = (client: Client, { path }: { path: string }, message: Buffer, options: CallOptions = {}) =>
    new Promise<{ error: ServiceError | null; answer: Buffer | undefined }>((resolve) => {
      const { requestSerialize, responseDeserialize } = METHODS.Unary;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        new Metadata(),
        options,
        (error, answer) => resolve({ error, answer }),
      );
    });
  const same = (message: Buffer): Buffer => message;
  const ended = (stream: NodeJS.EventEmitter): Promise<unknown> => new Promise((done) => stream.on('status', done));

  test(`${CALLS} calls, ${STREAMS} at a time on a connection`, { timeout: 120_000 }, async () => {
    const sizeOf = (n: number): number => (n % 100 === 0 ? 70_000 : n % 700);
    const { all, stats } = await calls(async (client) => {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < CALLS) {
          const message = bytes(`${next}`, sizeOf(next++));
          const { answer } = await unary(client, METHODS.Unary, message);
          expect(answer?.equals(reversed(message))).toBe(true);
        }
      };
      await Promise.all(Array.from({ length: STREAMS }, worker));
    });
    expect(all.length).toBe(CALLS);
    const left = new Map(
      Array.from({ length: CALLS }, (_, n) => {
        const message = bytes(`${n}`, sizeOf(n));
        return [message.toString('base64'), message];
      }),
    );
    for (const { request, response } of all) {
      const key = request.messages[0]?.toString('base64') ?? '';
      const sent = left.get(key);
      if (sent === undefined) throw new Error('a call that was not made, or twice');
      left.delete(key);
      expectSame(request, [sent]);
      expectSame(response, [reversed(sent)]);
      expect(response?.message.grpc).toMatchObject({ status: 0, statusName: 'OK' });
    }
    expect(stats.engine).toMatchObject({
      http2Connections: 1,
      lostHeads: 0,
      http2Resyncs: 0,
      grpcMessagesUndecodable: 0,
    });
  });

  test('the four kinds of calls', async () => {
    const question = bytes('question', 300);
    const parts = [0, 1, 5_000, 200_000].map((size, n) => bytes(`part ${n}`, size));
    const { all } = await calls(async (client) => {
      await unary(client, METHODS.Unary, question);
      await ended(client.makeServerStreamRequest(METHODS.Many.path, same, same, question).resume());
      await new Promise<void>((resolve) => {
        const stream = client.makeClientStreamRequest(METHODS.Collect.path, same, same, () => resolve());
        for (const part of parts) stream.write(part);
        stream.end();
      });
      const chat = client.makeBidiStreamRequest(METHODS.Chat.path, same, same);
      const over = ended(chat.resume());
      for (const part of parts) chat.write(part);
      chat.end();
      await over;
    });
    expect(all.map(({ request }) => request.message.grpc?.method)).toEqual(['Unary', 'Many', 'Collect', 'Chat']);
    const many = Array.from({ length: 5 }, (_, n) => bytes(`${question.toString('hex')} ${n}`, n * 10_000));
    const expected = [
      [[question], [reversed(question)]],
      [[question], many],
      [parts, [Buffer.concat(parts)]],
      [parts, parts.map(reversed)],
    ] as const;
    expected.forEach(([sent, answered], n) => {
      expectSame(all[n]?.request, [...sent]);
      expectSame(all[n]?.response, [...answered]);
      expect(all[n]?.response?.message.grpc).toMatchObject({ status: 0, statusName: 'OK' });
    });
    expect(all[1]?.response?.message.trailers).toMatchObject({ 'x-tail': 't', 'grpc-status': '0' });
  });

  test('calls that fail', async () => {
    const { all } = await calls(async (client) => {
      expect((await unary(client, METHODS.Fail, Buffer.from('a'))).error?.code).toBe(status.NOT_FOUND);
      expect((await unary(client, MISSING, Buffer.from('b'))).error?.code).toBe(status.UNIMPLEMENTED);
      const late = client.makeServerStreamRequest(METHODS.FailLate.path, same, same, Buffer.from('c'));
      late.on('error', () => {});
      await ended(late.resume());
    });
    const [fail, missing, late] = all.map(({ response }) => response);
    const told = { status: 5, statusName: 'NOT_FOUND', statusMessage: 'no such é%\n' };
    // Without messages the head is all there is of them.
    expectSame(fail, []);
    expect(fail?.message.grpc).toMatchObject(told);
    expect(fail?.message.headers['grpc-status-details-bin']).toBe(Buffer.from([8, 5, 0xff]).toString('base64'));
    expectSame(missing, []);
    expect(missing?.message.grpc).toMatchObject({ status: 12, statusName: 'UNIMPLEMENTED' });
    expectSame(late, [Buffer.from('one')]);
    expect(late?.message.grpc).toMatchObject(told);
    expect(late?.message.trailers?.['grpc-status-details-bin']).toBe(Buffer.from([8, 5, 0xff]).toString('base64'));
  });

  test('a deadline that passes, and a call that is cancelled', async () => {
    const { all } = await calls(async (client) => {
      const { error } = await unary(client, METHODS.Never, Buffer.from('a'), { deadline: Date.now() + 200 });
      expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
      const endless = client.makeServerStreamRequest(METHODS.Endless.path, same, same, Buffer.from('b'));
      let seen = 0;
      endless.on('error', () => {});
      endless.on('data', () => {
        if (++seen === 3) endless.cancel();
      });
      await ended(endless);
      // The client has ended the call before it has written its reset.
      await until(() => cancelled > 0);
    });
    const [never, endless] = all;
    expect(never?.request.message.headers['grpc-timeout']).toMatch(/^\d+m$/);
    // The server says so, or it only hears the client's reset.
    const said = never?.response?.message.grpc?.status;
    expect(said === undefined || said === 4).toBe(true);
    const { incomplete, errorCode, grpc } = endless?.response?.message ?? {};
    expect([incomplete, errorCode, grpc?.status]).toEqual(['reset', 'CANCEL', undefined]);
    expect(endless?.response?.messages.slice(0, 3).map(String)).toEqual(['more', 'more', 'more']);
  });

  test('messages that are compressed', async () => {
    const text = Buffer.from('the same words again and again, '.repeat(500));
    const { all } = await calls((client) => unary(client, METHODS.Unary, text), {
      'grpc.default_compression_algorithm': GZIP,
    });
    const [call] = all;
    expect(call?.request.messages[0]?.equals(text)).toBe(true);
    expect(call?.request.message.grpc?.encoding).toBe('gzip');
    const [sent] = call?.request.message.grpcMessages ?? [];
    expect(sent?.compressed === true && sent.size < text.length / 10).toBe(true);
    expect(call?.response?.messages[0]?.equals(reversed(text))).toBe(true);
  });

  test('messages of a call come out while it is open', { timeout: 60_000 }, async () => {
    const messages: HttpMessage[] = [];
    const inside: StreamMessage[] = [];
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn', streamMessages: true });
    sniffer.on('message', (message) => messages.push(message));
    sniffer.on('streamMessage', (message) => inside.push(message));
    await sniffer.start();
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const sent = [0, 1, 5_000, 200_000].map((size, n) => bytes(`part ${n}`, size));
    try {
      const chat = client.makeBidiStreamRequest(METHODS.Chat.path, same, same);
      const over = ended(chat.resume());
      for (const [n, message] of sent.entries()) {
        chat.write(message);
        await until(() => inside.length === 2 * (n + 1), 15_000);
      }
      expect(messages).toEqual([]);
      chat.end();
      await over;
    } finally {
      client.close();
      await sniffer.stop();
    }
    for (const direction of ['request', 'response'] as const) {
      const shown = inside.filter((message) => message.direction === direction);
      expect(shown.map(({ stream, sequence }) => [stream, sequence])).toEqual(sent.map((_, n) => ['grpc', n + 1]));
      for (const [n, { data, dataEncoding, dataSize, grpc, truncated }] of shown.entries()) {
        const expected = sent[n] ?? Buffer.alloc(0);
        expect([dataEncoding, dataSize, grpc, truncated]).toEqual([
          'base64',
          expected.length,
          { service: SERVICE, method: 'Chat' },
          undefined,
        ]);
        const held = Buffer.from(data, 'base64');
        expect(held.equals(direction === 'request' ? expected : reversed(expected))).toBe(true);
      }
    }
    expect(messages.map(({ streamedMessages }) => streamedMessages)).toEqual([sent.length, sent.length]);
    expect(sniffer.stats().engine).toMatchObject({ streamMessagesGrpc: 2 * sent.length, streamsGivenUp: 0 });
  });
});
