// The self-managed certificates against a real API server, with the rights that the documentation grants and no others: two
// replicas that start together, a CA and a certificate that are due, renewed while pods come in without a pause.

import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCa, createLeaf } from '../ts/injector/certificates/issue';
import { TRUST_MS, writeKept } from '../ts/injector/certificates/plan';
import {
  apply,
  create,
  get,
  hasNativeSidecars,
  kubectl,
  makeNamespace,
  type Pod,
  RUN,
  removeAll,
  startProxy,
  until,
} from './cluster';
import { serviceAccount } from './service-account';
import { configure, HOST, startWebhook, type Webhook } from './webhook';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-e2e-'));
const clock = join(folder, 'clock');
const DAY_MS = 86_400_000;
const SERVICE_ACCOUNT = 'tcp-sniffer-injector';
const SECRET = 'tcp-sniffer-injector-tls';
let home: string;
let shop: string;
let replicas: Webhook[] = [];
let proxy: { url: string; child: ChildProcess };

/** As deployed: the Secret and the webhook configuration by name, and nothing else. */
function grant(): void {
  const subjects = [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: home }];
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const metadata = { name: SERVICE_ACCOUNT, namespace: home };
  apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      ...rbac,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['secrets'], resourceNames: [SECRET], verbs: ['get', 'update'] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      ],
    },
    {
      ...rbac,
      kind: 'RoleBinding',
      metadata,
      subjects,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: SERVICE_ACCOUNT },
    },
    {
      ...rbac,
      kind: 'ClusterRole',
      metadata: { name: RUN },
      rules: [
        {
          apiGroups: ['admissionregistration.k8s.io'],
          resources: ['mutatingwebhookconfigurations'],
          resourceNames: [RUN],
          verbs: ['get', 'patch'],
        },
      ],
    },
    {
      ...rbac,
      kind: 'ClusterRoleBinding',
      metadata: { name: RUN },
      subjects,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: RUN },
    },
  );
}

function start(): Promise<Webhook> {
  const env = {
    ...serviceAccount(folder, home, SERVICE_ACCOUNT),
    INJECTOR_CERTIFICATES: 'self',
    INJECTOR_TLS_NAMES: HOST,
    INJECTOR_WEBHOOK_CONFIGURATION: RUN,
    CLOCK_FILE: clock,
  };
  return startWebhook(env, ['--require', join(__dirname, 'clock.cjs')]);
}

interface WebhookConfiguration {
  webhooks: { clientConfig: { caBundle?: string } }[];
}

/** How many CAs each webhook trusts. */
function trusted(): number[] {
  const { webhooks } = get('mutatingwebhookconfiguration', RUN) as unknown as WebhookConfiguration;
  return webhooks.map(({ clientConfig }) => {
    const bundle = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString();
    return bundle.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
  });
}

function secretData(): Record<string, string> {
  return (get('secret', SECRET, '-n', home) as { data: Record<string, string> }).data;
}

function servedBy({ port }: Webhook): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function labelledPod(name: string) {
  const metadata = { name, labels: { 'tcp-sniffer/inject': 'true' } };
  const web = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [web] } };
}

function isInjected({ spec }: Pod): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some(({ name }) => name === 'tcp-sniffer');
}

beforeAll(async () => {
  writeFileSync(clock, '0');
  home = await makeNamespace('home');
  shop = await makeNamespace('shop');
  grant();
  proxy = await startProxy();
});

afterAll(() => {
  for (const { child } of replicas) child.kill('SIGKILL');
  proxy.child.kill();
  removeAll(home, shop);
  rmSync(folder, { recursive: true, force: true });
});

it('two replicas that start together make one CA, and API servers trust it', async () => {
  configure({ url: `https://${HOST}:1`, failurePolicy: 'Ignore' });
  replicas = await Promise.all([start(), start()]);
  const [first, second] = replicas as [Webhook, Webhook];
  expect(await servedBy(first)).toBe(await servedBy(second));
  const made = replicas.flatMap(({ log }) => log).filter(({ message }) => message === 'a new CA is made');
  expect(made).toHaveLength(1);
  expect(trusted()).toEqual([1, 1]);
  for (const replica of replicas) {
    expect(await replica.metrics()).toMatchObject({
      'tcp_sniffer_injector_upkeep_total{result="failed"}': 0,
      // `auto`, by the server's own word.
      tcp_sniffer_injector_native_sidecars: hasNativeSidecars() ? 1 : 0,
    });
    expect(replica.log).toContainEqual(expect.objectContaining({ message: 'version of the cluster is known' }));
  }
  // Applied anew without a caBundle, as a GitOps tool may do it: what is set stays, or is set again.
  configure({ url: first.url, failurePolicy: 'Fail' });
  await until('pods are injected', 90_000, () => {
    const { pod } = create(labelledPod('first'), shop, '--dry-run=server');
    return pod !== undefined && isInjected(pod);
  });
  for (const replica of replicas) expect(await replica.stop()).toBe(0);
}, 120_000);

it('renews a CA and a certificate that are due, and no pod is refused meanwhile', async () => {
  const ca = createCa(Date.now() - 260 * DAY_MS);
  const names = [`tcp-sniffer-injector.${home}.svc`, `tcp-sniffer-injector.${home}.svc.cluster.local`, HOST];
  const leaf = createLeaf(ca, names, Date.now() - 70 * DAY_MS);
  const stringData = writeKept({ cas: [ca.cert], caKey: ca.key, leaf });
  apply({ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: SECRET, namespace: home }, stringData });
  const replica = await start();
  replicas = [replica];
  const old = await servedBy(replica);
  expect(old).toBe(new X509Certificate(leaf.cert).fingerprint256);
  expect(trusted()).toEqual([2, 2]);
  configure({ url: replica.url, failurePolicy: 'Fail' });
  await until(
    'pods are injected',
    90_000,
    () => create(labelledPod('second'), shop, '--dry-run=server').pod !== undefined,
  );
  expect(trusted()).toEqual([2, 2]);

  const load = startLoad();
  // The new CA is trusted for long enough now: the next look makes a certificate of it.
  writeFileSync(clock, `${TRUST_MS + 1_000}`);
  await until('a new certificate is served', 100_000, async () => (await servedBy(replica)) !== old);
  // Another URL makes the API server connect anew, so the new certificate is what it must trust.
  const before = (await replica.metrics())['tcp_sniffer_injector_certificates_total{result="loaded"}'];
  expect(before).toBe(2);
  kubectl(['patch', 'mutatingwebhookconfiguration', RUN, '--type=json', '-p', reconnect(replica.url)]);
  const sofar = load.sent();
  await until('more pods come in', 30_000, () => load.sent() > sofar + 50);
  expect(await load.stop()).toEqual([]);
  expect(new X509Certificate(Buffer.from(secretData()['tls.crt'] ?? '', 'base64')).fingerprint256).toBe(
    await servedBy(replica),
  );
}, 240_000);

function reconnect(url: string): string {
  return JSON.stringify(
    [0, 1].map((index) => ({ op: 'replace', path: `/webhooks/${index}/clientConfig/url`, value: `${url}/mutate` })),
  );
}

/** Pods in dry runs, one after the other, four at a time; what was refused or came out without a sidecar. */
function startLoad(): { sent(): number; stop(): Promise<string[]> } {
  const lost: string[] = [];
  let sent = 0;
  let stopped = false;
  const body = JSON.stringify(labelledPod('load'));
  const client = async () => {
    while (!stopped) {
      const url = `${proxy.url}/api/v1/namespaces/${shop}/pods?dryRun=All`;
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const text = await answer.text();
      if (!answer.ok || !isInjected(JSON.parse(text))) lost.push(text.slice(0, 300));
      sent++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const clients = [client(), client(), client(), client()];
  return {
    sent: () => sent,
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
      return lost;
    },
  };
}
