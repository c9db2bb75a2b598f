/**
 * The config at the door: whatever the caller passed goes in, a complete and correct config or a `ValidationError` comes
 * out. Knows no environment, no flags, and opens nothing; it looks at the disk only to tell whether two paths are one file.
 */

import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import {
  type Check,
  checkBoolean,
  checkFileName,
  checkFunction,
  checkOutputUrl,
  checkPath,
  checkToken,
  integer,
  name,
  names,
  oneOf,
  show,
  wrong,
} from './checks';
import { ValidationError } from './errors';
import { checkFilters, MAX_FILTERS } from './filters';
import { checkRedactHeaders, DEFAULT_REDACTED_HEADERS } from './redaction';
import { suggest } from './suggest';
import type { BatchOptions, BinaryBodies, LogLevel, SnifferConfig, ValidatedConfig } from './types';

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
/** Connections to one URL; more help nobody. */
export const MAX_OUTPUT_CONCURRENCY = 256;
/** What a timer of Node can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

const STDIN_FD = 0;

const BINARY_BODIES: readonly BinaryBodies[] = ['omit', 'base64'];

/** The defaults that the contract fixes. */
export const CONTRACT_DEFAULTS = Object.freeze({
  interface: '',
  outputStdout: false,
  sampleRate: 1,
  maxBodySize: 1_048_576,
  maxConcurrentConnections: 10_000,
  connectionIdleTimeoutMs: 300_000,
  redactHeaders: DEFAULT_REDACTED_HEADERS,
});

/** The defaults of the further options. */
export const TUNING_DEFAULTS = Object.freeze({
  outputConcurrency: 8,
  outputTimeoutMs: 10_000,
  // Half a minute of a busy service, and a small part of the sidecar's 512 MiB.
  outputMaxWaitingMessages: 100_000,
  outputMaxWaitingBytes: 32 * 1024 * 1024,
  // Well inside the 30 s that Kubernetes gives a pod.
  drainTimeoutMs: 10_000,
  handleSignals: false,
  metricsHost: '',
  decodeBody: true,
  binaryBodies: 'omit' as BinaryBodies,
  redactQuery: Object.freeze([]) as readonly string[],
  include: Object.freeze([]) as readonly never[],
  exclude: Object.freeze([]) as readonly never[],
  decapsulate: true,
  logLevel: 'info' as LogLevel,
  maxBufferedBytes: 40 * 1024 * 1024,
  snaplenBytes: MAX_SNAPLEN_BYTES,
  ringBufferBytes: 32 * 1024 * 1024,
  readTimeoutMs: 50,
  promiscuous: false,
  statsIntervalMs: 60_000,
});

/** What a batch is made of where `outputBatch` does not say. */
export const BATCH_DEFAULTS: Readonly<BatchOptions> = Object.freeze({
  maxMessages: 500,
  maxBytes: 1_048_576,
  maxDelayMs: 1_000,
  gzip: false,
});

const BATCH_CHECKS: Record<keyof BatchOptions, Check> = {
  maxMessages: integer(1),
  maxBytes: integer(1),
  maxDelayMs: integer(0, MAX_TIMER_MS),
  gzip: checkBoolean,
};

const CHECKS: Record<keyof SnifferConfig, Check> = {
  ports: checkPorts,
  interface: name('the name of an interface'),
  outputUrl: checkOutputUrl,
  outputUrlAuthToken: checkToken,
  outputStdout: checkBoolean,
  harFile: checkFileName,
  outputConcurrency: integer(1, MAX_OUTPUT_CONCURRENCY),
  outputTimeoutMs: integer(1, MAX_TIMER_MS),
  outputMaxWaitingMessages: integer(1),
  outputMaxWaitingBytes: integer(1),
  outputBatch: checkBatch,
  drainTimeoutMs: integer(0, MAX_TIMER_MS),
  handleSignals: checkBoolean,
  metricsPort: integer(MIN_PORT, MAX_PORT),
  metricsHost: name('an address'),
  onHttpMessage: checkFunction,
  sampleRate: checkSampleRate,
  maxBodySize: integer(1),
  decodeBody: checkBoolean,
  binaryBodies: oneOf(BINARY_BODIES),
  maxConcurrentConnections: integer(1),
  connectionIdleTimeoutMs: integer(1),
  redactHeaders: checkRedactHeaders,
  redactQuery: names('query parameter', (text) => text !== ''),
  include: checkFilters,
  exclude: checkFilters,
  pcapFile: checkPath,
  decapsulate: checkBoolean,
  logLevel: oneOf(LOG_LEVELS),
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
    ...TUNING_DEFAULTS,
  };
  if (given.ports === undefined) throw wrong('ports', PORTS_EXPECTED, undefined);
  for (const [field, check] of Object.entries(CHECKS)) {
    if (given[field] !== undefined) result[field] = check(given[field], field, options.production === true);
  }
  // The caller gets arrays of his own and not those of the defaults.
  for (const [field, value] of Object.entries(result)) if (Array.isArray(value)) result[field] = [...value];
  const whole = result as ValidatedConfig;
  if (whole.include.length + whole.exclude.length > MAX_FILTERS) {
    throw new ValidationError(
      whole.include.length > whole.exclude.length ? 'include' : 'exclude',
      `must be at most ${MAX_FILTERS} filters together with the other one`,
    );
  }
  const { harFile, pcapFile } = whole;
  if (harFile !== undefined && pcapFile !== undefined && isSameFile(harFile, pcapFile)) {
    throw new ValidationError('harFile', `must not be the savefile that is read, got ${show(harFile)}`);
  }
  return whole;
}

/** Whether messages go anywhere without a `message` listener. */
export function hasOutputConfigured(config: SnifferConfig): boolean {
  const { outputUrl, outputStdout, harFile, onHttpMessage } = config;
  return Boolean(outputUrl) || outputStdout === true || Boolean(harFile) || typeof onHttpMessage === 'function';
}

/**
 * Also by another name: a path written in another way, a symbolic or hard link, stdin. The HAR would overwrite what is
 * still to be read. Device and inode tell, as `bigint`: an inode may have more than 53 bits.
 */
function isSameFile(harFile: string, pcapFile: string): boolean {
  if (harFile === pcapFile) return true;
  const har = statusOf(() => statSync(harFile, { bigint: true }));
  const savefile = statusOf(() =>
    pcapFile === '-' ? fstatSync(STDIN_FD, { bigint: true }) : statSync(pcapFile, { bigint: true }),
  );
  return har !== undefined && savefile !== undefined && har.dev === savefile.dev && har.ino === savefile.ino;
}

/** Of what is not there, or out of reach, there is none; whoever opens it says so. */
function statusOf(look: () => BigIntStats): BigIntStats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function unknownOption(field: string): ValidationError {
  const near = suggest(field, Object.keys(CHECKS));
  return new ValidationError(field, `is no option${near === undefined ? '' : `; did you mean ${near}?`}`);
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

function checkBatch(value: unknown, field: string, production: boolean): BatchOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(field, `an object with ${Object.keys(BATCH_CHECKS).join(', ')}`, value);
  }
  const batch: Record<string, unknown> = { ...BATCH_DEFAULTS };
  for (const [part, given] of Object.entries(value)) {
    if (given === undefined) continue;
    if (!Object.hasOwn(BATCH_CHECKS, part)) {
      const near = suggest(part, Object.keys(BATCH_CHECKS));
      throw new ValidationError(
        field,
        `'${part}' is no part of it${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    }
    try {
      batch[part] = BATCH_CHECKS[part as keyof BatchOptions](given, part, production);
    } catch (error) {
      throw error instanceof ValidationError ? new ValidationError(field, `${part} ${error.complaint}`) : error;
    }
  }
  return batch as unknown as BatchOptions;
}
