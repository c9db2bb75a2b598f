// The operator's policy through a real API server: a pod that asks for more than it may starts without a sidecar, the person who creates
// it is warned, and its owner is told by an event; what the policy adds is in the sidecar.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCa, createLeaf } from '../ts/injector/certificates/issue';
import {
  apply,
  create,
  get,
  hasNativeSidecars,
  type Json,
  makeNamespace,
  type Pod,
  RUN,
  removeAll,
  until,
} from './cluster';
import { serviceAccount } from './service-account';
import { configure, HOST, startWebhook, type Webhook } from './webhook';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-e2e-'));
const SERVICE_ACCOUNT = 'tcp-sniffer-injector';
const RULES = {
  images: ['registry.example/team/*'],
  outputHosts: ['*.in.example'],
  locked: ['interface'],
  ...{ redactHeaders: ['x-key'], redactQuery: ['token'], redactBody: ['apiKey'], redact: 'strict' },
  maxBodySize: 4_096,
  maxSampleRate: 0.5,
};
let webhook: Webhook;
let home: string;
let shop: string;
let owner: Json;

/** The right of the chart's `events.enabled`, and no other. */
function grant(): void {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: RUN } };
  apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: SERVICE_ACCOUNT, namespace: home } },
    { ...rbac, kind: 'ClusterRole', rules: [{ apiGroups: [''], resources: ['events'], verbs: ['create'] }] },
    {
      ...rbac,
      kind: 'ClusterRoleBinding',
      subjects: [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: home }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: RUN },
    },
  );
}

/** A ReplicaSet that wants no pods: those of the tests name it as their controller. */
function makeOwner(): Json {
  const labels = { app: 'web' };
  const container = { name: 'web', image: 'registry.example/web:1' };
  apply({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: shop },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
  const { metadata } = get('replicaset', 'web', '-n', shop) as { metadata: { uid: string } };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: metadata.uid, controller: true };
}

function pod(name: string, asked: Record<string, string>): Json {
  const annotations = Object.fromEntries(Object.entries(asked).map(([key, text]) => [`tcp-sniffer/${key}`, text]));
  const labels = { app: 'web', 'tcp-sniffer/inject': 'true' };
  const web = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] };
  return { metadata: { name, labels, annotations, ownerReferences: [owner] }, spec: { containers: [web] } };
}

function sidecarOf({ spec }: Pod) {
  return [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === 'tcp-sniffer');
}

interface Event {
  type: string;
  reason: string;
  message: string;
  involvedObject: Json;
}

function eventOf(words: string): Event | undefined {
  return (get('events', '-n', shop) as { items: Event[] }).items.find(({ message }) => message.includes(words));
}

beforeAll(async () => {
  home = await makeNamespace('home');
  shop = await makeNamespace('policy');
  grant();
  owner = makeOwner();
  const ca = createCa(Date.now());
  const leaf = createLeaf(ca, [HOST], Date.now());
  writeFileSync(join(folder, 'tls.crt'), leaf.cert);
  writeFileSync(join(folder, 'tls.key'), leaf.key);
  webhook = await startWebhook({
    ...serviceAccount(folder, home, SERVICE_ACCOUNT),
    INJECTOR_TLS_DIR: folder,
    INJECTOR_NATIVE: hasNativeSidecars() ? 'always' : 'never',
    INJECTOR_POLICY: JSON.stringify(RULES),
    INJECTOR_EVENTS: 'true',
  });
  configure({ url: webhook.url, ca: ca.cert });
  // The API server learns of it by a watch.
  await until('the webhook is called', 20_000, () => {
    const { pod: probe } = create(pod('probe', {}), shop, '--dry-run=server');
    return probe !== undefined && sidecarOf(probe) !== undefined;
  });
});

afterAll(() => {
  removeAll(home, shop);
  webhook?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const REFUSED: [string, string, string][] = [
  ['image', 'registry.example/other:1', 'annotation tcp-sniffer/image: this image is not allowed'],
  ['output-url', 'https://out.example/', 'the host of OUTPUT_URL is not allowed'],
  ['output-otlp', 'http://in.example', 'the host of OUTPUT_OTLP is not allowed'],
  ['output-kafka', 'kafka://a.in.example,out.example/http', 'the host of OUTPUT_KAFKA is not allowed'],
  ['interface', 'eth0', 'annotation tcp-sniffer/interface is locked'],
  ['max-body-size', '5KiB', 'MAX_BODY_SIZE must be at most 4096'],
  ['sample-rate', '0.6', 'SAMPLE_RATE must be at most 0.5'],
  ['tls-keylog', 'true', 'annotation tcp-sniffer/tls-keylog: the operator has not switched this on'],
];

it.each(REFUSED)(
  'leaves a pod that asks for %s: %s without a sidecar, and tells its owner',
  async (name, text, words) => {
    const { pod: created, stderr } = create(pod(`refused-${name}`, { [name]: text }), shop);
    if (created === undefined) throw new Error(stderr);
    expect(created.spec.containers.map((each) => each.name)).toEqual(['web']);
    expect(created.spec.initContainers ?? []).toEqual([]);
    expect(created.metadata.annotations).not.toHaveProperty('tcp-sniffer/status');
    expect(stderr).toContain(`Warning: tcp-sniffer: not injected (policy): ${words}`);

    await until('there is an event', 20_000, () => eventOf(words) !== undefined);
    const { kind, name: ownerName, uid } = owner;
    expect(eventOf(words)).toMatchObject({
      ...{ type: 'Warning', reason: 'SidecarNotInjected' },
      involvedObject: { kind, name: ownerName, uid, namespace: shop },
      message: expect.stringContaining(`not injected (policy): ${words}`),
    });
  },
);

it('has counted each of them', async () => {
  expect(await webhook.metrics()).toMatchObject({
    'tcp_sniffer_injector_reviews_total{result="skipped",reason="policy"}': REFUSED.length,
    'tcp_sniffer_injector_events_total{result="sent"}': REFUSED.length,
    'tcp_sniffer_injector_events_total{result="failed"}': 0,
  });
});

it('tells the owner of a typo in an annotation', async () => {
  const words =
    'not injected (invalid_annotation): annotation tcp-sniffer/sample-rat: is unknown; did you mean tcp-sniffer/sample-rate?';
  expect(create(pod('typo', { 'sample-rat': '0.5' }), shop).stderr).toContain(`Warning: tcp-sniffer: ${words}`);
  await until('there is an event', 20_000, () => eventOf(words) !== undefined);
  expect(eventOf(words)).toMatchObject({ type: 'Warning', involvedObject: { kind: 'ReplicaSet', name: owner.name } });
});

it('injects a pod that asks for what it may, with what the policy adds', () => {
  const asked = {
    ...{ image: 'registry.example/team/sniffer:2', 'output-url': 'https://a.in.example/x' },
    ...{ 'redact-headers': 'none', 'redact-query': 'a', redact: 'default', 'max-body-size': '4KiB' },
  };
  const { pod: created, stderr } = create(pod('taken', asked), shop);
  if (created === undefined) throw new Error(stderr);
  const sidecar = sidecarOf(created) as unknown as { image: string; env: { name: string; value?: string }[] };
  expect(stderr).not.toMatch(/not injected/);
  expect(sidecar.image).toBe(asked.image);
  expect(Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value]))).toMatchObject({
    ...{ OUTPUT_URL: asked['output-url'], MAX_BODY_SIZE: '4KiB', SAMPLE_RATE: '0.5' },
    ...{ REDACT: 'strict', REDACT_HEADERS: 'x-key', REDACT_QUERY: 'a,token', REDACT_BODY: 'apiKey' },
  });
});
