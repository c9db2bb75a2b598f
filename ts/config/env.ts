/**
 * Environment and flags to config. Pure: both come in as values. `readRuntimeEnv` returns what every user of the package
 * takes from the environment; the command takes its options from `readCommandConfig`.
 */

import { ValidationError } from '../errors';
import type { LogLevel } from '../types';
import { COMMAND_OPTIONS, type CommandOption } from './command';
import { mentionsOutput } from './outputs';
import { boolean } from './texts';
import type { SnifferConfig } from './types';

export type Env = Record<string, string | undefined>;

/** The options are right, and what the environment has to add to one of them is missing or wrong: a secret, a part of a topic. */
export class EnvironmentError extends ValidationError {}

export interface RuntimeEnv {
  /** `NODE_ENV=production` or `TCP_SNIFFER_PRODUCTION=1`. */
  production: boolean;
  authToken?: string;
  viewToken?: string;
  /** Where this runs, for the log: pod, namespace, node, as far as they are known. */
  identity: { pod?: string; namespace?: string; node?: string };
  /** The variables that all users of OpenTelemetry set alike, as they stand there. */
  otel?: OtelEnv;
  /** `KAFKA_USERNAME` and `KAFKA_PASSWORD`, if both are set. */
  kafka?: { username: string; password: string };
}

interface OtelEnv {
  /** `OTEL_EXPORTER_OTLP_HEADERS`: may hold secrets. */
  headers?: string;
  /** `OTEL_RESOURCE_ATTRIBUTES` */
  resourceAttributes?: string;
  /** `OTEL_SERVICE_NAME` */
  serviceName?: string;
  /** `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` */
  knownMethods?: string;
}

export function readRuntimeEnv(env: Env): RuntimeEnv {
  const runtime: RuntimeEnv = {
    production: env.NODE_ENV === 'production' || env.TCP_SNIFFER_PRODUCTION === '1',
    identity: {},
  };
  // Secrets made from files often end in a newline, which no header may contain.
  const token = env.OUTPUT_URL_AUTH_TOKEN?.trim();
  if (token) runtime.authToken = token;
  const viewToken = env.VIEW_TOKEN?.trim();
  if (viewToken) runtime.viewToken = viewToken;
  if (env.POD_NAME) runtime.identity.pod = env.POD_NAME;
  if (env.NAMESPACE) runtime.identity.namespace = env.NAMESPACE;
  if (env.NODE_NAME) runtime.identity.node = env.NODE_NAME;
  const otel = readOtelEnv(env);
  if (Object.keys(otel).length > 0) runtime.otel = otel;
  const username = env.KAFKA_USERNAME?.trim();
  const password = env.KAFKA_PASSWORD?.replace(/\r?\n$/, '');
  if (username && password) runtime.kafka = { username, password };
  return runtime;
}

function readOtelEnv(env: Env): OtelEnv {
  const otel: OtelEnv = {};
  if (env.OTEL_EXPORTER_OTLP_HEADERS) otel.headers = env.OTEL_EXPORTER_OTLP_HEADERS;
  if (env.OTEL_RESOURCE_ATTRIBUTES) otel.resourceAttributes = env.OTEL_RESOURCE_ATTRIBUTES;
  if (env.OTEL_SERVICE_NAME) otel.serviceName = env.OTEL_SERVICE_NAME;
  const methods = env.OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS;
  if (methods) otel.knownMethods = methods;
  return otel;
}

/** The values of the flags, by field; a switch is a boolean. */
export type Flags = Partial<Record<keyof SnifferConfig, string | boolean>>;

interface CommandConfig {
  config: SnifferConfig;
  /** How the user named each option: its flag or its variable. */
  labels: Partial<Record<string, string>>;
}

/**
 * Flags win over variables; an empty variable counts as not set.
 * @throws {ValidationError} for a text that cannot be what the option needs; ranges are checked by `validateConfig`
 */
export function readCommandConfig(flags: Flags, env: Env, { needsPorts = true, portsAdvice = '' } = {}): CommandConfig {
  const config: Record<string, unknown> = {};
  const labels: Partial<Record<string, string>> = {};
  for (const option of COMMAND_OPTIONS) {
    const fromFlag = flags[option.field];
    const value = fromFlag ?? readVariable(env, option.variable);
    const label = fromFlag === undefined ? (option.variable ?? option.flag) : option.flag;
    if (value === undefined) continue;
    if (typeof value === 'boolean') config[option.field] = value;
    else if (value.trim() === '' && fromFlag === undefined) continue;
    else if (value.trim() === '' && option.emptyMeans !== undefined) config[option.field] = option.emptyMeans;
    else config[option.field] = parse(option, value.trim(), label);
    labels[option.field] = label;
  }
  if (config.ports === undefined && needsPorts) {
    const complaint = `name at least one port, with --ports or the variable PORTS${portsAdvice}`;
    throw new ValidationError('ports', complaint, '--ports');
  }
  settleIdle(config, labels, flags);
  if (!mentionsOutput(config)) config.outputStdout = true;
  return { config: config as unknown as SnifferConfig, labels };
}

/** A variable may be there for all, beside those who set the option that it needs; a flag was typed for this run. */
function settleIdle(config: Record<string, unknown>, labels: CommandConfig['labels'], flags: Flags): void {
  for (const { field, needs } of COMMAND_OPTIONS) {
    if (needs === undefined || config[field] === undefined || config[needs.field] !== undefined) continue;
    if (flags[field] !== undefined)
      throw new ValidationError(field, `needs ${needs.flag}, without which it has no effect`, labels[field]);
    delete config[field];
    delete labels[field];
  }
}

const RETRY_VARIABLE = 'RETRY_OPEN_MS';

/**
 * After how many ms the command tries again where the capture cannot be opened, in place of ending. For the sidecar: a
 * container that ends makes its whole pod unready, and takes the service with it.
 * @throws {ValidationError}
 */
export function readRetryOpenMs(env: Env): number | undefined {
  const text = env[RETRY_VARIABLE]?.trim();
  if (!text) return undefined;
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 1) {
    throw new ValidationError('retryOpenMs', `must be an integer of at least 1, got '${text}'`, RETRY_VARIABLE);
  }
  return ms;
}

const KEEP_VARIABLE = 'KEEP_NET_RAW';

/**
 * True if the command keeps the right to capture after the capture began: for systems on which the way to drop it (a signal to
 * every thread) does not work, or is not wanted.
 * @throws {ValidationError}
 */
export function readKeepNetRaw(env: Env): boolean {
  const value = env[KEEP_VARIABLE]?.trim();
  if (!value) return false;
  try {
    return boolean(value);
  } catch (error) {
    throw new ValidationError('keepNetRaw', `${(error as Error).message}, got '${value}'`, KEEP_VARIABLE);
  }
}

/** The level at which the command complains about its own options. */
export function readLogLevel(flags: Flags, env: Env, levels: readonly LogLevel[]): LogLevel {
  const level = flags.logLevel ?? env.LOG_LEVEL;
  return levels.find((known) => known === level) ?? 'info';
}

/**
 * Kubernetes tells every container of the Services beside it in variables (`enableServiceLinks`): METRICS_PORT=tcp://10.0.0.7:9090
 * where one is named metrics. Such a link was not set by anybody for us.
 */
const SERVICE_LINK = /^(tcp|udp|sctp):\/\//i;

export function readVariable(env: Env, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : env[name];
  return name?.endsWith('_PORT') && value !== undefined && SERVICE_LINK.test(value) ? undefined : value;
}

function parse(option: CommandOption, value: string, label: string): unknown {
  try {
    return option.parse(value);
  } catch (error) {
    const shown = option.secret === true ? '' : `, got '${value}'`;
    throw new ValidationError(option.field, `${(error as Error).message}${shown}`, label);
  }
}
