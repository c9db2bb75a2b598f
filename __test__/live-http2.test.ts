/** HTTP/2 between real peers: every exchange of 100 concurrent streams comes out once, paired and byte for byte. */

import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSniffer, type HttpMessage, type Sniffer } from '../dist/index.js';
import { describeLive } from './live/harness.js';

const EXCHANGES = 2_000;
const STREAMS = 100;

const bodyOf = (n: number): string => `${n}:`.repeat(1 + (n % 7) ** 4);
const answerTo = (path: string, body: string): string => JSON.stringify({ path, length: body.length, body });

function echo(): Http2Server {
  return createServer().on('stream', (stream, headers) => {
    let body = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      body += text;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end(answerTo(headers[':path'] ?? '', body));
    });
  });
}

function ask(session: ClientHttp2Session, n: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': `/exchange/${n}`, 'x-number': String(n) });
    stream.on('error', reject);
    stream.on('close', resolve);
    stream.resume();
    stream.end(bodyOf(n));
  });
}

async function askAll(session: ClientHttp2Session, first: number, count: number): Promise<void> {
  let next = first;
  const worker = async (): Promise<void> => {
    while (next < first + count) await ask(session, next++);
  };
  await Promise.all(Array.from({ length: STREAMS }, worker));
}

function expectAll(messages: HttpMessage[], first: number, count: number): void {
  const requests = new Map<string, HttpMessage>();
  for (const message of messages) {
    if (message.direction !== 'request') continue;
    expect(requests.has(message.id)).toBe(false);
    requests.set(message.id, message);
  }
  const responses = messages.filter(({ direction }) => direction === 'response');
  expect([requests.size, responses.length]).toEqual([count, count]);
  const seen = new Set<string>();
  for (const response of responses) {
    const request = requests.get(response.id);
    const path = request?.path ?? '';
    const n = Number(path.slice('/exchange/'.length));
    expect(n >= first && n < first + count && !seen.has(path), path).toBe(true);
    seen.add(path);
    expect(request?.body).toBe(bodyOf(n));
    expect(request?.headers['x-number']).toBe(String(n));
    expect(response.body).toBe(answerTo(path, bodyOf(n)));
    expect([response.request?.path, response.statusCode, response.httpVersion]).toEqual([path, 200, '2.0']);
    expect(request?.incomplete ?? response.incomplete).toBeUndefined();
  }
}

describeLive('HTTP/2 between Node and Node', () => {
  let server: Http2Server;
  let port: number;
  const messages: HttpMessage[] = [];
  const open = (): ClientHttp2Session => connect(`http://127.0.0.1:${port}`);
  const sniff = async (): Promise<Sniffer> => {
    messages.length = 0;
    const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    return sniffer;
  };
  beforeAll(async () => {
    server = echo();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  test(`${EXCHANGES} exchanges on two connections`, { timeout: 120_000 }, async () => {
    const sniffer = await sniff();
    const sessions = [open(), open()] as const;
    await Promise.all(sessions.map((session, n) => askAll(session, (n * EXCHANGES) / 2, EXCHANGES / 2)));
    for (const session of sessions) session.close();
    await sniffer.stop();
    expectAll(messages, 0, EXCHANGES);
    expect(sniffer.stats().engine).toMatchObject({ http2Connections: 2, http2Resyncs: 0, lostHeads: 0 });
  });

  test('a connection that was there before the sniffer is picked up, and nothing is invented', async () => {
    const session = open();
    await askAll(session, 0, 50);
    const sniffer = await sniff();
    for (let n = 100; n < 120; n++) await ask(session, n);
    await sniffer.stop();
    session.close();
    const requests = messages.filter(({ direction }) => direction === 'request');
    // Nothing proves the first request: what it looks like may stand in a body. It is counted, and its answer pairs with nothing.
    expect(requests.map(({ path }) => path)).toEqual(Array.from({ length: 19 }, (_, n) => `/exchange/${101 + n}`));
    expect(sniffer.stats().engine.passedOverBytes).toBeGreaterThan(0);
    for (const { id, direction, path, body, headersIncomplete } of messages) {
      const asked =
        direction === 'request' ? path : (requests.find((request) => request.id === id)?.path ?? '/exchange/100');
      const n = Number(asked?.slice('/exchange/'.length));
      expect(body).toBe(direction === 'request' ? bodyOf(n) : answerTo(asked ?? '', bodyOf(n)));
      // Some fields are known by what was sent before.
      expect(headersIncomplete === undefined || headersIncomplete).toBe(true);
    }
  });
});
