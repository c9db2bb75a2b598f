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

const STDOUT_FD = 1;

function stdout(): StdoutTarget {
  const stream = process.stdout;
  if (stream.isTTY) return { stream };
  const status = fstatSync(STDOUT_FD);
  // A file takes all at once, or what the disk has left.
  if (!status.isFIFO() && !status.isSocket()) {
    const takeBack = status.isFile() ? takeBackFromStdout : () => false;
    return { stream, direct: { write: writeToFd, pieceBytes: Number.POSITIVE_INFINITY, takeBack } };
  }
  const write = (bytes: Buffer, start: number, length: number): number => {
    keepStdoutFromWaiting();
    return writeToFd(bytes, start, length);
  };
  return { stream, direct: { write, pieceBytes: PIPE_BUF_BYTES } };
}

function writeToFd(bytes: Buffer, start: number, length: number): number {
  try {
    return writeSync(STDOUT_FD, bytes, start, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
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
  now: () => performance.now(),
  random: Math.random,
};
