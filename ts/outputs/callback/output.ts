/**
 * Lines in, parsed messages out to the listeners; without a listener nothing is parsed. A listener that takes its time
 * holds the event loop and with it the engine's credits: live the engine's queue overflows, a savefile waits.
 */

import { linesOf, parseLine } from '../../exchange/lines';
import type { LimitedLine } from '../../logger';
import type { OutputStats } from '../../types';
import type { Listeners } from '../kind';
import { type Batch, type Output, Tally } from '../output';

export interface CallbackOptions {
  listeners: Listeners;
  log: LimitedLine;
  now(): number;
}

export class CallbackOutput implements Output {
  readonly name = 'callback';
  readonly #options: CallbackOptions;
  readonly #tally = new Tally();
  /** After that no listener is called any more. A timer would not do: it waits for the listener too. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor(options: CallbackOptions) {
    this.#options = options;
  }

  write({ lines }: Batch): void {
    const { listeners, log, now } = this.#options;
    // Without a listener nothing is read, and a message counts as handed only if there is one.
    if (!listeners.wanted()) return;
    const limited = Number.isFinite(this.#deadline);
    for (const line of linesOf(lines)) {
      if (!listeners.wanted()) return;
      this.#tally.hand(1);
      if (limited && now() >= this.#deadline) {
        this.#tally.drop('abandoned', 1);
        continue;
      }
      const message = parseLine(line);
      if (message === undefined) {
        this.#tally.drop('invalid', 1);
        log.write({ bytes: Buffer.byteLength(line) }, 'the engine wrote a line that is not JSON; it was dropped');
        continue;
      }
      this.#tally.deliver(1);
      listeners.dispatch(message);
    }
  }

  limitDrain(ms: number): void {
    this.#deadline = this.#options.now() + ms;
  }

  async close(): Promise<void> {}

  stats(): OutputStats {
    return { ...this.#tally.stats(), errors: this.#options.listeners.errors() };
  }
}
