import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Delivery, type DeliveryLimits } from '../../ts/outputs/delivery/delivery';
import { createHttpClient } from '../../ts/outputs/delivery/http-client';
import { LinesPacker } from '../../ts/outputs/delivery/lines';
import { PostTransport } from '../../ts/outputs/delivery/post-transport';
import { contentTypeOf, outcomeOf } from '../../ts/outputs/http/create';
import type { BatchOptions, LogLevel } from '../../ts/types';
import { FakeLog, FakeTime, settle } from './setup/fakes';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A real server on loopback; `answer` says what it does with each POST. */
async function endpoint(
  answer: (response: ServerResponse, received: Received) => void = (response) => response.end('ok'),
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const one = { method, url, headers, body };
      received.push(one);
      answer(response, one);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?x=1`, received };
}

interface OutputOptions extends Partial<DeliveryLimits> {
  url: string;
  batch?: BatchOptions;
  authToken?: string;
  level?: LogLevel;
}

function output({ url, authToken, batch, level = 'info', ...options }: OutputOptions): {
  http: Delivery;
  time: FakeTime;
  log: FakeLog;
} {
  const time = new FakeTime();
  const log = new FakeLog();
  const concurrency = options.concurrency ?? 8;
  const http = new Delivery({
    name: 'http',
    words: { sends: 'POSTs', send: 'POST', sent: 'POSTed' },
    packer: new LinesPacker(batch),
    transport: new PostTransport({
      client: createHttpClient({ url, connections: concurrency, connectTimeoutMs: 10_000 }),
      version: '1.2.3',
      headers: {
        'content-type': contentTypeOf(batch),
        ...(authToken === undefined ? {} : { authorization: `Bearer ${authToken}` }),
      },
      gzip: batch?.gzip === true,
      seal: (body) => `seal-of-${body.length}`,
      outcomeOf: (answer) => outcomeOf(answer, authToken !== undefined),
    }),
    batch,
    random: () => 0,
    concurrency,
    timeoutMs: 10_000,
    maxWaitingMessages: 1_000,
    maxWaitingBytes: 1_000_000,
    lossless: false,
    log: log.createLogger(level),
    schedule: time.schedule,
    now: time.now,
    ...options,
  });
  outputs.push(http);
  return { http, time, log };
}

/** Gives every connection back, whatever the test left. */
const outputs: Delivery[] = [];

function batch(...messages: unknown[]): { lines: Buffer; messages: number } {
  return { lines: Buffer.from(messages.map((it) => `${JSON.stringify(it)}\n`).join('')), messages: messages.length };
}

/** Only the wait before the next attempt is left: every attempt under way has ended. */
async function waitsForRetry(time: FakeTime): Promise<number> {
  await vi.waitFor(() => expect(time.pending.filter((ms) => ms < 10_000)).toHaveLength(1));
  return time.pending[0] as number;
}

describe('http output', () => {
  it('makes one POST a message: the exact line, its type, the token', async () => {
    const { url, received } = await endpoint();
    const { http } = output({ url, authToken: 'hunter2' });
    const lent = batch({ id: '1', body: 'ä\n' }, { id: '2' });
    http.write(lent);
    lent.lines.fill('#');
    await http.close();
    expect(received.map(({ body }) => body).sort()).toEqual(['{"id":"1","body":"ä\\n"}', '{"id":"2"}']);
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: '/in?x=1',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer hunter2',
        'user-agent': 'tcp-sniffer/1.2.3',
        'tcp-sniffer-output': `1.2.3 seal-of-${received[0]?.headers['content-length']}`,
        'content-length': expect.any(String),
      },
    });
    expect(http.stats()).toEqual({ accepted: 2, delivered: 2, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 });
  });

  it('sends no Authorization without a token', async () => {
    const { url, received } = await endpoint();
    const { http } = output({ url });
    http.write(batch(1));
    await http.close();
    expect(received[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['500', (response: ServerResponse) => response.writeHead(500).end()],
    ['404', (response: ServerResponse) => response.writeHead(404).end('no')],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: '/other' }).end()],
    ['no answer', (response: ServerResponse) => response.destroy()],
  ])('tries again after 1, 2 and 4 s upon %s, then drops, counts and logs', async (_name, answer) => {
    const { url, received } = await endpoint(answer);
    const { http, time, log } = output({ url, authToken: 'hunter2' });
    http.write(batch({ id: 'body of the message' }));
    for (const [attempts, wait] of [
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ] as const) {
      expect(await waitsForRetry(time)).toBe(wait);
      expect(received).toHaveLength(attempts);
      time.advance(wait);
    }
    await http.close();
    expect(received).toHaveLength(4);
    expect(received.map(({ method, url: target, body }) => `${method} ${target} ${body}`)).toEqual(
      Array.from({ length: 4 }, () => 'POST /in?x=1 {"id":"body of the message"}'),
    );
    expect(http.stats()).toMatchObject({ accepted: 1, dropped: 1, droppedBy: { failed: 1 }, waiting: 0, errors: 4 });
    expect(log.messages()).toEqual(['a message could not be POSTed and was dropped']);
    expect(JSON.stringify(log.lines)).not.toMatch(/hunter2|body of the message/);
  });

  it('delivers once when a later attempt succeeds', async () => {
    let failures = 2;
    const { url, received } = await endpoint((response) => response.writeHead(failures-- > 0 ? 503 : 204).end());
    const { http, time } = output({ url });
    http.write(batch({ id: '1' }));
    time.advance(await waitsForRetry(time));
    time.advance(await waitsForRetry(time));
    await http.close();
    expect(received).toHaveLength(3);
    expect(http.stats()).toMatchObject({ delivered: 1, dropped: 0, errors: 2 });
  });

  it('gives up an attempt that has no answer in 10 s', async () => {
    let hang = true;
    const { url, received } = await endpoint((response) => {
      if (!hang) response.end();
      hang = false;
    });
    const { http, time, log } = output({ url, level: 'debug' });
    http.write(batch({ id: '1' }));
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(time.pending).toEqual([10_000]);
    time.advance(10_000);
    expect(await waitsForRetry(time)).toBe(1_000);
    time.advance(1_000);
    await http.close();
    expect(log.lines[0]).toMatchObject({ reason: 'no answer in 10000 ms' });
    expect(http.stats()).toMatchObject({ delivered: 1, errors: 1 });
  });

  it('says what happened where nobody listens', async () => {
    const { url } = await endpoint();
    for (const server of servers.splice(0)) server.close();
    const { http, time, log } = output({ url, level: 'debug' });
    http.write(batch({ id: '1' }));
    await waitsForRetry(time);
    expect(log.lines[0]).toMatchObject({ level: 'debug', reason: 'ECONNREFUSED' });
    http.limitDrain(0);
    time.advance(0);
    await http.close();
  });

  it.each([
    [401, undefined, 'status 401: no token was sent, OUTPUT_URL_AUTH_TOKEN is not set'],
    [403, undefined, 'status 403: no token was sent, OUTPUT_URL_AUTH_TOKEN is not set'],
    [401, 'wrong', 'status 401'],
    [500, undefined, 'status 500'],
  ])('says of a %i with the token %s: %s', async (status, authToken, reason) => {
    const { url } = await endpoint((response) => response.writeHead(status).end());
    const { http, time, log } = output({ url, level: 'debug', ...(authToken === undefined ? {} : { authToken }) });
    http.write(batch({ id: '1' }));
    await waitsForRetry(time);
    expect(log.lines[0]).toMatchObject({ reason });
    http.limitDrain(0);
    time.advance(0);
    await http.close();
  });

  it('has at most 8 POSTs under way', async () => {
    const held: ServerResponse[] = [];
    const { url } = await endpoint((response) => held.push(response));
    const { http } = output({ url });
    http.write(batch(...Array.from({ length: 20 }, (_, id) => ({ id }))));
    let most = 0;
    for (let answered = 0; answered < 20; ) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThanOrEqual(Math.min(8, 20 - answered)));
      most = Math.max(most, held.length);
      held.shift()?.end();
      answered++;
    }
    await http.close();
    expect(most).toBe(8);
    expect(http.stats()).toMatchObject({ delivered: 20, waiting: 0 });
  });

  it('never makes a live capture wait: the oldest waiting messages go, and that is counted and logged', async () => {
    const bodies: string[] = [];
    const held: ServerResponse[] = [];
    const { url } = await endpoint((response, { body }) => {
      bodies.push(body);
      held.push(response);
    });
    const { http, log } = output({ url, maxWaitingMessages: 3 });
    expect(http.write(batch(...Array.from({ length: 8 }, (_, id) => id)))).toBeUndefined();
    expect(http.write(batch(8, 9, 10, 11, 12))).toBeUndefined();
    expect(http.write(batch(13))).toBeUndefined();
    expect(http.stats()).toMatchObject({ waiting: 11, dropped: 3, droppedBy: { overflow: 3 } });
    expect(log.messages('warn')).toHaveLength(1);
    const closed = http.close();
    for (let answered = 0; answered < 11; answered++) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThan(0));
      held.shift()?.end();
    }
    await closed;
    expect(bodies.map(Number).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13]);
  });

  it('bounds the bytes too, and still takes one message that is larger than the bound', async () => {
    const { url, received } = await endpoint((response) => response.socket?.pause());
    const { http, time } = output({ url, maxWaitingBytes: 50 });
    http.write(batch(...Array.from({ length: 8 }, () => 0)));
    http.write(batch('a'.repeat(30), 'b'.repeat(30), 'c'.repeat(100)));
    expect(http.stats()).toMatchObject({ waiting: 9, droppedBy: { overflow: 2 } });
    await vi.waitFor(() => expect(received).toHaveLength(8));
    http.limitDrain(5);
    time.advance(5);
    await http.close();
    expect(http.stats()).toMatchObject({ waiting: 0, droppedBy: { overflow: 2, abandoned: 9 } });
  });

  it('makes a savefile wait, and drops nothing', async () => {
    const held: ServerResponse[] = [];
    const { url } = await endpoint((response) => held.push(response));
    const { http } = output({ url, lossless: true, maxWaitingMessages: 2 });
    const taken = vi.fn();
    const write = Promise.resolve(http.write(batch(...Array.from({ length: 12 }, (_, id) => id)))).then(taken);
    await vi.waitFor(() => expect(held).toHaveLength(8));
    held.shift()?.end();
    await vi.waitFor(() => expect(held).toHaveLength(8));
    expect(taken).not.toHaveBeenCalled();
    held.shift()?.end();
    await write;
    const closed = http.close();
    for (let answered = 2; answered < 12; answered++) {
      await vi.waitFor(() => expect(held.length).toBeGreaterThan(0));
      held.shift()?.end();
    }
    await closed;
    expect(http.stats()).toMatchObject({ delivered: 12, dropped: 0 });
  });

  it('drains within its limit: what is not out by then is given up, wherever it is', async () => {
    const { url } = await endpoint((response, { body }) => {
      if (Number(body) % 2 === 0) response.writeHead(500).end();
    });
    const { http, time } = output({ url, lossless: true, maxWaitingMessages: 2 });
    const write = http.write(batch(...Array.from({ length: 30 }, (_, id) => id)));
    // Eight wait for their second attempt, seven hang, the rest is in line.
    await vi.waitFor(() => expect(time.pending.filter((ms) => ms === 1_000)).toHaveLength(8));
    await vi.waitFor(() => expect(time.pending.filter((ms) => ms === 10_000)).toHaveLength(7));
    http.limitDrain(500);
    const closed = vi.fn();
    const closing = http.close().then(closed);
    await settle();
    expect(closed).not.toHaveBeenCalled();
    time.advance(500);
    await write;
    await closing;
    expect(http.stats()).toMatchObject({ delivered: 0, waiting: 0, dropped: 30, droppedBy: { abandoned: 30 } });
    expect(time.pending).toEqual([]);
    expect(http.write(batch(1, 2))).toBeUndefined();
    expect(http.stats().droppedBy).toEqual({ abandoned: 32 });
  });

  it('logs failures at a limited rate, with how many were left out', async () => {
    const { url } = await endpoint((response) => response.writeHead(500).end());
    const { http, time, log } = output({ url });
    http.write(batch(...Array.from({ length: 8 }, (_, id) => id)));
    for (const wait of [1_000, 2_000, 4_000]) {
      await vi.waitFor(() => expect(time.pending).toEqual(Array.from({ length: 8 }, () => wait)));
      time.advance(wait);
    }
    await http.close();
    expect(http.stats()).toMatchObject({ dropped: 8, errors: 32 });
    expect(log.lines).toMatchObject([{ level: 'warn', dropped: 1 }]);
  });

  it('does not choke on an answer that never ends after its status', async () => {
    const { url } = await endpoint((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write('x'.repeat(16_384)));
        response.once('drain', more);
      };
      more();
    });
    const { http } = output({ url });
    http.write(batch(1));
    await http.close();
    expect(http.stats()).toMatchObject({ delivered: 1, errors: 0 });
  });
});
