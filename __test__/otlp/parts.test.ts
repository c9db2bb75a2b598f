import { describe, expect, it } from 'vitest';
import { tracesUrl } from '../../ts/config/otlp';
import { ValidationError } from '../../ts/errors';
import { outcomeOf } from '../../ts/outputs/otlp/create';
import { addressOf, forwardedPart } from '../../ts/outputs/otlp/forwarded';
import { json } from '../../ts/outputs/otlp/json';
import { protobuf } from '../../ts/outputs/otlp/protobuf';
import { headersOf, resourceOf } from '../../ts/outputs/otlp/resource';
import { readTraceparent } from '../../ts/trace/traceparent';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-${PARENT}-01`, 1],
    [`00-${TRACE}-${PARENT}-00`, 0],
    [`cc-${TRACE}-${PARENT}-ff`, 255],
    [`cc-${TRACE}-${PARENT}-01-what-the-future-brings`, 1],
  ])('%s is one', (field, flags) => {
    expect(readTraceparent(field)).toEqual({ traceId: TRACE, parentId: PARENT, flags });
  });

  it.each([
    '',
    TRACE,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01-more`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-1`,
    '[REDACTED]',
  ])('%j is none', (field) => {
    expect(readTraceparent(field)).toBeUndefined();
  });
});

it.each([
  ['for=192.0.2.60;proto=http;by=203.0.113.43', 'for', '192.0.2.60'],
  ['For="[2001:db8:cafe::17]:4711"'.replaceAll('"', '\\"'), 'for', '[2001:db8:cafe::17]:4711'],
  ['for=192.0.2.43, for=198.51.100.17', 'for', '192.0.2.43'],
  ['host = example.com ;proto=HTTPS', 'host', 'example.com'],
  ['proto=https, for=1', 'for', ''],
  ['for', 'for', ''],
] as const)('Forwarded: %s has %s %s', (field, name, value) => {
  expect(forwardedPart(field, name)).toBe(value);
});

it.each([
  ['192.0.2.60', '192.0.2.60'],
  ['192.0.2.60:80', '192.0.2.60'],
  ['[2001:db8::1]:80', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['unknown', ''],
  ['_hidden', ''],
  ['[', ''],
  ['', ''],
])('a node %j has the address %j', (node, address) => {
  expect(addressOf(node)).toBe(address);
});

it.each([
  ['http://collector:4318', 'http://collector:4318/v1/traces'],
  ['http://collector:4318/', 'http://collector:4318/v1/traces'],
  ['https://h/otlp?a=b', 'https://h/otlp/v1/traces?a=b'],
  ['https://h/v1/traces', 'https://h/v1/traces'],
])('%s: traces go to %s', (base, url) => {
  expect(tracesUrl(base)).toBe(url);
});

describe('the variables of OpenTelemetry', () => {
  const identity = { pod: 'p', namespace: 'ns', node: 'n' };

  it('name the resource; the pod says the rest', () => {
    expect(Object.fromEntries(resourceOf({ production: false, identity }))).toEqual({
      'service.name': 'unknown_service',
      'k8s.pod.name': 'p',
      'k8s.namespace.name': 'ns',
      'k8s.node.name': 'n',
    });
    const otel = { resourceAttributes: 'service.name=a, k8s.pod.name = x%2Cy,b=', serviceName: 'shop' };
    expect(Object.fromEntries(resourceOf({ production: false, identity: {}, otel }))).toEqual({
      'service.name': 'shop',
      'k8s.pod.name': 'x,y',
      b: '',
    });
    const feigned = 'k8s.pod.name=x,k8s.namespace.name=x,k8s.node.name=x';
    expect(resourceOf({ production: false, identity, otel: { resourceAttributes: feigned } })).toEqual(
      resourceOf({ production: false, identity }),
    );
  });

  it('name the fields of each request', () => {
    const otel = { headers: 'Authorization=Bearer%20abc, x-tenant=7,' };
    expect(headersOf({ production: false, identity, otel })).toEqual({ authorization: 'Bearer abc', 'x-tenant': '7' });
    expect(headersOf({ production: false, identity })).toEqual({});
  });

  it.each(['secret', '=secret', 'a=%zz', 'a b=secret', 'a=x%0d%0asecret', 'a=%C3%BCsecret'])(
    'are refused without being shown: %s',
    (headers) => {
      const read = (): unknown => headersOf({ production: false, identity, otel: { headers } });
      expect(read).toThrow(ValidationError);
      expect(read).toThrow(/^OTEL_EXPORTER_OTLP_HEADERS: (?!.*secret)/);
    },
  );
});

describe('an answer', () => {
  const parcel = { messages: 100, records: 50 };

  it.each([200, 202, 299])('%i: taken', (status) => {
    expect(outcomeOf({ status, body: Buffer.alloc(0) }, parcel, json.rejectedSpans)).toEqual({
      sent: true,
      rejected: 0,
    });
  });

  it.each([429, 502, 503, 504])('%i: again, when it says so', (status) => {
    const outcome = outcomeOf({ status, retryAfterMs: 7_000 }, parcel, json.rejectedSpans);
    expect(outcome).toEqual({ sent: false, reason: `status ${status}`, again: true, afterMs: 7_000 });
  });

  it.each([301, 400, 401, 404, 413, 415, 500, 501])('%i: not again', (status) => {
    expect(outcomeOf({ status }, parcel, json.rejectedSpans)).toMatchObject({ sent: false, again: false });
  });

  it.each([
    ['{}', 0],
    ['{"partialSuccess":{}}', 0],
    ['{"partialSuccess":{"rejectedSpans":"5","errorMessage":"x"}}', 10],
    ['{"partialSuccess":{"rejectedSpans":5}}', 10],
    ['{"partialSuccess":{"rejectedSpans":"700"}}', 100],
    ['{"partialSuccess":{"rejectedSpans":-1}}', 0],
    ['{"partialSuccess":null}', 0],
    ['null', 0],
    ['<html>', 0],
  ])('%s in JSON: %i messages are rejected', (text, rejected) => {
    const outcome = outcomeOf({ status: 200, body: Buffer.from(text) }, parcel, json.rejectedSpans);
    expect(outcome).toEqual({ sent: true, rejected });
  });

  it.each([
    ['', 0],
    ['0a00', 0],
    ['0a020805', 10],
    ['0a05080512016f', 10],
    ['0a0512016f0805', 10],
    ['0a0308ac02', 100],
    ['0a0808ffffffffffffff7f', 0],
    ['0a03080512', 10],
    ['08', 0],
    ['ffffffffffffffffffffff', 0],
    ['3c68746d6c3e', 0],
  ])('%s in Protocol Buffers: %i messages are rejected', (hex, rejected) => {
    const outcome = outcomeOf({ status: 200, body: Buffer.from(hex, 'hex') }, parcel, protobuf.rejectedSpans);
    expect(outcome).toEqual({ sent: true, rejected });
  });

  it('of any bytes comes to an end', () => {
    for (let seed = 0; seed < 3_000; seed++) {
      const bytes = Buffer.from(Array.from({ length: seed % 12 }, (_, at) => (seed * 7919 + at * 104_729) % 256));
      expect(protobuf.rejectedSpans(bytes)).toBeGreaterThanOrEqual(0);
    }
  });
});
