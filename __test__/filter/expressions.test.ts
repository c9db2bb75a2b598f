/** Expressions and the exchanges that they match. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Exchange, parseFilter } from '../../ts/filter';
import { request, response } from './exchanges';

const whole: Exchange = { request: request(), response: response() };
const failed: Exchange = {
  request: request(),
  response: response({ statusCode: 503, latencyMs: 1_200, waitMs: 1_150 }),
};
const unanswered: Exchange = { request: request() };
const unasked: Exchange = { response: response({ request: undefined, latencyMs: undefined, waitMs: undefined }) };
const grpcRequest = request({
  httpVersion: '2.0',
  method: 'POST',
  path: '/shop.Orders/Create',
  headers: { host: 'shop.test', 'content-type': 'application/grpc+proto' },
});
const grpc = {
  request: grpcRequest,
  response: response({
    httpVersion: '2.0',
    headers: { 'content-type': 'application/grpc+proto' },
    trailers: { 'grpc-status': '5' },
    request: { method: 'POST', path: '/shop.Orders/Create' },
  }),
};
/** Its status stands in the body, as the last frame. */
const grpcWeb = {
  request: request({ ...grpcRequest, headers: { 'content-type': 'application/grpc-web-text' } }),
  response: response({
    headers: { 'content-type': 'application/grpc-web-text' },
    grpc: { status: 7, messageCount: 1 },
  }),
};
/** Of a call with messages a status in the head is none. */
const cutGrpc = {
  request: grpcRequest,
  response: response({
    headers: { 'content-type': 'application/grpc', 'grpc-status': '5' },
    incomplete: 'closed',
    grpc: { messageCount: 1 },
  }),
};
/** The field that names the type was sent before the capture began. */
const metLate = {
  request: request({ method: 'POST', headers: {}, headersIncomplete: true }),
  response: response({ headers: {}, headersIncomplete: true, grpc: { status: 5 }, trailers: { 'grpc-status': '5' } }),
};

const says = (text: string, exchange: Exchange): boolean => parseFilter(text).matches(exchange);

describe('a comparison', () => {
  it.each<[string, Exchange, boolean]>([
    ['method=get', whole, true],
    ['method=POST,GET', whole, true],
    ['method!=GET', whole, false],
    ['path=/orders', whole, true],
    ['path=/order', whole, true],
    ['path=/orders*', whole, true],
    ['path=*/orders', whole, false],
    ['path=*day=1', whole, true],
    ['path!=/orders', whole, false],
    ['path~^/orders(\\?|$)', whole, true],
    ['path !~ "\\d"', whole, false],
    ['host=shop.test', whole, true],
    ['host=*.TEST', whole, true],
    ['host=other.test,shop.*', whole, true],
    ['host=shop.test:8080', whole, true],
    ['host=shop.test:81', whole, false],
    ['host=*:8080,other.test', whole, true],
    ['host=other.test:81', { request: request({ path: 'http://other.test:81/x' }) }, true],
    ['host=other.test:8080', { request: request({ path: 'http://other.test:81/x' }) }, true],
    ['host=[::1]:8080', { request: request({ headers: { host: '[::1]:8080' } }) }, true],
    ['host=[::1]', { request: request({ headers: { host: '[::1]:8080' } }) }, true],
    ['header.x-empty=""', { request: request({ headers: { 'x-empty': '' } }) }, true],
    ['host=shop.test', { request: request({ path: 'http://other.test:81/x' }) }, false],
    ['host=other.test', { request: request({ path: 'http://user@other.test:81/x' }) }, true],
    ['host=db.test', { request: request({ method: 'CONNECT', path: 'db.test:443', headers: {} }) }, true],
    ['host=shop.test', unasked, false],
    ['client=10.0.0.9', whole, true],
    ['client=10.0.0.9:40312', whole, true],
    ['client=10.0.0.9:40313', whole, false],
    ['client=10.0.0.8/31', whole, true],
    ['client=10.0.0.10/31', whole, false],
    ['client=::ffff:10.0.0.9', whole, true],
    ['client=1.2.3.4,10.0.0.0/8', unasked, true],
    ['client=0.0.0.0/0', whole, true],
    ['client=[2001:db8::1]:443', { request: request({ destination: { ip: '2001:db8::1', port: 443 } }) }, true],
    ['client=2001:DB8::/32', { request: request({ destination: { ip: '2001:db8:0:5::1', port: 443 } }) }, true],
    ['client=0.0.0.0/0', { request: request({ destination: { ip: '2001:db8:0:5::1', port: 443 } }) }, false],
    [
      'client=192.0.2.7',
      {
        request: request({
          proxied: { source: { ip: '192.0.2.7', port: 1 }, destination: { ip: '192.0.2.8', port: 2 } },
        }),
      },
      true,
    ],
    ['server=10.0.0.5:8080', whole, true],
    ['server!=10.0.0.5', whole, false],
    ['port=8080', whole, true],
    ['port=80,8000-8100', whole, true],
    ['port>=8081', whole, false],
    ['port<8081', unasked, true],
    ['status=200', whole, true],
    ['status=5xx', failed, true],
    ['status=4xx,50X', failed, true],
    ['status>=500', failed, true],
    ['status>=500', unanswered, false],
    ['status<500', unanswered, false],
    ['status=none', unanswered, true],
    ['status=none', whole, false],
    ['status=5xx,none', unanswered, true],
    ['status=5xx,NONE', failed, true],
    ['status=5xx,none', whole, false],
    ['status!=200', unanswered, true],
    ['status!=none', whole, true],
    ['latency>1s', failed, true],
    ['latency >= 1200ms', failed, true],
    ['latency<0.5s', whole, true],
    ['latency>0', unasked, false],
    ['latency=100000us', whole, true],
    ['wait>1.15s', failed, false],
    ['wait<=1.15s', failed, true],
    ['duration=150ms', whole, true],
    ['upload=0', whole, true],
    ['upload>1m', { request: request({ durationMs: 60_001 }) }, true],
    ['download=50ms', whole, true],
    ['size=5', whole, true],
    ['size>=1KiB', { request: request(), response: response({ bodySize: 1_024 }) }, true],
    ['size>1KB', { request: request(), response: response({ bodySize: 1_000 }) }, false],
    ['size=0', unanswered, false],
    ['request.size=0', whole, true],
    ['response.size=0', whole, false],
    ['header.host', whole, true],
    ['header.Content-Type=text/*', whole, true],
    ['request.header.content-type', whole, false],
    ['response.header.content-type~^text', whole, true],
    ['header.x-debug', whole, false],
    ['header.toString', whole, false],
    ['header=content-type', whole, true],
    ['header="content-type: text/plain"', whole, true],
    ['header~"^content-type: TEXT"', whole, false],
    ['header~"(?i)^content-type: TEXT"', whole, true],
    ['header.grpc-status=5', grpc, true],
    ['body=ell', whole, true],
    ['body=ELL', whole, false],
    ['body~h.*o', whole, true],
    ['request.body=hello', whole, false],
    ['body=aGVs', { response: response({ body: 'aGVsbG8=', bodyEncoding: 'base64' }) }, false],
    ['body=grün', { response: response({ body: undefined, bodyEncoding: 'binary', bodyText: 'grün' }) }, true],
    ['id=1.1', whole, true],
    ['id=1.*', whole, true],
    ['id=1.2,1.3', whole, false],
    ['version=1', whole, true],
    ['version=1.1', grpc, false],
    ['version=2', grpc, true],
    ['incomplete', { request: request(), response: response({ incomplete: 'closed' }) }, true],
    ['incomplete', whole, false],
    ['tls', whole, false],
    ['tls', { request: request({ tls: { version: '1.3', cipher: 'x' } }) }, true],
    ['grpc', grpc, true],
    ['grpc', whole, false],
    ['grpc.service=shop.Orders', grpc, true],
    ['grpc.service=shop.*', grpc, true],
    ['grpc.service=orders', whole, false],
    ['grpc.method~^Cre', grpc, true],
    ['grpc.method!=Create', grpc, false],
    ['grpc.method!=Create', whole, false],
    ['grpc.status=not_found', grpc, true],
    ['grpc.status=5', grpc, true],
    ['grpc.status!=OK', grpc, true],
    ['grpc.status!=OK', whole, false],
    ['grpc.status!=OK', { request: grpcRequest }, true],
    ['grpc.status=none', { request: grpcRequest }, true],
    ['grpc.status=none', grpc, false],
    ['grpc.status=PERMISSION_DENIED', grpcWeb, true],
    ['grpc.status=none', grpcWeb, false],
    ['grpc.status=none', cutGrpc, true],
    ['grpc', metLate, true],
    ['grpc.status=5', metLate, true],
  ])('%s', (text, exchange, expected) => {
    expect(says(text, exchange)).toBe(expected);
  });
});

describe('together', () => {
  it.each<[string, Exchange, boolean]>([
    ['status=5xx and path=/orders', failed, true],
    ['status=5xx AND path=/cart', failed, false],
    ['status=200 or status=503', failed, true],
    ['not status=200', failed, true],
    ['!status=200', unanswered, true],
    ['not not status=200', whole, true],
    // and before or.
    ['status=200 or status=503 and path=/cart', whole, true],
    ['(status=200 or status=503) and path=/cart', whole, false],
    ['status=503&&path=/orders||path=/cart', failed, true],
    ['not (status=200 and path=/orders)', whole, false],
    ['not status=200 and path=/orders', whole, false],
    ['(path~^/(orders|cart)\\b)', whole, true],
    ['(path=/orders)and(status=200)', whole, true],
    ['body="hel" and header.host', whole, true],
    [`body='say "hi"'`, { response: response({ body: 'say "hi"' }) }, true],
    ['body="say \\"hi\\""', { response: response({ body: 'say "hi"' }) }, true],
    ['body="a\\d"', { response: response({ body: 'a\\d' }) }, true],
    ['\n status=200 \t', whole, true],
  ])('%s', (text, exchange, expected) => {
    expect(says(text, exchange)).toBe(expected);
  });
});

describe('half an exchange', () => {
  it.each<[string, Exchange, boolean | undefined]>([
    ['path=/orders', unanswered, true],
    ['path=/cart', unanswered, false],
    ['status=200', unanswered, undefined],
    ['status=none', unanswered, undefined],
    ['path=/cart and status=200', unanswered, false],
    ['path=/orders or status=200', unanswered, true],
    ['path=/orders and status=200', unanswered, undefined],
    ['not body=x', unanswered, undefined],
    ['host=shop.test', unanswered, true],
    // Complete before its request, which comes.
    ['path=/orders', { response: response() }, true],
    ['host=shop.test', { response: response() }, undefined],
    ['status=503', { response: response() }, false],
    // Its request was not seen.
    ['host=shop.test', unasked, false],
    ['not host=shop.test', unasked, true],
    ['path=/', unasked, false],
  ])('%s', (text, exchange, expected) => {
    expect(parseFilter(text).decide(exchange)).toBe(expected);
  });

  /** Any expression over the keys, and any exchange: a decision about a half is kept when the other half comes. */
  it('is never decided in another way than the whole', () => {
    const term = fc.constantFrom(
      ...[
        'path=/orders',
        'method=POST',
        'status=5xx',
        'status=none',
        'status!=200',
        'latency>1s',
        'size<10',
        'body=hello',
      ],
      ...[
        'header.host',
        'host=shop.test',
        'grpc',
        'grpc.status!=OK',
        'upload=0',
        'incomplete',
        'request.body=x',
        'tls',
      ],
    );
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        term,
        tie('expression').map((inner) => `not (${inner})`),
        fc
          .tuple(tie('expression'), fc.constantFrom('and', 'or'), tie('expression'))
          .map(([a, op, b]) => `(${a}) ${op} (${b})`),
      ),
    }));
    const exchange = fc.record({
      request: fc.constantFrom(request(), request({ method: 'POST', path: '/x', body: 'hello' }), grpcRequest),
      response: fc.constantFrom(response(), response({ statusCode: 500 }), grpc.response),
    });
    fc.assert(
      fc.property(expression, exchange, (text, { request: asked, response: answered }) => {
        const filter = parseFilter(text);
        const told = { method: asked.method ?? '', path: asked.path ?? '' };
        const answer = answered && response({ ...answered, request: told });
        const verdict = filter.matches({ request: asked, response: answer });
        expect(filter.decide({ request: asked, response: answer })).toBe(verdict);
        for (const half of [{ request: asked }, { response: answer }]) {
          expect([undefined, verdict]).toContain(filter.decide(half));
        }
      }),
    );
  });
});
