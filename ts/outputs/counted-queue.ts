/** Items that wait to be written, and how many bytes they have. Its owner says when there are too many. */

interface Counted {
  readonly bytes: number;
}

export class CountedQueue<T extends Counted> {
  #items: T[] = [];
  #waiters: (() => void)[] = [];
  bytes = 0;

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.bytes += item.bytes;
  }

  /** From the front, no more than until `bytes` are reached: the last item may go beyond them. */
  take(bytes: number): T[] {
    let taken = 0;
    return this.#shift(({ bytes: next }) => {
      const isWanted = taken < bytes;
      taken += next;
      return isWanted;
    });
  }

  /** The oldest, until no more than `maxBytes` are left. */
  takeBeyond(maxBytes: number): T[] {
    let left = this.bytes;
    return this.#shift(({ bytes }) => {
      const isTooMuch = left > maxBytes;
      left -= bytes;
      return isTooMuch;
    });
  }

  takeAll(): T[] {
    return this.#shift(() => true);
  }

  /** Resolves at the next `wake`: nothing is left to write. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #shift(isWanted: (item: T) => boolean): T[] {
    const end = this.#items.findIndex((item) => !isWanted(item));
    const items = this.#items.splice(0, end === -1 ? this.#items.length : end);
    for (const { bytes } of items) this.bytes -= bytes;
    return items;
  }
}
