/** The bytes that all exchanges hold together. When they exceed the cap, the oldest exchange has to give up its bytes. */

export interface Holder {
  /** The bytes that it held are no longer counted, and must no longer be kept. */
  giveUp(): void;
}

export class Budget {
  readonly #cap: number;
  /** In the order in which they began to hold. */
  readonly #held = new Map<Holder, number>();
  #sum = 0;

  constructor(cap: number) {
    this.#cap = cap;
  }

  /** The holder has so many bytes now, not so many more. It may itself have to give up. */
  hold(holder: Holder, bytes: number): void {
    this.#sum += bytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, bytes);
    while (this.#sum > this.#cap) {
      const [oldest] = this.#held.keys();
      if (oldest === undefined) return;
      this.release(oldest);
      oldest.giveUp();
    }
  }

  /** Idempotent. */
  release(holder: Holder): void {
    this.#sum -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }
}
