/** The sidecar as a container. Pure. */

import { CONTAINER_NAME, KEYS_CONTAINER, KEYS_PATH, NO_TOKEN_VOLUME, TOKEN_PATH } from './names';
import { SECRETS } from './secrets';
import type { Settings } from './settings';
import { KEYS_MOUNT, KEYS_VARIABLE, KEYS_VOLUMES } from './tls-keys';

/** The user of the image. */
const USER_ID = 65_532;

type EnvVar = { name: string; value: string } | { name: string; valueFrom: Record<string, unknown> };

/** A container that ends makes its pod unready: a sidecar that cannot capture says so, waits, and tries again. */
const RETRY_OPEN_MS = 60_000;

/** Without probes: a sidecar that only watches must never make its pod unready, nor hold up its start. */
export function sidecar(settings: Settings, native: boolean): Record<string, unknown> {
  return {
    name: CONTAINER_NAME,
    ...image(settings),
    ...(native ? { restartPolicy: 'Always' } : {}),
    env: environment(settings),
    resources: resources(settings),
    securityContext: securityContext({ drop: ['ALL'], add: ['NET_RAW'] }),
    volumeMounts: [NO_TOKEN, ...(settings.tlsKeys ? [{ ...KEYS_MOUNT, readOnly: true }] : [])],
    // Not from the log: it holds messages, bodies included, and more users may read a pod's status than its log.
    terminationMessagePolicy: 'File',
  };
}

/** The init container that prepares the volume for TLS secrets. */
export function keysContainer(settings: Settings): Record<string, unknown> {
  return {
    name: KEYS_CONTAINER,
    ...image(settings),
    args: ['prepare-keys', KEYS_PATH],
    resources: resources(settings),
    securityContext: securityContext({ drop: ['ALL'] }),
    volumeMounts: [NO_TOKEN, KEYS_MOUNT],
    terminationMessagePolicy: 'File',
  };
}

/**
 * The API server mounts the service account's token only where a container has no mount of its own. Our containers ask nothing
 * of the API server, so a token there could only be stolen.
 */
const NO_TOKEN = { name: NO_TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true };

function image({ image, imagePullPolicy }: Settings) {
  return { image, imagePullPolicy };
}

function resources({ cpuRequest, memoryRequest, cpuLimit, memoryLimit }: Settings) {
  return {
    requests: { cpu: cpuRequest, memory: memoryRequest },
    limits: { cpu: cpuLimit, memory: memoryLimit },
  };
}

function securityContext(capabilities: Record<string, string[]>) {
  return {
    runAsNonRoot: true,
    runAsUser: USER_ID,
    runAsGroup: USER_ID,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** The volumes that the sidecar mounts. */
export function volumes({ tlsKeys }: Settings): Record<string, unknown>[] {
  return [{ name: NO_TOKEN_VOLUME, emptyDir: { sizeLimit: '1Mi' } }, ...(tlsKeys ? KEYS_VOLUMES : [])];
}

function environment({ env, secrets, tlsKeys }: Settings): EnvVar[] {
  const variables: EnvVar[] = Object.entries(env)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // Kubernetes replaces $(NAME) by other variables, among them secrets.
    .map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') }));
  for (const { variable } of SECRETS) {
    const secret = secrets[variable];
    // Optional: a Secret that is not there must not keep the pod from starting.
    if (secret !== undefined)
      variables.push({ name: variable, valueFrom: { secretKeyRef: { ...secret, optional: true } } });
  }
  return [
    ...variables,
    ...(tlsKeys ? [KEYS_VARIABLE] : []),
    { name: 'RETRY_OPEN_MS', value: `${RETRY_OPEN_MS}` },
    field('POD_NAME', 'metadata.name'),
    field('NAMESPACE', 'metadata.namespace'),
    field('NODE_NAME', 'spec.nodeName'),
  ];
}

function field(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
