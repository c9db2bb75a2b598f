/** The world outside as it is: what a sniffer uses unless a test puts something else in its place. */

import { readRuntimeEnv } from './env';
import { createLogger } from './logger';
import { createCapture } from './native';
import { schedule } from './outputs/output';
import type { SnifferDeps } from './sniffer';

export const DEFAULT_DEPS: SnifferDeps = {
  createCapture,
  createLogger,
  runtime: () => readRuntimeEnv(process.env),
  stdout: () => process.stdout,
  fetch: (input, init) => fetch(input, init),
  schedule,
  now: () => performance.now(),
};
