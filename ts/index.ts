/** The library. */

import { validateConfig as checkConfig, type SnifferConfig, type ValidatedConfig } from './config';
import { readRuntimeEnv } from './config/env';
import { DEFAULT_DEPS } from './run/deps';
import { Sniffer } from './run/sniffer';

export {
  CONTRACT_DEFAULTS,
  hasOutputConfigured,
  MAX_PORT,
  MAX_SAMPLE_RATE,
  MIN_PORT,
  MIN_SAMPLE_RATE,
  type SnifferConfig,
  type ValidatedConfig,
} from './config';
export { AlreadyRunningError, ENGINE_ERROR_CODES, EngineError, type EngineErrorCode, ValidationError } from './errors';
export type { EngineCounter } from './losses';
export { type InterfaceInfo, listInterfaces } from './native';
export type { Sniffer } from './run/sniffer';
export type * from './types';

/** A sniffer for this config. Starts nothing and does not throw: a bad config makes `start()` reject. */
export function createSniffer(config: SnifferConfig): Sniffer {
  return new Sniffer(config, DEFAULT_DEPS);
}

/**
 * The config with every default in place, checked as `start()` checks it.
 * `production` is taken from the environment unless given (`NODE_ENV=production` or `TCP_SNIFFER_PRODUCTION=1`).
 * @throws {@link ValidationError} for the first option that is wrong
 */
export function validateConfig(config: SnifferConfig, options: { production?: boolean } = {}): ValidatedConfig {
  return checkConfig(config, { production: options.production ?? readRuntimeEnv(process.env).production });
}
