// A service account for an injector that runs as a process here, as its pod would have it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubectl } from './cluster';

/** Writes into a folder the files that a pod with that service account would find; returns the API server's address. */
export function serviceAccount(folder: string, namespace: string, name: string): Record<string, string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  const { stdout, stderr } = kubectl(['create', '--raw', path, '-f', '-'], asked);
  if (stdout === '') throw new Error(stderr);
  const [{ cluster }] = JSON.parse(
    kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']).stdout,
  ).clusters;
  writeFileSync(join(folder, 'token'), JSON.parse(stdout).status.token);
  writeFileSync(join(folder, 'ca.crt'), Buffer.from(cluster['certificate-authority-data'], 'base64'));
  writeFileSync(join(folder, 'namespace'), namespace);
  const { hostname, port } = new URL(cluster.server);
  return {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port || '443',
    INJECTOR_SERVICE_ACCOUNT_DIR: folder,
  };
}
