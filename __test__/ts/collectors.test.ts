// Collectors that never come to an end: each attempt is bounded in bytes and in time, and the process goes on with its work.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Delivery } from '../../ts/outputs/delivery/delivery';
import { createHttpClient, type HttpClient, MAX_INTERIM_RESPONSES } from '../../ts/outputs/delivery/http-client';
import { LinesPacker } from '../../ts/outputs/delivery/lines';
import { PostTransport } from '../../ts/outputs/delivery/post-transport';
import { outcomeOf } from '../../ts/outputs/http/create';
import { FakeLog, FakeTime } from './setup/fakes';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Answers each POST as told, and counts them. */
async function collector(answer: (socket: Socket) => void): Promise<{ client: HttpClient; posts(): number }> {
  let posts = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (!bytes.includes('POST ')) return;
      posts++;
      answer(socket);
    });
    stops.push(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
  const client = createHttpClient({ url, connections: 8, connectTimeoutMs: 1_000 });
  stops.push(() => {
    client.close();
    server.close();
  });
  return { client, posts: () => posts };
}

/** As fast as they are taken. */
function withoutEnd(bytes: string): (socket: Socket) => void {
  const piece = Buffer.from(bytes.repeat(Math.ceil(65_536 / bytes.length)));
  return (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
      if (!socket.destroyed) socket.once('drain', more);
    };
    more();
  };
}

/** A byte every so often. */
function dripping(begin: string, byte: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(begin);
    const timer = setInterval(() => socket.write(byte), 10);
    socket.on('close', () => clearInterval(timer));
    stops.push(() => clearInterval(timer));
  };
}

const INTERIM = 'HTTP/1.1 102 Processing\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function post(client: HttpClient, limitMs: number): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error('time-out')), limitMs);
  try {
    return (await client.post(Buffer.from('{}'), {}, controller.signal)).status;
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
}

describe('a collector', () => {
  it.each([
    [0, 200],
    [1, 200],
    [MAX_INTERIM_RESPONSES, 200],
    [MAX_INTERIM_RESPONSES + 1, 'TOO_MANY_INTERIM_RESPONSES'],
  ])('that sends %i interim responses before the final one: %s', async (count, outcome) => {
    const { client } = await collector((socket) => socket.write(INTERIM.repeat(count) + OK));
    expect(await post(client, 5_000)).toBe(outcome);
  });

  it.each([
    ['interim responses', withoutEnd(INTERIM), 'TOO_MANY_INTERIM_RESPONSES', 1_000],
    ['early hints with many fields', withoutEnd(`HTTP/1.1 103 E\r\n${'a: b\r\n'.repeat(500)}\r\n`), /./, 1_000],
    ['interim responses, dripping', dripping('', INTERIM), 'TOO_MANY_INTERIM_RESPONSES', 4_000],
    ['a head', withoutEnd(`x${'y'.repeat(50)}: z\r\n`), /./, 1_000],
    ['a field', withoutEnd('y'), /./, 1_000],
    ['a head, dripping', dripping('HTTP/1.1 200 OK\r\nx: ', 'y'), 'time-out', 1_500],
    [
      'a body',
      (socket: Socket) => withoutEnd('y')(socket.write('HTTP/1.1 200 OK\r\n\r\n') ? socket : socket),
      200,
      1_000,
    ],
    ['a body, dripping', dripping('HTTP/1.1 200 OK\r\n\r\n', 'y'), 200, 1_500],
    [
      'a chunk extension',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;');
        withoutEnd('y')(socket);
      },
      200,
      2_000,
    ],
  ])('that sends %s without end is given up', async (_name, answer, outcome, limitMs) => {
    const { client } = await collector(answer);
    const began = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => post(client, limitMs)));
    const took = performance.now() - began;
    for (const each of outcomes) {
      if (outcome instanceof RegExp) expect(String(each)).toMatch(outcome);
      else expect(each).toBe(outcome);
    }
    expect(took).toBeLessThan(limitMs + 1_500);
  });

  it('that sends interim responses without end does not hold the event loop', async () => {
    // On a thread of its own: only what the sniffer does is measured.
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       const piece = Buffer.from(${JSON.stringify(INTERIM)}.repeat(2_000));
       const server = require('node:net').createServer((socket) => {
         socket.on('error', () => {});
         const more = () => { while (!socket.destroyed && socket.write(piece)); socket.once('drain', more); };
         socket.once('data', more);
       }).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    stops.push(() => void worker.terminate());
    const [port] = await once(worker, 'message');
    const client = createHttpClient({ url: `http://127.0.0.1:${port}/`, connections: 8, connectTimeoutMs: 1_000 });
    stops.push(() => client.close());
    await post(client, 5_000);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (let round = 0; round < 10; round++) {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => post(client, 5_000)));
      expect(new Set(outcomes)).toEqual(new Set(['TOO_MANY_INTERIM_RESPONSES']));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(100);
  });

  it('that sends interim responses without end costs four attempts a message, and each is counted', async () => {
    const { client, posts } = await collector(withoutEnd(INTERIM));
    const [time, log] = [new FakeTime(), new FakeLog()];
    const http = new Delivery({
      name: 'http',
      words: { sends: 'POSTs', send: 'POST', sent: 'POSTed' },
      packer: new LinesPacker(undefined),
      transport: new PostTransport({
        client,
        version: '1.2.3',
        headers: {},
        gzip: false,
        seal: () => '',
        outcomeOf: (answer) => outcomeOf(answer, true),
      }),
      random: () => 0,
      concurrency: 1,
      timeoutMs: 60_000,
      maxWaitingMessages: 10,
      maxWaitingBytes: 1_000,
      batch: undefined,
      lossless: false,
      log: log.createLogger('debug'),
      schedule: time.schedule,
      now: time.now,
    });
    http.write({ lines: Buffer.from('{}\n'), messages: 1 });
    for (let attempt = 1; attempt <= 4; attempt++) {
      while (http.stats().errors < attempt) await new Promise((resolve) => setTimeout(resolve, 5));
      time.advance(4_000);
    }
    await http.close();
    expect(posts()).toBe(4);
    expect(http.stats()).toMatchObject({ delivered: 0, droppedBy: { failed: 1 }, errors: 4 });
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', reason: 'TOO_MANY_INTERIM_RESPONSES', attempts: 4 });
  });
});
