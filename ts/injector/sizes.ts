/** The sizes that the API server and the kernel take at most. A pod that only fits without the sidecar is left as it is. */

import type { Pod } from './pod';

/** Of names and values of all annotations of an object (`TotalAnnotationSizeLimitB`). */
export const MAX_ANNOTATION_BYTES = 256 * 1024;
/** A patch repeats what it replaces, so it is as long as the longest text that it meets; an ordinary one has 2 KiB. */
const MAX_PATCH_CHARS = 512 * 1024;
/** One variable may have 128 KiB (execve(2)); some 700 ports are more than a capture filter takes. */
export const MAX_PORTS_CHARS = 4_096;

/** Why the pod would be refused with what we add; `undefined` where it would not. */
export function tooLarge({ metadata }: Pod, patch: string): string | undefined {
  const annotations = Object.entries(metadata?.annotations ?? {});
  const bytes = annotations.reduce((sum, texts) => sum + Buffer.byteLength(texts[0]) + Buffer.byteLength(texts[1]), 0);
  if (bytes > MAX_ANNOTATION_BYTES) return 'its annotations leave no room for tcp-sniffer/status';
  return patch.length > MAX_PATCH_CHARS ? 'a name or an annotation is too long' : undefined;
}
