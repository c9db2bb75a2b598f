import { describe, expect, it } from 'vitest';
import { type Exchange, Pairing } from '../../ts/exchange/pairing';
import { entryOf } from '../../ts/outputs/har/entry';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';
import { Random } from '../differential/random';

const ENDS = {
  receiver: { ip: '10.0.0.5', port: 8080 },
  destination: { ip: '10.0.0.9', port: 40_000 },
  timestamp: '2024-05-17T08:30:00.002Z',
  httpVersion: '1.1',
  headers: {},
  bodySize: 0,
  body: '',
};
const request = (id: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ ...ENDS, id, direction: 'request', method: 'GET', path: '/', ...more },
});
const response = (id: string, statusCode = 200, more: Partial<HttpResponse> = {}): HttpResponse => ({
  ...{ ...ENDS, id, direction: 'response', statusCode, request: { method: 'GET', path: '/' }, ...more },
});

function pairing(limits: { maxExchanges?: number; maxBytes?: number } = {}) {
  const out: Exchange<HttpMessage>[] = [];
  let messages = 0;
  const pairs = new Pairing<HttpMessage>({
    ...limits,
    onExchange: (exchange, count) => {
      out.push(exchange);
      messages += count;
    },
  });
  const add = (message: HttpMessage, bytes: number): void => {
    if (message.direction === 'request') pairs.addRequest(message, message, bytes);
    else pairs.addResponse(message, message, bytes);
  };
  const flush = (): void => {
    while (pairs.settleOldest());
  };
  return { add, out, flush, count: () => messages };
}

describe('pairing', () => {
  it('finds halves in any order, and loses no message', () => {
    const random = new Random(1);
    for (let round = 0; round < 100; round++) {
      const ids = Array.from({ length: 1 + random.upTo(10) }, (_, n) => `${n}`);
      const messages = ids.flatMap((id) => [request(id), response(id)]);
      messages.sort(() => (random.chance(0.5) ? 1 : -1));
      const { add, out, flush, count } = pairing();
      for (const message of messages) add(message, 100);
      expect(out.length).toBe(ids.length);
      for (const exchange of out) expect(exchange.response?.id).toBe(exchange.request?.id);
      flush();
      expect(count()).toBe(messages.length);
    }
  });

  it('does not wait for what was not seen, nor take an interim response for the end', () => {
    const { add, out } = pairing();
    add(response('alone', 200, { request: undefined }), 1);
    expect(out).toMatchObject([{ response: { id: 'alone' } }]);
    add(request('a'), 1);
    add(response('a', 103), 1);
    expect(out.length).toBe(1);
    add(response('a', 101), 1);
    expect(out[1]).toMatchObject({ interim: [{ statusCode: 103 }], response: { statusCode: 101 } });
  });

  it('lets the oldest go at its limits, and everything at the end', () => {
    const few = pairing({ maxExchanges: 2 });
    for (const id of ['a', 'b', 'c']) few.add(request(id), 1);
    expect(few.out.map(({ request: one }) => one?.id)).toEqual(['a']);
    few.flush();
    expect(few.count()).toBe(3);
    const small = pairing({ maxBytes: 10 });
    small.add(request('a'), 6);
    small.add(request('b'), 6);
    expect(small.out.map(({ request: one }) => one?.id)).toEqual(['a']);
    small.add(request('huge'), 100);
    expect(small.out.length).toBe(3);
  });

  it('lets the oldest go first, also among responses that were complete before their requests', () => {
    const { add, out } = pairing({ maxExchanges: 3 });
    add(response('early', 413), 1);
    for (const id of ['a', 'b', 'c', 'd']) add(request(id), 1);
    expect(out.map((exchange) => (exchange.request ?? exchange.response)?.id)).toEqual(['early', 'a']);
    add(request('early'), 1);
    expect(out.at(-1)).toMatchObject({ request: { id: 'b' } });
  });
});

describe('an entry', () => {
  const MICROS = Date.parse(ENDS.timestamp) * 1_000;
  const words = 'connection reset by the client';
  const left = 'no response: wait is the time until the exchange ended';
  const cut = `${left}, or a part of its upload`;

  it.each<[string, Partial<HttpRequest>, number | undefined, [number, number], string]>([
    ['when it ended', {}, MICROS + 250_250, [0, 250.25], left],
    ['when it ended, after an upload', { durationMs: 30.125 }, MICROS + 250_250, [30.125, 220.125], left],
    ['when its upload ended', { durationMs: 30, incomplete: 'reset' }, MICROS + 20_000, [20, 0], cut],
    ['before it began, by a clock that was set', { durationMs: 30 }, MICROS - 1, [0, 0], left],
    ['nothing of it', { durationMs: 30 }, undefined, [30, 0], 'not measured'],
    ['nothing of its begin', { durationMs: 30, timestampUnknown: true }, MICROS, [30, 0], 'not measured'],
  ])('without a response, of which is known %s', (_, more, atMicros, [send, wait], comment) => {
    const ending = { words, ...(atMicros !== undefined && { atMicros }) };
    expect(entryOf({ request: request('a', more), interim: [] }, { ending })).toMatchObject({
      time: send + wait,
      timings: { send, wait, receive: 0, comment },
      response: { status: 0, _error: `no response: ${words}` },
    });
  });

  const url = (path: string, headers: Record<string, string> = { host: 'h.example' }): unknown =>
    (entryOf({ request: request('a', { path, headers }), interim: [] }) as { request: { url: unknown } }).request.url;

  it.each([
    ['/a/../b?x=1', 'http://h.example/a/../b?x=1'],
    ['/ä b"<', 'http://h.example/%c3%a4%20b%22%3c'],
    ['/50%/%41', 'http://h.example/50%25/%41'],
    ['http://other/x', 'http://other/x'],
    ['*', 'http://h.example'],
    ['other:443', 'http://other:443'],
  ])('target %s is %s', (path, expected) => expect(url(path)).toBe(expected));

  it.each([
    ['/a?b', 'https://h.example/a?b'],
    ['*', 'https://h.example'],
    ['other:443', 'https://other:443'],
    ['http://other/x', 'http://other/x'],
  ])('in TLS target %s is %s', (path, expected) => {
    const tls = { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256' };
    const asked = request('a', { path, tls, headers: { host: 'h.example' } });
    expect(entryOf({ request: asked, interim: [] })).toMatchObject({ request: { url: expected }, _tls: tls });
  });

  it('has the TLS of a response whose request was not seen, and none where there was none', () => {
    const tls = { version: '1.2', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'h', alpn: 'http/1.1' };
    expect(entryOf({ request: undefined, interim: [], response: response('a', 200, { tls }) })).toMatchObject({
      request: { url: 'https://10.0.0.5:8080/' },
      _tls: tls,
    });
    expect(entryOf({ request: request('a'), interim: [] })).not.toHaveProperty('_tls');
  });

  it.each([
    ['ws://h/', {}],
    ['wss://h/', { tls: { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256' } }],
    ['wss://h/', { scheme: 'https' }],
    ['ws://other/x', { path: 'http://other/x' }],
  ])('of a WebSocket with its messages the URL is %s, as Chromium writes it', (url, more) => {
    const asked = request('a', { headers: { host: 'h' }, ...more });
    expect(entryOf({ request: asked, interim: [] }, { inside: [] })).toMatchObject({ request: { url } });
  });

  it.each(['h/../x', 'a b', '', '<script>'])('a Host field that is none is not believed: %j', (host) =>
    expect(url('/', { host })).toBe('http://10.0.0.5:8080/'),
  );

  it('says how a body stands for its bytes, and which are missing', () => {
    const base64 = response('a', 200, { body: 'AAEC', bodyEncoding: 'base64', bodySize: 3 });
    expect(entryOf({ request: request('a'), interim: [], response: base64 })).toMatchObject({
      response: { content: { size: 3, text: 'AAEC', encoding: 'base64' }, bodySize: 3 },
    });
    const binary = response('a', 200, { body: undefined, bodyEncoding: 'binary', bodySize: 9, incomplete: 'gap' });
    expect(entryOf({ request: request('a'), interim: [], response: binary })).toMatchObject({
      response: { content: { size: 9, comment: 'a binary body, left out' }, _incomplete: 'gap' },
    });
    const posted = request('a', { body: 'x=1', bodySize: 3, headers: { 'content-type': 'text/plain' } });
    expect(entryOf({ request: posted, interim: [] })).toMatchObject({
      request: { postData: { mimeType: 'text/plain', text: 'x=1' } },
      response: { status: 0, _error: 'no response was seen' },
    });
  });
});
