/**
 * Which hops belong together. In: hops, one after the other. Out: traces. Bounded: so many hops at one time; past it the trace goes that has
 * been quiet for longest, and of those the slowest are kept, as a single capture point saw them. Browsers run it too, so it imports nothing of Node.
 */

import { awaitedSpanOf, type Hop } from './hop';
import { type Named, padded, strongerOf } from './keys';

/** Hops that are kept at one time, some 600 bytes each. */
export const MAX_HOPS = 50_000;
/** Of one trace: more of them are an id that says nothing. */
const MAX_TRACE_HOPS = 1_000;
/** Traces that are shown. */
const MAX_SLOWEST = 10;

export interface Trace {
  id: string;
  named: Named;
  /** In the order in which they came. */
  hops: Hop[];
  /** Hops beyond the limit. */
  more: number;
  firstMs: number;
  lastMs: number;
}

/** A trace that had to go before the end. */
interface Judged {
  trace: Trace;
  ms: number;
}

export interface GroupingOptions {
  /** The trace that is asked for, by any of its ids; all others only help to find its hops. */
  only?: string | undefined;
  maxHops?: number;
  /** How many of the slowest are shown. */
  most?: number;
}

export class Grouping {
  /** Traces that were judged before the end, since there were too many hops. */
  judgedEarly = 0;
  readonly #only: string | undefined;
  readonly #maxHops: number;
  readonly #most: number;
  /** By id, the trace that was quiet for longest first. */
  readonly #traces = new Map<string, Trace>();
  /**
   * The trace that a request's id stands beside; `''`: it stands beside several, and joins nothing. Bounded by `MAX_HOPS`, and one for the
   * id that is asked for: each is of a hop that is kept, and goes with it.
   */
  readonly #aliases = new Map<string, string>();
  #hops = 0;
  #past: Judged[] = [];

  constructor({ only, maxHops = MAX_HOPS, most = MAX_SLOWEST }: GroupingOptions = {}) {
    this.#only = only;
    this.#maxHops = maxHops;
    this.#most = most;
  }

  add(hop: Hop): void {
    const { named, trace, request } = hop.keys;
    if (named === 'x-request-id') this.#put(this.#aliases.get(trace) || trace, hop);
    else {
      const isKept = this.#put(trace, hop);
      // The id that is asked for is found beside any hop.
      if (request !== undefined && (isKept || request === this.#only)) this.#join(request, trace);
    }
    while (this.#hops > this.#maxHops) if (!this.#letOldestGo()) break;
  }

  /** The slowest first, of those that are wanted. */
  slowest(isWanted: (trace: Trace) => boolean = () => true): Trace[] {
    return best(this.all.filter(isWanted), lengthOf, this.#most);
  }

  /** Those that are kept. */
  get all(): Trace[] {
    return [...this.#past.map(({ trace }) => trace), ...this.#traces.values()];
  }

  /** Those that were told apart. */
  get count(): number {
    return this.judgedEarly + this.#traces.size;
  }

  find(id: string): Trace | undefined {
    const ofTrace = padded(id.toLowerCase());
    return this.#traces.get(id) ?? this.#traces.get(ofTrace) ?? this.#traces.get(this.#aliases.get(id) ?? '');
  }

  /** False if the trace has as many hops as are kept. */
  #put(id: string, hop: Hop): boolean {
    const trace = this.#traces.get(id) ?? {
      ...{ id, named: hop.keys.named, hops: [], more: 0 },
      ...{ firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY },
    };
    trace.named = strongerOf(trace.named, hop.keys.named);
    // To the end of the order.
    this.#traces.delete(id);
    this.#traces.set(id, trace);
    const { atMs, goneMs = 0, allMs = goneMs } = awaitedSpanOf(hop);
    trace.firstMs = Math.min(trace.firstMs, atMs);
    trace.lastMs = Math.max(trace.lastMs, atMs + allMs);
    if (trace.hops.length >= MAX_TRACE_HOPS) {
      trace.more++;
      return false;
    }
    trace.hops.push(hop);
    this.#hops++;
    return true;
  }

  /** The hops that have only the id of the request belong to its trace. */
  #join(request: string, id: string): void {
    const known = this.#aliases.get(request);
    if (known !== undefined) {
      if (known !== id) this.#aliases.set(request, '');
      return;
    }
    this.#aliases.set(request, id);
    const alone = this.#traces.get(request);
    if (alone?.named !== 'x-request-id') return;
    this.#forget(request, alone);
    for (const hop of alone.hops) this.#put(id, hop);
  }

  #letOldestGo(): boolean {
    for (const [id, trace] of this.#traces) {
      if (this.#only !== undefined && this.find(this.#only) === trace) continue;
      this.#forget(id, trace);
      for (const { keys } of trace.hops) if (keys.request !== undefined) this.#aliases.delete(keys.request);
      this.judgedEarly++;
      const judged = { trace, ms: longestOfPoint(trace) };
      this.#past = best([...this.#past, judged], ({ ms }) => ms, this.#most);
      return true;
    }
    return false;
  }

  #forget(id: string, trace: Trace): void {
    this.#traces.delete(id);
    this.#hops -= trace.hops.length;
  }
}

function best<Each>(all: Each[], msOf: (each: Each) => number, most: number): Each[] {
  return all.sort((a, b) => msOf(b) - msOf(a)).slice(0, most);
}

function lengthOf({ firstMs, lastMs }: Trace): number {
  return lastMs - firstMs;
}

/** Of the time that each capture point saw: their clocks may be hours apart, and are aligned at the end alone. */
function longestOfPoint(trace: Trace): number {
  const spans = new Map<string, { firstMs: number; lastMs: number }>();
  for (const { point, atMs, goneMs = 0, allMs = goneMs } of trace.hops) {
    const span = spans.get(point) ?? { firstMs: atMs, lastMs: atMs };
    span.firstMs = Math.min(span.firstMs, atMs);
    span.lastMs = Math.max(span.lastMs, atMs + allMs);
    spans.set(point, span);
  }
  // Of a single one the hops that were not kept count too.
  if (spans.size === 1) return lengthOf(trace);
  return Math.max(...[...spans.values()].map(({ firstMs, lastMs }) => lastMs - firstMs));
}
