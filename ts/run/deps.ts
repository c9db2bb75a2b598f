/** The world outside as it is: what a sniffer uses unless a test puts something else in its place. */

import { fstatSync, writeSync } from 'node:fs';
import { readRuntimeEnv } from '../config/env';
import { createLogger } from '../logger';
import { createCapture, keepStdoutFromWaiting, takeBackFromStdout } from '../native';
import { createHttpClient } from '../outputs/delivery/http-client';
import { kafkaClient } from '../outputs/kafka/client';
import { schedule } from '../outputs/output';
import { PIPE_BUF_BYTES, type StdoutTarget } from '../outputs/stdout/output';
import { onSignals } from './signals';
import type { SnifferDeps } from './sniffer';
import { isTerminal } from './standard';

const STDOUT_FD = 1;

function stdout(): StdoutTarget {
  return {
    get stream() {
      return process.stdout;
    },
    ...(isTerminal(STDOUT_FD) ? {} : { direct: directStdout() }),
  };
}

function directStdout(): NonNullable<StdoutTarget['direct']> {
  const status = fstatSync(STDOUT_FD);
  // A file takes all at once, or what the disk has left.
  if (!status.isFIFO() && !status.isSocket()) {
    const takeBack = status.isFile() ? takeBackFromStdout : () => false;
    return { write: writeToFd, pieceBytes: Number.POSITIVE_INFINITY, takeBack };
  }
  const write = (bytes: Buffer, start: number, length: number): number => {
    keepStdoutFromWaiting();
    return writeToFd(bytes, start, length);
  };
  return { write, pieceBytes: PIPE_BUF_BYTES };
}

function writeToFd(bytes: Buffer, start: number, length: number): number {
  try {
    return writeSync(STDOUT_FD, bytes, start, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/** As `performance.now()`, which takes longer to load. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

export const DEFAULT_DEPS: SnifferDeps = {
  createCapture,
  createLogger,
  runtime: () => readRuntimeEnv(process.env),
  onSignals,
  stdout,
  createHttpClient,
  kafka: kafkaClient,
  schedule,
  now,
  random: Math.random,
};
