/**
 * The last look at a patch before it is sent. `failurePolicy: Ignore` does not help against a patch that does not apply or
 * makes the pod invalid: the API server then refuses the pod. So it is applied here first, by a library that knows
 * nothing of how it was made.
 */

import { isDeepStrictEqual } from 'node:util';
import { applyPatch } from 'rfc6902';
import { CONTAINER_NAME } from './names';
import type { Operation } from './patch-operation';
import { allContainers, isAbsent, isObject, type Pod, readPod } from './pod';

/**
 * The pod as it will be.
 * @throws {Error} what is wrong with the patch
 */
export function verifyPatch(pod: Pod, operations: readonly Operation[]): Pod {
  const patched: unknown = JSON.parse(JSON.stringify(pod));
  const failed = applyPatch(patched, structuredClone(operations) as Operation[]).find((error) => error !== null);
  if (failed) throw new Error(`the patch does not apply: ${failed.name}`);
  const after = readPod(patched);
  if (after === undefined) throw new Error('the patched pod is not a pod');
  const names = allContainers(after).map(({ name }) => name);
  if (names.filter((name) => name === CONTAINER_NAME).length !== 1) throw new Error('the sidecar is not there once');
  // Of an object's member `add` replaces, too (RFC 6902 §4.1).
  const replacing = operations.filter(({ op, path }) => op === 'replace' || path.endsWith('/value'));
  const replaced = new Set(replacing.map(({ path }) => unescaped(path)));
  const lost = findLost(pod, patched, '', replaced);
  if (lost !== undefined) throw new Error(`the patch changes ${lost}`);
  return after;
}

/** The names of a JSON pointer (RFC 6901 §4) as they are. Only of our own: a foreign name of 3 MB would cost its hundredfold. */
function unescaped(pointer: string): string {
  return pointer.replaceAll('/', SEPARATOR).replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Between the names on the way to a place. */
const SEPARATOR = '\0';

/** Lists that we add to. */
const GROWING = ['containers', 'initContainers', 'volumes', 'env', 'volumeMounts'];

/** The first place whose value is not in `after` any more; lists that we add to may grow at either end. */
function findLost(before: unknown, after: unknown, path: string, replaced: ReadonlySet<string>): string | undefined {
  if (isAbsent(before) || replaced.has(path) || isDeepStrictEqual(before, after)) return undefined;
  if (Array.isArray(before) && Array.isArray(after)) {
    if (!GROWING.includes(path.slice(path.lastIndexOf(SEPARATOR) + 1))) return path;
    const kept = [0, after.length - before.length].some((start) =>
      before.every(
        (value, index) =>
          start + index < after.length &&
          findLost(value, after[start + index], `${path}${SEPARATOR}${start + index}`, replaced) === undefined,
      ),
    );
    return kept ? undefined : path;
  }
  if (!isObject(before) || !isObject(after)) return path;
  for (const [name, value] of Object.entries(before)) {
    const at = path + SEPARATOR + name;
    const lost = Object.hasOwn(after, name)
      ? findLost(value, after[name], at, replaced)
      : isAbsent(value)
        ? undefined
        : at;
    if (lost !== undefined) return lost;
  }
  return undefined;
}
