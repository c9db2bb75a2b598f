/** Lines in, the same bytes out to a stream. Waits for the stream: its back pressure is the engine's. */

import type { Writable } from 'node:stream';
import type { OutputStats } from '../types';
import { type Batch, type Output, type Schedule, Tally } from './output';

export interface StdoutOptions {
  stream: Writable;
  schedule: Schedule;
  /** Called once, when the stream takes nothing any more; EPIPE is a reader that went away. */
  onClosed(error: NodeJS.ErrnoException): void;
}

export class StdoutOutput implements Output {
  readonly name = 'stdout';
  readonly #options: StdoutOptions;
  readonly #tally = new Tally();
  /** Batches that the stream has not written yet: how to stop waiting for each. */
  readonly #pending = new Set<(reason: string) => void>();
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #finished = false;
  #cancelLimit: (() => void) | undefined;

  constructor(options: StdoutOptions) {
    this.#options = options;
    this.#onError = (error) => this.#close(error);
    options.stream.on('error', this.#onError);
  }

  write(batch: Batch): Promise<void> | void {
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, batch.messages);
      return;
    }
    return new Promise((resolve) => {
      const settle = (reason?: string): void => {
        if (!this.#pending.delete(settle)) return;
        this.#tally.waiting -= batch.messages;
        if (reason === undefined) this.#tally.delivered += batch.messages;
        else this.#tally.drop(reason, batch.messages);
        resolve();
      };
      this.#pending.add(settle);
      this.#tally.waiting += batch.messages;
      this.#options.stream.write(batch.lines, (error) => {
        if (error) this.#close(error);
        else settle();
      });
    });
  }

  limitDrain(ms: number): void {
    if (this.#finished || this.#off !== undefined) return;
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  async close(): Promise<void> {
    // Every write() is awaited before close(), so nothing is pending here.
    this.#finished = true;
    this.#cancelLimit?.();
    // A broken stream emits its error a moment later: that one still needs its listener.
    if (this.#off === undefined) this.#options.stream.off('error', this.#onError);
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #close(error: NodeJS.ErrnoException): void {
    if (this.#off === 'closed') return;
    this.#tally.errors++;
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    this.#off = reason;
    for (const settle of [...this.#pending]) settle(reason);
  }
}
