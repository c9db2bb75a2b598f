/** Times in bounded memory: all of them, or past a limit as many of them, each as likely to be kept as any other. */

/** Beside so many a few more say little: a share of them is right within 3 %, 19 times of 20. */
export const MAX_SAMPLE = 1_000;
/** They are sorted out when so many have come on top. */
const SPARE = 500;

/** Numbers between 0 and 1, the same in every run (Marsaglia's xorshift, J. Stat. Softw. 8, 2003). */
export class Draws {
  #state: number;

  /** `seed` is not 0. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }
}

/** Each time draws a number, and those with the lowest stay: so two samples become one without further loss. */
export class Sample {
  #count = 0;
  readonly #draws: Draws;
  /** Side by side: V8 keeps arrays of numbers as doubles, 24 KiB of both at the most. */
  readonly #values: number[] = [];
  readonly #drawn: number[] = [];
  /** A value with a higher draw is not kept any more. */
  #limit = 1;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  /** Of all times, also of those that are not kept. */
  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    this.#keep(value, this.#draws.next());
  }

  addAll(other: Sample): void {
    this.#count += other.#count;
    this.#lower(other.#limit);
    for (const [index, value] of other.#values.entries()) this.#keep(value, other.#drawn[index] ?? 1);
  }

  /** In ascending order. */
  values(): number[] {
    this.#sortOut();
    return [...this.#values].sort((a, b) => a - b);
  }

  #keep(value: number, draw: number): void {
    if (draw > this.#limit) return;
    this.#values.push(value);
    this.#drawn.push(draw);
    if (this.#values.length >= MAX_SAMPLE + SPARE) this.#sortOut();
  }

  #sortOut(): void {
    if (this.#values.length <= MAX_SAMPLE) return;
    this.#lower(Float64Array.from(this.#drawn).sort()[MAX_SAMPLE - 1] ?? 1);
  }

  #lower(limit: number): void {
    if (limit >= this.#limit) return;
    this.#limit = limit;
    let kept = 0;
    for (const [index, draw] of this.#drawn.entries()) {
      if (draw > limit) continue;
      this.#drawn[kept] = draw;
      this.#values[kept++] = this.#values[index] ?? 0;
    }
    this.#drawn.length = kept;
    this.#values.length = kept;
  }
}

/** The value that this share of sorted values does not exceed. */
export function quantileOf(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
