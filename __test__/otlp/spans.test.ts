// From lines to spans, in both encodings, without a network.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, MAX_BODY_BYTES } from '../../ts/outputs/otlp/attributes';
import { NAMES, packed, REQUEST, RESPONSE, spanOf } from './packed';

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
