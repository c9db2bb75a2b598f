/**
 * Lines in, parsed messages out to the listeners; without a listener nothing is parsed. A listener that takes its time
 * holds the event loop and with it the engine's credits: live the engine's queue overflows, a savefile waits.
 */

import type { LimitedLine } from '../../logger';
import type { HttpMessage, OutputStats } from '../../types';
import type { Listeners } from '../kind';
import { type Batch, type Output, pieceEnd, Tally } from '../output';

/** What is made a string at once. V8 gives strings over 128 KiB pages of their own, which costs several times as much. */
const PIECE_BYTES = 32 * 1024;

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
    const { wanted } = this.#options.listeners;
    for (let start = 0; start < lines.length && wanted(); ) {
      const end = pieceEnd(lines, start, PIECE_BYTES);
      this.#dispatchLines(lines.toString('utf8', start, end));
      start = end;
    }
  }

  #dispatchLines(text: string): void {
    const { listeners, log, now } = this.#options;
    const limited = Number.isFinite(this.#deadline);
    let start = 0;
    // A message counts as handed only if there is a listener.
    while (start < text.length && listeners.wanted()) {
      const newline = text.indexOf('\n', start);
      const end = newline === -1 ? text.length : newline;
      if (end > start) {
        this.#tally.hand(1);
        if (limited && now() >= this.#deadline) this.#tally.drop('abandoned', 1);
        else {
          let message: HttpMessage | undefined;
          try {
            message = JSON.parse(text.slice(start, end)) as HttpMessage;
          } catch {
            this.#tally.drop('invalid', 1);
            log.write({ bytes: end - start }, 'the engine gave a line that is no JSON; it was dropped');
          }
          if (message !== undefined) {
            this.#tally.deliver(1);
            listeners.dispatch(message);
          }
        }
      }
      start = end + 1;
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
