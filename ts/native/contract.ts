/** What the engine behind the addon takes and gives. The sniffer works against these, tests put a fake in their place. */

import type { InterfaceInfo } from '../types';

export interface CaptureOptions {
  interface?: string;
  pcapFile?: string;
  ports: number[];
  sampleRate: number;
  maxBodyBytes: number;
  maxConnections: number;
  idleTimeoutMs: number;
  redactHeaders: string[];
  maxBufferedBytes: number;
  snaplenBytes: number;
  ringBytes: number;
  readTimeoutMs: number;
  promiscuous: boolean;
  statsIntervalMs: number;
  /** Tests only: the engine panics at this packet. */
  panicAtPacket?: number;
}

/** What was opened. */
export interface CaptureInfo {
  interface: string;
  loopback: boolean;
  /** The link type is left out while it is not known: a pipe's header has not come yet. */
  linkType?: number;
  linkTypeName?: string;
}

export interface CaptureEvent {
  /** `end` is always the last one: after `stop()`, after the savefile's end, after an error. */
  kind: 'batch' | 'notice' | 'error' | 'stats' | 'end';
  /** batch: whole JSON lines, each ended by `\n`. */
  lines?: Buffer;
  /** batch: how many lines. */
  messages?: number;
  /** notice */
  level?: 'info' | 'warn';
  /** notice: stable kebab-case name. */
  name?: string;
  /** notice, error */
  message?: string;
  /** notice */
  fields?: Record<string, string>;
  /** error: one of `ENGINE_ERROR_CODES`. */
  code?: string;
  /** stats */
  stats?: Record<string, number>;
}

export interface NativeCapture {
  /** Resolves when the handle is open; rejects with an error that carries `code`. */
  open(onEvent: (event: CaptureEvent) => void): Promise<CaptureInfo>;
  /** No new packets; what is already held still comes, then `end`. Idempotent, safe before and during `open()`. */
  stop(): void;
  /** Gives back the credit of one batch. */
  release(): void;
  stats(): Record<string, number>;
}

export interface NativeBinding {
  Capture: new (options: CaptureOptions) => NativeCapture;
  listInterfaces(): InterfaceInfo[];
}
