/**
 * Which exchanges are slow, as they come: beside what their endpoint took until then, in bounded memory. In: what is asked, of which
 * server, and what that took. Out: true if it is slow.
 */

import { Quantiles } from './quantiles';
import { templateOf } from './templates';

/** Slow where nothing is known of the endpoint yet. */
export const SLOW_MS = 1_000;
/** Slow beside the median of its endpoint. */
export const SLOW_TIMES = 4;
/** Of so many exchanges on the median says something. */
export const MIN_KNOWN = 20;
/** An exchange that takes less is not slow for people, whatever is usual. */
export const MIN_SLOW_MS = 100;
/** Endpoints that are told apart, some 2 KiB each. Of what is beyond them nothing is known. */
export const MAX_ENDPOINTS = 1_000;
/** The median is looked for again after so many. */
const RENEWED_EVERY = 16;

interface Known {
  times: Quantiles;
  medianMs: number;
}

export class Slow {
  readonly #endpoints = new Map<string, Known>();

  /** To be asked once for each exchange: it is part of what is usual from then on. */
  is(server: string, method: string, path: string, tookMs: number): boolean {
    const known = this.#known(`${method} ${server} ${templateOf(path)}`);
    const isSlow =
      known === undefined || known.times.count < MIN_KNOWN
        ? tookMs >= SLOW_MS
        : tookMs >= MIN_SLOW_MS && tookMs >= SLOW_TIMES * known.medianMs;
    if (known === undefined) return isSlow;
    known.times.add(tookMs);
    if (known.times.count === MIN_KNOWN || known.times.count % RENEWED_EVERY === 0)
      known.medianMs = known.times.at(0.5) ?? 0;
    return isSlow;
  }

  #known(endpoint: string): Known | undefined {
    let known = this.#endpoints.get(endpoint);
    if (known === undefined && this.#endpoints.size < MAX_ENDPOINTS) {
      known = { times: new Quantiles(), medianMs: 0 };
      this.#endpoints.set(endpoint, known);
    }
    return known;
  }
}
