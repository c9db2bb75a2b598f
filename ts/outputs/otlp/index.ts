/** Spans to a receiver of OTLP over HTTP. Only this file is always loaded; the rest comes with a run that has this output. */

import type { MessageField } from '../../types';
import type { OutputKind } from '../kind';

/** The fields that `MessageLine` (`line.ts`) reads, without bodies and without the fields that every line has. */
const FIELDS_READ: readonly MessageField[] = [
  ...(['method', 'path', 'statusCode', 'httpVersion', 'headers', 'incomplete', 'request', 'latencyMs'] as const),
  ...(['durationMs', 'proxied', 'scheme', 'errorCode', 'tls', 'grpc'] as const),
];

export const otlp: OutputKind = {
  dropReasons: ['overflow', 'failed', 'rejected', 'abandoned', 'invalid', 'unpaired', 'streamed'],
  reads: ({ otlpBodies }) => (otlpBodies ? [...FIELDS_READ, 'body'] : FIELDS_READ),
  create: (context) => (require('./create') as typeof import('./create')).create(context),
};
