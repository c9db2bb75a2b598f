/** Lines in, parsed messages out to whoever listens; nothing is parsed when nobody does. */

import type { LimitedLine } from '../logger';
import type { HttpMessage, OutputStats } from '../types';
import { type Batch, type Output, Tally } from './output';

export interface CallbackOptions {
  /** Whether anybody listens right now. */
  wanted(): boolean;
  /** Hands one message to everybody who listens; does not throw. */
  dispatch(message: HttpMessage): void;
  log: LimitedLine;
}

export class CallbackOutput implements Output {
  readonly name = 'callback';
  readonly #options: CallbackOptions;
  readonly #tally = new Tally();

  constructor(options: CallbackOptions) {
    this.#options = options;
  }

  write(batch: Batch): void {
    const { wanted, dispatch, log } = this.#options;
    if (!wanted()) return;
    // One conversion a batch; the slices of it cost next to nothing.
    const text = batch.lines.toString('utf8');
    let start = 0;
    while (start < text.length && wanted()) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      if (end > start) {
        let message: HttpMessage | undefined;
        try {
          message = JSON.parse(text.slice(start, end)) as HttpMessage;
        } catch {
          this.#tally.drop('invalid', 1);
          log.write({ bytes: end - start }, 'the engine gave a line that is no JSON; it was dropped');
        }
        if (message !== undefined) {
          this.#tally.delivered++;
          dispatch(message);
        }
      }
      start = end + 1;
    }
  }

  /** A listener threw or its promise was rejected. */
  countError(): void {
    this.#tally.errors++;
  }

  limitDrain(): void {}

  async close(): Promise<void> {}

  stats(): OutputStats {
    return this.#tally.stats();
  }
}
