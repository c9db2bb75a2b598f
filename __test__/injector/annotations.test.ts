// The annotations of a pod: a bad value is named, never shown, and never reaches the pod.

import { describe, expect, it } from 'vitest';
import { COMMAND_OPTIONS } from '../../ts/config/command';
import { OPTIONS } from '../../ts/config/options';
import { expectLinear } from '../growth';
import { ask, IMAGE, reasonOf } from './rig';

/** Any image is allowed. */
const env = { INJECTOR_POLICY: '{"images": ["*"]}' };

function answerTo(annotations: Record<string, string>, production = false) {
  return ask(
    { metadata: { annotations }, spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] } },
    { production, env },
  );
}

function container(annotations: Record<string, string>): Record<string, unknown> {
  const { operations } = answerTo(annotations);
  const added = operations.find(({ op, path }) => op === 'add' && path === '/spec/initContainers');
  return (added?.value as Record<string, unknown>[] | undefined)?.[0] ?? {};
}

const SECRET = 'S3cret';

describe('a bad one', () => {
  it.each([
    ['ports', `0,${SECRET}`, /port/],
    ['ports', '65536', /from 1 to 65535/],
    ['ports', '', /ports or ranges/],
    ['ports', '80;81', /ports or ranges/],
    ['interface', `eth0 ${SECRET}`, /interface/],
    ['interface', 'a-name-that-is-too-long', /interface/],
    ['interface', '..', /interface/],
    ['interface', 'a/b', /interface/],
    ['interface', 'eth0:1', /interface/],
    ['interface', 'ééééééééé', /interface/],
    ['output-url', `ftp://u:${SECRET}@collector.example/`, /http/],
    ['output-url', `https://u:${SECRET}@collector.example/`, /user name/],
    ['output-url', '/in', /absolute/],
    ['output-stdout', SECRET, /true or false/],
    ['sample-rate', '1.5', /from 0 to 1/],
    ['redact-headers', 'a b', /header/],
    ['max-body-size', '-1', /integer/],
    ['auth-secret', SECRET, /NAME\/KEY/],
    ['auth-secret', `a/b/${SECRET}`, /NAME\/KEY/],
    ['auth-secret', 'UPPER/key', /NAME\/KEY/],
    ['auth-secret', 'name/.', /NAME\/KEY/],
    ['auth-secret', 'name/..', /NAME\/KEY/],
    ['auth-secret', 'name/..key', /NAME\/KEY/],
    ['output-kafka', `kafka://u:${SECRET}@broker.example/http`, /user name/],
    ['output-kafka', `kafka://broker.example/http?${SECRET}`, /compression and sasl/],
    ['output-kafka', `kafka://broker.example/http?sasl=${SECRET}`, /plain/],
    ['output-kafka', `http://broker.example/${SECRET}`, /kafka:\/\//],
    ['otlp-headers-secret', SECRET, /NAME\/KEY/],
    ['kafka-username-secret', SECRET, /NAME\/KEY/],
    ['kafka-password-secret', SECRET, /NAME\/KEY/],
    ['otel-service-name', `${SECRET}\n`.padStart(300, 'a'), /name of a service/],
    ['otel-resource-attributes', SECRET, /annotation \S+: must be name=value/],
    ['otel-resource-attributes', `a=%${SECRET}`, /name=value/],
    ['otel-resource-attributes', `a=${SECRET}\0`, /control characters/],
    ['otel-service-name', `a\0${SECRET}`, /control characters/],
    ['output-url', `https://collector.example/\0${SECRET}`, /control characters/],
    ['output-otlp', `https://collector.example/\x07${SECRET}`, /control characters/],
    ['output-kafka', `kafka://broker.example/http?compression=\0${SECRET}`, /control characters/],
    ['redact-query', `a\0${SECRET}`, /control characters/],
    ['ports', '80,\n81', /control characters/],
    ['include', 'path=/\x9fa', /control characters/],
    ['image', `not an image ${SECRET}`, /image/],
    ['image', 'UPPER:1', /image/],
    ['image', '', /image/],
    ['image', 'a..b/c', /image/],
    ['image', '-a/b', /image/],
    ['image', 'a-/b', /image/],
    ['image', `${'a'.repeat(256)}:1`, /image/],
    ['cpu-request', '1 core', /quantity/],
    ['cpu-request', '501m', /more than the limit/],
    ['cpu-limit', '99m', /more than the limit/],
    ['cpu-request', '0', /at least 1m/],
    ['cpu-limit', '512Mi', /at most 1024/],
    ['memory-limit', '1e99', /at most 64Ti/],
    ['memory-request', '256m', /at least 64Mi/],
    ['memory-limit', '0.2Gi', /more than the limit/],
    ['memory-limit', '512MB', /quantity/],
    ['native', 'yes', /'true' or 'false'/],
    ['host-network', '1', /'true' or 'false'/],
    ['termination-grace-period-seconds', '1.5', /seconds/],
    ['termination-grace-period-seconds', '86401', /seconds/],
    ['sample-rate', '1'.repeat(4_097), /at most 4096/],
    ['port', '80', /did you mean tcp-sniffer\/ports\?/],
    ['constructor', '80', /is unknown/],
    ['', '80', /is unknown/],
  ])('%s: %j', (name, value, complaint) => {
    const answered = answerTo({ [`tcp-sniffer/${name}`]: value });
    expect(reasonOf(answered)).toBe('invalid_annotation');
    expect(answered.operations).toEqual([]);
    const [warning = ''] = answered.response.warnings ?? [];
    expect(warning).toMatch(complaint);
    expect(warning).toContain(`tcp-sniffer/${name.split('-')[0]}`);
    expect(JSON.stringify([answered.response, answered.log])).not.toContain(SECRET);
  });

  it('whose name is as long as a whole pod takes time in proportion', () => {
    const named = (times: number): Record<string, string> => ({ [`tcp-sniffer/${'ports'.repeat(times)}`]: '80' });
    expectLinear(125_000, named, (annotations) => {
      expect(reasonOf(answerTo(annotations))).toBe('invalid_annotation');
    });
  });

  it('the times of a trigger may be there without one: the operator may set them for the pods that have one', () => {
    const answered = answerTo({ 'tcp-sniffer/trigger-before-ms': '30s' });
    expect(reasonOf(answered)).toBeUndefined();
    expect(reasonOf(answerTo({ 'tcp-sniffer/trigger-before-ms': '2h' }))).toBe('invalid_annotation');
  });

  it.each([
    [{ fields: 'method', 'output-otlp': 'http://collector.example:4318/' }, 'tcp-sniffer/fields', /whole messages/],
    [{ fields: 'method', 'metrics-by-endpoint': 'true' }, 'tcp-sniffer/fields', /whole messages/],
    [{ fields: 'method', filter: `host=${SECRET}` }, 'tcp-sniffer/fields', /whole messages/],
  ])('%j: right by itself, and not together', (given, name, complaint) => {
    const answered = answerTo(
      Object.fromEntries(Object.entries(given).map(([key, value]) => [`tcp-sniffer/${key}`, value])),
    );
    expect([reasonOf(answered), answered.operations]).toEqual(['invalid_annotation', []]);
    expect(answered.response.warnings?.[0]).toContain(name);
    expect(answered.response.warnings?.[0]).toMatch(complaint);
    expect(JSON.stringify([answered.response, answered.log])).not.toContain(SECRET);
  });

  it('a URL that the sidecar would refuse in production', () => {
    const annotations = { 'tcp-sniffer/output-url': 'http://collector.example/' };
    expect(answerTo(annotations).operations).not.toEqual([]);
    const refused = answerTo(annotations, true);
    expect(reasonOf(refused)).toBe('invalid_annotation');
    expect(refused.response.warnings?.[0]).toContain('https');
  });
});

describe('an option of the table', () => {
  const TEXTS = [
    ...['true', 'false', '7', '0.2', '9464', '8388608', 'eth7', 'strict', 'debug', 'base64', 'json', 'method', 'a,b'],
    ...['path=/a', 'maxMessages=2', 'text/plain', 'https://a.example/b', 'kafka://a.example/b', 'status >= 500'],
  ];
  const rows = COMMAND_OPTIONS.filter(({ annotation }) => annotation !== undefined);

  /** Taken by the option's own row, and not as its default. */
  function textFor(field: keyof typeof OPTIONS, parse: (text: string) => unknown): string | undefined {
    const { check } = OPTIONS[field];
    return TEXTS.find((text) => {
      try {
        const value = check(parse(text), field, true);
        return JSON.stringify(value) !== JSON.stringify((OPTIONS[field] as { default?: unknown }).default);
      } catch {
        return false;
      }
    });
  }

  it.each(rows)('$field arrives in the sidecar', ({ field, variable, annotation, parse }) => {
    const value = textFor(field as keyof typeof OPTIONS, parse);
    expect(value, 'none of the texts is one of this option: add one').toBeDefined();
    expect(container({ [`tcp-sniffer/${annotation?.name}`]: `${value}` }).env).toContainEqual({
      name: variable,
      value,
    });
  });
});

describe('redact-headers', () => {
  const redaction = (value: string) =>
    (container({ 'tcp-sniffer/redact-headers': value }).env as { name: string; value?: string }[]).find(
      ({ name }) => name === 'REDACT_HEADERS',
    )?.value;

  it.each(['', ' ', ',', ' , ,\t'])('%j counts as unset', (value) => {
    expect(redaction(value)).toBeUndefined();
  });

  it.each(['none', 'authorization', 'a,b'])('%s reaches the sidecar', (value) => {
    expect(redaction(value)).toBe(value);
  });
});

describe('the token of the injector', () => {
  const URL = 'https://collector.example/in';
  const both = { INJECTOR_SIDECAR_OUTPUT_URL: URL, INJECTOR_SIDECAR_AUTH_SECRET: 'operators/token' };
  function secretFor(annotations: Record<string, string>, env: Record<string, string> = both) {
    const { operations, response } = ask(
      { metadata: { annotations }, spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] } },
      { env },
    );
    const added = operations.find(({ path }) => path === '/spec/initContainers')?.value as [
      { env: { name: string }[] },
    ];
    const token = added[0].env.find(({ name }) => name === 'OUTPUT_URL_AUTH_TOKEN') as
      | { valueFrom: { secretKeyRef: { name: string } } }
      | undefined;
    return { secret: token?.valueFrom.secretKeyRef.name, warnings: response.warnings };
  }

  it.each<Record<string, string>>([
    {},
    { 'tcp-sniffer/output-url': URL },
    { 'tcp-sniffer/output-url': 'HTTPS://collector.example:443/in' },
    { 'tcp-sniffer/interface': 'lo' },
  ])('goes along to the URL of the injector: %j', (annotations) => {
    expect(secretFor(annotations)).toEqual({ secret: 'operators' });
  });

  it.each([
    'https://other.example/in',
    'https://collector.example/',
    'https://collector.example/in?x',
    'https://collector.example:8443/in',
    'http://collector.example/in',
    'https://collector.example./in',
  ])('does not go along to %s, and a warning says so', (url) => {
    const { secret, warnings } = secretFor({ 'tcp-sniffer/output-url': url });
    expect(secret).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/output-url.*auth-secret/)]);
    expect(warnings?.[0]).not.toContain('example');
  });

  it('does not go along where the injector has no URL', () => {
    const { secret } = secretFor(
      { 'tcp-sniffer/output-url': URL },
      { INJECTOR_SIDECAR_AUTH_SECRET: both.INJECTOR_SIDECAR_AUTH_SECRET },
    );
    expect(secret).toBeUndefined();
  });

  it.each(['https://other.example/', URL])('gives way to the Secret that the pod names, for %s', (url) => {
    for (const names of [
      ['output-url', 'auth-secret'],
      ['auth-secret', 'output-url'],
    ]) {
      const values: Record<string, string> = { 'output-url': url, 'auth-secret': 'mine/key' };
      const annotations = Object.fromEntries(names.map((name) => [`tcp-sniffer/${name}`, values[name] ?? '']));
      expect(secretFor(annotations)).toEqual({ secret: 'mine' });
    }
  });
});

it('what the sidecar writes to its log never comes into the status of its pod', () => {
  expect(container({}).terminationMessagePolicy).toBe('File');
});

describe('a good one', () => {
  it.each([
    ['registry.example/tcp-sniffer:1.0'],
    ['localhost:5000/a/b-c__d.e:x_1'],
    ['tcp-sniffer'],
    [`r/x@sha256:${'0'.repeat(64)}`],
  ])('image %s', (image) => {
    expect(container({ 'tcp-sniffer/image': image }).image).toBe(image);
  });

  it.each([
    ['700m', '0.7'],
    ['.5', '500m'],
    ['1', '1e0'],
    ['1000m', '+1'],
  ])('cpu request %s is not more than limit %s', (request, limit) => {
    const { resources } = container({ 'tcp-sniffer/cpu-request': request, 'tcp-sniffer/cpu-limit': limit });
    expect(resources).toMatchObject({ requests: { cpu: request }, limits: { cpu: limit } });
  });

  it('is not taken for another variable by Kubernetes', () => {
    const { env } = container({ 'tcp-sniffer/output-url': 'https://c.example/$(OUTPUT_URL_AUTH_TOKEN)/$$/$x' });
    // Kubernetes makes $ of $$.
    expect(env).toContainEqual({ name: 'OUTPUT_URL', value: 'https://c.example/$$(OUTPUT_URL_AUTH_TOKEN)/$$$$/$$x' });
  });

  it('leaves the other defaults', () => {
    expect(container({ 'tcp-sniffer/interface': 'lo' })).toMatchObject({
      image: IMAGE,
      imagePullPolicy: 'IfNotPresent',
    });
  });
});
