/** Lines that are wanted, in their order, until they are delivered. Of those that were it keeps nothing, however long others wait. */

import { Order, Ordered } from './order';

export class WaitingLine extends Ordered<WaitingLine> {
  constructor(
    /** With its line feed. */
    public bytes: Buffer,
    /** The bytes are those of a batch, which are overwritten. */
    public isOfBatch: boolean,
  ) {
    super();
  }
}

export class Waiting {
  readonly #lines = new Order<WaitingLine>();
  /** The first that may be of a batch. */
  #firstNew: WaitingLine | undefined;
  size = 0;

  push(bytes: Buffer, isOfBatch: boolean): void {
    const line = new WaitingLine(bytes, isOfBatch);
    this.#lines.push(line);
    this.#firstNew ??= line;
    this.size++;
  }

  get first(): WaitingLine | undefined {
    return this.#lines.first;
  }

  /** It is one of these. */
  remove(line: WaitingLine): void {
    if (line === this.#firstNew) this.#firstNew = line.next;
    this.#lines.remove(line);
    this.size--;
  }

  /** Those whose bytes are overwritten next. No entry is asked for twice: each is copied or removed. */
  *ofBatch(): Generator<WaitingLine> {
    for (let line = this.#firstNew; line !== undefined; ) {
      const { next } = line;
      if (line.isOfBatch) yield line;
      line = next;
    }
    this.#firstNew = undefined;
  }
}
