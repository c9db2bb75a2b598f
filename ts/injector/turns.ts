/**
 * Reviews wait here for their turn: the queue works for some ms at a time, and then probes and other connections are served. A
 * review takes 1 ms, the most expensive takes 200, and a hundred may arrive at once.
 */

const SLICE_MS = 10;

export class Turns {
  readonly #waiting = new Set<() => void>();
  #running = false;

  /** `run` must not throw. */
  take(run: () => void): void {
    this.#waiting.add(run);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => this.#slice());
  }

  #slice(): void {
    const end = performance.now() + SLICE_MS;
    for (const run of this.#waiting) {
      this.#waiting.delete(run);
      run();
      if (performance.now() >= end) break;
    }
    this.#running = this.#waiting.size > 0;
    if (this.#running) setImmediate(() => this.#slice());
  }
}
