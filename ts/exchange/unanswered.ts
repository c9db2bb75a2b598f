/**
 * Requests that still wait for their final response, and how long. In: messages in the order in which they became complete; a
 * response may be complete before its request. Out: the requests that waited too long.
 */

import type { HttpMessage } from '../types';
import { isFinal, Pairing } from './pairing';

/** A request that has waited for so long is shown without its response, which gets its line when it comes. */
export const PATIENCE_MS = 30_000;
/** Exchanges that wait at one time, some 2 KiB each at the most; past it the oldest request is shown. */
export const MAX_WAITING = 10_000;

interface Waiting<Facts> {
  facts: Facts;
  /** When the request came here, by the clock of the caller. */
  sinceMs: number;
}

/** `Facts` is what is kept of a request. */
export class Unanswered<Facts extends { /** When the request began, in ms since the epoch. */ atMs: number }> {
  readonly #factsOf: (request: HttpMessage) => Facts;
  #gone: Facts[] = [];
  readonly #pairing = new Pairing<Waiting<Facts>, true>({
    maxExchanges: MAX_WAITING,
    onExchange: ({ request, response }) => {
      if (request !== undefined && response === undefined) this.#gone.push(request.facts);
    },
  });

  constructor(factsOf: (request: HttpMessage) => Facts) {
    this.#factsOf = factsOf;
  }

  get size(): number {
    return this.#pairing.unanswered;
  }

  /** When the next request will have waited too long, if nothing comes until then. */
  get nextOverdueMs(): number | undefined {
    const next = this.#pairing.oldestUnanswered?.request;
    return next === undefined ? undefined : next.sinceMs + PATIENCE_MS;
  }

  /** Of the request with this id, as long as it waits. */
  factsOf(id: string): Facts | undefined {
    return this.#pairing.requestOf(id)?.facts;
  }

  /** Takes note of a message that came now; returns the requests that have waited too long by its time, or are too many. */
  note(message: HttpMessage, nowMs: number): Facts[] {
    const { direction, timestamp } = message;
    if (direction === 'request') {
      this.#pairing.addRequest(message, { facts: this.#factsOf(message), sinceMs: nowMs }, 0);
    } else if (isFinal(message)) this.#pairing.addResponse(message, true, 0);
    const atMs = Date.parse(timestamp);
    return this.#takeWhile(({ facts }) => atMs - facts.atMs >= PATIENCE_MS);
  }

  /** Those that have waited too long although no message has said so. */
  overdue(nowMs: number): Facts[] {
    return this.#takeWhile(({ sinceMs }) => nowMs - sinceMs >= PATIENCE_MS);
  }

  /** Nothing more will come. */
  rest(): Facts[] {
    return this.#takeWhile(() => true);
  }

  /** From the oldest on. */
  #takeWhile(goes: (request: Waiting<Facts>) => boolean): Facts[] {
    for (;;) {
      const oldest = this.#pairing.oldestUnanswered?.request;
      if (oldest === undefined || !goes(oldest)) break;
      this.#pairing.settleOldestUnanswered();
    }
    const gone = this.#gone;
    this.#gone = [];
    return gone;
  }
}
