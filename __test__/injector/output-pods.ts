// Pods by what they ask for of outputs, and of the operator's policy.

import { annotated, type PodCase, pod } from './parts';

/** Of the injector. */
const KAFKA = {
  INJECTOR_SIDECAR_OPTIONS: '{"output-kafka": "kafka://broker.example/http-{service}?sasl=scram-sha-256"}',
  INJECTOR_SIDECAR_KAFKA_USERNAME_SECRET: 'kafka/user',
  INJECTOR_SIDECAR_KAFKA_PASSWORD_SECRET: 'kafka/password',
};
const OTLP = {
  INJECTOR_SIDECAR_OPTIONS:
    '{"output-otlp": "http://collector.example:4318", "otel-resource-attributes": "k8s.cluster.name=one"}',
  INJECTOR_SIDECAR_OTLP_HEADERS_SECRET: 'collector/headers',
};

/** Injected pods. */
export const WITH_OUTPUTS: readonly (PodCase & { warns?: RegExp })[] = [
  {
    name: 'another-url-without-the-token',
    pod: annotated({ 'tcp-sniffer/output-url': 'https://collector.example/elsewhere' }),
    env: {
      INJECTOR_SIDECAR_OUTPUT_URL: 'https://collector.example/in',
      INJECTOR_SIDECAR_AUTH_SECRET: 'sniffer/token',
    },
    warns: /auth-secret/,
  },
  {
    name: 'kafka',
    pod: annotated({
      'tcp-sniffer/output-kafka':
        'kafkas://b1.in.example:9093,b2.in.example/http-{namespace}?compression=gzip&sasl=plain',
      'tcp-sniffer/kafka-username-secret': 'kafka/user',
      'tcp-sniffer/kafka-password-secret': 'kafka/password',
      'tcp-sniffer/output-stdout': 'false',
    }),
    env: { INJECTOR_POLICY: '{"outputHosts": ["*.in.example"]}' },
  },
  {
    name: 'kafka-of-the-injector',
    pod: pod({}, { labels: { 'tcp-sniffer/inject': 'true', 'app.kubernetes.io/name': 'web' } }),
    env: KAFKA,
  },
  {
    name: 'other-brokers-without-the-user',
    pod: annotated({ 'tcp-sniffer/output-kafka': 'kafka://elsewhere.example/http' }),
    env: KAFKA,
    warns: /output-kafka.* user name and password; .*kafka-username-secret and tcp-sniffer\/kafka-password-secret/,
  },
  {
    name: 'another-topic-without-the-user',
    pod: annotated({ 'tcp-sniffer/output-kafka': 'kafka://broker.example/elsewhere' }),
    env: KAFKA,
    warns: /output-kafka is not the URL that the operator set, .* user name and password;/,
  },
  {
    name: 'kafka-label-of-a-locked-name',
    pod: pod({}, { labels: { 'tcp-sniffer/inject': 'true', 'app.kubernetes.io/name': 'web' } }),
    env: {
      INJECTOR_SIDECAR_OPTIONS: '{"output-kafka": "kafka://broker.example/http", "output-otlp": "http://a.example"}',
      INJECTOR_POLICY: '{"locked": ["otel-service-name"]}',
    },
  },
  {
    name: 'other-brokers-with-a-user-of-the-pod',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://elsewhere.example/http?sasl=scram-sha-512',
      'tcp-sniffer/kafka-username-secret': 'mine/user',
      'tcp-sniffer/kafka-password-secret': 'mine/password',
    }),
    env: KAFKA,
  },
  {
    name: 'otlp',
    pod: annotated({
      'tcp-sniffer/output-otlp': 'http://collector.example:4318',
      'tcp-sniffer/otlp-headers-secret': 'collector/headers',
      'tcp-sniffer/otel-service-name': 'shop-web',
      'tcp-sniffer/otel-resource-attributes': 'deployment.environment.name=prod,team=shop%20one',
    }),
  },
  {
    name: 'otlp-of-the-injector',
    pod: pod({}, { labels: { 'tcp-sniffer/inject': 'true', 'app.kubernetes.io/name': 'web' } }),
    env: OTLP,
  },
  {
    name: 'another-collector-without-the-headers',
    pod: annotated({ 'tcp-sniffer/output-otlp': 'http://elsewhere.example:4318' }),
    env: OTLP,
    warns: /output-otlp.* headers; .*otlp-headers-secret/,
  },
];

/** Left alone. */
export const ASKING_TOO_MUCH: readonly (PodCase & { reason: string; warns?: RegExp })[] = [
  ...(
    [
      ['another image, without a policy', 'image', 'registry.example/evil:1', {}, /image: this image is not allowed/],
      ['another image', 'image', 'registry.example/team-x/a', { images: ['registry.example/team/*'] }, /not allowed/],
      [
        'another host',
        'output-url',
        'https://in.example.evil/',
        { outputHosts: ['*in.example'] },
        /host of OUTPUT_URL/,
      ],
      [
        'another receiver of spans',
        'output-otlp',
        'http://elsewhere.example:4318',
        { outputHosts: ['*.in.example'] },
        /host of OUTPUT_OTLP/,
      ],
      [
        'one broker of several',
        'output-kafka',
        'kafka://a.in.example,b.elsewhere.example/http',
        { outputHosts: ['*.in.example'] },
        /host of OUTPUT_KAFKA/,
      ],
      [
        'brokers where Kafka is locked',
        'output-kafka',
        'kafka://a.example/http',
        { locked: ['output-kafka'] },
        /output-kafka is locked/,
      ],
      ['a locked annotation', 'redact-headers', 'none', { locked: ['redact-headers'] }, /redact-headers is locked/],
      ['larger bodies', 'max-body-size', '4097', { maxBodySize: 4096 }, /MAX_BODY_SIZE must be at most 4096/],
      ['more connections', 'sample-rate', '0.6', { maxSampleRate: 0.5 }, /SAMPLE_RATE must be at most 0.5/],
    ] as const
  ).map(([name, annotation, value, policy, warns]) => ({
    name: `policy: ${name}`,
    pod: annotated({ [`tcp-sniffer/${annotation}`]: value }),
    env: { INJECTOR_POLICY: JSON.stringify(policy) },
    reason: 'policy',
    warns,
  })),
  ...['output-url', 'output-otlp'].map((annotation) => ({
    name: `an ${annotation} with a backslash`,
    pod: annotated({ [`tcp-sniffer/${annotation}`]: 'https://elsewhere.example\\@a.in.example/' }),
    env: { INJECTOR_POLICY: '{"outputHosts": ["*.in.example"]}' },
    reason: 'invalid_annotation',
    warns: /must be an absolute http/,
  })),
  {
    name: 'a user of Kafka without its password',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://a.example/http?sasl=scram-sha-512',
      'tcp-sniffer/kafka-username-secret': 'mine/user',
    }),
    reason: 'invalid_annotation',
    warns: /output-kafka: sasl needs .*kafka-password-secret/,
  },
  ...[
    ['another topic', 'kafka://broker.example/elsewhere?sasl=scram-sha-256'],
    ['TLS', 'kafkas://broker.example/http?sasl=scram-sha-256'],
    ['another mechanism', 'kafka://broker.example/http?sasl=scram-sha-512'],
  ].map(([name, url]) => ({
    name: `the user of the injector for ${name}`,
    pod: annotated({ 'tcp-sniffer/output-kafka': url }),
    env: { ...KAFKA, INJECTOR_SIDECAR_OPTIONS: '{"output-kafka": "kafka://broker.example/http?sasl=scram-sha-256"}' },
    reason: 'invalid_annotation',
    warns: /output-kafka: sasl needs .*kafka-username-secret/,
  })),
  {
    name: 'other brokers, the password of the injector',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://elsewhere.example/http?sasl=scram-sha-256',
      'tcp-sniffer/kafka-username-secret': 'mine/user',
    }),
    env: KAFKA,
    reason: 'invalid_annotation',
    warns: /output-kafka: sasl needs .*kafka-password-secret/,
  },
  {
    name: 'a topic by the name of a service that is a pattern',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://a.example/http-{service}',
      'tcp-sniffer/otel-service-name': '$&',
    }),
    reason: 'invalid_annotation',
    warns: /output-kafka: its topic/,
  },
  {
    name: 'a topic by the name of a service that is a part of it',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://a.example/http-{service}',
      'tcp-sniffer/otel-service-name': '{pod}',
    }),
    reason: 'invalid_annotation',
    warns: /output-kafka: its topic/,
  },
  {
    name: 'a control character',
    pod: annotated({ 'tcp-sniffer/redact-query': 'token\0' }),
    reason: 'invalid_annotation',
    warns: /redact-query: must have no control characters/,
  },
  {
    name: 'a topic by the name of a service that is not known',
    pod: annotated({ 'tcp-sniffer/output-kafka': 'kafka://a.example/http-{service}' }),
    reason: 'invalid_annotation',
    warns: /\{service\} in its topic needs/,
  },
  {
    name: 'a topic by the name of a service that no topic has',
    pod: annotated({
      'tcp-sniffer/output-kafka': 'kafka://a.example/http-{service}',
      'tcp-sniffer/otel-service-name': 'a/b',
    }),
    reason: 'invalid_annotation',
    warns: /output-kafka: /,
  },
];
