/**
 * Requests that still wait for their final response. In: messages in the order in which they became complete; a response
 * may be complete before its request. Out: the requests that waited in vain.
 */

import { isFinal } from '../../outputs/messages';
import type { HttpMessage } from '../../types';
import { type Facts, factsOf } from './line';

/** A request that has waited for so long is shown without its response, which gets its line when it comes. */
export const PATIENCE_MS = 30_000;
/** Requests that wait at one time, some 2 KiB each at the most; past it the oldest is shown. */
export const MAX_WAITING = 10_000;

interface Waiting {
  facts: Facts;
  /** When the request came here, by the clock of who asks. */
  sinceMs: number;
}

export class Unanswered {
  /** In the order in which they came: the first one has waited longest. */
  readonly #waiting = new Map<string, Waiting>();
  /** Answered before they were complete themselves. */
  readonly #early = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  /** When the next request will have waited too long, if nothing comes until then. */
  get nextOverdueMs(): number | undefined {
    const [first] = this.#waiting.values();
    return first === undefined ? undefined : first.sinceMs + PATIENCE_MS;
  }

  /** Of the request with this id, as long as it waits. */
  factsOf(id: string): Facts | undefined {
    return this.#waiting.get(id)?.facts;
  }

  /** Takes note of a message that came now; gives the requests that have waited too long by its time, or are too many. */
  *note(message: HttpMessage, nowMs: number): Generator<Facts> {
    const { id, direction, timestamp } = message;
    if (direction === 'request') {
      if (!this.#early.delete(id)) this.#waiting.set(id, { facts: factsOf(message), sinceMs: nowMs });
    } else if (isFinal(message) && !this.#waiting.delete(id) && message.request !== undefined) {
      this.#early.add(id);
      const [oldest] = this.#early;
      if (this.#early.size > MAX_WAITING && oldest !== undefined) this.#early.delete(oldest);
    }
    const atMs = Date.parse(timestamp);
    yield* this.#takeWhile(({ facts }) => atMs - facts.atMs >= PATIENCE_MS || this.#waiting.size > MAX_WAITING);
  }

  /** Those that have waited too long although no message has said so. */
  overdue(nowMs: number): Generator<Facts> {
    return this.#takeWhile(({ sinceMs }) => nowMs - sinceMs >= PATIENCE_MS);
  }

  /** Nothing more will come. */
  rest(): Generator<Facts> {
    return this.#takeWhile(() => true);
  }

  /** From the oldest on. */
  *#takeWhile(goes: (request: Waiting) => boolean): Generator<Facts> {
    for (const [id, request] of this.#waiting) {
      if (!goes(request)) break;
      this.#waiting.delete(id);
      yield request.facts;
    }
  }
}
