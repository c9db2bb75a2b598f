// Pods at the edges of what the API server takes. With a sidecar, or left alone: it must take each as it takes the pod itself.

import { annotated, type PodCase, pod, web } from './parts';

const texts = (count: number, length: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`a.example/${at}`, 'x'.repeat(length)]));
const variables = (count: number, value: string) =>
  Array.from({ length: count }, (_, at) => ({ name: `${value === '' ? 'A' : 'B'}.${at}-_`, value }));
const containers = (count: number, ports: number) =>
  Array.from({ length: count }, (_, at) => ({
    name: `c${at}`,
    image: 'registry.example/web:1',
    ports: Array.from({ length: ports }, (_, port) => ({ containerPort: 1 + at * ports + port })),
  }));
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const token = { serviceAccountToken: { path: 'token', expirationSeconds: 3_600 } };

export const ODD: readonly PodCase[] = [
  {
    name: 'odd-host-ports',
    pod: pod({
      containers: [
        {
          ...web,
          ports: [
            { name: 'http', containerPort: 8080, hostPort: 8080, hostIP: '127.0.0.1' },
            { containerPort: 8080, hostPort: 8080, hostIP: '127.0.0.2', protocol: 'TCP' },
            { containerPort: 8080, hostPort: 8080, protocol: 'UDP' },
            { containerPort: 8081, protocol: 'SCTP' },
            { containerPort: 65_535, hostPort: 1 },
          ],
        },
      ],
    }),
  },
  {
    name: 'odd-host-network-with-host-ports',
    pod: annotated(
      { 'tcp-sniffer/host-network': 'true' },
      { hostNetwork: true, containers: [{ ...web, ports: [{ containerPort: 9090, hostPort: 9090 }] }] },
    ),
  },
  { name: 'odd-many-containers', pod: pod({ containers: containers(150, 3) }) },
  {
    name: 'odd-large-environment',
    pod: pod({
      containers: [
        {
          ...web,
          env: [
            ...variables(2_000, ''),
            ...variables(20, 'ä$(A.0-_)$$€😀"\\\u2028<&>'.repeat(1_000)),
            { name: 'TWICE', value: '1' },
            { name: 'TWICE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['a/b']" } } },
          ],
        },
      ],
    }),
  },
  { name: 'odd-many-annotations', pod: annotated(texts(900, 250)) },
  { name: 'odd-annotations-of-many-bytes', pod: annotated({ a: '€😀'.repeat(37_000), '9.z/A_.b': '\u0001\u2028' }) },
  {
    name: 'odd-names-at-their-limits',
    pod: pod(
      { containers: [{ ...web, name: 'w'.repeat(63) }], hostname: 'h'.repeat(63), subdomain: 's'.repeat(63) },
      { name: `${'a'.repeat(62)}.`.repeat(4).slice(0, 251) },
    ),
  },
  {
    name: 'odd-token-by-hand',
    pod: pod({
      automountServiceAccountToken: false,
      volumes: [
        { name: 'kube-api-access-a', projected: { sources: [token] } },
        { name: 'empty', emptyDir: {} },
      ],
      containers: [
        {
          ...web,
          volumeMounts: [
            { name: 'kube-api-access-a', mountPath: TOKEN_PATH, readOnly: true },
            { name: 'empty', mountPath: '/' },
          ],
        },
      ],
    }),
  },
  {
    name: 'odd-sidecars-of-its-own',
    pod: pod({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 1,
      initContainers: [
        {
          ...{ name: 'first', image: 'a', restartPolicy: 'Always', ports: [{ containerPort: 1 }] },
          startupProbe: { tcpSocket: { port: 1 }, failureThreshold: 1_000 },
          lifecycle: { preStop: { exec: { command: ['a'] } } },
        },
        ...containers(50, 0).map((each) => ({ ...each, name: `i${each.name}` })),
      ],
    }),
  },
  {
    name: 'odd-namespaces-of-the-node',
    pod: pod({ hostPID: true, hostIPC: true, securityContext: { runAsUser: 0, supplementalGroups: [0, 1] } }),
  },
  {
    name: 'odd-users-of-its-own',
    pod: pod({
      hostUsers: false,
      shareProcessNamespace: true,
      securityContext: {
        ...{ runAsUser: 1, runAsGroup: 2, fsGroup: 3, runAsNonRoot: true, fsGroupChangePolicy: 'OnRootMismatch' },
        ...{ seccompProfile: { type: 'Unconfined' }, seLinuxOptions: { level: 's0:c1,c2' } },
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
    }),
  },
  {
    name: 'odd-annotations-of-profiles',
    pod: annotated({
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
      'container.seccomp.security.alpha.kubernetes.io/web': 'localhost/a',
      'container.apparmor.security.beta.kubernetes.io/web': 'unconfined',
      'kubectl.kubernetes.io/last-applied-configuration': '{"a":"\\u0000"}\n',
    }),
  },
  { name: 'odd-no-grace', pod: pod({ terminationGracePeriodSeconds: 0 }) },
  {
    name: 'odd-no-grace-raised',
    pod: annotated({ 'tcp-sniffer/termination-grace-period-seconds': '60' }, { terminationGracePeriodSeconds: 0 }),
  },
  {
    name: 'odd-negative-grace',
    pod: annotated({ 'tcp-sniffer/termination-grace-period-seconds': '60' }, { terminationGracePeriodSeconds: -1 }),
  },
  {
    name: 'odd-pod-resources',
    pod: pod({
      resources: {
        requests: { cpu: '1e0', memory: '1.5Gi', 'hugepages-2Mi': '2Mi' },
        limits: { cpu: 2, memory: '2e9', 'hugepages-2Mi': '2Mi' },
      },
      containers: [{ ...web, resources: { requests: { cpu: '0', memory: '1k' } } }],
    }),
  },
  {
    name: 'odd-not-scheduled-yet',
    pod: pod({
      schedulingGates: [{ name: 'a.example/gate' }],
      schedulerName: 'another',
      priorityClassName: 'system-node-critical',
      readinessGates: [{ conditionType: 'a.example/ready' }],
      tolerations: [{ operator: 'Exists' }],
      enableServiceLinks: false,
      preemptionPolicy: 'PreemptLowerPriority',
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['192.0.2.1'] },
      hostAliases: [{ ip: '127.0.0.1', hostnames: ['a'] }],
    }),
  },
  {
    name: 'odd-owners',
    pod: pod(
      {},
      {
        finalizers: ['a.example/b'],
        ownerReferences: Array.from({ length: 100 }, (_, at) => ({
          apiVersion: 'a.example/v1',
          kind: 'Job',
          name: `n${at}`,
          uid: `${at}`,
        })),
      },
    ),
  },
];
