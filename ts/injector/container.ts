/** The sidecar as a container. Pure. */

import { CONTAINER_NAME, NO_TOKEN_VOLUME, TOKEN_PATH } from './names';
import type { Settings } from './settings';

/** The user of the image. */
const USER_ID = 65_532;

type EnvVar = { name: string; value: string } | { name: string; valueFrom: Record<string, unknown> };

/** A container that ends makes its pod unready: one that cannot capture says so, waits, and tries again. */
const RETRY_OPEN_MS = 60_000;

/** Without probes: a sidecar that only watches must never make its pod unready, nor hold up its start. */
export function sidecar(settings: Settings, native: boolean): Record<string, unknown> {
  const { image, imagePullPolicy, cpuRequest, memoryRequest, cpuLimit, memoryLimit } = settings;
  return {
    name: CONTAINER_NAME,
    image,
    imagePullPolicy,
    ...(native ? { restartPolicy: 'Always' } : {}),
    env: environment(settings),
    resources: {
      requests: { cpu: cpuRequest, memory: memoryRequest },
      limits: { cpu: cpuLimit, memory: memoryLimit },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // The API server mounts the service account's token only where a container has no mount of its own. The sidecar asks
    // nothing of the API server, so a token there could only be stolen.
    volumeMounts: [{ name: NO_TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true }],
    // Not from the log: it holds messages, bodies included, and more users may read a pod's status than its log.
    terminationMessagePolicy: 'File',
  };
}

/** The volumes that the sidecar mounts. */
export function volumes(): Record<string, unknown>[] {
  return [{ name: NO_TOKEN_VOLUME, emptyDir: { sizeLimit: '1Mi' } }];
}

function environment({ env, authSecret }: Settings): EnvVar[] {
  const variables: EnvVar[] = Object.entries(env)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // Kubernetes replaces $(NAME) by other variables, among them the token.
    .map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') }));
  if (authSecret !== undefined) {
    const { name, key } = authSecret;
    // Optional: a Secret that is not there must not keep the pod from starting.
    variables.push({ name: 'OUTPUT_URL_AUTH_TOKEN', valueFrom: { secretKeyRef: { name, key, optional: true } } });
  }
  return [
    ...variables,
    { name: 'RETRY_OPEN_MS', value: `${RETRY_OPEN_MS}` },
    field('POD_NAME', 'metadata.name'),
    field('NAMESPACE', 'metadata.namespace'),
    field('NODE_NAME', 'spec.nodeName'),
  ];
}

function field(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
