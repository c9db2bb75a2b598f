// The cluster that KUBECONFIG names, by kubectl; everything made for a run has its id in the name, and goes at the end.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';

export type Json = Record<string, unknown>;

export const RUN = `tcp-sniffer-e2e-${randomBytes(3).toString('hex')}`;

export interface Done {
  status: number | null;
  stdout: string;
  stderr: string;
}

export function kubectl(args: string[], input?: unknown): Done {
  const { status, stdout, stderr, error } = spawnSync('kubectl', args, {
    encoding: 'utf8',
    // The largest pod and its managed fields.
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** @throws what kubectl says */
export function apply(...objects: Json[]): void {
  for (const object of objects) {
    const { status, stderr } = kubectl(['apply', '-f', '-'], object);
    if (status !== 0) throw new Error(stderr);
  }
}

export function get(...args: string[]): Json {
  const { status, stdout, stderr } = kubectl(['get', ...args, '-o', 'json']);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

export interface Created {
  /** As the API server made it; `undefined` where it was refused. */
  pod: Pod | undefined;
  /** With the warnings. */
  stderr: string;
}

export interface Pod {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { containers: Container[]; initContainers?: Container[]; terminationGracePeriodSeconds: number };
}
export interface Container extends Json {
  name: string;
}

/** Its fields are not checked by kubectl, which may know more or fewer than the server. */
export function create(pod: Json, namespace: string, ...flags: string[]): Created {
  const { status, stdout, stderr } = kubectl(
    ['create', '--validate=false', '-n', namespace, '-o', 'json', ...flags, '-f', '-'],
    { apiVersion: 'v1', kind: 'Pod', ...pod },
  );
  return { pod: status === 0 ? JSON.parse(stdout) : undefined, stderr };
}

/** A namespace of this run; the webhooks of this run see no other. Cleaned up by `removeAll`. */
export async function makeNamespace(suffix: string, labels: Json = {}): Promise<string> {
  const name = `${RUN}-${suffix}`;
  apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'tcp-sniffer-e2e': RUN, ...labels } } });
  // Pods need it where the plugin for service accounts is on; its controller makes it after a moment, and where there is
  // no controller the plugin is off.
  const deadline = Date.now() + 3_000;
  while (Date.now() < deadline && kubectl(['get', 'serviceaccount', 'default', '-n', name]).status !== 0)
    await sleep(200);
  return name;
}

export function removeAll(...namespaces: string[]): void {
  kubectl(['delete', 'mutatingwebhookconfiguration', RUN, '--ignore-not-found']);
  kubectl(['delete', 'clusterrole,clusterrolebinding', RUN, '--ignore-not-found']);
  for (const namespace of namespaces) {
    kubectl(['delete', 'pods', '--all', '-n', namespace, '--grace-period=0', '--force', '--wait=false']);
    kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
  }
}

/** Whether the server runs native sidecars by default. */
export function hasNativeSidecars(): boolean {
  const { major, minor } = JSON.parse(kubectl(['get', '--raw', '/version']).stdout);
  return Number(major) === 1 && Number.parseInt(minor, 10) >= 29;
}

/** Plain HTTP to the API server, with the rights of KUBECONFIG. */
export async function startProxy(): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (address !== undefined) return { url: `http://${address}`, child };
  }
  throw new Error('kubectl proxy ended');
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until it holds; its last failure where it does not in time. */
export async function until(what: string, ms: number, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not in ${ms / 1_000} s: ${what}`);
    await sleep(200);
  }
}
