/**
 * Messages of interleaved exchanges, each exchange together. In: messages of a savefile, as they become complete. Out: the messages of
 * exchanges that are whole, or have to go: pairing is bounded.
 */

import { Pairing } from '../../exchange/pairing';
import type { HttpMessage } from '../../types';

/** Counted for each message on top of its line. */
const OVERHEAD_BYTES = 512;
const BYTES_PER_CHARACTER = 2;

export class Together {
  #whole: HttpMessage[] = [];
  /** Messages that were added and not taken. */
  size = 0;
  readonly #pairing = new Pairing<HttpMessage>({
    onExchange: ({ request, interim, response }) => {
      const messages = [request, ...interim, response].filter((message) => message !== undefined);
      this.#whole.push(...messages);
    },
  });

  add(message: HttpMessage, characters: number): void {
    this.size++;
    const bytes = OVERHEAD_BYTES + BYTES_PER_CHARACTER * characters;
    if (message.direction === 'request') this.#pairing.addRequest(message, message, bytes);
    else this.#pairing.addResponse(message, message, bytes);
  }

  /** Those that need not wait any more. */
  take(): HttpMessage[] {
    const whole = this.#whole;
    this.#whole = [];
    this.size -= whole.length;
    return whole;
  }

  /** Lets the oldest exchange go as it is; returns true if there was one. */
  settleOldest(): boolean {
    return this.#pairing.settleOldest();
  }
}
