// Pods through a real API server and the injector as a process: who is injected, what comes out, and what happens when
// the webhook is not there.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ODD } from '../__test__/injector/odd-pods';
import { WITH_ALL_OPTIONS, WITH_EACH_OPTION } from '../__test__/injector/option-pods';
import { INJECTED } from '../__test__/injector/pods';
import { ask, patched } from '../__test__/injector/rig';
import { createCa, createLeaf } from '../ts/injector/certificates/issue';
import {
  type Created,
  create,
  hasNativeSidecars,
  type Json,
  kubectl,
  makeNamespace,
  type Pod,
  RUN,
  removeAll,
  until,
} from './cluster';
import { configure, HOST, IMAGE, startWebhook, type Webhook } from './webhook';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-e2e-'));
const ca = createCa(Date.now());
const native = hasNativeSidecars();
let webhook: Webhook;
/** Labelled, and not. */
let labelled: string;
let plain: string;

const web = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] };
const LABEL = { 'tcp-sniffer/inject': 'true' };

/** Without the fields of native sidecars that a server which does not know those refuses. */
function asFarAsKnown(given: Json): Json {
  const spec = given.spec as Json;
  if (native || spec.initContainers === undefined) return given;
  const initContainers = (spec.initContainers as Json[]).map((each) => ({
    ...each,
    ...{ startupProbe: undefined, lifecycle: undefined },
  }));
  return { ...given, spec: { ...spec, initContainers } };
}

function pod(name: string, metadata: Json = {}, spec: Json = {}): Json {
  return { metadata: { name, ...metadata }, spec: { containers: [web], ...spec } };
}

function sidecarsOf({ spec }: Pod) {
  return [...(spec.initContainers ?? []), ...spec.containers].filter(({ name }) => name === 'tcp-sniffer');
}

/** Created and injected. */
function expectInjected({ pod: created, stderr }: Created): Pod {
  if (created === undefined) throw new Error(stderr);
  const [sidecar, ...more] = sidecarsOf(created);
  expect(more).toEqual([]);
  expect(sidecar).toMatchObject({
    image: IMAGE,
    securityContext: { capabilities: { add: ['NET_RAW'], drop: ['ALL'] }, runAsNonRoot: true },
  });
  if (native) expect(created.spec.initContainers?.[0]).toMatchObject({ name: 'tcp-sniffer', restartPolicy: 'Always' });
  else expect(created.spec.containers.at(-1)?.name).toBe('tcp-sniffer');
  expect(created.metadata.annotations).toHaveProperty('tcp-sniffer/status');
  return created;
}

/** Created, and as it was sent. */
function expectAlone({ pod: created, stderr }: Created, names = ['web']): void {
  if (created === undefined) throw new Error(stderr);
  expect(created.spec.containers.map(({ name }) => name)).toEqual(names);
  expect(created.spec.initContainers ?? []).toEqual([]);
}

/** Of all reviews, or of those with that result. */
async function reviews(result = ''): Promise<number> {
  const counted = Object.entries(await webhook.metrics()).filter(
    ([name]) => name.startsWith('tcp_sniffer_injector_reviews') && name.includes(`result="${result}`),
  );
  return counted.reduce((sum, [, count]) => sum + count, 0);
}

/** kubectl is waited for in one piece: what the injector wrote meanwhile is read only now. */
async function logged(fields: Json): Promise<void> {
  const isIt = (line: Json) => Object.entries(fields).every(([name, value]) => line[name] === value);
  await until(`logged: ${JSON.stringify(fields)}`, 5_000, () => webhook.log.some(isIt));
}

beforeAll(async () => {
  const leaf = createLeaf(ca, [HOST], Date.now());
  writeFileSync(join(folder, 'tls.crt'), leaf.cert);
  writeFileSync(join(folder, 'tls.key'), leaf.key);
  webhook = await startWebhook({
    NAMESPACE: 'tcp-sniffer',
    INJECTOR_TLS_DIR: folder,
    INJECTOR_NATIVE: native ? 'always' : 'never',
  });
  labelled = await makeNamespace('labelled', LABEL);
  plain = await makeNamespace('plain');
  configure({ url: webhook.url, ca: ca.cert });
  // The API server learns of it by a watch.
  await until('the webhook is called', 20_000, () => {
    const { pod: probe } = create(pod('probe', { labels: LABEL }), plain, '--dry-run=server');
    return probe !== undefined && sidecarsOf(probe).length === 1;
  });
});

afterAll(async () => {
  removeAll(labelled, plain);
  webhook.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('who is injected', () => {
  it('a labelled pod', () => {
    const created = expectInjected(create(pod('labelled', { labels: LABEL }), plain));
    expect(created.spec.terminationGracePeriodSeconds).toBe(30);
    const env = sidecarsOf(created)[0]?.env as { name: string; value?: string }[];
    expect(env.find(({ name }) => name === 'PORTS')).toEqual({ name: 'PORTS', value: '8080' });
  });

  it('a pod in a labelled namespace', () => {
    expectInjected(create(pod('by-namespace'), labelled));
  });

  it('a labelled pod in a labelled namespace, once', async () => {
    const before = await reviews('injected');
    expectInjected(create(pod('both', { labels: LABEL }), labelled));
    // Where the server's own plugins change the pod once more (a token is mounted into the sidecar) it asks again, and the
    // sidecar is found.
    expect(await reviews('injected')).toBe(before + 1);
  });

  it('not one that opts out, nor one that has no part in it: the injector is not even asked', async () => {
    const before = await reviews();
    expectAlone(create(pod('opt-out', { labels: { 'tcp-sniffer/inject': 'false' } }), labelled));
    expectAlone(create(pod('opt-out', { labels: { 'tcp-sniffer/inject': 'false' } }), plain));
    expectAlone(create(pod('uninvolved'), plain));
    expect(await reviews()).toBe(before);
  });

  it('not one that has the container already', () => {
    const first = expectInjected(create(pod('first', { labels: LABEL }), plain));
    const again = create(
      { metadata: { ...first.metadata, name: 'again', resourceVersion: undefined, uid: undefined }, spec: first.spec },
      plain,
    );
    expect(again.pod?.spec).toEqual(first.spec);
    const own = { name: 'tcp-sniffer', image: 'registry.example/own:1' };
    const created = create(pod('own', { labels: LABEL }, { containers: [web, own] }), plain);
    expectAlone(created, ['web', 'tcp-sniffer']);
    expect(created.stderr).toMatch(/Warning: tcp-sniffer: not injected \(name_conflict\)/);
  });

  it('not one on the network of its node', () => {
    const created = create(pod('host', { labels: LABEL }, { hostNetwork: true }), plain);
    expectAlone(created);
    expect(created.stderr).toMatch(/host_network/);
  });

  it('not one with a bad annotation, which is named', () => {
    const created = create(pod('bad', { labels: LABEL, annotations: { 'tcp-sniffer/ports': 'http' } }), plain);
    expectAlone(created);
    expect(created.stderr).toMatch(/invalid_annotation.*tcp-sniffer\/ports/);
  });
});

describe('pods of any form', () => {
  it('with nothing but a container', () => {
    const annotations = { 'tcp-sniffer/ports': '80' };
    expectInjected(
      create(
        {
          metadata: { name: 'least', labels: LABEL, annotations },
          spec: { containers: [{ name: 'web', image: 'a' }] },
        },
        plain,
      ),
    );
  });

  it('without a name of its own', async () => {
    const created = expectInjected(create({ ...pod(''), metadata: { generateName: 'web-', labels: LABEL } }, plain));
    expect(created.metadata.name).toMatch(/^web-\w+$/);
    await logged({ pod: 'web-', namespace: plain, result: 'injected' });
  });

  it('in a dry run', async () => {
    expectInjected(create(pod('dry', { labels: LABEL }), plain, '--dry-run=server'));
    await logged({ pod: 'dry', dryRun: true, result: 'injected' });
    expect(kubectl(['get', 'pod', 'dry', '-n', plain]).status).not.toBe(0);
  });

  // The server's own validation, whose rules are in no schema.
  it.each([...INJECTED, ...WITH_EACH_OPTION, ...WITH_ALL_OPTIONS])(
    'of the tables: $name',
    ({ name, pod: given, ...asked }) => {
      const known = asFarAsKnown(given);
      const after = patched(known, ask(known, asked).operations) as { metadata: Json; spec: Json };
      const metadata = {
        ...after.metadata,
        name,
        generateName: undefined,
        namespace: plain,
        ownerReferences: undefined,
      };
      const { pod: created, stderr } = create({ metadata, spec: after.spec }, plain, '--dry-run=server');
      expect(stderr).not.toMatch(/invalid|error/i);
      expect(created === undefined ? stderr : sidecarsOf(created)).toHaveLength(1);
    },
  );
});

describe.each(['Fail', 'Ignore'] as const)('no pod is refused because of us, failurePolicy: %s', (failurePolicy) => {
  beforeAll(async () => {
    configure({ url: webhook.url, ca: ca.cert, failurePolicy });
    // The API server learns of it by a watch.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  });
  afterAll(() => configure({ url: webhook.url, ca: ca.cert }));

  const ports = Array.from({ length: 50_000 }, (_, at) => ({ containerPort: at + 1 }));
  it.each<[string, Json, Json]>([
    ['very many ports', {}, { containers: [{ ...web, ports }] }],
    ['annotations at the limit', { annotations: { 'a/b': 'x'.repeat(262_144 - 3) } }, {}],
    ['nearly all that etcd takes', {}, { containers: [{ ...web, args: Array(12).fill('x'.repeat(128_000)) }] }],
  ])('%s', async (words, metadata, spec) => {
    const name = `${words} ${failurePolicy}`.toLowerCase().replaceAll(' ', '-');
    const created = create(pod(name, { ...metadata, labels: LABEL }, spec), plain);
    expectAlone(created);
    expect(created.stderr).toMatch(/not injected \(too_large\)/);
  });

  it.each(ODD)('$name', ({ pod }) => {
    const given = asFarAsKnown(pod);
    const injected = ask(given, { native }).counters.injected;
    const { pod: created, stderr } = create(given, plain, '--dry-run=server');
    expect(created === undefined ? stderr : sidecarsOf(created)).toHaveLength(injected);
  });
});

describe('a webhook that is down', () => {
  it('lets pods through, or keeps them out, as its failurePolicy says', async () => {
    expect(await webhook.stop()).toBe(0);
    expectAlone(create(pod('down', { labels: LABEL }), plain));
    configure({ url: webhook.url, ca: ca.cert, failurePolicy: 'Fail' });
    await until(
      'pods are refused',
      20_000,
      () => create(pod('refused', { labels: LABEL }), plain, '--dry-run=server').pod === undefined,
    );
    expect(create(pod('refused', { labels: LABEL }), plain).stderr).toMatch(/failed calling webhook/);
    expectAlone(create(pod('still-uninvolved'), plain));
    kubectl(['delete', 'mutatingwebhookconfiguration', RUN]);
  });
});
