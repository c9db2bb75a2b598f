// Pods of any shape that the API's schema allows, and then some, for property tests.

import fc from 'fast-check';

const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,14}[a-z0-9])?$/);
const quantity = fc.constantFrom('1m', '100m', '0.5', '2', '1e3', '64Mi', '1Gi', '1E');
const resources = fc.record(
  {
    requests: fc.dictionary(fc.constantFrom('cpu', 'memory'), quantity),
    limits: fc.dictionary(fc.constantFrom('cpu', 'memory'), quantity),
  },
  { requiredKeys: [] },
);
const containerPort = fc.record(
  {
    containerPort: fc.integer({ min: 1, max: 65_535 }),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    name: fc.stringMatching(/^[a-z]{1,15}$/),
  },
  { requiredKeys: ['containerPort'] },
);
const env = fc.record({ name: fc.stringMatching(/^[A-Z_]{1,9}$/), value: fc.string() }, { requiredKeys: ['name'] });
const container = fc.record(
  {
    name,
    image: fc.constantFrom('a', 'registry.example/b:1'),
    ports: fc.array(containerPort, { maxLength: 4 }),
    env: fc.array(env, { maxLength: 3 }),
    args: fc.array(fc.string(), { maxLength: 2 }),
    resources,
    tty: fc.boolean(),
  },
  { requiredKeys: ['name'] },
);
const label = fc.constantFrom('true', 'false', 'other');
const key = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}(\/[a-z~.]{1,8})?$/),
  fc.constantFrom('__proto__', 'tcp-sniffer/status', 'kubectl.kubernetes.io/default-container'),
);
const annotation = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(key, fc.string()) },
  { weight: 1, arbitrary: fc.constant(['tcp-sniffer/ports', '80,8080'] as [string, string]) },
  { weight: 1, arbitrary: fc.constant(['tcp-sniffer/native', 'false'] as [string, string]) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('tcp-sniffer/termination-grace-period-seconds'), fc.constantFrom('5', '99')),
  },
);

/** Lists of containers in which no name comes twice. */
export const pod = fc
  .record({
    metadata: fc.record(
      {
        name,
        generateName: name,
        annotations: fc.array(annotation, { maxLength: 4 }).map(fromEntries),
        labels: fc.record({ 'tcp-sniffer/inject': label, app: name }, { requiredKeys: [] }),
        finalizers: fc.array(name, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        hostNetwork: fc.boolean(),
        restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
        terminationGracePeriodSeconds: fc.integer({ min: 0, max: 600 }),
        nodeSelector: fc.dictionary(name, name, { maxKeys: 2 }),
        volumes: fc.array(fc.record({ name, emptyDir: fc.constant({}) }), { maxLength: 2 }),
        securityContext: fc.record({ runAsUser: fc.nat(70_000), runAsNonRoot: fc.boolean() }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    containers: fc.uniqueArray(container, { minLength: 1, maxLength: 6, selector: ({ name: one }) => one }),
    /** So many of them are init containers; -1 is a pod without that list. */
    initContainers: fc.integer({ min: -1, max: 3 }),
  })
  .map(({ metadata, spec, containers, initContainers }) => {
    const split = Math.min(initContainers, containers.length - 1);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: {
        ...spec,
        containers: containers.slice(Math.max(split, 0)),
        ...(split < 0 ? {} : { initContainers: containers.slice(0, split) }),
      },
    };
  });

/** Also `__proto__` as a key of its own, as JSON.parse makes it. */
function fromEntries(entries: [string, string][]): Record<string, string> {
  return JSON.parse(`{${entries.map(([one, value]) => `${JSON.stringify(one)}:${JSON.stringify(value)}`).join(',')}}`);
}
