/**
 * Messages in, exchanges out: a request, its interim responses and its final one, together. Everything that waits is
 * bounded; an exchange that has to go before it is whole goes as it is. The owner of a message decides what is kept of it.
 */

import type { HttpMessage } from '../types';

/** `Request` and `Response` are what is kept of a message. */
export interface Exchange<Request, Response = Request> {
  request?: Request;
  interim: Response[];
  response?: Response;
}

/** Exchanges that wait for their other half; past it the oldest goes. */
export const MAX_EXCHANGES = 10_000;
/** Memory of those that wait so, as far as it is known. */
export const MAX_BYTES = 24 * 1024 * 1024;

/** Not the interim responses, which another response of the same request follows (RFC 9110 §15.2); 101 ends HTTP. */
export function isFinal({ direction, statusCode = 0 }: Pick<HttpMessage, 'direction' | 'statusCode'>): boolean {
  return direction === 'response' && (statusCode >= 200 || statusCode === 101);
}

/** The fields of a response that pairing looks at. */
export type ResponseFacts = Pick<HttpMessage, 'id' | 'direction' | 'statusCode' | 'request'>;

interface Waiting<Request, Response> {
  readonly exchange: Exchange<Request, Response>;
  /** The first exchange has the lowest. */
  readonly order: number;
  messages: number;
  bytes: number;
}

interface PairingOptions<Request, Response = Request> {
  /** `messages`: how many the exchange is made of. */
  onExchange(exchange: Exchange<Request, Response>, messages: number, id: string): void;
  maxExchanges?: number;
  maxBytes?: number;
}

export class Pairing<Request, Response = Request> {
  readonly #onExchange: PairingOptions<Request, Response>['onExchange'];
  readonly #maxExchanges: number;
  readonly #maxBytes: number;
  /** Without a final response, by id, the oldest first. */
  readonly #unanswered = new Map<string, Waiting<Request, Response>>();
  /** With a final response that was complete before its request, by id, the oldest first. */
  readonly #early = new Map<string, Waiting<Request, Response>>();
  #bytes = 0;
  /** Exchanges that wait where the caller has them. */
  #held = 0;
  /** Exchanges that were begun. */
  #begun = 0;

  constructor({ onExchange, maxExchanges = MAX_EXCHANGES, maxBytes = MAX_BYTES }: PairingOptions<Request, Response>) {
    this.#onExchange = onExchange;
    this.#maxExchanges = maxExchanges;
    this.#maxBytes = maxBytes;
  }

  /** How many exchanges have no final response yet. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** The exchange that has waited longest for its final response. */
  get oldestUnanswered(): Exchange<Request, Response> | undefined {
    const [oldest] = this.#unanswered.values();
    return oldest?.exchange;
  }

  /** The request with this id, as long as it waits for its final response. */
  requestOf(id: string): Request | undefined {
    return this.#unanswered.get(id)?.exchange.request;
  }

  /** `bytes`: what the message takes in memory. */
  addRequest({ id }: Pick<HttpMessage, 'id'>, request: Request, bytes: number): void {
    const waiting = this.#take(id, bytes);
    waiting.exchange.request = request;
    if (this.#early.has(id)) this.#settle(id, waiting);
    this.#keepLimits();
  }

  /** An interim response, or the final one. `bytes`: what the message takes in memory. */
  addResponse(message: ResponseFacts, response: Response, bytes: number): void {
    const { id } = message;
    const waiting = this.#take(id, bytes);
    const { exchange } = waiting;
    if (isFinal(message)) {
      exchange.response = response;
      // It may be complete before its request; if that was not seen the response says so by what it lacks.
      if (exchange.request !== undefined || message.request === undefined) {
        this.#settle(id, waiting);
        return;
      }
      this.#unanswered.delete(id);
      this.#early.set(id, waiting);
    } else exchange.interim.push(response);
    this.#keepLimits();
  }

  /** A request whose response is known to be near waits where the caller has it; it counts as if it was here. */
  hold(): void {
    this.#held++;
    this.#keepLimits();
  }

  /** The response of such a request is there. */
  letGo(): void {
    this.#held--;
  }

  /** The caller does not have them any more. */
  letAllGo(): void {
    this.#held = 0;
  }

  /** Lets the oldest go as it is; returns true if there was one. */
  settleOldest(): boolean {
    const [unanswered] = this.#unanswered;
    const [early] = this.#early;
    const isEarly = unanswered === undefined || (early !== undefined && early[1].order < unanswered[1].order);
    const oldest = isEarly ? early : unanswered;
    if (oldest !== undefined) this.#settle(...oldest);
    return oldest !== undefined;
  }

  /** Lets the exchange go that has waited longest for its final response. */
  settleOldestUnanswered(): void {
    const [oldest] = this.#unanswered;
    if (oldest !== undefined) this.#settle(...oldest);
  }

  /** Lets the exchange with this id go, if it waits for its final response. */
  settleUnanswered(id: string): void {
    const waiting = this.#unanswered.get(id);
    if (waiting !== undefined) this.#settle(id, waiting);
  }

  /** The exchange with this id, with a message more. */
  #take(id: string, bytes: number): Waiting<Request, Response> {
    let waiting = this.#unanswered.get(id) ?? this.#early.get(id);
    if (waiting === undefined) {
      waiting = { exchange: { interim: [] }, order: this.#begun++, messages: 0, bytes: 0 };
      this.#unanswered.set(id, waiting);
    }
    waiting.messages++;
    waiting.bytes += bytes;
    this.#bytes += bytes;
    return waiting;
  }

  #keepLimits(): void {
    while (this.#held + this.#unanswered.size + this.#early.size > this.#maxExchanges || this.#bytes > this.#maxBytes) {
      // Of those that the caller has none is among the oldest.
      if (!this.settleOldest()) break;
    }
  }

  #settle(id: string, waiting: Waiting<Request, Response>): void {
    // It is in one of them.
    if (!this.#unanswered.delete(id)) this.#early.delete(id);
    this.#bytes -= waiting.bytes;
    this.#onExchange(waiting.exchange, waiting.messages, id);
  }
}
