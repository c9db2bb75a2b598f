/** The config: one table of options, and what is made of it. */

import { OPTIONS } from './options';

export { LOG_LEVELS } from '../logger';
export { MAX_PORT, MAX_SAMPLE_RATE, MIN_PORT, MIN_SAMPLE_RATE } from './limits';
export { hasOutputConfigured } from './outputs';
export type { SnifferConfig, ValidatedConfig } from './types';
export { validateConfig } from './validate';

/** The defaults that the contract fixes. */
export const CONTRACT_DEFAULTS = Object.freeze({
  interface: OPTIONS.interface.default,
  outputStdout: OPTIONS.outputStdout.default,
  sampleRate: OPTIONS.sampleRate.default,
  maxBodySize: OPTIONS.maxBodySize.default,
  maxConcurrentConnections: OPTIONS.maxConcurrentConnections.default,
  connectionIdleTimeoutMs: OPTIONS.connectionIdleTimeoutMs.default,
  redactHeaders: OPTIONS.redactHeaders.default,
});
