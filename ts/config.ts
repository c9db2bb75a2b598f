/**
 * The config at the door: whatever the caller passed goes in, a complete and correct config or a `ValidationError` comes
 * out. Pure: knows no environment, no flags, and opens nothing.
 */

import { inspect } from 'node:util';
import { ValidationError } from './errors';
import { suggest } from './suggest';
import type { LogLevel, SnifferConfig, ValidatedConfig } from './types';

export const MIN_PORT = 1;
export const MAX_PORT = 65_535;
export const MIN_SAMPLE_RATE = 0;
export const MAX_SAMPLE_RATE = 1;
/** The shortest snaplen that still holds the longest IPv4 header and some of TCP's; tcpdump's old minimum. */
export const MIN_SNAPLEN_BYTES = 68;
/** libpcap's MAXIMUM_SNAPLEN. */
export const MAX_SNAPLEN_BYTES = 262_144;
/** A few blocks of the largest packet; less and the kernel refuses the ring. */
export const MIN_RING_BUFFER_BYTES = 1 << 20;
/** libpcap takes the size as a C int. */
export const MAX_RING_BUFFER_BYTES = 2 ** 31 - 1;
export const MIN_READ_TIMEOUT_MS = 1;
/** A message waits for it in the kernel. */
export const MAX_READ_TIMEOUT_MS = 1_000;
/** More often than this the counters are a load of their own. */
export const MIN_STATS_INTERVAL_MS = 100;

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

/** The defaults that the contract fixes. */
export const CONTRACT_DEFAULTS = Object.freeze({
  interface: '',
  outputStdout: false,
  sampleRate: 1,
  maxBodySize: 1_048_576,
  maxConcurrentConnections: 10_000,
  connectionIdleTimeoutMs: 300_000,
  redactHeaders: Object.freeze(['authorization', 'cookie']) as readonly string[],
});

/** The defaults of the further options. */
export const TUNING_DEFAULTS = Object.freeze({
  logLevel: 'info' as LogLevel,
  maxBufferedBytes: 192 * 1024 * 1024,
  snaplenBytes: MAX_SNAPLEN_BYTES,
  ringBufferBytes: 32 * 1024 * 1024,
  readTimeoutMs: 50,
  promiscuous: false,
  statsIntervalMs: 60_000,
});

/** Throws the complaint about `value`, or returns it as it is used from here on. */
type Check = (value: unknown, field: string, production: boolean) => unknown;

const CHECKS: Record<keyof SnifferConfig, Check> = {
  ports: checkPorts,
  interface: checkInterface,
  outputUrl: checkOutputUrl,
  outputUrlAuthToken: checkToken,
  outputStdout: checkBoolean,
  onHttpMessage: checkFunction,
  sampleRate: checkSampleRate,
  maxBodySize: integer(1),
  maxConcurrentConnections: integer(1),
  connectionIdleTimeoutMs: integer(1),
  redactHeaders: checkHeaderNames,
  pcapFile: checkPath,
  logLevel: checkLogLevel,
  maxBufferedBytes: integer(1),
  snaplenBytes: integer(MIN_SNAPLEN_BYTES, MAX_SNAPLEN_BYTES),
  ringBufferBytes: integer(MIN_RING_BUFFER_BYTES, MAX_RING_BUFFER_BYTES),
  readTimeoutMs: integer(MIN_READ_TIMEOUT_MS, MAX_READ_TIMEOUT_MS),
  promiscuous: checkBoolean,
  statsIntervalMs: integer(MIN_STATS_INTERVAL_MS),
};

/**
 * The config with every default in place. Options that are `undefined` count as left out.
 * @throws {ValidationError} for the first option that is wrong, naming it, what is expected, and what came
 */
export function validateConfig(config: unknown, options: { production?: boolean } = {}): ValidatedConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw wrong('config', 'an object with at least `ports`', config);
  }
  const given = config as Record<string, unknown>;
  for (const field of Object.keys(given)) {
    if (given[field] !== undefined && !Object.hasOwn(CHECKS, field)) throw unknownOption(field);
  }
  const result: Record<string, unknown> = {
    ...CONTRACT_DEFAULTS,
    redactHeaders: [...CONTRACT_DEFAULTS.redactHeaders],
    ...TUNING_DEFAULTS,
  };
  if (given.ports === undefined) throw wrong('ports', PORTS_EXPECTED, undefined);
  for (const [field, check] of Object.entries(CHECKS)) {
    if (given[field] !== undefined) result[field] = check(given[field], field, options.production === true);
  }
  return result as ValidatedConfig;
}

/** Whether messages go anywhere without a `message` listener. */
export function hasOutputConfigured(config: SnifferConfig): boolean {
  return Boolean(config.outputUrl) || config.outputStdout === true || typeof config.onHttpMessage === 'function';
}

function wrong(field: string, expected: string, value: unknown): ValidationError {
  return new ValidationError(field, `must be ${expected}, got ${show(value)}`);
}

function unknownOption(field: string): ValidationError {
  const near = suggest(field, Object.keys(CHECKS));
  return new ValidationError(field, `is no option${near === undefined ? '' : `; did you mean ${near}?`}`);
}

/** One short line for any value. */
function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10, maxStringLength: 80 });
}

function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Check {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return (value, field) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw wrong(field, expected, value);
    }
    return value;
  };
}

const PORT_EXPECTED = `an integer from ${MIN_PORT} to ${MAX_PORT}`;
const PORTS_EXPECTED = `a non-empty array of ports, each ${PORT_EXPECTED}`;

function checkPorts(value: unknown, field: string): number[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, PORTS_EXPECTED, value);
  for (const port of value) {
    if (!Number.isInteger(port) || port < MIN_PORT || port > MAX_PORT) {
      throw new ValidationError(field, `each port must be ${PORT_EXPECTED}, got ${show(port)}`);
    }
  }
  return [...new Set<number>(value)];
}

function checkSampleRate(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value >= MIN_SAMPLE_RATE && value <= MAX_SAMPLE_RATE)) {
    throw wrong(field, `a number from ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE}`, value);
  }
  return value;
}

function checkInterface(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.includes('\0')) throw wrong(field, 'the name of an interface', value);
  return value;
}

function checkPath(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw wrong(field, "the path of a savefile, or '-' for stdin", value);
  }
  return value;
}

function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw wrong(field, 'true or false', value);
  return value;
}

function checkFunction(value: unknown, field: string): unknown {
  if (typeof value !== 'function') throw wrong(field, 'a function', value);
  return value;
}

function checkLogLevel(value: unknown, field: string): LogLevel {
  if (!LOG_LEVELS.includes(value as LogLevel)) throw wrong(field, `one of ${LOG_LEVELS.join(', ')}`, value);
  return value as LogLevel;
}

/** RFC 9110 §5.1: field-name = token. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function checkHeaderNames(value: unknown, field: string): string[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of header names', value);
  for (const name of value) {
    if (typeof name !== 'string' || !TOKEN.test(name)) {
      throw new ValidationError(field, `each must be the name of a header, got ${show(name)}`);
    }
  }
  return [...new Set(value.map((name: string) => name.toLowerCase()))];
}

/** RFC 6750 §2.1 allows less; what breaks a header field is refused, without ever showing the value. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

function checkToken(value: unknown, field: string): string {
  if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
    throw new ValidationError(
      field,
      'must be a non-empty string of visible ASCII characters (from OUTPUT_URL_AUTH_TOKEN unless given; value not shown)',
    );
  }
  return value;
}

function checkOutputUrl(value: unknown, field: string, production: boolean): string {
  const url = typeof value === 'string' && /^https?:\/\//i.test(value) ? parseUrl(value) : undefined;
  if (url === undefined) {
    throw wrong(
      field,
      'an absolute http:// or https:// URL',
      typeof value === 'string' ? withoutSecrets(value) : value,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ValidationError(field, 'must carry no user name or password; use OUTPUT_URL_AUTH_TOKEN');
  }
  if (production && url.protocol !== 'https:') {
    throw wrong(field, 'an https:// URL in production', withoutSecrets(value as string));
  }
  return value as string;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** A URL as far as it may be shown: without user, password, query and fragment, wherever they seem to be. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([^/?#]*\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/s, '');
}
