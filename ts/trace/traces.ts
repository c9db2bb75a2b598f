/**
 * Which exchanges belong together. In: the lines of batches. Out: traces, each with its hops. Refuses to know how hops find their trace:
 * that is grouping.
 */

import { type Endings, lastedMs } from '../exchange/endings';
import { isOfStream, linesOf, parseLargeLine } from '../exchange/lines';
import { isFinal, Pairing } from '../exchange/pairing';
import { answeredOf, askedOf } from './facts';
import { Grouping, type GroupingOptions } from './grouping';
import { type Answered, type Asked, hopOf } from './hop';

interface TracesOptions extends GroupingOptions {
  /** Without them nothing is known of how exchanges without a response ended. */
  endings?: Endings | undefined;
}

export class Traces extends Grouping {
  /** Exchanges that belong to none. */
  untraced = 0;
  /** Of the message that was read last, in the order of docs/messages.md: as they became whole. */
  #place = 0;
  readonly #pairing = new Pairing<Asked, Answered>({
    onExchange: ({ request, response }, _messages, id) => {
      const hop = hopOf(request, response);
      if (hop === undefined) this.untraced++;
      else this.add(response === undefined ? { ...hop, id, goneMs: this.#goneMsOf(id, hop.atMs) } : hop);
    },
  });
  readonly #endings: Endings | undefined;

  constructor({ endings, ...options }: TracesOptions = {}) {
    super(options);
    this.#endings = endings;
  }

  /** Takes whole lines; keeps no byte. */
  read(lines: Buffer): void {
    for (const line of linesOf(lines)) {
      const message = isOfStream(line) ? undefined : parseLargeLine(line)?.message;
      if (typeof message?.id !== 'string') continue;
      this.#place++;
      if (message.direction === 'request') this.#pairing.addRequest(message, askedOf(message, this.#place), 0);
      else if (isFinal(message)) this.#pairing.addResponse(message, answeredOf(message, this.#place), 0);
    }
  }

  #goneMsOf(id: string, atMs: number): number | undefined {
    return lastedMs(this.#endings?.of(id), atMs);
  }

  /** Nothing more comes: what still waits has no response. */
  end(): void {
    while (this.#pairing.settleOldest());
  }
}
