/** The sizes that the API server and the kernel take at most. A pod that only fits without the sidecar is left as it is. */

import type { Pod } from './pod';

/** Of names and values of all annotations of an object (`TotalAnnotationSizeLimitB`). */
export const MAX_ANNOTATION_BYTES = 256 * 1024;
/** A patch repeats what it replaces, so it is as long as the longest text that it meets; an ordinary one has 2 KiB. */
const MAX_PATCH_CHARS = 512 * 1024;
/** One variable may have 128 KiB (execve(2)); some 700 ports are more than a capture filter takes. */
export const MAX_PORTS_CHARS = 4_096;

/** Of a request to etcd, which keeps the pod (`--max-request-bytes`). */
const MAX_REQUEST_BYTES = 1.5 * 2 ** 20;
/** The status of all containers comes to the pod later, with more of it for ours, and so do the names of those who set its fields. */
const ROOM_BYTES = 64 * 1024;
/** A pod in JSON has at most so many, its managed fields left out: the API server does so itself where they make it too large. */
export const MAX_POD_BYTES = MAX_REQUEST_BYTES - ROOM_BYTES;

/** Why the pod would be refused with what we add; `undefined` where it would not. */
export function tooLarge({ metadata, ...pod }: Pod, patch: string): string | undefined {
  const annotations = Object.entries(metadata?.annotations ?? {});
  const bytes = annotations.reduce((sum, texts) => sum + Buffer.byteLength(texts[0]) + Buffer.byteLength(texts[1]), 0);
  if (bytes > MAX_ANNOTATION_BYTES) return 'its annotations leave no room for tcp-sniffer/status';
  if (patch.length > MAX_PATCH_CHARS) return 'a name or an annotation is too long';
  // Etcd gets it in a shorter form, without the names of the fields.
  const json = JSON.stringify({ ...pod, metadata: { ...metadata, managedFields: undefined } });
  return Buffer.byteLength(json) > MAX_POD_BYTES ? 'with the sidecar it could be larger than etcd takes' : undefined;
}
