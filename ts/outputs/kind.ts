/** The exports of an output's folder, and all that an output is built from. Knows no output but the targets it may be given. */

import type { ValidatedConfig } from '../config';
import type { RuntimeEnv } from '../config/env';
import type { Endings } from '../exchange/endings';
import type { Savefiles } from '../exchange/savefiles';
import type { LimitedLine, Log } from '../logger';
import type { NativeCapture } from '../native';
import type { Alignment } from '../trace/alignment';
import type { HttpMessage, MessageField, StreamMessage } from '../types';
import type { DeliveryLimits } from './delivery/delivery';
import type { CreateHttpClient } from './delivery/http-client';
import type { Readers } from './iterator/readers';
import type { KafkaClient } from './kafka/client';
import type { Batch, DropReason, Output, Schedule } from './output';
import type { StdoutOptions, StdoutTarget } from './stdout/output';

/** The world outside. */
export interface OutputDeps {
  stdout(): StdoutTarget;
  /** The process does nothing but this. */
  ownsProcess?: boolean;
  /** Only this package writes to stdout, and listeners of `message` are added before the start: an output that is alone then stays it. */
  stdoutIsOurs?: boolean;
  /** In place of JSON lines on stdout. */
  createStdout?: ((options: StdoutOptions, come: Coming) => Output) | undefined;
  /** Sees the lines of each batch before the outputs do; keeps no byte, throws nothing. */
  observe?: ((lines: Buffer) => void) | undefined;
  /** The same from the facts of so many messages, where nothing else looks at the lines: the engine then writes them itself. */
  observeFacts?: ((table: Buffer, messages: number) => void) | undefined;
  /** Is told of exchanges that are over without a response. */
  endings?: Endings | undefined;
  /** Makes other lines of those that outputs get. */
  rewrite?: ((lines: Buffer) => Pick<Batch, 'lines' | 'messages'>) | undefined;
  /** Messages inside streams may come although `streamMessages` is not set: JSON lines have those of the capture that wrote them. */
  bringsStreams?: boolean | undefined;
  /** The clocks of the inputs in words. */
  wordsOfClocks?: ((alignment: Alignment) => readonly string[]) | undefined;
  /** A HAR file has a page for each trace. */
  harTraces?: boolean | undefined;
  /** Those that are read, if their packets can be copied; by default the savefile of the config. */
  savefiles?: Savefiles | 'none' | undefined;
  createHttpClient: CreateHttpClient;
  kafka: KafkaClient;
  schedule: Schedule;
  now(): number;
  /** 0 to 1, evenly. */
  random(): number;
}

/** Events beside messages. */
export interface Coming {
  /** Messages inside streams. */
  streams: boolean;
  /** How exchanges ended that have no response. */
  endings: Endings;
}

/** The listeners of one event. */
interface ListenersOf<Message> {
  /** True if there is at least one right now. */
  wanted(): boolean;
  /** Passes one message to all of them; does not throw. */
  dispatch(message: Message): void;
}

/** The listeners of `message`, and `onHttpMessage`. */
export interface Listeners extends ListenersOf<HttpMessage> {
  /** Those of `streamMessage`, and `onStreamMessage`. */
  readonly streams: ListenersOf<StreamMessage>;
  /** How many times a listener threw, or its promise was rejected. */
  errors(): number;
}

export interface OutputContext {
  config: ValidatedConfig;
  runtime: RuntimeEnv;
  deps: OutputDeps;
  capture: NativeCapture;
  listeners: Listeners;
  /** Of `messages()`. */
  readers: Readers;
  /** Of exchanges without a response. */
  endings: Endings;
  /** The config turns on no other output, there is no listener, and no message is left out on the way. */
  alone: boolean;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  /** A log line whatever the level is. */
  sayAlways: Log['info'];
  /** For failures of listeners. */
  listenerLog: LimitedLine;
  /** To be called once, when the output takes nothing any more. */
  onClosed(error: NodeJS.ErrnoException): void;
}

export interface OutputKind {
  /** Why it drops messages; all reasons that there are, so that each can be counted from zero. */
  readonly dropReasons: readonly DropReason[];
  /** It is there in every run, whether or not the config turns it on. */
  readonly always?: true;
  /** The only fields of messages that it looks at; where it is alone the others are not encoded. Absent: all of them. */
  reads?(config: ValidatedConfig): readonly MessageField[];
  /** @throws {EngineError} if what it writes to cannot be had */
  create(context: OutputContext): Output;
}

/** True if messages inside streams come. */
export function hasStreams({ streamMessages }: ValidatedConfig, { bringsStreams }: OutputDeps): boolean {
  return streamMessages || bringsStreams === true;
}

/** Not all that the engine has comes out: it must not write lines itself. */
export function isSelective({ filter, trigger, maxExchanges }: ValidatedConfig): boolean {
  return filter !== undefined || trigger !== undefined || maxExchanges !== undefined;
}

/** The limits shared by outputs that send parcels. */
export function limitsOf({ config, deps: { schedule, now, random }, lossless, log }: OutputContext): DeliveryLimits {
  return {
    concurrency: config.outputConcurrency,
    timeoutMs: config.outputTimeoutMs,
    maxWaitingMessages: config.outputMaxWaitingMessages,
    maxWaitingBytes: config.outputMaxWaitingBytes,
    lossless,
    log,
    schedule,
    now,
    random,
  };
}
