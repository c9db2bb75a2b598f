/** The keys that join the exchanges of several hops, as the fields of their requests say. */

import { readTraceparent } from './traceparent';

/** The kind of key that a trace is named by. */
export type Named = 'traceparent' | 'B3' | 'x-request-id';

/** Of a trace whose requests have fields of both: the first that stands in `Named`, in whichever order they come. */
export function strongerOf(named: Named, other: Named): Named {
  return named === 'B3' && other === 'traceparent' ? other : named;
}

export interface Keys {
  named: Named;
  /** Of the trace, 32 hex digits; of `x-request-id` the id itself. */
  trace: string;
  /** Of the call, and of the call that it was made for, as far as the fields say it. */
  span?: string | undefined;
  parent?: string | undefined;
  /** `x-request-id`, beside a trace or alone. */
  request?: string | undefined;
}

type Fields = Readonly<Record<string, string>>;

/** https://github.com/openzipkin/b3-propagation: trace, span, sampling, parent. A trace of zeros is not valid. */
const B3 = /^(?!0+-)([\da-f]{16}|[\da-f]{32})-([\da-f]{16})(?:-[01d](?:-([\da-f]{16}))?)?$/;
const B3_TRACE = /^(?!0+$)(?:[\da-f]{16}|[\da-f]{32})$/;
const B3_SPAN = /^[\da-f]{16}$/;
/** Longer texts are no ids. */
const MAX_REQUEST_ID_UNITS = 128;
const REDACTED = '[REDACTED]';

/** `undefined`: the exchange belongs to no trace. */
export function keysOf(fields: Fields): Keys | undefined {
  const request = requestIdOf(fields);
  const context = readTraceparent(fields.traceparent ?? '');
  const b3 = readB3(fields);
  if (context !== undefined) {
    const { traceId: trace, parentId: span } = context;
    const parent = b3?.trace === trace && b3.span === span ? b3.parent : undefined;
    return { named: 'traceparent', trace, span, parent, request };
  }
  if (b3 !== undefined) return { named: 'B3', ...b3, request };
  return request === undefined ? undefined : { named: 'x-request-id', trace: request, request };
}

/** Of a response too: many servers tell the id that they have chosen. */
export function requestIdOf(fields: Fields): string | undefined {
  const id = fields['x-request-id'] ?? '';
  return id === '' || id.length > MAX_REQUEST_ID_UNITS || id === REDACTED ? undefined : id;
}

function readB3(fields: Fields): Pick<Keys, 'trace' | 'span' | 'parent'> | undefined {
  const [, one, itsSpan, itsParent] = B3.exec(fields.b3 ?? '') ?? [];
  if (one !== undefined) return { trace: padded(one), span: itsSpan, parent: itsParent };
  const trace = matching(B3_TRACE, fields['x-b3-traceid']);
  if (trace === undefined) return undefined;
  const [span, parent] = [fields['x-b3-spanid'], fields['x-b3-parentspanid']].map((id) => matching(B3_SPAN, id));
  return { trace: padded(trace), span, parent };
}

/** A trace of 64 bits has 16 digits at one hop, and 32 after a hop that pads it: these are the same trace. */
export function padded(traceId: string): string {
  return traceId.padStart(32, '0');
}

function matching(pattern: RegExp, text: string | undefined): string | undefined {
  return text !== undefined && pattern.test(text) ? text : undefined;
}
