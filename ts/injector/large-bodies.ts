/**
 * Large bodies are read a few at a time. The others wait unread in the order in which they came, so that a burst of large reviews
 * costs time: with `failurePolicy: Fail` each request that is refused would be a pod that is refused.
 */

export interface LargeBody {
  /** Its turn has come. */
  begin(): void;
  /** Its time is over: it must leave, unless it is whole. */
  timeUp(): void;
}

interface Limits {
  /** So many are read or answered at one time. */
  places: number;
  /** Without a turn for so long. */
  waitMs: number;
  /** From its turn on, if others wait. */
  readMs: number;
}

export class LargeBodies {
  readonly #limits: Limits;
  /** With the time since when. */
  readonly #waiting = new Map<LargeBody, number>();
  readonly #reading = new Map<LargeBody, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  enter(body: LargeBody): void {
    this.#waiting.set(body, performance.now());
    this.#next();
  }

  /** Idempotent. */
  leave(body: LargeBody): void {
    this.#waiting.delete(body);
    if (this.#reading.delete(body)) this.#next();
  }

  #next(): void {
    const { places, readMs } = this.#limits;
    for (const [body] of this.#waiting) {
      if (this.#reading.size >= places) break;
      this.#waiting.delete(body);
      this.#reading.set(body, performance.now());
      body.begin();
    }
    if (this.#waiting.size > 0) this.#timer ??= setTimeout(() => this.#look(), readMs / 4).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [body, since] of [...this.#reading]) if (now - since >= this.#limits.readMs) body.timeUp();
    for (const [body, since] of [...this.#waiting]) if (now - since >= this.#limits.waitMs) body.timeUp();
    this.#next();
  }
}
