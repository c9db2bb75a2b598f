/**
 * The changes that make the containers of a pod log their TLS secrets where the sidecar reads them. Pure.
 *
 * Each container that takes part gets the script that does it for Node, read-only, and a folder to write to. Node loads the
 * script by NODE_OPTIONS, which keeps what is there; others log by SSLKEYLOGFILE, if they know it.
 */

import { KEYS_PATH, KEYS_VOLUME } from './names';
import type { Operation } from './patch-operation';
import { type Container, isAbsent, isObject, type Pod } from './pod';
import type { Settings } from './settings';

const KEYS_FOLDER = `${KEYS_PATH}/keys`;
const PRELOAD = `${KEYS_PATH}/preload/preload.cjs`;
const REQUIRE = `--require ${PRELOAD}`;

/** All that reads the folder of keys. */
export const KEYS_VARIABLE = { name: 'TLS_KEYLOG', value: KEYS_FOLDER };
/** Secrets are never written to a disk of the node. The file system refuses what is more, and the containers go on. */
export const KEYS_VOLUMES = [{ name: KEYS_VOLUME, emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }];
export const KEYS_MOUNT = { name: KEYS_VOLUME, mountPath: KEYS_PATH };

/** Of a container: the script cannot be changed by one container for the others. */
const MOUNTS = [
  { name: KEYS_VOLUME, mountPath: `${KEYS_PATH}/preload`, subPath: 'preload', readOnly: true },
  { name: KEYS_VOLUME, mountPath: KEYS_FOLDER, subPath: 'keys' },
];

/** Why the secrets of this pod cannot be logged without a change of what its containers do; `undefined` where they can. */
export function cannotLogKeys(pod: Pod, settings: Settings): string | undefined {
  const names = pod.spec.containers.map(({ name }) => name);
  if (settings.tlsKeysContainers?.some((name) => !names.includes(name))) {
    return 'annotation tcp-sniffer/tls-keylog-containers: there is no such container';
  }
  for (const container of loggers(pod, settings)) {
    const which = `container ${container.name.slice(0, 63)}`;
    const env = environment(container);
    if (env === undefined) return `${which}: its variables cannot be read`;
    const own = env.filter(({ name }) => name === 'NODE_OPTIONS');
    // Our value would take the place of what a ConfigMap or a Secret says.
    const unknown =
      own.length === 0 ? hasEntries(container.envFrom) : own.some(({ value }) => typeof value !== 'string');
    if (unknown || own.length > 1) return `${which}: the value of its NODE_OPTIONS is not known here`;
    if (mountsThere(container)) return `${which}: it has a mount at ${KEYS_PATH} already`;
  }
  return undefined;
}

/** For a pod of which `cannotLogKeys` says nothing. */
export function logKeys(pod: Pod, settings: Settings): Operation[] {
  const chosen = new Set(loggers(pod, settings));
  return pod.spec.containers.flatMap((container, index) => {
    if (!chosen.has(container)) return [];
    const path = `/spec/containers/${index}`;
    return [
      { op: 'test', path: `${path}/name`, value: container.name },
      ...variables(container, `${path}/env`),
      ...append(container.volumeMounts, `${path}/volumeMounts`, MOUNTS),
    ];
  });
}

function loggers({ spec }: Pod, { tlsKeysContainers }: Settings): Container[] {
  return spec.containers.filter(({ name }) => tlsKeysContainers === undefined || tlsKeysContainers.includes(name));
}

function variables(container: Container, path: string): Operation[] {
  const env = environment(container) ?? [];
  const at = env.findIndex(({ name }) => name === 'NODE_OPTIONS');
  const before = env[at]?.value;
  const changed: Operation[] =
    typeof before !== 'string'
      ? []
      : [
          { op: 'test', path: `${path}/${at}/name`, value: 'NODE_OPTIONS' },
          // Also where there is no value, which counts as an empty one (RFC 6902 §4.1).
          { op: 'add', path: `${path}/${at}/value`, value: `${before} ${REQUIRE}`.trim() },
        ];
  const added = [
    ...(changed.length === 0 ? [{ name: 'NODE_OPTIONS', value: REQUIRE }] : []),
    ...(env.some(({ name }) => name === 'SSLKEYLOGFILE')
      ? []
      : [{ name: 'SSLKEYLOGFILE', value: `${KEYS_FOLDER}/${container.name}.keys` }]),
  ];
  return [...changed, ...append(container.env, path, added)];
}

function append(list: unknown, path: string, added: readonly unknown[]): Operation[] {
  if (added.length === 0) return [];
  if (isAbsent(list)) return [{ op: 'add', path, value: added }];
  return added.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}

function environment({ env }: Container): { name: string; value?: unknown }[] | undefined {
  if (isAbsent(env)) return [];
  const known = Array.isArray(env) && env.every((each) => isObject(each) && typeof each.name === 'string');
  // An empty value may be left out; a value that comes from elsewhere has `valueFrom`.
  return known ? env.map((each) => ({ value: isAbsent(each.valueFrom) ? '' : undefined, ...each })) : undefined;
}

function hasEntries(list: unknown): boolean {
  return !isAbsent(list) && !(Array.isArray(list) && list.length === 0);
}

function mountsThere({ volumeMounts }: Container): boolean {
  if (isAbsent(volumeMounts)) return false;
  const isElsewhere = (mount: unknown) =>
    isObject(mount) && typeof mount.mountPath === 'string' && !`${mount.mountPath}/`.startsWith(`${KEYS_PATH}/`);
  return !Array.isArray(volumeMounts) || !volumeMounts.every(isElsewhere);
}
