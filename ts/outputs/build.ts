/** A config in, its outputs out. The one place that knows them all. */

import type { ValidatedConfig } from '../config';
import { ENGINE_ERROR_CODES, EngineError } from '../errors';
import { HarFile } from '../har/file';
import type { LimitedLine, Log } from '../logger';
import type { NativeCapture } from '../native';
import type { OutputName } from '../types';
import { VERSION } from '../version';
import { type CallbackOptions, CallbackOutput } from './callback';
import { HarOutput } from './har';
import { HttpOutput } from './http';
import type { Output, Schedule } from './output';
import { headersFor } from './parcel';
import { type StdoutOptions, StdoutOutput, type StdoutTarget } from './stdout';
import type { CreateTransport } from './transport';

export interface OutputDeps {
  stdout(): StdoutTarget;
  /** Nobody else writes to stdout, and who listens for messages does so before the start: the engine may write lines itself. */
  stdoutIsOurs?: boolean;
  /** In place of JSON lines on stdout. */
  createStdout?: ((options: StdoutOptions) => Output) | undefined;
  createTransport: CreateTransport;
  schedule: Schedule;
  now(): number;
}

export interface Outputs {
  readonly all: readonly Output[];
  readonly callback: CallbackOutput;
}

export function buildOutputs(
  config: ValidatedConfig,
  deps: OutputDeps,
  rest: Pick<CallbackOptions, 'wanted' | 'dispatch'> & {
    capture: NativeCapture;
    log: Log;
    listenerLog: LimitedLine;
    onClosed(name: OutputName, error: NodeJS.ErrnoException): void;
  },
): Outputs {
  const { schedule, now } = deps;
  const { log } = rest;
  const lossless = config.pcapFile !== undefined;
  const all: Output[] = [];
  // First, since it may fail, and nothing else has begun then.
  if (config.harFile !== undefined) {
    const onClosed = (error: NodeJS.ErrnoException): void => rest.onClosed('har', error);
    all.push(new HarOutput({ file: openHar(config.harFile), lossless, log, schedule, now, onClosed }));
  }
  if (config.outputStdout) {
    const onClosed = (error: NodeJS.ErrnoException): void => rest.onClosed('stdout', error);
    const target = deps.stdout();
    const alone = config.harFile === undefined && config.outputUrl === undefined && !rest.wanted();
    const engine = deps.stdoutIsOurs && target.direct !== undefined && alone ? rest.capture : undefined;
    const options: StdoutOptions = { target, engine, lossless, log, schedule, now, onClosed };
    all.push(deps.createStdout?.(options) ?? new StdoutOutput(options));
  }
  if (config.outputUrl !== undefined) {
    const { outputUrl: url, outputConcurrency, outputTimeoutMs, outputBatch: batch } = config;
    all.push(
      new HttpOutput({
        transport: deps.createTransport({ url, connections: outputConcurrency, connectTimeoutMs: outputTimeoutMs }),
        headers: headersFor({ version: VERSION, authToken: config.outputUrlAuthToken, batch }),
        seal: (body) => rest.capture.seal(body),
        concurrency: outputConcurrency,
        timeoutMs: outputTimeoutMs,
        maxWaitingMessages: config.outputMaxWaitingMessages,
        maxWaitingBytes: config.outputMaxWaitingBytes,
        batch,
        lossless,
        log,
        schedule,
        now,
      }),
    );
  }
  // Last, since listeners run there and then while the others only take the bytes.
  const callback = new CallbackOutput({ wanted: rest.wanted, dispatch: rest.dispatch, log: rest.listenerLog, now });
  all.push(callback);
  return { all, callback };
}

function openHar(path: string): HarFile {
  try {
    return new HarFile(path);
  } catch (cause) {
    const message = `cannot write the HAR file '${path}': ${(cause as Error).message}`;
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
  }
}
