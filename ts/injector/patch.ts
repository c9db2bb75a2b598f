/**
 * The JSON Patch (RFC 6902) for one pod. Pure. Written by hand: one operation for each thing that is added, parents only
 * where they are missing, and a `test` before whatever depends on what is already there: of a name or a number only, since
 * the API server compares texts as they are written (findings/json-patch-test-by-text.sh).
 */

import { VERSION } from '../version';
import { keysContainer, sidecar, volumes } from './container';
import type { Injection } from './decide';
import { CONTAINER_NAME, STATUS_ANNOTATION } from './names';
import type { Operation } from './patch-operation';
import { isAbsent, type Pod } from './pod';
import { logKeys } from './tls-keys';

/** The grace period of a pod that sets no grace period, in seconds; the API server's own default. */
export const GRACE_PERIOD = 30;
export const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export function patchFor(pod: Pod, { settings, native }: Injection): Operation[] {
  const container = sidecar(settings, native);
  const { containers } = pod.spec;
  const first = [...(settings.tlsKeys ? [keysContainer(settings)] : []), ...(native ? [container] : [])];
  return [
    ...(settings.tlsKeys ? logKeys(pod, settings) : []),
    ...addFirst(pod.spec.initContainers, '/spec/initContainers', first),
    ...(native ? [] : addLast(containers, container)),
    ...addVolumes(pod.spec.volumes, volumes(settings)),
    ...gracePeriod(pod.spec.terminationGracePeriodSeconds, settings.gracePeriod),
    ...annotate(pod, {
      [STATUS_ANNOTATION]: JSON.stringify({
        version: VERSION,
        container: CONTAINER_NAME,
        native,
        ports: settings.env.PORTS,
      }),
      // kubectl logs and exec go on without a word about a choice, as they did before there was a second container. It
      // counts init containers, too.
      ...(containers.length === 1 && isAbsent(pod.metadata?.annotations?.[DEFAULT_CONTAINER])
        ? { [DEFAULT_CONTAINER]: containers[0]?.name ?? '' }
        : {}),
    }),
  ];
}

/** First, so that the sidecar also sees what the pod's other init containers do. */
function addFirst(list: Pod['spec']['initContainers'], path: string, added: readonly unknown[]): Operation[] {
  const first = list?.[0];
  if (added.length === 0) return [];
  if (isAbsent(list)) return [{ op: 'add', path, value: added }];
  return [
    ...(first === undefined ? [] : [test(`${path}/0/name`, first.name)]),
    ...added.map((value, index): Operation => ({ op: 'add', path: `${path}/${index}`, value })),
  ];
}

/** Last, so that the first container stays kubectl's default. */
function addLast(containers: Pod['spec']['containers'], container: unknown): Operation[] {
  const last = containers.length - 1;
  return [
    test(`/spec/containers/${last}/name`, containers[last]?.name),
    { op: 'add', path: '/spec/containers/-', value: container },
  ];
}

/** Last; the order of volumes means nothing. */
function addVolumes(list: Pod['spec']['volumes'], added: readonly unknown[]): Operation[] {
  const path = '/spec/volumes';
  if (isAbsent(list)) return [{ op: 'add', path, value: added }];
  return added.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}

/** Never lowers what the pod has. */
function gracePeriod(current: unknown, asked: number | undefined): Operation[] {
  const path = '/spec/terminationGracePeriodSeconds';
  if (isAbsent(current)) return [{ op: 'add', path, value: asked ?? GRACE_PERIOD }];
  if (asked === undefined || typeof current !== 'number' || current >= asked) return [];
  return [test(path, current), { op: 'replace', path, value: asked }];
}

function annotate({ metadata }: Pod, added: Record<string, string>): Operation[] {
  if (isAbsent(metadata)) return [{ op: 'add', path: '/metadata', value: { annotations: added } }];
  const { annotations } = metadata;
  if (isAbsent(annotations)) return [{ op: 'add', path: '/metadata/annotations', value: added }];
  return Object.entries(added).flatMap(([name, value]): Operation[] => {
    const path = `/metadata/annotations/${escapePointer(name)}`;
    const before = annotations[name];
    return before === value ? [] : [{ op: before === undefined ? 'add' : 'replace', path, value }];
  });
}

function test(path: string, value: unknown): Operation {
  return { op: 'test', path, value };
}

/** RFC 6901 §3. */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
