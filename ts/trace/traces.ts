/**
 * Which exchanges belong together. In: the lines of batches. Out: traces, each with its hops. Refuses to know how hops find their trace:
 * that is grouping.
 */

import { isOfStream, linesOf, parseLargeLine } from '../exchange/lines';
import { isFinal, Pairing } from '../exchange/pairing';
import { answeredOf, askedOf } from './facts';
import { Grouping } from './grouping';
import { type Answered, type Asked, hopOf } from './hop';

export class Traces extends Grouping {
  /** Exchanges that belong to none. */
  untraced = 0;
  /** Of the message that was read last, in the order of docs/messages.md: as they became whole. */
  #place = 0;
  readonly #pairing = new Pairing<Asked, Answered>({
    onExchange: ({ request, response }, _messages, id) => {
      const hop = hopOf(request, response);
      if (hop === undefined) this.untraced++;
      else this.add(response === undefined ? { ...hop, id } : hop);
    },
  });

  /** Takes whole lines; keeps none of the bytes. */
  read(lines: Buffer): void {
    for (const line of linesOf(lines)) {
      const message = isOfStream(line) ? undefined : parseLargeLine(line)?.message;
      if (typeof message?.id !== 'string') continue;
      this.#place++;
      if (message.direction === 'request') this.#pairing.addRequest(message, askedOf(message, this.#place), 0);
      else if (isFinal(message)) this.#pairing.addResponse(message, answeredOf(message, this.#place), 0);
    }
  }

  /** Nothing more comes: what still waits has no response. */
  end(): void {
    while (this.#pairing.settleOldest());
  }
}
