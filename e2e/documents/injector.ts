// Whether the injector is in the cluster, as the guide installs it.

import { expect } from 'vitest';
import { get, type Json, kubectl, until } from '../cluster';
import { SHOP } from './shop';

const INJECTOR = 'tcp-sniffer-injector';
const NAMESPACE = 'tcp-sniffer';
const READY_MS = 60_000;
/** The objects outside of the namespace. */
const CLUSTER_WIDE = 'mutatingwebhookconfiguration,clusterrole,clusterrolebinding';

/** @throws if the names that the guide uses are taken */
export function expectVacant(): void {
  for (const [kind, name] of [
    ['mutatingwebhookconfiguration', INJECTOR],
    ['namespace', NAMESPACE],
    ['namespace', SHOP],
  ] as const) {
    if (has(kind, name))
      throw new Error(`this cluster has the ${kind} ${name} already: take another one, or delete that`);
  }
}

/** Both replicas run from the image and give it to sidecars, and the API server trusts them. */
export async function installed(image: string): Promise<void> {
  await until('the injector is available', READY_MS, () => deployment().status.availableReplicas === 2);
  const [container] = deployment().spec.template.spec.containers;
  expect(container?.image).toBe(image);
  expect(container?.env).toContainEqual({ name: 'INJECTOR_IMAGE', value: image });
  await until('caBundle is set', READY_MS, () => {
    const { webhooks } = get('mutatingwebhookconfiguration', INJECTOR) as { webhooks: { clientConfig: Json }[] };
    return webhooks.every(({ clientConfig }) => clientConfig.caBundle);
  });
}

/** Nothing is left that could change a pod, nor the CA's key, also once the last replica has ended. */
export async function gone(): Promise<void> {
  await until('the injector has ended', READY_MS, () => {
    const { items } = get('pods', '-n', NAMESPACE) as unknown as { items: Pod[] };
    // The pod's object may stay for a while after its containers.
    return items.every(({ status }) => status.containerStatuses?.every(({ state }) => state.running === undefined));
  });
  const { stdout } = kubectl(['get', CLUSTER_WIDE, INJECTOR, '--ignore-not-found', '-o', 'name']);
  expect(stdout).toBe('');
  const secrets = kubectl([
    'get',
    'secret',
    'tcp-sniffer-injector-tls',
    '-n',
    NAMESPACE,
    '--ignore-not-found',
    '-o',
    'name',
  ]);
  expect(secrets.stdout).toBe('');
}

/** Deletes all that is left of it, and the shop; waits until the namespace is gone, since others want to make it anew. */
export function cleanUp(): void {
  kubectl(['delete', CLUSTER_WIDE, INJECTOR, '--ignore-not-found']);
  kubectl(['delete', 'namespace', SHOP, '--ignore-not-found', '--wait=false']);
  kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=90s']);
}

/** The facts that help to find out why it failed. */
export function stateOfCluster(): string {
  return [NAMESPACE, SHOP]
    .flatMap((namespace) => [
      ['get', 'pods', '-n', namespace],
      ['get', 'events', '-n', namespace, '--field-selector=type!=Normal'],
    ])
    .map((words) => `$ kubectl ${words.join(' ')}\n${kubectl(words).stdout}${kubectl(words).stderr}`)
    .join('');
}

export function has(kind: string, name: string): boolean {
  return kubectl(['get', kind, name, '--ignore-not-found', '-o', 'name']).stdout !== '';
}

interface Pod {
  status: { containerStatuses?: { state: { running?: Json } }[] };
}
interface Deployment {
  status: { availableReplicas?: number };
  spec: { template: { spec: { containers: { image: string; env: Json[] }[] } } };
}
const deployment = (): Deployment => get('deployment', INJECTOR, '-n', NAMESPACE) as unknown as Deployment;
