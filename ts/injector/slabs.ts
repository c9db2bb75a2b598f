/**
 * Memory for bodies, used again: left to the garbage collector it would be several times of what is in use before it is
 * collected. Sizes are few, so a slab that was given back fits the next that is asked for.
 */

/** Reviews are of some 10 KiB. */
const SMALLEST_SLAB = 16 * 1024;

export class Slabs {
  readonly #largest: number;
  readonly #keep: number;
  readonly #free = new Map<number, Buffer[]>();
  #kept = 0;

  /** `keep` are the bytes that are kept free at most. */
  constructor(largest: number, keep: number) {
    this.#largest = largest;
    this.#keep = keep;
  }

  /** The size of the slab for so many bytes, of which there are no more than the largest has. */
  sizeFor(bytes: number): number {
    let size = SMALLEST_SLAB;
    while (size < bytes) size *= 2;
    return Math.min(size, this.#largest);
  }

  take(size: number): Buffer {
    const slab = this.#free.get(size)?.pop();
    if (slab === undefined) return Buffer.allocUnsafeSlow(size);
    this.#kept -= size;
    return slab;
  }

  /** It may not be read from now on. */
  give(slab: Buffer): void {
    const size = slab.length;
    if (size === 0 || this.#kept + size > this.#keep) return;
    this.#kept += size;
    const alike = this.#free.get(size);
    if (alike === undefined) this.#free.set(size, [slab]);
    else alike.push(slab);
  }
}
