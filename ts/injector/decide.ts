/** Whether a pod gets the sidecar, and if not, why not. Pure. */

import { enforce, PolicyError } from './enforce';
import { meshOf } from './mesh';
import { CONTAINER_NAME, INJECT_LABEL, KEYS_CONTAINER, KEYS_VOLUME, NO_TOKEN_VOLUME, STATUS_ANNOTATION } from './names';
import type { InjectorConfig } from './operator-config';
import { allContainers, isObject, type Pod } from './pod';
import { isWindows } from './pod-os';
import { exceedsPodResources } from './pod-resources';
import { AnnotationError, defaultSettings, readSettings, type Settings } from './settings';
import { MAX_PORTS_CHARS } from './sizes';
import { cannotLogKeys } from './tls-keys';

/** Why a pod was left as it is; each is counted, from zero. */
export const SKIP_REASONS = [
  'not_a_new_pod',
  'unreadable_pod',
  'system_namespace',
  'mirror_pod',
  'disabled',
  'not_opted_in',
  'already_injected',
  'name_conflict',
  'windows',
  'invalid_annotation',
  'policy',
  'host_network',
  'no_ports',
  'native_unavailable',
  'job_without_native_sidecars',
  'pod_resources',
  'tls_keys',
  'too_large',
  'internal_error',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export interface Injection {
  inject: true;
  settings: Settings;
  native: boolean;
}

export interface Skip {
  inject: false;
  reason: SkipReason;
  /** For the user who made the pod, if he should know. */
  warning?: string;
}

/** Which entry of the webhook configuration asked; with `any` the API server's selectors are all that is known. */
export type Entry = 'namespace' | 'pod' | 'any';

export interface Circumstances {
  config: InjectorConfig;
  namespace: string;
  entry: Entry;
  /** The cluster runs init containers with `restartPolicy: Always` as sidecars. */
  nativeAvailable: boolean;
  production: boolean;
}

const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'];

export function decide(
  pod: Pod,
  { config, namespace, entry, nativeAvailable, production }: Circumstances,
): Injection | Skip {
  const annotations = pod.metadata?.annotations ?? {};
  if (SYSTEM_NAMESPACES.includes(namespace) || namespace === config.namespace) {
    return skip('system_namespace', `pods in ${namespace} are never injected`);
  }
  if (Object.hasOwn(annotations, 'kubernetes.io/config.mirror')) return skip('mirror_pod');
  const unwanted = checkOptIn(pod, entry);
  if (unwanted !== undefined) return unwanted;
  if (allContainers(pod).some(({ name }) => name === CONTAINER_NAME)) {
    return Object.hasOwn(annotations, STATUS_ANNOTATION)
      ? skip('already_injected')
      : skip('name_conflict', `the pod has a container named ${CONTAINER_NAME} of its own, which is left alone`);
  }
  if (allContainers(pod).some(({ name }) => name === KEYS_CONTAINER)) {
    return skip('name_conflict', `the pod has a container named ${KEYS_CONTAINER} of its own`);
  }
  const volume = (pod.spec.volumes ?? []).find(({ name }) => [NO_TOKEN_VOLUME, KEYS_VOLUME].includes(name));
  if (volume !== undefined) return skip('name_conflict', `the pod has a volume named ${volume.name} of its own`);
  if (isWindows(pod)) return skip('windows', 'the sniffer runs on Linux only');

  let settings: Settings;
  try {
    settings = readSettings(pod, config, production);
    enforce(config.policy, pod, settings, defaultSettings(pod, config));
  } catch (error) {
    if (error instanceof AnnotationError) return skip('invalid_annotation', error.message);
    if (error instanceof PolicyError) return skip('policy', error.message);
    throw error;
  }
  if (pod.spec.hostNetwork === true && !settings.hostNetwork) {
    return skip(
      'host_network',
      'it would see the node\'s traffic; annotate tcp-sniffer/host-network: "true" to allow that',
    );
  }
  if (settings.env.PORTS === undefined) {
    const container = meshOf(pod) === undefined ? 'container' : "container beside the mesh's proxy";
    return skip('no_ports', `no ${container} that keeps running declares a TCP port; annotate tcp-sniffer/ports`);
  }
  if (settings.env.PORTS.length > MAX_PORTS_CHARS) {
    return skip('too_large', 'its containers declare too many TCP ports; annotate tcp-sniffer/ports');
  }
  if (settings.native === true && !nativeAvailable) {
    return skip(
      'native_unavailable',
      'annotation tcp-sniffer/native: this cluster is not known to have native sidecars',
    );
  }
  const native = settings.native ?? nativeAvailable;
  if (!native && runsToCompletion(pod)) {
    return skip('job_without_native_sidecars', 'a sidecar that is not native would keep the Job from ending');
  }
  if (exceedsPodResources(pod, settings)) {
    return skip('pod_resources', "the pod's own spec.resources leave no room for the sidecar");
  }
  const unloggable = settings.tlsKeys ? cannotLogKeys(pod, settings) : undefined;
  if (unloggable !== undefined) return skip('tls_keys', unloggable);
  return { inject: true, settings, native };
}

/** The pod's label wins; where it has none, an annotation of that name counts, since the two are easily mixed up. */
function checkOptIn({ metadata }: Pod, entry: Entry): Skip | undefined {
  const label = metadata?.labels?.[INJECT_LABEL] ?? metadata?.annotations?.[INJECT_LABEL];
  if (label === 'false') return skip('disabled');
  if (label === undefined) return entry === 'pod' ? skip('not_opted_in') : undefined;
  return label === 'true' ? undefined : skip('not_opted_in', `label ${INJECT_LABEL} must be "true" or "false"`);
}

function runsToCompletion({ metadata, spec }: Pod): boolean {
  const owners = Array.isArray(metadata?.ownerReferences) ? metadata.ownerReferences : [];
  return (
    owners.some((owner) => isObject(owner) && owner.kind === 'Job') ||
    spec.restartPolicy === 'OnFailure' ||
    spec.restartPolicy === 'Never'
  );
}

export function skip(reason: SkipReason, warning?: string): Skip {
  return {
    inject: false,
    reason,
    ...(warning === undefined ? {} : { warning: `not injected (${reason}): ${warning}` }),
  };
}
