/** Flags, variables and the mounted file to the injector's config. Pure: all three come in as values. */

import { show } from '../config/checks';
import type { Env } from '../config/env';
import { readKafkaUrl } from '../config/kafka';
import { ValidationError } from '../errors';
import { suggest } from '../suggest';
import type { InjectorConfig } from './operator-config';
import { INJECTOR_OPTIONS, type InjectorOption } from './options';
import { SERVICE_ANNOTATION, SERVICE_VARIABLE } from './otel-variables';
import { isObject } from './pod';
import { checkResources } from './settings';
import { checkOptionsTogether } from './sidecar-options';
import { variableFor } from './sniffer-text';

export interface Sources {
  flags: Partial<Record<keyof InjectorConfig, string>>;
  env: Env;
  /** The file's text and how it is named in complaints. */
  file?: { name: string; text: string };
  /** The namespace that the service account's folder names. */
  ownNamespace?: string;
  /** The sidecar runs in production: its URL must be https. */
  production: boolean;
}

/**
 * Flags win over variables, variables over the file; an empty variable counts as not set.
 * @throws {ValidationError} for the first option that is wrong, naming it as its giver did
 */
export function readInjectorConfig({ flags, env, file, ownNamespace, production }: Sources): InjectorConfig {
  const fromFile = file === undefined ? {} : readFile(file);
  const config: Record<string, unknown> = {};
  for (const option of INJECTOR_OPTIONS) {
    const { field, variable } = option;
    const inEnv = env[variable]?.trim() || undefined;
    if (flags[field] !== undefined) config[field] = read(option, flags[field], option.flag, production);
    else if (inEnv !== undefined) config[field] = read(option, inEnv, variable, production);
    else if (fromFile[field] !== undefined)
      config[field] = read(option, fromFile[field], `${file?.name}: ${field}`, production);
    else if (option.default !== undefined) config[field] = option.default;
  }
  if (config.image === undefined) {
    throw new ValidationError(
      'image',
      'name the image of the sidecar, with --image or the variable INJECTOR_IMAGE',
      '--image',
    );
  }
  config.namespace ??= ownNamespace;
  if (config.namespace === undefined) {
    throw new ValidationError(
      'namespace',
      'not known: there is no service account; name it with --namespace or the variable NAMESPACE',
      '--namespace',
    );
  }
  const whole = config as unknown as InjectorConfig;
  if (whole.port === whole.healthPort) {
    throw new ValidationError('healthPort', `must be another port than --port, got ${whole.port}`, '--health-port');
  }
  try {
    checkResources(whole.sidecarCpuRequest, whole.sidecarCpuLimit, 'cpu');
    checkResources(whole.sidecarMemoryRequest, whole.sidecarMemoryLimit, 'memory');
  } catch (error) {
    throw new ValidationError('resources', (error as Error).message, 'resources of the sidecar');
  }
  checkKafka(whole, '--sidecar-options');
  for (const name of Object.keys(whole.namespaces)) checkNamespace(whole, name, production);
  return whole;
}

/** The config for the pods of a namespace. */
export function configFor(config: InjectorConfig, namespace: string): InjectorConfig {
  const own = Object.hasOwn(config.namespaces, namespace) ? config.namespaces[namespace] : undefined;
  return own === undefined ? config : { ...config, sidecarOptions: { ...config.sidecarOptions, ...own } };
}

/** A value that is right by itself may not go with what every sidecar has. */
function checkNamespace(config: InjectorConfig, name: string, production: boolean): void {
  const merged = configFor(config, name);
  const label = `--namespaces: ${name}`;
  try {
    checkOptionsTogether(merged.sidecarOptions, production);
  } catch (error) {
    throw new ValidationError('namespaces', (error as Error).message, label);
  }
  checkKafka(merged, label);
}

/** Faults that no pod could mend by its annotations. */
function checkKafka({ sidecarOptions, policy, ...config }: InjectorConfig, label: string): void {
  const { sidecarKafkaUsernameSecret: username, sidecarKafkaPasswordSecret: password } = config;
  if ((username === undefined) !== (password === undefined)) {
    const [missing, given] =
      username === undefined ? (['username', 'password'] as const) : (['password', 'username'] as const);
    const field = missing === 'username' ? 'sidecarKafkaUsernameSecret' : 'sidecarKafkaPasswordSecret';
    const flag = `--sidecar-kafka-${missing}-secret`;
    throw new ValidationError(field, `must be given with --sidecar-kafka-${given}-secret`, flag);
  }
  const url = sidecarOptions[variableFor('outputKafka')];
  const isNamed = sidecarOptions[SERVICE_VARIABLE] !== undefined || !policy.locked.includes(SERVICE_ANNOTATION);
  if (url === undefined || isNamed || !readKafkaUrl(url, 'outputKafka').topic.includes('{service}')) return;
  throw new ValidationError(
    'sidecarOptions',
    `output-kafka: {service} in its topic needs ${SERVICE_ANNOTATION}, since the policy has it locked`,
    label,
  );
}

/** Values that are taken, and may not be what the operator means. */
export function warningsOf({ sidecarOptions, sidecarOtlpHeadersSecret }: InjectorConfig): string[] {
  const url = sidecarOptions[variableFor('outputOtlp')];
  if (sidecarOtlpHeadersSecret === undefined || url === undefined || /^https:/i.test(url)) return [];
  return [
    'output-otlp of --sidecar-options is not an https URL: the headers of --sidecar-otlp-headers-secret go there in the clear',
  ];
}

function readFile({ name, text }: { name: string; text: string }): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new ValidationError('config', 'is not JSON', name);
  }
  if (!isObject(content)) throw new ValidationError('config', 'must be an object of options', name);
  const known = INJECTOR_OPTIONS.map(({ field }) => field as string);
  for (const field of Object.keys(content)) {
    if (known.includes(field)) continue;
    const near = suggest(field, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new ValidationError(field, `is no option${hint}`, `${name}: ${field}`);
  }
  return content;
}

/** Numbers and lists of the file are read as their text would be, so that each option has one way in. */
function read(option: InjectorOption, given: unknown, label: string, production: boolean): unknown {
  const { field, parse, check, secret } = option;
  if (option.read !== undefined) {
    try {
      return option.read(given, production);
    } catch (error) {
      throw new ValidationError(field, (error as Error).message, label);
    }
  }
  const isText = ['string', 'number'].includes(typeof given) || Array.isArray(given);
  const text = String(given).trim();
  try {
    if (!isText || text === '') throw new Error('must be a non-empty text, a number or a list');
    const value = parse === undefined ? text : parse(text, production);
    return check === undefined ? value : check(value, field, production);
  } catch (error) {
    if (error instanceof ValidationError) throw new ValidationError(field, error.complaint, label);
    const shown = secret === true ? '' : `, got ${show(given)}`;
    throw new ValidationError(field, `${(error as Error).message}${shown}`, label);
  }
}
