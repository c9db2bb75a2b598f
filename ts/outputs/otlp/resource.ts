/** Reads OpenTelemetry's variables: the resource of all spans, and the fields of all requests. */

import { EnvironmentError, type RuntimeEnv } from '../../config/env';

/** The conventions' own word. */
const UNKNOWN_SERVICE = 'unknown_service';

/** RFC 9110 §5.6.2 and §5.5, visible ASCII and spaces only. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\x20-\x7e]*$/;

/** Names and values; those of the variables win over what the pod says of itself. */
export function resourceOf({ identity, otel = {} }: RuntimeEnv): (readonly [name: string, value: string])[] {
  const attributes = new Map<string, string>([['service.name', UNKNOWN_SERVICE]]);
  if (identity.pod !== undefined) attributes.set('k8s.pod.name', identity.pod);
  if (identity.namespace !== undefined) attributes.set('k8s.namespace.name', identity.namespace);
  if (identity.node !== undefined) attributes.set('k8s.node.name', identity.node);
  for (const [name, value] of readPairs(otel.resourceAttributes ?? '', 'OTEL_RESOURCE_ATTRIBUTES')) {
    attributes.set(name, value);
  }
  if (otel.serviceName !== undefined) attributes.set('service.name', otel.serviceName);
  return [...attributes];
}

export function headersOf({ otel = {} }: RuntimeEnv): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of readPairs(otel.headers ?? '', 'OTEL_EXPORTER_OTLP_HEADERS')) {
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) throw malformed('OTEL_EXPORTER_OTLP_HEADERS');
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/**
 * `name=value,name=value`, percent-encoded (W3C Baggage, as the specification of these variables wants it).
 * @throws {EnvironmentError}
 */
export function readPairs(text: string, variable: string): [name: string, value: string][] {
  return text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = pair.slice(0, Math.max(0, at)).trim();
      if (name === '') throw malformed(variable);
      try {
        return [decodeURIComponent(name), decodeURIComponent(pair.slice(at + 1).trim())];
      } catch {
        throw malformed(variable);
      }
    });
}

/** It may hold secrets: what came is not shown. */
function malformed(variable: string): EnvironmentError {
  const complaint = 'must be name=value pairs separated by commas, percent-encoded (value not shown)';
  return new EnvironmentError('outputOtlp', complaint, variable);
}
