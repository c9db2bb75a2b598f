/**
 * Requests that still wait for their final response. In: messages in the order in which they became complete; a response
 * may be complete before its request. Out: the requests that waited in vain.
 */

import { isFinal } from '../outputs/messages';
import type { HttpMessage } from '../types';
import { type Facts, factsOf } from './line';

/** A request that has waited for so long is shown without its response, which gets its line when it comes. */
export const PATIENCE_MS = 30_000;
/** Requests that wait at one time, some 2 KiB each at the most; past it the oldest is shown. */
export const MAX_WAITING = 10_000;

export class Unanswered {
  readonly #waiting = new Map<string, Facts>();
  /** Answered before they were complete themselves. */
  readonly #early = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Of the request with this id, as long as it waits. */
  factsOf(id: string): Facts | undefined {
    return this.#waiting.get(id);
  }

  /** Takes note of a message; gives the requests that have waited too long, or are too many. */
  *note(message: HttpMessage): Generator<Facts> {
    const { id, direction, timestamp } = message;
    if (direction === 'request') {
      if (!this.#early.delete(id)) this.#waiting.set(id, factsOf(message));
    } else if (isFinal(message) && !this.#waiting.delete(id) && message.request !== undefined) {
      this.#early.add(id);
      const [oldest] = this.#early;
      if (this.#early.size > MAX_WAITING && oldest !== undefined) this.#early.delete(oldest);
    }
    const now = Date.parse(timestamp);
    for (const [waitingId, facts] of this.#waiting) {
      if (now - facts.atMs < PATIENCE_MS && this.#waiting.size <= MAX_WAITING) break;
      this.#waiting.delete(waitingId);
      yield facts;
    }
  }

  /** Nothing more will come. */
  *rest(): Generator<Facts> {
    yield* this.#waiting.values();
    this.#waiting.clear();
  }
}
