/**
 * Environment and flags to config. Pure: both come in as values. What every user of the package takes from the environment
 * is `readRuntimeEnv`; the command takes its options from `readCommandConfig`.
 */

import { ValidationError } from './errors';
import type { LogLevel, SnifferConfig } from './types';

export type Env = Record<string, string | undefined>;

export interface RuntimeEnv {
  /** `NODE_ENV=production` or `TCP_SNIFFER_PRODUCTION=1`. */
  production: boolean;
  authToken?: string;
  /** Where this runs, for the log: pod, namespace, node, as far as they are known. */
  identity: { pod?: string; namespace?: string; node?: string };
}

export function readRuntimeEnv(env: Env): RuntimeEnv {
  const runtime: RuntimeEnv = {
    production: env.NODE_ENV === 'production' || env.TCP_SNIFFER_PRODUCTION === '1',
    identity: {},
  };
  // Secrets made from files often end in a newline, which no header may contain.
  const token = env.OUTPUT_URL_AUTH_TOKEN?.trim();
  if (token) runtime.authToken = token;
  if (env.POD_NAME) runtime.identity.pod = env.POD_NAME;
  if (env.NAMESPACE) runtime.identity.namespace = env.NAMESPACE;
  if (env.NODE_NAME) runtime.identity.node = env.NODE_NAME;
  return runtime;
}

/** An option of the command: one field of the config, its flag, its variable. */
export interface CommandOption {
  field: keyof SnifferConfig;
  flag: string;
  short?: string;
  variable?: string;
  /** Name of the flag's value in the help; without one the flag is a switch. */
  argument?: string;
  help: string;
  /** Throws what is expected. */
  parse(text: string): unknown;
  /** An empty text is a value and not "left out". */
  emptyMeans?: unknown;
}

export const COMMAND_OPTIONS: readonly CommandOption[] = [
  {
    field: 'ports',
    flag: '--ports',
    variable: 'PORTS',
    argument: 'list',
    help: 'server ports, e.g. 8080,8443 (required)',
    parse: numbers,
  },
  {
    field: 'interface',
    flag: '--interface',
    variable: 'INTERFACE',
    argument: 'name',
    help: 'interface; default: the first one that is up and not a loopback',
    parse: text,
  },
  {
    field: 'pcapFile',
    flag: '--read',
    short: '-r',
    argument: 'file',
    help: "read a savefile in place of an interface; '-' is stdin",
    parse: text,
    emptyMeans: '',
  },
  {
    field: 'outputUrl',
    flag: '--output-url',
    variable: 'OUTPUT_URL',
    argument: 'url',
    help: 'POST each message to this URL (token: OUTPUT_URL_AUTH_TOKEN)',
    parse: text,
  },
  {
    field: 'outputStdout',
    flag: '--output-stdout',
    variable: 'OUTPUT_STDOUT',
    help: 'JSON lines on stdout; the default where no output is named',
    parse: boolean,
  },
  {
    field: 'sampleRate',
    flag: '--sample-rate',
    variable: 'SAMPLE_RATE',
    argument: 'share',
    help: 'share of the connections that is processed, 0-1',
    parse: number,
  },
  {
    field: 'maxBodySize',
    flag: '--max-body-size',
    variable: 'MAX_BODY_SIZE',
    argument: 'bytes',
    help: 'bytes of each body that are kept',
    parse: number,
  },
  {
    field: 'maxConcurrentConnections',
    flag: '--max-concurrent-connections',
    variable: 'MAX_CONCURRENT_CONNECTIONS',
    argument: 'count',
    help: 'connections at one time',
    parse: number,
  },
  {
    field: 'connectionIdleTimeoutMs',
    flag: '--connection-idle-timeout-ms',
    variable: 'CONNECTION_IDLE_TIMEOUT_MS',
    argument: 'ms',
    help: 'drop a connection without data for so long',
    parse: number,
  },
  {
    field: 'redactHeaders',
    flag: '--redact-headers',
    variable: 'REDACT_HEADERS',
    argument: 'names',
    help: "headers whose values are hidden, e.g. a,b; '' for none",
    parse: list,
    emptyMeans: [],
  },
  {
    field: 'logLevel',
    flag: '--log-level',
    variable: 'LOG_LEVEL',
    argument: 'level',
    help: 'silent, error, warn, info, debug',
    parse: text,
  },
  {
    field: 'maxBufferedBytes',
    flag: '--max-buffered-bytes',
    variable: 'MAX_BUFFERED_BYTES',
    argument: 'bytes',
    help: 'bytes held back over all connections',
    parse: number,
  },
  {
    field: 'snaplenBytes',
    flag: '--snaplen-bytes',
    variable: 'SNAPLEN_BYTES',
    argument: 'bytes',
    help: 'bytes captured of each packet',
    parse: number,
  },
  {
    field: 'ringBufferBytes',
    flag: '--ring-buffer-bytes',
    variable: 'RING_BUFFER_BYTES',
    argument: 'bytes',
    help: "size of the kernel's ring",
    parse: number,
  },
  {
    field: 'readTimeoutMs',
    flag: '--read-timeout-ms',
    variable: 'READ_TIMEOUT_MS',
    argument: 'ms',
    help: 'how long the kernel may gather packets',
    parse: number,
  },
  { field: 'promiscuous', flag: '--promiscuous', variable: 'PROMISCUOUS', help: 'promiscuous mode', parse: boolean },
  {
    field: 'statsIntervalMs',
    flag: '--stats-interval-ms',
    variable: 'STATS_INTERVAL_MS',
    argument: 'ms',
    help: 'how often the counters are logged',
    parse: number,
  },
];

/** What the flags said, by field; a switch is a boolean. */
export type Flags = Partial<Record<keyof SnifferConfig, string | boolean>>;

export interface CommandConfig {
  config: SnifferConfig;
  /** How the user named each option: its flag or its variable. */
  labels: Partial<Record<string, string>>;
}

/**
 * Flags win over variables; an empty variable counts as not set.
 * @throws {ValidationError} for a text that cannot be what the option needs; ranges are checked by `validateConfig`
 */
export function readCommandConfig(flags: Flags, env: Env): CommandConfig {
  const config: Record<string, unknown> = {};
  const labels: Partial<Record<string, string>> = {};
  for (const option of COMMAND_OPTIONS) {
    const fromFlag = flags[option.field];
    const value = fromFlag ?? (option.variable === undefined ? undefined : env[option.variable]);
    const label = fromFlag === undefined ? (option.variable ?? option.flag) : option.flag;
    if (value === undefined) continue;
    if (typeof value === 'boolean') config[option.field] = value;
    else if (value.trim() === '' && option.emptyMeans !== undefined) config[option.field] = option.emptyMeans;
    else if (value.trim() === '' && fromFlag === undefined) continue;
    else config[option.field] = parse(option, value.trim(), label);
    labels[option.field] = label;
  }
  if (config.ports === undefined) {
    throw new ValidationError('ports', 'name at least one port, with --ports or the variable PORTS', '--ports');
  }
  if (config.outputUrl === undefined && config.outputStdout === undefined) config.outputStdout = true;
  return { config: config as unknown as SnifferConfig, labels };
}

/** The level at which the command complains about its own options. */
export function readLogLevel(flags: Flags, env: Env, levels: readonly LogLevel[]): LogLevel {
  const level = flags.logLevel ?? env.LOG_LEVEL;
  return levels.find((known) => known === level) ?? 'info';
}

function parse(option: CommandOption, value: string, label: string): unknown {
  try {
    return option.parse(value);
  } catch (error) {
    throw new ValidationError(option.field, `${(error as Error).message}, got '${value}'`, label);
  }
}

function text(value: string): string {
  return value;
}

function number(value: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw new Error('must be a number');
  return Number(value);
}

function numbers(value: string): number[] {
  return value.split(',').map((item) => {
    if (!/^\s*\d+\s*$/.test(item)) throw new Error('must be port numbers separated by commas');
    return Number(item);
  });
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function boolean(value: string): boolean {
  const word = value.toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return true;
  if (['false', '0', 'no'].includes(word)) return false;
  throw new Error('must be true or false (or 1, 0, yes, no)');
}
