/**
 * Lines in, the same bytes out, whole lines only. Live it makes nobody wait: what its reader does not take waits in a
 * bounded line, and the oldest goes first. From a savefile (`lossless`) the engine waits for the reader.
 *
 * A write of at most PIPE_BUF bytes goes into a pipe whole or not at all, so in pieces of that size no line is torn,
 * whenever the process ends. Only a longer line can be: when its reader stops reading in the middle of it for good.
 */

import type { Writable } from 'node:stream';
import { LimitedLine, type Log } from '../logger';
import type { OutputStats } from '../types';
import { type Batch, type Output, type Schedule, Tally } from './output';
import { WaitingLine } from './waiting-line';

/** Linux's PIPE_BUF: `pipe(7)`. */
export const PIPE_BUF_BYTES = 4_096;
/** What waits for a slow reader, live. */
export const MAX_STDOUT_WAITING_BYTES = 16 * 1024 * 1024;

/** Where the lines go. */
export interface StdoutTarget {
  readonly stream: Writable;
  /** A pipe or a socket: writes at once what fits, and returns how many bytes that were; 0 when it is full. */
  readonly writeNow?: (bytes: Buffer) => number;
}

export interface StdoutOptions {
  target: StdoutTarget;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** Called once, when the stream takes nothing any more; EPIPE is a reader that went away. */
  onClosed(error: NodeJS.ErrnoException): void;
  maxWaitingBytes?: number;
}

export class StdoutOutput implements Output {
  readonly name = 'stdout';
  readonly #options: StdoutOptions;
  readonly #maxWaitingBytes: number;
  readonly #tally = new Tally();
  readonly #line = new WaitingLine();
  /** What the stream has not written yet. */
  #writing: Batch | undefined;
  /** Batches that hold their credit until so many messages in all are settled. */
  #waiters: { settled: number; resolve: () => void }[] = [];
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #cancelLimit: (() => void) | undefined;
  readonly #overflowLog: LimitedLine;

  constructor(options: StdoutOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_STDOUT_WAITING_BYTES;
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
    this.#onError = (error) => this.#close(error);
    options.target.stream.on('error', this.#onError);
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, batch.messages);
      return;
    }
    this.#line.push(batch);
    this.#pump();
    if (this.#options.lossless) return this.#allSettled();
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    if (this.#off !== undefined) return;
    this.#cancelLimit?.();
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  async close(): Promise<void> {
    await this.#allSettled();
    this.#cancelLimit?.();
    // A broken stream emits its error a moment later: that one still needs its listener.
    if (this.#off === undefined) this.#options.target.stream.off('error', this.#onError);
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #pump(): void {
    const { stream, writeNow } = this.#options.target;
    const maxBytes = writeNow === undefined ? Number.POSITIVE_INFINITY : PIPE_BUF_BYTES;
    while (this.#writing === undefined && this.#off === undefined) {
      const lines = this.#line.take(Number.POSITIVE_INFINITY, maxBytes);
      if (lines === undefined) break;
      this.#writing = lines;
      const rest = this.#writeNow(lines.lines);
      if (rest === undefined) break;
      if (rest.length === 0) this.#written();
      else {
        stream.write(rest, (error) => {
          if (error) this.#close(error);
          else if (this.#writing === lines) {
            this.#written();
            this.#pump();
          }
        });
      }
    }
    this.#wake();
  }

  /** What is left for the stream to write; nothing when that broke. */
  #writeNow(lines: Buffer): Buffer | undefined {
    const { stream, writeNow } = this.#options.target;
    // Not past what others have written to the stream.
    if (writeNow === undefined || lines.length > PIPE_BUF_BYTES || stream.writableLength > 0) return lines;
    try {
      return lines.subarray(writeNow(lines));
    } catch (error) {
      this.#close(error as NodeJS.ErrnoException);
      return undefined;
    }
  }

  #written(): void {
    this.#tally.deliver(this.#writing?.messages ?? 0);
    this.#writing = undefined;
  }

  #dropOldest(): void {
    if (this.#line.bytes <= this.#maxWaitingBytes) return;
    let dropped = 0;
    while (this.#line.bytes > this.#maxWaitingBytes && this.#line.messages > 1)
      dropped += this.#line.take(1, 0)?.messages ?? 0;
    this.#tally.drop('overflow', dropped);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      'the reader of stdout is slower than the traffic: the oldest waiting messages were dropped',
    );
  }

  /** Until everything that was handed to this output so far is written or given up. */
  #allSettled(): Promise<void> {
    const settled = this.#tally.handed;
    if (this.#tally.settled >= settled) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ settled, resolve }));
  }

  #wake(): void {
    const { settled } = this.#tally;
    while (this.#waiters[0] !== undefined && this.#waiters[0].settled <= settled) this.#waiters.shift()?.resolve();
  }

  #close(error: NodeJS.ErrnoException): void {
    if (this.#off === 'closed') return;
    this.#tally.errors++;
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    this.#off = reason;
    this.#tally.drop(reason, (this.#writing?.messages ?? 0) + this.#line.clear());
    this.#writing = undefined;
    this.#wake();
  }
}
