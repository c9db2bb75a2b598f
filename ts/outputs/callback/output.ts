/**
 * Lines in, messages as objects out to the listeners; without a listener nothing is read. A listener that takes its time
 * holds the event loop and with it the engine's credits: live the engine's queue overflows, a savefile waits.
 */

import type { LimitedLine } from '../../logger';
import type { NativeCapture } from '../../native';
import type { HttpMessage, OutputStats, StreamMessage } from '../../types';
import type { Listeners } from '../kind';
import { type Batch, type Output, Tally } from '../output';
import { ChangedMessages } from './changes';
import { Makers } from './makers';
import { type Messages, ParsedMessages } from './messages';

interface CallbackOptions {
  listeners: Listeners;
  /** Can tell what changes from line to line. */
  engine?: Pick<NativeCapture, 'wantChanges'> | undefined;
  log: LimitedLine;
  now(): number;
}

export class CallbackOutput implements Output {
  readonly name = 'callback';
  readonly #options: CallbackOptions;
  readonly #tally = new Tally();
  readonly #makers = new Makers();
  #changesWanted = false;
  /** After that no listener is called any more. A timer would not do: it waits for the listener too. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor(options: CallbackOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#askForChanges();
  }

  write({ lines, changes, messages }: Batch): void {
    this.#askForChanges();
    this.#makers.earn(messages);
    const changed = changes === undefined ? undefined : new ChangedMessages(changes, this.#makers);
    if (changed !== undefined) this.#hand(changed);
    if (changed === undefined || changed.broken) this.#hand(new ParsedMessages(lines, changed?.passed));
  }

  /** They cost the engine something: it makes none for nothing. */
  #askForChanges(): void {
    const { engine, listeners } = this.#options;
    const wanted = listeners.wanted() || listeners.streams.wanted();
    if (wanted !== this.#changesWanted) engine?.wantChanges(wanted);
    this.#changesWanted = wanted;
  }

  /** Without a listener nothing is read, and a message counts as accepted only if there is one. */
  #hand(messages: Messages): void {
    const { listeners, now } = this.#options;
    const { streams } = listeners;
    const limited = Number.isFinite(this.#deadline);
    if (!listeners.wanted() && !streams.wanted()) return;
    while (messages.next()) {
      const { isOfStream } = messages;
      if (!(isOfStream ? streams : listeners).wanted()) {
        if (!(isOfStream ? listeners : streams).wanted()) return;
        continue;
      }
      this.#tally.hand(1);
      if (limited && now() >= this.#deadline) {
        this.#tally.drop('abandoned', 1);
        continue;
      }
      const message = messages.message();
      if (message === undefined) {
        this.#tally.drop('invalid', 1);
        this.#options.log.write({ bytes: messages.bytes }, 'the engine wrote a line that is not JSON; it was dropped');
        continue;
      }
      this.#tally.deliver(1);
      if (isOfStream) streams.dispatch(message as StreamMessage);
      else listeners.dispatch(message as HttpMessage);
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
