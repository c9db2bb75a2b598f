// From lines to spans, in both encodings, without a network.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, KNOWN_METHODS, MAX_BODY_BYTES } from '../../ts/outputs/otlp/attributes';
import { json } from '../../ts/outputs/otlp/json';
import { protobuf } from '../../ts/outputs/otlp/protobuf';
import { type SpansOptions, SpansPacker } from '../../ts/outputs/otlp/spans';
import type { DropReason, Kept } from '../../ts/outputs/output';
import { WaitingLine } from '../../ts/outputs/waiting-line';
import type { HttpMessage } from '../../ts/types';
import { decodeJson, decodeProtobuf, type Span, type TracesRequest } from './decode';

const ENCODINGS = {
  json: { encoding: json, decode: decodeJson },
  protobuf: { encoding: protobuf, decode: decodeProtobuf },
};
const NAMES = ['json', 'protobuf'] as const;

interface Packed {
  packer: SpansPacker;
  drops: Partial<Record<DropReason, number>>;
  add(...messages: object[]): void;
  /** All that is ready; with `flush` all. */
  requests(flush?: boolean): TracesRequest[];
  bodies: Buffer[];
}

function packed(name: (typeof NAMES)[number], options: Partial<SpansOptions> = {}): Packed {
  const { encoding, decode } = ENCODINGS[name];
  const packer = new SpansPacker({
    encoding,
    envelope: encoding.envelope([['service.name', 'a "shop" ü']], { name: 'tcp-sniffer', version: '1.2.3' }),
    bodies: false,
    knownMethods: KNOWN_METHODS,
    maxMessages: 2_000,
    maxBytes: 1_048_576,
    patienceMs: 300_000,
    losses: () => 0,
    now: () => 0,
    ...options,
  });
  const line = new WaitingLine();
  const drops: Packed['drops'] = {};
  const sink = {
    push: (kept: Kept) => line.push(kept),
    drop: (reason: DropReason, messages: number) => {
      if (messages > 0) drops[reason] = (drops[reason] ?? 0) + messages;
    },
  };
  const bodies: Buffer[] = [];
  return {
    packer,
    drops,
    bodies,
    add: (...messages) => {
      const lines = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
      packer.add({ lines, messages: messages.length }, sink);
    },
    requests: (flush = true) => {
      if (flush) packer.flush(sink);
      const found: TracesRequest[] = [];
      for (let parcel = packer.take(line); parcel !== undefined; parcel = packer.take(line)) {
        bodies.push(parcel.body);
        const request = decode(parcel.body);
        expect(request.spans).toHaveLength(parcel.records);
        found.push(request);
      }
      return found;
    },
  };
}

const REQUEST: HttpMessage = {
  id: '7.3',
  timestamp: '2024-05-17T08:30:00.002Z',
  direction: 'request',
  receiver: { ip: '10.0.0.80', port: 8080 },
  destination: { ip: '10.0.0.10', port: 40_001 },
  method: 'GET',
  path: '/items/4711?color=blue',
  httpVersion: '1.1',
  headers: { host: 'shop.example:8443', 'user-agent': 'curl/8' },
  body: '',
  bodySize: 0,
};
const RESPONSE: HttpMessage = {
  id: '7.3',
  timestamp: '2024-05-17T08:30:00.003Z',
  direction: 'response',
  receiver: REQUEST.receiver,
  destination: REQUEST.destination,
  statusCode: 200,
  reason: 'OK',
  httpVersion: '1.1',
  headers: { host: 'not.this' },
  body: 'hello',
  bodySize: 5,
  request: { method: 'GET', path: '/items/4711?color=blue' },
  latencyMs: 1.462,
  durationMs: 2.5,
};

function spanOf(
  request: object | undefined,
  response: object | undefined,
  options: Partial<SpansOptions> = {},
  name: (typeof NAMES)[number] = 'protobuf',
): Span {
  const { add, requests } = packed(name, options);
  add(...[request, response].filter((each) => each !== undefined));
  const [found] = requests();
  return found?.spans[0] as Span;
}

describe.each(NAMES)('a span in %s', (name) => {
  it('has what the conventions want, and the times of both packets', () => {
    const { add, requests, drops, packer } = packed(name);
    add(REQUEST);
    expect(packer.held).toBe(1);
    add(RESPONSE);
    expect(packer.held).toBe(0);
    const [request] = requests(false);
    expect(request).toMatchObject({
      resource: { 'service.name': 'a "shop" ü' },
      scope: { name: 'tcp-sniffer', version: '1.2.3' },
      schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
    });
    expect(request?.spans).toEqual([
      {
        traceId: expect.stringMatching(/^(?!0{32})[\da-f]{32}$/),
        spanId: expect.stringMatching(/^(?!0{16})[\da-f]{16}$/),
        parentSpanId: '',
        traceState: '',
        flags: 1,
        name: 'GET',
        kind: 2,
        start: 1_715_934_600_002_000_000n,
        end: 1_715_934_600_005_962_000n,
        attributes: {
          'http.request.method': 'GET',
          'http.response.status_code': 200,
          'url.scheme': 'http',
          'url.path': '/items/4711',
          'url.query': 'color=blue',
          'server.address': 'shop.example',
          'server.port': 8443,
          'client.address': '10.0.0.10',
          'client.port': 40_001,
          'network.peer.address': '10.0.0.10',
          'network.peer.port': 40_001,
          'network.local.address': '10.0.0.80',
          'network.local.port': 8080,
          'network.protocol.name': 'http',
          'network.protocol.version': '1.1',
          'user_agent.original': 'curl/8',
          'tcp_sniffer.id': '7.3',
        },
        status: { code: 0, message: '' },
      },
    ]);
    expect(drops).toEqual({});
  });

  it('joins the trace of its client', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = { traceparent, tracestate: 'a=1,b="2"' };
    expect(spanOf({ ...REQUEST, headers }, RESPONSE, {}, name)).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      traceState: 'a=1,b="2"',
      flags: 0x301,
    });
  });

  it('takes any text as it is, and bodies if they are asked for', () => {
    const body = 'ä "quoted" \\ back\n\u0001 😀 \\u0041';
    const path = '/p"\\ü?q=\u{1f600}\t';
    const span = spanOf({ ...REQUEST, path, body }, { ...RESPONSE, body }, { bodies: true }, name);
    expect(span.attributes).toMatchObject({
      'url.path': '/p"\\ü',
      'url.query': 'q=\u{1f600}\t',
      'http.request.body.content': body,
      'http.response.body.content': body,
    });
    const without = spanOf({ ...REQUEST, body }, { ...RESPONSE, body }, {}, name);
    expect(Object.keys(without.attributes).filter((key) => key.includes('body'))).toEqual([]);
  });

  it('carries large bodies cut at a character, marked, and stays under 4 MiB', () => {
    const body = '\u0001ä😀'.repeat(400_000);
    const { add, requests, bodies } = packed(name, { bodies: true });
    add({ ...REQUEST, body, bodySize: 1 }, { ...RESPONSE, body });
    add({ ...REQUEST, id: '7.4' }, { ...RESPONSE, id: '7.4' });
    const spans = requests().flatMap((request) => request.spans);
    for (const side of ['request', 'response']) {
      const shown = spans[0]?.attributes[`http.${side}.body.content`] as string;
      expect(body.startsWith(shown)).toBe(true);
      expect(JSON.stringify(shown).length).toBeGreaterThan(MAX_BODY_BYTES / 4);
      expect(spans[0]?.attributes[`tcp_sniffer.${side}.body_truncated`]).toBe(true);
    }
    expect(spans[1]?.attributes).not.toHaveProperty('tcp_sniffer.request.body_truncated');
    for (const { length } of bodies) expect(length).toBeLessThan(4 * 1024 * 1024);
  });

  it('is built from large lines without their bodies', () => {
    const body = 'x'.repeat(300_000);
    const span = spanOf({ ...REQUEST, body, bodySize: 300_000 }, { ...RESPONSE, body }, {}, name);
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'url.path': '/items/4711' });
    expect(Object.keys(span.attributes).filter((key) => key.includes('body'))).toEqual([]);
  });
});

it('both encodings say the same of anything that the engine may write', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).map((each) => each.replace(/[\ud800-\udfff]/g, '?'));
  const message = fc.record(
    {
      method: fc.oneof(fc.constantFrom('GET', 'get', 'POST', 'CONNECT', 'BREW'), text),
      path: fc.oneof(fc.constantFrom('/', '*', 'http://h:1/x?y', 'host:443', '', '/a?b?c'), text),
      headers: fc.dictionary(
        fc.constantFrom('host', 'user-agent', 'forwarded', 'x-forwarded-for', 'traceparent'),
        text,
      ),
      incomplete: fc.constantFrom('gap', 'closed', 'reset', 'stopped'),
      statusCode: fc.integer({ min: 100, max: 999 }),
      latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      body: text,
      bodyTruncated: fc.constant(true),
      grpc: fc.record({ service: text, method: text, status: fc.nat(20), messageCount: fc.nat(9) }),
      tls: fc.record({ version: text }),
      unknown: fc.jsonValue(),
      httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(message, message, (request, response) => {
      const [one, other] = NAMES.map((name) => {
        const span = spanOf(
          { ...REQUEST, ...request },
          { ...RESPONSE, ...response, statusCode: 204 },
          { bodies: true },
          name,
        );
        return { ...span, traceId: '', spanId: '' };
      });
      expect(other).toEqual(one);
      expect(one?.end).toBeGreaterThanOrEqual(one?.start as bigint);
    }),
  );
});

describe('the attributes', () => {
  it.each([
    [
      'a method that is not known',
      { method: 'BREW' },
      { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' },
    ],
    [
      'a method in lower case',
      { method: 'get' },
      { 'http.request.method': '_OTHER', 'http.request.method_original': 'get' },
    ],
    ['TLS', { tls: { version: '1.3' } }, { 'url.scheme': 'https' }],
    [':scheme', { scheme: 'https', httpVersion: '2.0' }, { 'url.scheme': 'https', 'network.protocol.version': '2' }],
    [
      'an absolute target',
      { path: 'http://other.example/a?b' },
      { 'server.address': 'other.example', 'url.path': '/a', 'url.query': 'b' },
    ],
    ['an absolute target without a path', { path: 'http://other.example?b' }, { 'url.path': '/', 'url.query': 'b' }],
    ['an empty query', { path: '/a?' }, { 'url.path': '/a', 'url.query': '' }],
    ['no host', { headers: {} }, { 'server.address': '10.0.0.80', 'server.port': 8080 }],
    [
      'a host in IPv6',
      { headers: { host: '[2001:db8::1]:81' } },
      { 'server.address': '2001:db8::1', 'server.port': 81 },
    ],
    ['a host that is none', { headers: { host: 'a b' } }, { 'server.address': '10.0.0.80' }],
    ['a proxy', { headers: { 'x-forwarded-for': '203.0.113.9, 10.0.0.1' } }, { 'client.address': '203.0.113.9' }],
    ['a proxy that says nothing', { headers: { 'x-forwarded-for': 'unknown' } }, { 'client.address': '10.0.0.10' }],
    [
      'Forwarded',
      { headers: { host: 'inner', forwarded: 'For="[2001:db8::7]:4711";proto=https;host="outer:444", for=1.1.1.1' } },
      { 'client.address': '2001:db8::7', 'url.scheme': 'https', 'server.address': 'outer', 'server.port': 444 },
    ],
    [
      'the PROXY protocol',
      { proxied: { source: { ip: '203.0.113.5', port: 5 }, destination: { ip: '10.0.0.1', port: 1 } } },
      { 'client.address': '203.0.113.5', 'client.port': 5, 'network.peer.address': '10.0.0.10' },
    ],
    ['a request that ended early', { incomplete: 'gap' }, { 'tcp_sniffer.request.incomplete': 'gap' }],
  ])('of %s', (_name, request, attributes) => {
    expect(spanOf({ ...REQUEST, ...request }, RESPONSE).attributes).toMatchObject(attributes);
  });

  it.each([
    ['a path alone', { path: '/a' }, 'url.query'],
    ['CONNECT', { method: 'CONNECT', path: 'h:443' }, 'url.path'],
    ['a proxy', { headers: { 'x-forwarded-for': '203.0.113.9' } }, 'client.port'],
    ['any request', {}, 'http.route'],
    ['a host without a port', { headers: { host: 'h' } }, 'server.port'],
  ])('of %s leave out what is not known', (_name, request, key) => {
    expect(spanOf({ ...REQUEST, ...request }, RESPONSE).attributes).not.toHaveProperty([key]);
  });

  it.each([
    [101, 0],
    [204, 0],
    [302, 0],
    [404, 0],
    [499, 0],
    [500, 2],
    [503, 2],
  ])('status %i: span status %i', (statusCode, code) => {
    const span = spanOf(REQUEST, { ...RESPONSE, statusCode });
    expect(span.status).toEqual({ code, message: '' });
    expect(span.attributes['error.type']).toBe(code === 2 ? String(statusCode) : undefined);
  });

  it.each([
    [{ incomplete: 'closed' }, 'closed'],
    [{ incomplete: 'reset' }, 'reset'],
    [{ incomplete: 'reset', errorCode: 'INTERNAL_ERROR' }, 'INTERNAL_ERROR'],
    [{ incomplete: 'gap' }, undefined],
    [{ incomplete: 'stopped' }, undefined],
    [{ bodyTruncated: true }, undefined],
  ])('a response with %o is an error of type %s', (losses, type) => {
    const span = spanOf(REQUEST, { ...RESPONSE, ...losses });
    expect(span.status.code).toBe(type === undefined ? 0 : 2);
    expect(span.attributes['error.type']).toBe(type);
  });

  it('of bytes that are no text: the body stays out', () => {
    const base64 = { body: 'AAAA', bodyEncoding: 'base64' };
    const span = spanOf(REQUEST, { ...RESPONSE, ...base64 }, { bodies: true });
    expect(span.attributes).not.toHaveProperty('http.response.body.content');
    const latin = spanOf(REQUEST, { ...RESPONSE, ...base64, bodyText: 'é' }, { bodies: true });
    expect(latin.attributes['http.response.body.content']).toBe('é');
  });
});

describe('gRPC', () => {
  const grpc = { service: 'pkg.Greeter', method: 'SayHello', messageCount: 1 };
  const call = { ...REQUEST, method: 'POST', httpVersion: '2.0', scheme: 'http', grpc };

  it.each([
    [0, 'OK', 0, 'pkg.Greeter/SayHello'],
    [5, 'NOT_FOUND', 0, 'pkg.Greeter/SayHello'],
    [13, 'INTERNAL', 2, 'pkg.Greeter/SayHello'],
    [14, 'UNAVAILABLE', 2, 'pkg.Greeter/SayHello'],
    [12, 'UNIMPLEMENTED', 2, 'grpc'],
  ])('status %i %s: span status %i, name %s', (status, statusName, code, name) => {
    const span = spanOf(call, { ...RESPONSE, httpVersion: '2.0', grpc: { ...grpc, status, statusName } });
    expect(span).toMatchObject({ name, kind: 2, status: { code } });
    expect(span.attributes).toMatchObject({
      'rpc.system.name': 'grpc',
      'rpc.method': name === 'grpc' ? '_OTHER' : name,
      'rpc.status_code': statusName,
      'network.protocol.version': '2',
    });
    expect(span.attributes['rpc.method_original']).toBe(name === 'grpc' ? 'pkg.Greeter/SayHello' : undefined);
    expect(span.attributes['error.type']).toBe(code === 2 ? statusName : undefined);
  });

  it('without a status of its own: that of HTTP', () => {
    const span = spanOf(call, { ...RESPONSE, statusCode: 503, grpc });
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' });
  });
});

describe('exchanges that are not whole', () => {
  it('a request without a response is an error, at the end', () => {
    const { add, requests } = packed('json');
    add({ ...REQUEST, durationMs: 4 });
    expect(requests(false)).toEqual([]);
    const [span] = requests().flatMap(({ spans }) => spans);
    expect(span?.status).toEqual({ code: 2, message: 'no response was seen before the capture ended' });
    expect(span?.attributes).toMatchObject({ 'http.request.method': 'GET', 'error.type': 'no_response' });
    expect(span?.attributes).not.toHaveProperty('http.response.status_code');
    expect((span?.end ?? 0n) - (span?.start ?? 0n)).toBe(4_000_000n);
  });

  it('or when it has waited long enough; its response is then no second span', () => {
    let now = 0;
    const { add, requests, drops, packer } = packed('json', { patienceMs: 1_000, now: () => now });
    add(REQUEST);
    expect(packer.dueInMs()).toBe(1_000);
    now = 999;
    add({ ...REQUEST, id: '8.1' });
    expect(requests(false)).toEqual([]);
    now = 1_000;
    packer.tick({ push: () => {}, drop: () => {} });
    expect(packer.held).toBe(1);
    add(RESPONSE, { ...RESPONSE, id: '8.1' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['8.1']);
    expect(drops).toEqual({ unpaired: 1 });
  });

  it('is no error where a response may be its own: on its connection came one of which that is not known', () => {
    const { request: _, ...unknown } = { ...RESPONSE, id: '7.9' };
    const { add, requests, drops } = packed('json');
    add(REQUEST, { ...REQUEST, id: '8.1' }, unknown, { ...REQUEST, id: '7.10', timestamp: '2024-05-17T08:30:00.004Z' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['8.1', '7.10']);
    expect(drops).toEqual({ unpaired: 2 });
  });

  it('nor where anything was lost while it waited', () => {
    let losses = 5;
    let now = 0;
    const { add, requests, drops } = packed('json', { losses: () => losses, now: () => now });
    add(REQUEST, { ...REQUEST, id: '7.4' }, { ...RESPONSE, id: '7.4' });
    losses = 6;
    now = 2_000;
    add({ ...REQUEST, id: '7.5' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['7.4', '7.5']);
    expect(drops).toEqual({ unpaired: 1 });
  });

  it('interim responses are part of their exchange', () => {
    const { add, requests } = packed('json');
    add(REQUEST, { ...RESPONSE, statusCode: 100 }, { ...RESPONSE, statusCode: 201 });
    const [span, more] = requests().flatMap(({ spans }) => spans);
    expect(span?.attributes['http.response.status_code']).toBe(201);
    expect(more).toBeUndefined();
  });

  it('a response that came before its request waits for it', () => {
    const { add, requests } = packed('json');
    add({ ...RESPONSE, statusCode: 413 });
    expect(requests(false)).toEqual([]);
    add({ ...REQUEST, method: 'PUT' });
    expect(requests(false).flatMap(({ spans }) => spans)).toMatchObject([{ name: 'PUT' }]);
  });

  it('a response of which the request did not come: what it knows of it', () => {
    const span = spanOf(undefined, RESPONSE);
    expect(span.attributes).toMatchObject({ 'http.request.method': 'GET', 'url.path': '/items/4711' });
    expect(span.end - span.start).toBe(3_962_000n);
  });

  it('a response without any request, messages of streams and what is no message are counted', () => {
    const { add, requests, drops, packer } = packed('json');
    const { request: _, ...alone } = RESPONSE;
    add(alone, { ...RESPONSE, stream: 'websocket' }, { stream: 1 }, { id: '9' }, { ...REQUEST, id: '8.1' });
    expect(packer.held).toBe(1);
    expect(requests()).toHaveLength(1);
    expect(drops).toEqual({ unpaired: 1, streamed: 1, invalid: 2 });
  });

  it.each(['{"id":"1.1', '[]', '{"id":1}', '{"id":"1.1","timestamp":"x"', '{"id":"1.1",}', 'null', '{"a":{"b":[}'])(
    'a line that is no message is counted, and harms no other: %s',
    (broken) => {
      const { packer, drops } = packed('json');
      const whole = JSON.stringify(REQUEST);
      const drop = (why: DropReason, messages: number): void => {
        drops[why] = messages;
      };
      packer.add({ lines: Buffer.from(`${broken}\n${whole}\n${broken}\n`), messages: 3 }, { push: () => {}, drop });
      expect(packer.held).toBe(1);
      expect(drops.invalid).toBe(2);
    },
  );

  it('are bounded: the oldest go', () => {
    const { add, requests, packer } = packed('json', { maxMessages: 100_000 });
    for (let n = 0; n < 10_100; n++) add({ ...REQUEST, id: `1.${n}` });
    expect(packer.held).toBe(10_000);
    const early = requests(false).flatMap(({ spans }) => spans);
    expect(early).toHaveLength(100);
    expect(early[0]?.status.message).toBe('no response was seen before too many requests waited for theirs');
    expect(packer.clear()).toBe(10_000);
    expect(requests()).toEqual([]);
  });
});

it('requests are bounded in messages and in bytes', () => {
  const { add, requests, bodies } = packed('protobuf', { maxMessages: 10, maxBytes: 20_000 });
  for (let n = 0; n < 50; n++) add({ ...REQUEST, id: `1.${n}` }, { ...RESPONSE, id: `1.${n}` });
  const sizes = requests().map(({ spans }) => spans.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50);
  expect(Math.max(...sizes)).toBe(5);
  expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThan(20_000);
});

describe('cut', () => {
  it('leaves the text of a JSON string, and a front of what it means', () => {
    const text = fc.string({ unit: 'binary' }).map((each) => each.replace(/[\ud800-\udfff]/g, '\\'));
    fc.assert(
      fc.property(text, fc.nat(40), (whole, bytes) => {
        const front = cut(Buffer.from(JSON.stringify(whole).slice(1, -1)).toString('latin1'), bytes);
        expect(front.length).toBeLessThanOrEqual(bytes);
        const read: string = JSON.parse(
          `"${new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(front, 'latin1'))}"`,
        );
        expect(whole.startsWith(read)).toBe(true);
        // No more is missing than one escape, or one character, may take.
        if (front.length < Buffer.byteLength(JSON.stringify(whole)) - 2)
          expect(front.length).toBeGreaterThan(bytes - 6);
      }),
    );
  });
});
