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

/** Longer than a test may take: who is not given up before that fails it. */
const NEVER_MS = 3_600_000;

async function post(client: HttpClient, limitMs = NEVER_MS): Promise<unknown> {
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
    expect(await post(client)).toBe(outcome);
  });

  it.each([
    ['interim responses', withoutEnd(INTERIM), 'TOO_MANY_INTERIM_RESPONSES'],
    ['early hints with many fields', withoutEnd(`HTTP/1.1 103 E\r\n${'a: b\r\n'.repeat(500)}\r\n`), /./],
    ['interim responses, dripping', dripping('', INTERIM), 'TOO_MANY_INTERIM_RESPONSES'],
    ['a head', withoutEnd(`x${'y'.repeat(50)}: z\r\n`), /./],
    ['a field', withoutEnd('y'), /./],
    ['a head, dripping', dripping('HTTP/1.1 200 OK\r\nx: ', 'y'), 'time-out'],
    ['a body', (socket: Socket) => withoutEnd('y')(socket.write('HTTP/1.1 200 OK\r\n\r\n') ? socket : socket), 200],
    ['a body, dripping', dripping('HTTP/1.1 200 OK\r\n\r\n', 'y'), 200],
    [
      'a chunk extension',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;');
        withoutEnd('y')(socket);
      },
      200,
    ],
  ])('that sends %s without end is given up', async (_name, answer, outcome) => {
    const { client } = await collector(answer);
    const limitMs = outcome === 'time-out' ? 500 : NEVER_MS;
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => post(client, limitMs)));
    for (const each of outcomes) {
      if (outcome instanceof RegExp) expect(String(each)).toMatch(outcome);
      else expect(each).toBe(outcome);
    }
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
    await post(client);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // A busy machine may hold this process up in a round, but not in each of so many.
    let leastMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 50 && leastMs > 100; round++) {
      delay.reset();
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => post(client)));
      expect(new Set(outcomes)).toEqual(new Set(['TOO_MANY_INTERIM_RESPONSES']));
      await new Promise((resolve) => setTimeout(resolve, 100));
      leastMs = Math.min(leastMs, delay.max / 1e6);
    }
    delay.disable();
    expect(leastMs).toBeLessThan(100);
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
