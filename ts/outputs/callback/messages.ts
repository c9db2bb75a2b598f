/** The messages of a batch, one after another. */

import { isOfStream, type Line, linesOf, parseLine } from '../../exchange/lines';

export interface Messages {
  /** Goes on to the next; false if there is none. */
  next(): boolean;
  /** The message is one inside a stream. */
  readonly isOfStream: boolean;
  /** Makes it; `undefined` if that cannot be done. */
  message(): object | undefined;
  /** Of its line, where there is one. */
  readonly bytes?: number;
}

/** Those of JSON lines. */
export class ParsedMessages implements Messages {
  isOfStream = false;
  readonly #lines: Generator<Line>;
  #line: Line = '';

  constructor(lines: Buffer, skip = 0) {
    this.#lines = linesOf(lines);
    for (let skipped = 0; skipped < skip; skipped++) this.#lines.next();
  }

  next(): boolean {
    const { value, done } = this.#lines.next();
    if (done === true) return false;
    this.#line = value;
    this.isOfStream = isOfStream(value);
    return true;
  }

  message(): object | undefined {
    return parseLine(this.#line);
  }

  get bytes(): number {
    return Buffer.byteLength(this.#line);
  }
}
