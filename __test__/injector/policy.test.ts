// The operator's rules and defaults: what is no rule ends the injector at its start, and redaction is only ever added to.

import { describe, expect, it } from 'vitest';
import { INJECTED } from './pods';
import { ask, configOf, type Json } from './rig';

const web = INJECTED[0]?.pod as Json;

function environmentOf(annotations: Json, env: Record<string, string>): Record<string, string> {
  const metadata = { ...(web.metadata as Json), annotations };
  const { operations } = ask({ ...web, metadata }, { env });
  const added = operations.find(({ path }) => path === '/spec/initContainers')?.value as [{ env: Json[] }];
  return Object.fromEntries(added[0].env.map(({ name, value }) => [name, value]));
}

describe('what is no policy', () => {
  it.each([
    ['{', 'is not JSON'],
    ['[]', 'must be a JSON object'],
    ['{"image": []}', 'image is not a rule; did you mean images?'],
    ['{"images": "a"}', 'images: must be a list of texts'],
    ['{"outputHosts": [""]}', 'outputHosts: must be a list of texts'],
    ['{"maxBodySize": 0}', 'maxBodySize: must be bytes, 1 or more'],
    ['{"tlsKeylog": "yes"}', 'tlsKeylog: must be true or false'],
    ['{"maxSampleRate": 2}', 'maxSampleRate: must be 0, or a number from 0.000001 to 1'],
    ['{"maxSampleRate": 1e-7}', 'maxSampleRate: must be 0, or a number from 0.000001 to 1'],
    ['{"maxSampleRate": -1}', 'maxSampleRate: must be 0, or a number from 0.000001 to 1'],
    ['{"redactHeaders": ["a b"]}', 'redactHeaders: '],
    ['{"redactHeaders": ["x-key", "None"]}', 'redactHeaders: '],
    ['{"redactHeaders": ["+x-key"]}', "redactHeaders: a name has no '+' before it"],
    ['{"redactQuery": [""]}', 'redactQuery: '],
    ['{"redactQuery": ["a,b"]}', 'redactQuery: a name has no comma'],
    ['{"redactBody": ["a\\u0000"]}', 'redactBody: a name has no comma, no control character'],
    ['{"redactBody": "password"}', 'redactBody: '],
    ['{"redact": "srict"}', 'redact: must be one of default, strict'],
    ['{"locked": ["redact-header"]}', 'locked: redact-header is not an annotation; did you mean redact-headers?'],
    ['{"locked": ["tcp-sniffer/ports"]}', 'locked: tcp-sniffer/ports is not an annotation'],
    ['{"locked": ["constructor"]}', 'locked: constructor is not an annotation'],
  ])('%s', (text, complaint) => {
    expect(() => configOf({ INJECTOR_POLICY: text })).toThrow(complaint);
  });
});

describe('what is no option of a sidecar', () => {
  it.each([
    ['{"sample-rat": 1}', 'sample-rat is not an option of a sidecar; did you mean sample-rate?'],
    ['{"sample-rate": 2}', 'sample-rate: must be a number from 0 to 1'],
    ['{"ports": "80"}', 'ports has an option of the injector of its own'],
    ['{"har-file": "/tmp/a"}', 'har-file is not an option of a sidecar'],
    ['{"sample-rate": null}', 'sample-rate: must be a text'],
    ['{"constructor": "a"}', 'constructor is not an option of a sidecar'],
    ['{"redact-query": "a\\u0000"}', 'redact-query: must have no control characters'],
    ['{"otel-resource-attributes": "a=b\\u0000"}', 'otel-resource-attributes: must have no control characters'],
  ])('%s', (text, complaint) => {
    expect(() => configOf({ INJECTOR_SIDECAR_OPTIONS: text })).toThrow(complaint);
  });
});

describe('headers that must be redacted', () => {
  const env = { INJECTOR_POLICY: '{"redactHeaders": ["Authorization", "x-key"]}' };
  it.each([
    [undefined, 'authorization,cookie,x-key'],
    ['none', 'authorization,x-key'],
    ['X-Key', 'x-key,authorization'],
    ['+a', 'authorization,cookie,a,x-key'],
  ])('beside %s', (given, redacted) => {
    const annotations = given === undefined ? {} : { 'tcp-sniffer/redact-headers': given };
    expect(environmentOf(annotations, env).REDACT_HEADERS).toBe(redacted);
  });
});

describe('names of parameters and members that must be redacted', () => {
  const env = {
    INJECTOR_POLICY: '{"redactQuery": ["token"], "redactBody": ["apiKey"], "redact": "strict"}',
    INJECTOR_SIDECAR_OPTIONS: '{"redact-query": "sig"}',
  };
  it.each([
    [{}, { REDACT_QUERY: 'sig,token', REDACT_BODY: 'apiKey', REDACT: 'strict' }],
    [
      { 'redact-query': 'a, token', 'redact-body': 'b' },
      { REDACT_QUERY: 'a,token', REDACT_BODY: 'b,apiKey' },
    ],
    [{ redact: 'default' }, { REDACT: 'strict' }],
  ])('beside %j', (given, redacted) => {
    const annotations = Object.fromEntries(Object.entries(given).map(([name, text]) => [`tcp-sniffer/${name}`, text]));
    expect(environmentOf(annotations, env)).toMatchObject(redacted);
  });

  it('none where the policy has none', () => {
    const { REDACT_QUERY, REDACT_BODY, REDACT } = environmentOf({}, {});
    expect([REDACT_QUERY, REDACT_BODY, REDACT]).toEqual([undefined, undefined, undefined]);
  });
});

describe('defaults of a namespace', () => {
  const env = {
    INJECTOR_SIDECAR_OPTIONS: '{"sample-rate": 0.5, "max-body-size": 5}',
    INJECTOR_NAMESPACES: '{"shop": {"sample-rate": 0.1, "redact": "strict"}, "other": {"max-body-size": 9}}',
  };
  it('win over those of every sidecar, and annotations over them', () => {
    expect(environmentOf({}, env)).toMatchObject({ SAMPLE_RATE: '0.1', MAX_BODY_SIZE: '5', REDACT: 'strict' });
    expect(environmentOf({ 'tcp-sniffer/sample-rate': '1' }, env)).toMatchObject({ SAMPLE_RATE: '1' });
  });

  it.each([
    ['[]', 'must be a JSON object'],
    ['{"Shop": {}}', 'Shop is not the name of a namespace'],
    ['{"shop": {"sample-rat": 1}}', 'shop: sample-rat is not an option of a sidecar; did you mean sample-rate?'],
    ['{"shop": {"sample-rate": 2}}', 'shop: sample-rate: must be a number from 0 to 1'],
  ])('%s', (text, complaint) => {
    expect(() => configOf({ INJECTOR_NAMESPACES: text })).toThrow(complaint);
  });

  it('have to go with those of every sidecar', () => {
    const both = {
      INJECTOR_SIDECAR_OPTIONS: '{"output-otlp": "http://a.example"}',
      INJECTOR_NAMESPACES: '{"shop": {"fields": "method"}}',
    };
    expect(() => configOf(both)).toThrow(/--namespaces: shop: fields: .*whole messages/);
  });
});

it('lowers a default of the sniffer to the ceiling', () => {
  const env = { INJECTOR_POLICY: '{"maxBodySize": 100, "maxSampleRate": 0.5}' };
  expect(environmentOf({}, env)).toMatchObject({ MAX_BODY_SIZE: '100', SAMPLE_RATE: '0.5' });
  expect(environmentOf({}, { INJECTOR_POLICY: '{"maxBodySize": 10000000}' }).MAX_BODY_SIZE).toBeUndefined();
});

describe('sends only to allowed hosts', () => {
  it.each([
    ['output-url', 'https://a.in.example/', true],
    ['output-url', 'https://A.IN.EXAMPLE:1/', true],
    ['output-url', 'https://a.in.example./', true],
    ['output-url', 'https://in.example/', false],
    ['output-url', 'https://a.in.example.other/', false],
    ['output-url', 'https://other/?a.in.example', false],
    ['output-url', 'https://other\\@a.in.example/', false],
    ['output-url', 'https://other\\a.in.example/', false],
    ['output-url', 'https://[fd00::1]:8443/', true],
    ['output-url', 'https://[fd00::2]/', false],
    ['output-otlp', 'http://a.in.example:4318', true],
    ['output-otlp', 'http://other:4318', false],
    ['output-otlp', 'http://other\\@a.in.example:4318', false],
    ['output-kafka', 'kafka://A.IN.EXAMPLE,b.in.example.:9093/http', true],
    ['output-kafka', 'kafka://[fd00::1]:9093/http', true],
    ['output-kafka', 'kafka://a.in.example,other/http', false],
    ['output-kafka', 'kafka://a.in.example,/http', false],
    ['output-kafka', 'kafka://a.in.example:0/http', false],
    ['output-kafka', 'kafka://other\\a.in.example/http', false],
  ])('%s %s: %s', (name, url, allowed) => {
    const env = { INJECTOR_POLICY: '{"outputHosts": ["*.in.example", "fd00::1"]}' };
    const metadata = { ...(web.metadata as Json), annotations: { [`tcp-sniffer/${name}`]: url } };
    expect(ask({ ...web, metadata }, { env }).counters.injected).toBe(allowed ? 1 : 0);
  });
});

it.each([
  ['output-url', 'https://./', false],
  ['output-url', 'https://a../', false],
  ['output-url', 'https://a./', true],
  ['output-url', 'https://a!$~b/', true],
  ['output-kafka', 'kafka://./http', false],
  ['output-kafka', 'kafka://a,b../http', false],
])('takes no host of dots for a name, though any is allowed: %s %s', (name, url, allowed) => {
  const env = { INJECTOR_POLICY: '{"outputHosts": ["*"]}' };
  const metadata = { ...(web.metadata as Json), annotations: { [`tcp-sniffer/${name}`]: url } };
  expect(ask({ ...web, metadata }, { env }).counters.injected).toBe(allowed ? 1 : 0);
});

describe('writes a host as the parser reads it, which the locks of the chart then know', () => {
  it.each([
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
    ['https://BÜCHER.example:8443/ä?b c', 'https://xn--bcher-kva.example:8443/%C3%A4?b%20c'],
    ['https:///xn--bcher-kva.example', 'https://xn--bcher-kva.example/'],
    ['https://@xn--bcher-kva.example', 'https://xn--bcher-kva.example/'],
    ['https://:@xn--bcher-kva.example', 'https://xn--bcher-kva.example/'],
    ['https://xn--bcher-kva.ex%61mple', 'https://xn--bcher-kva.example/'],
    ['https://0x0a.1', 'https://10.0.0.1/'],
    ['https://10.0.0.1./', 'https://10.0.0.1/'],
    ['https://[fd00:0::1]:443/a', 'https://[fd00::1]/a'],
    ['HTTPS://XN--bcher-kva.example:443/%zz', 'HTTPS://XN--bcher-kva.example:443/%zz'],
    ['https://xn--bcher-kva.example.?ä', 'https://xn--bcher-kva.example.?ä'],
    ['https://[FD00::1]', 'https://[FD00::1]'],
  ])('%s', (url, written) => {
    const env = { INJECTOR_POLICY: '{"outputHosts": ["xn--bcher-kva.example", "10.0.0.1", "fd00::1"]}' };
    expect(environmentOf({ 'tcp-sniffer/output-url': url }, env).OUTPUT_URL).toBe(written);
  });

  it('where the policy is about hosts', () => {
    const url = 'https://bücher.example/';
    expect(environmentOf({ 'tcp-sniffer/output-url': url }, {}).OUTPUT_URL).toBe(url);
  });
});

it('lets the options of every sidecar give way to annotations', () => {
  const env = { INJECTOR_SIDECAR_OPTIONS: '{"sample-rate": 0.1, "max-body-size": 5}' };
  expect(environmentOf({ 'tcp-sniffer/sample-rate': '1' }, env)).toMatchObject({
    SAMPLE_RATE: '1',
    MAX_BODY_SIZE: '5',
  });
});
