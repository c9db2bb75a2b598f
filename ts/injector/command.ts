/** `tcp-sniffer injector`: argv and environment to an injector, signals to stop(), outcomes to exit codes. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Option } from '../commander';
import { LOG_LEVELS } from '../config';
import { type Env, readLogLevel, readRuntimeEnv } from '../config/env';
import { ValidationError } from '../errors';
import { createLogger, errorFields } from '../logger';
import { BAD_CONFIG, FAILED, SUCCESS } from '../run/exit-codes';
import { stopOnSignals } from '../run/signals';
import { print } from '../run/standard';
import { readInjectorConfig, type Sources, warningsOf } from './config';
import { Injector, type InjectorDeps } from './injector';
import { inClusterApi, type KubeApi } from './kube-api';
import type { InjectorConfig } from './operator-config';
import { INJECTOR_OPTIONS, type InjectorOption } from './options';

const CONFIG_VARIABLE = 'INJECTOR_CONFIG';

/** Serves until a signal comes; the exit code. */
export async function runInjector(argv: string[], env: Env): Promise<number> {
  let flags: Record<string, string>;
  try {
    flags = readFlags(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return SUCCESS;
    createLogger('info').error({ code: 'USAGE' }, error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '));
    return BAD_CONFIG;
  }
  const log = createLogger(
    readLogLevel({ ...(flags.logLevel === undefined ? {} : { logLevel: flags.logLevel }) }, env, LOG_LEVELS),
  );
  let config: InjectorConfig;
  let api: KubeApi | undefined;
  let clientCa: string | undefined;
  try {
    config = readInjectorConfig(sources(flags, env));
    api = inClusterApi(config.serviceAccountDir, env);
    clientCa = config.clientCa === undefined ? undefined : readClientCa(config.clientCa);
    if (config.events && api === undefined) {
      throw new ValidationError('events', 'true needs a cluster: KUBERNETES_SERVICE_HOST is not set', '--events');
    }
    if (config.certificates === 'self' && api === undefined) {
      throw new ValidationError(
        'certificates',
        'self needs a cluster: KUBERNETES_SERVICE_HOST is not set',
        '--certificates',
      );
    }
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    log.error({ code: error.code, field: error.field }, error.message);
    return BAD_CONFIG;
  }
  const { production } = readRuntimeEnv(env);
  return serve(config, {
    api,
    production,
    log: createLogger(config.logLevel),
    ...(clientCa === undefined ? {} : { clientCa }),
  });
}

async function serve(config: InjectorConfig, deps: InjectorDeps): Promise<number> {
  const { log } = deps;
  for (const warning of warningsOf(config)) log.warn({}, warning);
  const injector = new Injector(config, deps);
  const stopped = new Promise<number>((resolve) => {
    stopOnSignals({
      log,
      stop: () => void injector.stop().then(() => resolve(SUCCESS)),
      end: () => resolve(FAILED),
    });
  });
  try {
    return await Promise.race([stopped, injector.failed, injector.start().then(() => stopped)]);
  } catch (error) {
    log.error(errorFields(error), 'the injector cannot serve');
    return FAILED;
  }
}

function readFlags(argv: string[]): Record<string, string> {
  const program = new Command('tcp-sniffer injector')
    .description(
      'The mutating webhook that adds the sidecar to pods. A flag wins over its variable, that over the file.',
    )
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {} })
    .addOption(
      new Option('--config <file>', `JSON with options by their names, e.g. {"port": 8443} [${CONFIG_VARIABLE}]`),
    );
  const names = new Map<string, InjectorOption>();
  for (const option of INJECTOR_OPTIONS) {
    const flag = new Option(`${option.flag} <${option.argument}>`, describe(option));
    program.addOption(flag);
    names.set(flag.attributeName(), option);
  }
  program.parse(argv, { from: 'user' });
  const flags: Record<string, string> = {};
  for (const [name, value] of Object.entries(program.opts<Record<string, string>>())) {
    flags[names.get(name)?.field ?? name] = value;
  }
  return flags;
}

function describe({ help, variable, default: value }: InjectorOption): string {
  const shown = value === undefined || typeof value === 'object' ? '' : `${value}`;
  return `${help} [${variable}${shown === '' ? '' : `; default: ${shown}`}]`;
}

function sources({ config: fromFlag, ...flags }: Record<string, string>, env: Env): Sources {
  const path = fromFlag ?? (env[CONFIG_VARIABLE] || undefined);
  const folder = INJECTOR_OPTIONS.find(({ field }) => field === 'serviceAccountDir');
  const serviceAccountDir = flags.serviceAccountDir ?? (env[folder?.variable ?? ''] || (folder?.default as string));
  const ownNamespace = readIfThere(join(serviceAccountDir, 'namespace'));
  return {
    flags,
    env,
    ...(path === undefined ? {} : { file: { name: path, text: readConfigFile(path) } }),
    ...(ownNamespace === undefined ? {} : { ownNamespace }),
    production: readRuntimeEnv(env).production,
  };
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ValidationError('config', `cannot read it: ${(error as NodeJS.ErrnoException).code}`, path);
  }
}

function readClientCa(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ValidationError('clientCa', `cannot read it: ${(error as NodeJS.ErrnoException).code}`, path);
  }
  try {
    if (new X509Certificate(text).ca) return text;
  } catch {
    // Said below.
  }
  throw new ValidationError('clientCa', 'is not a certificate of a CA', path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
