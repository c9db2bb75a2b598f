// The injector as a process on this machine, and the webhook configuration that leads to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { apply, type Json, RUN, until } from './cluster';

const CLI = join(resolve(__dirname, '..'), 'dist', 'cli.js');
/** Where the API server reaches this machine. */
export const HOST = process.env.E2E_WEBHOOK_HOST ?? '127.0.0.1';
export const IMAGE = 'registry.example/tcp-sniffer:e2e';

export interface Webhook {
  child: ChildProcess;
  port: number;
  healthPort: number;
  url: string;
  log: Json[];
  /** Counters by their names with labels. */
  metrics(): Promise<Record<string, number>>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
}

export async function startWebhook(env: Record<string, string>, nodeArgs: string[] = []): Promise<Webhook> {
  const [port, healthPort] = [await freePort(), await freePort()];
  const log: Json[] = [];
  const child = spawn(process.execPath, [...nodeArgs, CLI, 'injector'], {
    env: {
      PATH: process.env.PATH ?? '',
      INJECTOR_IMAGE: IMAGE,
      INJECTOR_PORT: `${port}`,
      INJECTOR_HEALTH_PORT: `${healthPort}`,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.push(JSON.parse(line));
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const health = (path: string) => fetch(`http://127.0.0.1:${healthPort}${path}`);
  await until(`injector ready: ${JSON.stringify(log)}`, 30_000, async () => {
    if (child.exitCode !== null) throw new Error(`the injector ended: ${JSON.stringify(log)}`);
    return health('/readyz').then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    child,
    port,
    healthPort,
    url: `https://${HOST}:${port}`,
    log,
    metrics: async () => {
      const text = await (await health('/metrics')).text();
      const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return Object.fromEntries(
        samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
      );
    },
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

export interface Configuration {
  url: string;
  /** PEM; left out where the injector sets it. */
  ca?: string;
  failurePolicy?: 'Ignore' | 'Fail';
}

/** Two entries that never both match: namespaces that are labelled, and labelled pods in all others. */
export function configure({ url, ca, failurePolicy = 'Ignore' }: Configuration): void {
  const entry = (name: string, path: string, namespaces: Json, pods: Json) => ({
    name: `${name}.injector.tcp-sniffer.io`,
    clientConfig: {
      url: `${url}${path}`,
      ...(ca === undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') }),
    },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
    namespaceSelector: { matchLabels: { 'tcp-sniffer-e2e': RUN }, matchExpressions: [namespaces] },
    objectSelector: { matchExpressions: [pods] },
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy,
    reinvocationPolicy: 'IfNeeded',
    timeoutSeconds: 5,
  });
  const label = (operator: string, value: string) => ({ key: 'tcp-sniffer/inject', operator, values: [value] });
  apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: RUN },
    webhooks: [
      entry('namespaces', '/mutate/namespace', label('In', 'true'), label('NotIn', 'false')),
      entry('pods', '/mutate/pod', label('NotIn', 'true'), label('In', 'true')),
    ],
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
