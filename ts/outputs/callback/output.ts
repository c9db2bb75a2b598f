/**
 * Lines in, parsed messages out to the listeners; without a listener nothing is parsed. A listener that takes its time
 * holds the event loop and with it the engine's credits: live the engine's queue overflows, a savefile waits.
 */

import { isOfStream, type Line, linesOf, parseLine, parseStreamLine } from '../../exchange/lines';
import type { LimitedLine } from '../../logger';
import type { OutputStats } from '../../types';
import type { Listeners, ListenersOf } from '../kind';
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
    const { listeners, now } = this.#options;
    // Without a listener nothing is read, and a message counts as handed only if there is one.
    const limited = Number.isFinite(this.#deadline);
    const { streams } = listeners;
    if (!listeners.wanted() && !streams.wanted()) return;
    for (const line of linesOf(lines)) {
      const ofStream = isOfStream(line);
      if (!(ofStream ? streams : listeners).wanted()) {
        if (!(ofStream ? listeners : streams).wanted()) return;
        continue;
      }
      this.#tally.hand(1);
      if (limited && now() >= this.#deadline) {
        this.#tally.drop('abandoned', 1);
        continue;
      }
      if (ofStream) this.#dispatch(line, parseStreamLine, streams);
      else this.#dispatch(line, parseLine, listeners);
    }
  }

  #dispatch<Message>(line: Line, parse: (line: Line) => Message | undefined, listeners: ListenersOf<Message>): void {
    const message = parse(line);
    if (message === undefined) {
      this.#tally.drop('invalid', 1);
      const bytes = Buffer.byteLength(line);
      this.#options.log.write({ bytes }, 'the engine wrote a line that is not JSON; it was dropped');
      return;
    }
    this.#tally.deliver(1);
    listeners.dispatch(message);
  }

  limitDrain(ms: number): void {
    this.#deadline = this.#options.now() + ms;
  }

  async close(): Promise<void> {}

  stats(): OutputStats {
    return { ...this.#tally.stats(), errors: this.#options.listeners.errors() };
  }
}
