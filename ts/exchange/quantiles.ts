/**
 * Quantiles of times in bounded memory: counts of logarithmic buckets, each so wide that what it says of its times is wrong
 * by 1 % at the most (the idea of DDSketch, arXiv:1908.10693). Two of them can be added up without further loss.
 */

/** A quantile is at most so much larger or smaller than the time that it stands for. */
export const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** Nothing is measured finer. */
const MIN_MS = 0.001;
/** Eleven days; longer times count as that. */
const MAX_MS = 1e9;
/** Buckets between the two: 11 KiB of counts at the most, and usual times take a tenth of it. */
export const MAX_BUCKETS = indexOf(MAX_MS) + 1;
/** The counts grow by so many buckets: a tenth of a decade. */
const STEP_BUCKETS = 16;

function indexOf(ms: number): number {
  return ms <= MIN_MS ? 0 : Math.ceil(Math.log(Math.min(ms, MAX_MS) / MIN_MS) / LOG_GAMMA);
}

export class Quantiles {
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  /** Doubles: a run of months counts further than 32 bits. */
  #counts: Float64Array = new Float64Array(0);
  /** The bucket of the first of them. */
  #first = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest time, as it was. */
  get max(): number {
    return this.#max;
  }

  add(ms: number): void {
    this.#note(indexOf(ms), 1);
    this.#count++;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
  }

  addAll(other: Quantiles): void {
    for (let index = 0; index < other.#counts.length; index++) {
      const count = other.#counts[index] ?? 0;
      if (count > 0) this.#note(other.#first + index, count);
    }
    this.#count += other.#count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** The time that this share of all times does not exceed, in ms; `undefined` if there is none. */
  at(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) {
        // In the middle of the bucket, as far as ratios go.
        const middle = MIN_MS * GAMMA ** (this.#first + index) * (2 / (1 + GAMMA));
        return Math.min(this.#max, Math.max(this.#min, middle));
      }
    }
    return this.#max;
  }

  #note(bucket: number, count: number): void {
    let at = bucket - this.#first;
    if (at < 0 || at >= this.#counts.length) {
      this.#grow(bucket);
      at = bucket - this.#first;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  #grow(bucket: number): void {
    const isEmpty = this.#counts.length === 0;
    const first = Math.max(
      0,
      isEmpty ? bucket : Math.min(bucket, this.#first) - (bucket < this.#first ? STEP_BUCKETS : 0),
    );
    const end = Math.min(
      MAX_BUCKETS,
      isEmpty ? bucket + STEP_BUCKETS : Math.max(bucket + STEP_BUCKETS, this.#first + this.#counts.length),
    );
    const counts = new Float64Array(end - first);
    counts.set(this.#counts, isEmpty ? 0 : this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}
