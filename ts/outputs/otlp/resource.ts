/** Reads OpenTelemetry's variables: the resource of all spans, and the fields of all requests. */

import { EnvironmentError, type RuntimeEnv } from '../../config/env';
import { readPairs } from '../../config/pairs';
import { TOKEN } from '../../token';

/** The conventions' own word. */
const UNKNOWN_SERVICE = 'unknown_service';

/** RFC 9110 §5.5, visible ASCII and spaces only. */
const FIELD_VALUE = /^[\x20-\x7e]*$/;

/**
 * Names and values. Those of the variables win over defaults, and never over the place where this runs: what is told of a pod stays
 * told of that pod.
 */
export function resourceOf({ identity, otel = {} }: RuntimeEnv): (readonly [name: string, value: string])[] {
  const attributes = new Map<string, string>([
    ['service.name', UNKNOWN_SERVICE],
    ...pairsOf(otel.resourceAttributes, 'OTEL_RESOURCE_ATTRIBUTES'),
  ]);
  if (identity.pod !== undefined) attributes.set('k8s.pod.name', identity.pod);
  if (identity.namespace !== undefined) attributes.set('k8s.namespace.name', identity.namespace);
  if (identity.node !== undefined) attributes.set('k8s.node.name', identity.node);
  if (otel.serviceName !== undefined) attributes.set('service.name', otel.serviceName);
  return [...attributes];
}

export function headersOf({ otel = {} }: RuntimeEnv): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairsOf(otel.headers, 'OTEL_EXPORTER_OTLP_HEADERS')) {
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      throw malformed('must have names and values of header fields (value not shown)', 'OTEL_EXPORTER_OTLP_HEADERS');
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** @throws {EnvironmentError} */
function pairsOf(text: string | undefined, variable: string): [name: string, value: string][] {
  try {
    return readPairs(text ?? '');
  } catch (error) {
    throw malformed((error as Error).message, variable);
  }
}

function malformed(complaint: string, variable: string): EnvironmentError {
  return new EnvironmentError('outputOtlp', complaint, variable);
}
