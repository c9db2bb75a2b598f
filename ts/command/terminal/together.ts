/**
 * Messages of interleaved exchanges, each exchange together, and what passed inside it below it. In: messages of a savefile, as they become
 * complete. Out: the messages of exchanges that are whole, or have to go: pairing is bounded.
 */

import { MAX_EXCHANGES, Pairing } from '../../exchange/pairing';
import type { HttpMessage, StreamMessage } from '../../types';

/** Counted for each message on top of its line. */
const OVERHEAD_BYTES = 512;
const BYTES_PER_CHARACTER = 2;

type Message = HttpMessage | StreamMessage;

export class Together {
  #whole: Message[] = [];
  /** Messages that were added and not taken. */
  size = 0;
  /** Ids of exchanges that are out, and inside which more may pass; the oldest is forgotten. */
  readonly #goingOn = new Set<string>();
  readonly #pairing = new Pairing<HttpMessage, Message>({
    onExchange: ({ request, interim, response }, _, id) => {
      const halves = [request, ...interim.filter((message) => !isInside(message)), response];
      this.#whole.push(...halves.filter((message) => message !== undefined), ...interim.filter(isInside));
      if (response !== undefined && !isInside(response) && goesOn(request, response)) this.#follow(id);
    },
  });

  add(message: HttpMessage, characters: number): void {
    this.size++;
    const bytes = OVERHEAD_BYTES + BYTES_PER_CHARACTER * characters;
    if (message.direction === 'request') this.#pairing.addRequest(message, message, bytes);
    else this.#pairing.addResponse(message, message, bytes);
  }

  /** A message inside a stream waits for its exchange, which may become complete after it. */
  addInside(message: StreamMessage, characters: number): void {
    this.size++;
    const { id, direction } = message;
    if (this.#goingOn.has(id)) this.#whole.push(message);
    else this.#pairing.addResponse({ id, direction }, message, OVERHEAD_BYTES + BYTES_PER_CHARACTER * characters);
  }

  /** Those that need not wait any more. */
  take(): Message[] {
    const whole = this.#whole;
    this.#whole = [];
    this.size -= whole.length;
    return whole;
  }

  /** Lets the oldest exchange go as it is; returns true if there was one. */
  settleOldest(): boolean {
    return this.#pairing.settleOldest();
  }

  #follow(id: string): void {
    this.#goingOn.add(id);
    if (this.#goingOn.size <= MAX_EXCHANGES) return;
    const [oldest = ''] = this.#goingOn;
    this.#goingOn.delete(oldest);
  }
}

export function isInside(message: Message): message is StreamMessage {
  return 'stream' in message;
}

/** A WebSocket or a tunnel begins where HTTP has ended. */
function goesOn(request: HttpMessage | undefined, { statusCode, request: asked }: HttpMessage): boolean {
  return statusCode === 101 || (request ?? asked)?.method === 'CONNECT' || request?.protocol !== undefined;
}
