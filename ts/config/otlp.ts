/** Where OTLP goes: the base URL of a receiver, and the path of what is sent there (OTLP specification, OTLP/HTTP). */

import { checkHttpUrl } from './checks';

const TRACES = 'v1/traces';

/** http in production too: collectors stand beside the service, or in its cluster. */
export function checkOtlpUrl(value: unknown, field: string): string {
  checkHttpUrl(value, field, 'OTEL_EXPORTER_OTLP_HEADERS');
  return value as string;
}

/** A URL that names the path of traces already stays as it is. */
export function tracesUrl(base: string): string {
  const url = new URL(base);
  if (!url.pathname.endsWith(`/${TRACES}`)) url.pathname = `${url.pathname.replace(/\/+$/, '')}/${TRACES}`;
  return url.href;
}
