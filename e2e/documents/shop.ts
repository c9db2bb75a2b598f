// The namespace that the guide watches: a server that was not prepared. Its traffic is the kubelet's, which asks whether it is ready.

import { apply, get, type Json, kubectl, until } from '../cluster';

export const SHOP = 'shop';
const PATH = '/healthz';
const PORT = 8080;
const SERVER = `require('node:http').createServer((request, response) => response.end('ok')).listen(${PORT});
process.on('SIGTERM', () => process.exit(0));`;

interface Container {
  name: string;
  securityContext?: { capabilities?: Json };
}
interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { containers: Container[]; initContainers?: Container[] };
}

/** @throws if there is a namespace of that name: it is not ours */
export async function openShop(image: string): Promise<void> {
  apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } });
  await until(
    'a service account',
    30_000,
    () => kubectl(['get', 'serviceaccount', 'default', '-n', SHOP]).status === 0,
  );
  const container = {
    name: 'web',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '-e', SERVER],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { path: PATH, port: PORT }, periodSeconds: 1 },
  };
  const labels = { app: 'web' };
  apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: SHOP },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
  });
  rolledOut();
}

/** @throws with what kubectl says when it is not in time */
export function rolledOut(): void {
  const { status, stdout, stderr } = kubectl(['-n', SHOP, 'rollout', 'status', 'deployment/web', '--timeout=60s']);
  if (status !== 0) throw new Error(stdout + stderr);
}

/** The sidecars of each pod that is to stay. */
export function sidecars(): Container[][] {
  const { items } = get('pods', '-n', SHOP) as unknown as { items: Pod[] };
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ spec }) =>
      [...(spec.initContainers ?? []), ...spec.containers].filter(({ name }) => name === 'tcp-sniffer'),
    );
}

/** The lines of a sidecar's log that are messages, and are whole. */
export function messagesIn(log: string): { direction: string; path?: string }[] {
  return linesOf(log).filter((line): line is { direction: string } => 'direction' in line && !('level' in line));
}

export function linesOf(log: string): Json[] {
  return log
    .slice(0, log.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Json);
}

export const isProbe = ({ path }: { path?: string }): boolean => path === PATH;
