// Pods as they come: each with what it is there for. Those of the end-to-end tests, too.

import { IN_A_MESH, OUTSIDE_OF_A_MESH } from './mesh-pods';
import { ODD } from './odd-pods';
import { ASKING_TOO_MUCH, WITH_OUTPUTS } from './output-pods';
import { annotated, type PodCase, pod, web } from './parts';
import type { Json } from './rig';

/** Required; each term has its expressions as `[operator, ...values]` on the label of the operating system. */
function osAffinity(...terms: string[][] | string[][][]): Json {
  const expression = ([operator, ...values]: string[]) => ({ key: 'kubernetes.io/os', operator, values });
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: (Array.isArray(term[0]) ? (term as string[][]) : [term as string[]]).map(expression),
  }));
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

const LONG_BYTES = 128 * 1024 - 100;
const texts = (count: number): string[] => Array<string>(count).fill('x'.repeat(LONG_BYTES));
const variables = (count: number): Json[] => texts(count).map((value, at) => ({ name: `LONG_${at}`, value }));

/** Injected pods: the API server must take what comes out. */
export const INJECTED: readonly (PodCase & { warns?: RegExp })[] = [
  { name: 'plain', pod: pod() },
  { name: 'plain-classic', pod: pod(), native: false },
  { name: 'no-label', pod: pod({}, { labels: undefined }), entry: 'namespace' },
  { name: 'generate-name', pod: pod({}, { name: undefined, generateName: 'web-7d4b9c-' }) },
  { name: 'other-annotations', pod: annotated({ 'a.b/c_d': 'kept' }) },
  {
    name: 'init-containers',
    pod: pod({ initContainers: [{ name: 'migrate', image: 'registry.example/migrate:1' }] }),
  },
  {
    name: 'init-containers-classic',
    pod: pod({ initContainers: [{ name: 'migrate', image: 'registry.example/migrate:1' }] }),
    native: false,
  },
  {
    name: 'several-containers-classic',
    pod: pod({
      containers: [web, { name: 'proxy', image: 'registry.example/proxy:1', ports: [{ containerPort: 15001 }] }],
    }),
    native: false,
  },
  { name: 'empty-lists', pod: pod({ initContainers: [], volumes: [] }, { annotations: {} }) },
  { name: 'grace-period-kept', pod: pod({ terminationGracePeriodSeconds: 5 }) },
  {
    name: 'grace-period-raised',
    pod: annotated({ 'tcp-sniffer/termination-grace-period-seconds': '60' }, { terminationGracePeriodSeconds: 30 }),
  },
  {
    name: 'grace-period-never-lowered',
    pod: annotated({ 'tcp-sniffer/termination-grace-period-seconds': '10' }, { terminationGracePeriodSeconds: 120 }),
  },
  {
    name: 'stale-status',
    pod: annotated({
      'tcp-sniffer/status': 'copied from a pod of R&D',
      'kubectl.kubernetes.io/default-container': 'web',
    }),
    native: false,
  },
  ...[true, false].map((native) => ({
    name: `tls-keylog${native ? '' : '-classic'}`,
    native,
    env: { INJECTOR_POLICY: '{"tlsKeylog": true}' },
    pod: annotated(
      { 'tcp-sniffer/tls-keylog': 'true' },
      {
        initContainers: [{ name: 'migrate', image: 'registry.example/migrate:1' }],
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          web,
          {
            name: 'api',
            image: 'registry.example/api:1',
            env: [
              { name: 'A', value: 'b' },
              { name: 'NODE_OPTIONS', value: '--max-old-space-size=64' },
              { name: 'SSLKEYLOGFILE', value: '/tmp/own' },
            ],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
      },
    ),
  })),
  {
    name: 'tls-keylog-of-one-container',
    env: { INJECTOR_POLICY: '{"tlsKeylog": true}' },
    pod: annotated(
      { 'tcp-sniffer/tls-keylog': 'true', 'tcp-sniffer/tls-keylog-containers': 'api' },
      { containers: [web, { name: 'api', image: 'registry.example/api:1', env: [{ name: 'NODE_OPTIONS' }] }] },
    ),
  },
  {
    name: 'all-annotations',
    env: { INJECTOR_POLICY: '{"images": ["registry.example:5000/team/tcp-sniffer"]}' },
    pod: annotated({
      'tcp-sniffer/ports': '8080, 9090',
      'tcp-sniffer/interface': 'any',
      'tcp-sniffer/output-url': 'https://collector.example/$(NAMESPACE)',
      'tcp-sniffer/auth-secret': 'collector/token',
      'tcp-sniffer/image': 'registry.example:5000/team/tcp-sniffer:2@sha256:'.padEnd(112, 'a'),
      'tcp-sniffer/cpu-request': '50m',
      'tcp-sniffer/memory-request': '128Mi',
      'tcp-sniffer/cpu-limit': '1',
      'tcp-sniffer/memory-limit': '1Gi',
      'tcp-sniffer/native': 'true',
      'tcp-sniffer/output-stdout': 'true',
      'tcp-sniffer/sample-rate': '0.25',
      'tcp-sniffer/redact-headers': 'authorization, x-api-key',
      'tcp-sniffer/max-body-size': '1024',
    }),
  },
  {
    name: 'annotations-of-the-table',
    pod: annotated({
      'tcp-sniffer/redact-query': 'token',
      'tcp-sniffer/include': 'path=/api/',
      'tcp-sniffer/binary-bodies': 'base64',
      'tcp-sniffer/metrics-port': '9464',
      'tcp-sniffer/ring-buffer-bytes': '8388608',
    }),
  },
  {
    name: 'options-and-policy-of-the-injector',
    pod: annotated({
      'tcp-sniffer/redact-headers': 'x-key',
      'tcp-sniffer/output-url': 'https://logs.in.example:8443/a',
      'tcp-sniffer/image': 'registry.example/team/sniffer:2',
    }),
    env: {
      INJECTOR_SIDECAR_OPTIONS: '{"sample-rate": 0.5, "exclude": "path=/healthz", "metrics-port": 9464}',
      INJECTOR_POLICY: JSON.stringify({
        images: ['registry.example/team/*'],
        outputHosts: ['*.in.example'],
        redactHeaders: ['authorization', 'X-Secret'],
        locked: ['ports'],
        maxBodySize: 4096,
        maxSampleRate: 0.5,
      }),
    },
  },
  {
    name: 'redaction-of-the-policy',
    pod: annotated({
      'tcp-sniffer/redact-headers': '+x-key',
      'tcp-sniffer/redact-query': 'Sig, token',
      'tcp-sniffer/redact': 'default',
    }),
    env: {
      INJECTOR_SIDECAR_OPTIONS: '{"redact-body": "password"}',
      INJECTOR_POLICY: JSON.stringify({
        ...{ redactHeaders: ['X-Secret'], redactQuery: ['Token', 'key'], redactBody: ['apiKey'], redact: 'strict' },
      }),
    },
  },
  {
    name: 'options-of-the-namespace',
    pod: annotated({ 'tcp-sniffer/exclude': 'path=/healthz' }),
    env: {
      INJECTOR_SIDECAR_OPTIONS: '{"sample-rate": 0.5, "redact": "strict", "exclude": "path=/ready"}',
      INJECTOR_NAMESPACES:
        '{"shop": {"sample-rate": 0, "decode-body": false, "exclude": "path=/a"}, "bar": {"redact": "default"}}',
    },
  },
  {
    name: 'options-of-another-namespace',
    pod: pod(),
    env: {
      INJECTOR_SIDECAR_OPTIONS: '{"sample-rate": 0.5}',
      INJECTOR_NAMESPACES: '{"bar": {"sample-rate": 1}}',
    },
  },
  {
    name: 'defaults-of-the-injector',
    pod: pod(),
    env: {
      INJECTOR_SIDECAR_PORTS: '80,443',
      INJECTOR_SIDECAR_INTERFACE: 'eth0',
      INJECTOR_SIDECAR_OUTPUT_URL: 'https://collector.example/in',
      INJECTOR_SIDECAR_AUTH_SECRET: 'sniffer/token',
    },
  },
  {
    name: 'declared-ports',
    pod: pod({
      containers: [
        {
          ...web,
          ports: [
            { containerPort: 8080, protocol: 'TCP' },
            { containerPort: 53, protocol: 'UDP' },
          ],
        },
        { name: 'admin', image: 'registry.example/admin:1', ports: [{ containerPort: 9000 }, { containerPort: 8080 }] },
      ],
    }),
  },
  {
    name: 'ports-of-a-native-sidecar',
    pod: pod({
      containers: [{ ...web, ports: undefined }],
      initContainers: [
        { name: 'migrate', image: 'registry.example/migrate:1', ports: [{ containerPort: 1 }] },
        {
          name: 'proxy',
          image: 'registry.example/proxy:1',
          restartPolicy: 'Always',
          ports: [{ containerPort: 15006 }],
        },
      ],
    }),
  },
  {
    name: 'ports-of-all-that-serve',
    pod: pod({
      initContainers: [
        {
          name: 'proxy',
          image: 'registry.example/proxy:1',
          restartPolicy: 'Always',
          ports: [{ containerPort: 15006 }, { containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }],
        },
      ],
    }),
  },
  { name: 'host-network-wanted', pod: annotated({ 'tcp-sniffer/host-network': 'true' }, { hostNetwork: true }) },
  {
    name: 'job-native',
    pod: pod(
      { restartPolicy: 'Never' },
      { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'nightly', uid: '1', controller: true }] },
    ),
  },
  {
    name: 'linux-by-affinity',
    pod: pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
                  { key: 'kubernetes.io/os', operator: 'NotIn', values: ['windows'] },
                  { key: 'zone', operator: 'Exists' },
                ],
              },
            ],
          },
        },
      },
    }),
  },
  {
    name: 'linux-after-all',
    pod: pod({ nodeSelector: { 'kubernetes.io/os': 'linux' }, affinity: osAffinity(['In', 'linux', 'windows']) }),
  },
  { name: 'redaction-unset', pod: annotated({ 'tcp-sniffer/redact-headers': '' }) },
  { name: 'redaction-off', pod: annotated({ 'tcp-sniffer/redact-headers': 'none' }) },
  { name: 'large', pod: pod({ containers: [{ ...web, env: variables(10), args: texts(1) }] }) },
  ...WITH_OUTPUTS,
  { name: 'native-refused-by-the-pod', pod: annotated({ 'tcp-sniffer/native': 'false' }) },
  {
    name: 'room-in-the-pod-resources',
    pod: pod({ resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } } }),
  },
  ...IN_A_MESH,
  ...OUTSIDE_OF_A_MESH,
  ...ODD,
];

const ours = { name: 'tcp-sniffer', image: 'registry.example/other:1' };

/** The same, left alone. */
export const SKIPPED: readonly (PodCase & { reason: string; warns?: RegExp })[] = [
  { name: 'disabled', pod: pod({}, { labels: { 'tcp-sniffer/inject': 'false' } }), reason: 'disabled' },
  {
    name: 'disabled by an annotation',
    pod: pod({}, { labels: undefined, annotations: { 'tcp-sniffer/inject': 'false' } }),
    entry: 'namespace',
    reason: 'disabled',
  },
  { name: 'not labelled', pod: pod({}, { labels: { app: 'web' } }), entry: 'pod', reason: 'not_opted_in' },
  {
    name: 'a label that is neither',
    pod: pod({}, { labels: { 'tcp-sniffer/inject': 'yes' } }),
    entry: 'namespace',
    reason: 'not_opted_in',
    warns: /must be "true" or "false"/,
  },
  {
    name: 'a container of that name',
    pod: pod({ containers: [web, ours] }),
    reason: 'name_conflict',
    warns: /of its own/,
  },
  {
    name: 'a volume of the name of ours',
    pod: pod({ volumes: [{ name: 'tcp-sniffer-no-token', emptyDir: {} }] }),
    reason: 'name_conflict',
    warns: /volume named tcp-sniffer-no-token/,
  },
  ...(
    [
      [
        'from a ConfigMap',
        { envFrom: [{ configMapRef: { name: 'a' } }] },
        /container web: the value of its NODE_OPTIONS/,
      ],
      ['from a Secret', { env: [{ name: 'NODE_OPTIONS', valueFrom: {} }] }, /the value of its NODE_OPTIONS/],
      ['twice', { env: ['a', 'b'].map((value) => ({ name: 'NODE_OPTIONS', value })) }, /the value of its NODE_OPTIONS/],
      ['mounted', { volumeMounts: [{ name: 'a', mountPath: '/run/tcp-sniffer-tls/keys' }] }, /it has a mount/],
      ['unreadable', { env: 'A=b' }, /its variables cannot be read/],
    ] as const
  ).map(([name, container, warns]) => ({
    name: `TLS keys: ${name}`,
    pod: annotated({ 'tcp-sniffer/tls-keylog': 'true' }, { containers: [{ ...web, ...container }] }),
    env: { INJECTOR_POLICY: '{"tlsKeylog": true}' },
    reason: 'tls_keys',
    warns,
  })),
  {
    name: 'TLS keys: of a container that is not there',
    pod: annotated({ 'tcp-sniffer/tls-keylog': 'true', 'tcp-sniffer/tls-keylog-containers': 'wbe' }),
    env: { INJECTOR_POLICY: '{"tlsKeylog": true}' },
    reason: 'tls_keys',
    warns: /no such container/,
  },
  {
    name: 'TLS keys: not switched on',
    pod: annotated({ 'tcp-sniffer/tls-keylog': 'true' }),
    reason: 'policy',
    warns: /the operator has not switched this on/,
  },
  ...ASKING_TOO_MUCH,
  {
    name: 'an init container of that name',
    pod: pod({ initContainers: [ours] }),
    reason: 'name_conflict',
    warns: /own/,
  },
  {
    name: 'already injected',
    pod: pod({ containers: [web, ours] }, { annotations: { 'tcp-sniffer/status': '{}' } }),
    reason: 'already_injected',
  },
  { name: 'host network', pod: pod({ hostNetwork: true }), reason: 'host_network', warns: /tcp-sniffer\/host-network/ },
  { name: 'windows by os', pod: pod({ os: { name: 'windows' } }), reason: 'windows', warns: /Linux/ },
  {
    name: 'windows by selector',
    pod: pod({ nodeSelector: { 'kubernetes.io/os': 'windows' } }),
    reason: 'windows',
    warns: /Linux/,
  },
  {
    name: 'windows by affinity',
    pod: pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] }] },
            ],
          },
        },
      },
    }),
    reason: 'windows',
    warns: /Linux/,
  },
  ...[
    ['In, beside others', osAffinity(['In', 'darwin', 'windows'])],
    ['NotIn', osAffinity(['NotIn', 'linux'])],
    ['NotIn, beside others', osAffinity(['NotIn', 'darwin', 'linux'])],
    ['In, where Linux is allowed too', osAffinity(['In', 'linux', 'windows'])],
    ['one of several terms', osAffinity(['In', 'linux'], ['NotIn', 'linux'])],
  ].map(([name, affinity]) => ({
    name: `windows by affinity: ${name}`,
    pod: pod({ affinity }),
    reason: 'windows',
    warns: /Linux/,
  })),
  ...[
    { securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } },
    { containers: [web, { name: 'b', securityContext: { windowsOptions: { hostProcess: true } } }] },
    { initContainers: [{ name: 'b', securityContext: { windowsOptions: { hostProcess: true } } }] },
    { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } },
    { nodeSelector: { 'node.kubernetes.io/windows-build': '10.0.20348' } },
  ].map((spec) => ({
    name: `windows by ${JSON.stringify(spec).slice(0, 70)}`,
    pod: pod(spec),
    reason: 'windows',
    warns: /Linux/,
  })),
  { name: 'one name for two containers', pod: pod({ initContainers: [web] }), reason: 'unreadable_pod', warns: /API/ },
  { name: 'mirror pod', pod: annotated({ 'kubernetes.io/config.mirror': 'hash' }), reason: 'mirror_pod' },
  ...['kube-system', 'kube-public', 'kube-node-lease', 'tcp-sniffer'].map((namespace) => ({
    name: `in ${namespace}`,
    pod: pod(),
    request: { namespace },
    reason: 'system_namespace',
    warns: new RegExp(namespace),
  })),
  { name: 'no ports', pod: pod({ containers: [{ ...web, ports: undefined }] }), reason: 'no_ports', warns: /ports/ },
  {
    name: 'no ports beside those of a mesh',
    pod: pod({
      containers: [
        { ...web, ports: undefined },
        { ...web, name: 'istio-proxy' },
      ],
    }),
    reason: 'no_ports',
    warns: /no container beside the mesh's proxy/,
  },
  {
    name: 'more ports than fit',
    pod: pod({
      containers: [{ ...web, ports: Array.from({ length: 2_000 }, (_, at) => ({ containerPort: at + 1 })) }],
    }),
    reason: 'too_large',
    warns: /tcp-sniffer\/ports/,
  },
  {
    name: 'annotations that leave no room',
    pod: annotated({ 'a/b': 'x'.repeat(262_032) }),
    reason: 'too_large',
    warns: /annotations/,
  },
  {
    // Nearly all that etcd takes.
    name: 'a pod that leaves no room',
    pod: pod({ containers: [{ ...web, env: variables(12) }] }),
    reason: 'too_large',
    warns: /etcd/,
  },
  {
    name: 'arguments that leave no room',
    pod: pod({ initContainers: [{ name: 'migrate', image: 'registry.example/migrate:1', args: texts(12) }] }),
    reason: 'too_large',
    warns: /etcd/,
  },
  {
    name: 'ports of init containers that end',
    pod: pod({
      containers: [{ ...web, ports: undefined }],
      initContainers: [{ ...web, name: 'migrate' }],
    }),
    reason: 'no_ports',
    warns: /ports/,
  },
  {
    name: 'UDP only',
    pod: pod({ containers: [{ ...web, ports: [{ containerPort: 53, protocol: 'UDP' }] }] }),
    reason: 'no_ports',
    warns: /ports/,
  },
  {
    name: 'a Job where sidecars are classic',
    pod: pod({}, { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'nightly', uid: '1' }] }),
    native: false,
    reason: 'job_without_native_sidecars',
    warns: /Job/,
  },
  {
    name: 'a pod that ends where sidecars are classic',
    pod: pod({ restartPolicy: 'OnFailure' }),
    native: false,
    reason: 'job_without_native_sidecars',
    warns: /Job/,
  },
  {
    name: 'native wanted where there is none',
    pod: annotated({ 'tcp-sniffer/native': 'true' }),
    native: false,
    reason: 'native_unavailable',
    warns: /tcp-sniffer\/native/,
  },
  {
    name: 'no room in the pod resources',
    pod: pod({
      resources: { requests: { cpu: '100m' } },
      containers: [{ ...web, resources: { requests: { cpu: '1m' } } }],
    }),
    reason: 'pod_resources',
    warns: /spec.resources/,
  },
  {
    name: 'a limit above the pod limit',
    pod: pod({ resources: { limits: { memory: '300Mi' } } }),
    reason: 'pod_resources',
    warns: /spec.resources/,
  },
];
