/** The stretches of time that are wanted: one around each trigger, those that overlap joined. Times are in ms since the epoch. */

/** A day of triggers that are a minute and a half apart; past it the oldest is forgotten. */
export const MAX_WINDOWS = 1_000;

interface Window {
  readonly from: number;
  readonly to: number;
  /** Some of it was not in memory any more. */
  isCut: boolean;
}

export class Windows {
  /** In order, and apart from each other. */
  #windows: Window[] = [];

  /** Returns from when on time is wanted that was not before; `undefined` if all of it was. */
  add(from: number, to: number): number | undefined {
    const before = this.#windows.filter((window) => window.to < from);
    const after = this.#windows.filter((window) => window.from > to);
    const joined = this.#windows.slice(before.length, this.#windows.length - after.length);
    const [first] = joined;
    if (first !== undefined && joined.length === 1 && first.from <= from && first.to >= to) return undefined;
    const last = joined.at(-1);
    const isCut = joined.some((window) => window.isCut);
    const whole = { from: Math.min(from, first?.from ?? from), to: Math.max(to, last?.to ?? to), isCut };
    this.#windows = [...before, whole, ...after].slice(-MAX_WINDOWS);
    return first !== undefined && first.from <= from ? first.to : from;
  }

  /** True if some of the time from `begin` to `end` is wanted. */
  overlaps(begin: number, end: number): boolean {
    return this.#find(begin, end) !== undefined;
  }

  /** Something from `begin` to `end` had gone before it was wanted. Returns true if its window is the first time cut by that. */
  cut(begin: number, end: number): boolean {
    const window = this.#find(begin, end);
    if (window === undefined || window.isCut) return false;
    window.isCut = true;
    return true;
  }

  #find(begin: number, end: number): Window | undefined {
    // The last window that begins before that end reaches furthest of all that do. Mostly it is the newest.
    let at = this.#windows.length - 1;
    if ((this.#windows[at]?.from ?? begin) > end) {
      let low = -1;
      while (at - low > 1) {
        const middle = (low + at) >> 1;
        if ((this.#windows[middle]?.from ?? 0) > end) at = middle;
        else low = middle;
      }
      at = low;
    }
    const window = this.#windows[at];
    return window !== undefined && window.from <= end && window.to >= begin ? window : undefined;
  }
}
