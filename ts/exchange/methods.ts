/** Methods of HTTP. */

/** RFC 9110 §9 and RFC 5789: those that conventions of telemetry know. Any other method is the client's to choose. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
]);
