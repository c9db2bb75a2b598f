/** Where the time of an exchange went. In: its response, and how long its request was on its way. Out: milliseconds, never negative. */

import type { HttpMessage } from '../types';

export interface Times {
  /** From the request's first packet to its last, or to the response's first, if that came before. */
  uploadMs?: number;
  /** From the request's last packet to the response's first. */
  serverMs?: number;
  /** Both, where the end of the request was not seen: the server is not blamed for an upload. */
  uploadAndServerMs?: number;
  /** From the response's first packet to its last. */
  downloadMs: number;
  /** The response began before the request was whole, so the server cannot be told from the upload. */
  answeredEarly?: true;
}

/** `uploadMs`: of the request, if all of it was seen. */
export function timesOf(
  { latencyMs, waitMs, durationMs = 0 }: Pick<HttpMessage, 'latencyMs' | 'waitMs' | 'durationMs'>,
  uploadMs: number | undefined,
): Times {
  const downloadMs = Math.max(0, durationMs);
  if (latencyMs === undefined) return { downloadMs };
  if (waitMs !== undefined) {
    // Both have three decimals; their difference in floating point has more.
    return { uploadMs: Math.max(0, Math.round((latencyMs - waitMs) * 1_000) / 1_000), serverMs: waitMs, downloadMs };
  }
  if (uploadMs !== undefined && uploadMs >= latencyMs) return { uploadMs: latencyMs, downloadMs, answeredEarly: true };
  return { uploadAndServerMs: latencyMs, downloadMs };
}

/** How long it took to come, if all of it is here. */
export function uploadMsOf({ incomplete, durationMs = 0 }: HttpMessage): number | undefined {
  return incomplete === undefined ? durationMs : undefined;
}
