/**
 * Messages in, exchanges out: a request, its interim responses and its final one, together. Everything that waits is
 * bounded; what has to go before it is whole goes as it is.
 */

import { isFinal } from '../messages';
import type { HarMessage } from './large-text';

export interface Exchange {
  request?: HarMessage;
  interim: HarMessage[];
  response?: HarMessage;
}

/** Exchanges that wait for their other half; past it the oldest goes. */
export const MAX_EXCHANGES = 10_000;
/** Memory of those that wait so, as far as it is known. */
export const MAX_BYTES = 24 * 1024 * 1024;

interface Waiting extends Exchange {
  messages: number;
  bytes: number;
}

export interface PairingOptions {
  /** `messages`: how many the exchange is made of. */
  onExchange(exchange: Exchange, messages: number): void;
  maxExchanges?: number;
  maxBytes?: number;
}

export class Pairing {
  readonly #onExchange: PairingOptions['onExchange'];
  readonly #maxExchanges: number;
  readonly #maxBytes: number;
  /** By id, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor({ onExchange, maxExchanges = MAX_EXCHANGES, maxBytes = MAX_BYTES }: PairingOptions) {
    this.#onExchange = onExchange;
    this.#maxExchanges = maxExchanges;
    this.#maxBytes = maxBytes;
  }

  /** `bytes`: what the message takes in memory. */
  add(message: HarMessage, bytes: number): void {
    const exchange = this.#waiting.get(message.id) ?? { interim: [], messages: 0, bytes: 0 };
    if (message.direction === 'request') exchange.request = message;
    else if (isFinal(message)) exchange.response = message;
    else exchange.interim.push(message);
    exchange.messages++;
    exchange.bytes += bytes;
    this.#bytes += bytes;
    this.#waiting.set(message.id, exchange);
    // A response may be complete before its request; where that was not seen the response says so by what it lacks.
    const { request, response } = exchange;
    if (response !== undefined && (request !== undefined || response.request === undefined)) this.#settle(message.id);
    while (this.#waiting.size > this.#maxExchanges || this.#bytes > this.#maxBytes) this.settleOldest();
  }

  /** Lets the oldest go as it is; whether there was one. */
  settleOldest(): boolean {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined) this.#settle(oldest);
    return oldest !== undefined;
  }

  #settle(id: string): void {
    const exchange = this.#waiting.get(id);
    if (exchange === undefined) return;
    this.#waiting.delete(id);
    this.#bytes -= exchange.bytes;
    const { messages, bytes: _, ...halves } = exchange;
    this.#onExchange(halves, messages);
  }
}
