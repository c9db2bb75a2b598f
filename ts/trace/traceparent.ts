/** `traceparent` and `tracestate` (W3C Trace Context): which trace a request belongs to. */

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Of the span that made the request: 16 hex digits. */
  readonly parentId: string;
  readonly flags: number;
}

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** `undefined` if the field is not there, is there twice, or is not valid: a new trace begins then (§3.2.2, §4.3). */
export function readTraceparent(field: string): TraceContext | undefined {
  const [, version, traceId, parentId, flags, more] = TRACEPARENT.exec(field) ?? [];
  if (version === undefined || traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  // Only a version to come may have further parts; ff is none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) };
}
