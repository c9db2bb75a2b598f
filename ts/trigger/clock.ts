/** The time of a capture, as its messages say it. No wall clock: a savefile has its own time. */

/** The fields that say when a message was on its way. */
export interface Timed {
  timestamp: string;
  timestampUnknown?: true;
  durationMs?: number;
  latencyMs?: number | undefined;
}

/** From the first packet to the last, in ms since the epoch. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Packets with a wrong time are rare: so many messages in a row do not all have one. */
const RECENT = 8;

export class CaptureClock {
  readonly #recent = new Float64Array(RECENT).fill(Number.NEGATIVE_INFINITY);
  #count = 0;

  /** When the last message was whole; before the first one 0. */
  get last(): number {
    return this.#count === 0 ? 0 : (this.#recent[(this.#count - 1) % RECENT] as number);
  }

  /**
   * The time that has passed for sure: no message of the last was whole earlier. One wrong time, or a clock that was set, does
   * not make everything old that is remembered.
   */
  get sure(): number {
    if (this.#count === 0) return Number.NEGATIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (let at = Math.min(this.#count, RECENT) - 1; at >= 0; at--) least = Math.min(least, this.#recent[at] as number);
    return least;
  }

  /** The time of a message that is whole now. Of one without a time it is that of the message before it. */
  note({ timestamp, timestampUnknown, durationMs = 0 }: Timed): Span {
    const parsed = timestampUnknown === true ? Number.NaN : Date.parse(timestamp);
    const begin = Number.isNaN(parsed) ? this.last : parsed;
    const end = begin + Math.max(0, Number.isFinite(durationMs) ? durationMs : 0);
    this.#recent[this.#count % RECENT] = end;
    this.#count++;
    return { begin, end };
  }
}
