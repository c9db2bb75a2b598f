/** Random bytes for ids, many at a time: each call to the system costs more than the rest of a span. */

import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;

export class RandomBytes {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #used = POOL_BYTES;

  hex(bytes: number): string {
    const at = this.#take(bytes);
    return this.#pool.toString('hex', at, at + bytes);
  }

  /** Bytes as characters. */
  latin1(bytes: number): string {
    const at = this.#take(bytes);
    return this.#pool.toString('latin1', at, at + bytes);
  }

  #take(bytes: number): number {
    if (this.#used + bytes > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#used - bytes;
  }
}
