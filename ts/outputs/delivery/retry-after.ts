/** `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. */

/** An endpoint that names a day must not silence the output for a day. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** In ms from now; `undefined` if it is not there, or says nothing that is understood. */
export function retryAfterMs(field: string | readonly string[] | undefined, nowMs = Date.now()): number | undefined {
  const text = (typeof field === 'string' ? field : (field?.[0] ?? '')).trim();
  if (text === '') return undefined;
  // A date begins with the day's name (§5.6.7); `Date.parse` would take a good deal more.
  if (!/^(?:\d+$|[A-Za-z]{3})/.test(text)) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
