/**
 * Several capture points as if they had one clock. In: traces. Out: the same traces, each exchange once, at the times of the clock that the
 * others are compared with. Where all hops are of one point nothing changes.
 */

import { type Bound, boundsOf, type Copies, copiesOf } from './bounds';
import { type Clock, type Clocks, clocksOf } from './clocks';
import type { Trace } from './grouping';
import { awaitedSpanOf, type Hop, type Span } from './hop';

export interface Alignment extends Clocks {
  /** Exchanges that several points have seen. */
  seenTwice: number;
}

const NOTHING: Alignment = { clocks: [], disagreements: [], contradictions: [], seenTwice: 0 };

/** Changes the traces. Its memory is some 100 bytes for each of their hops. */
export function aligned(traces: readonly Trace[]): Alignment {
  const shared = traces.filter(({ hops: [first, ...others] }) => others.some(({ point }) => point !== first?.point));
  if (shared.length === 0) return NOTHING;
  const bounds: Bound[] = [];
  const copies = new Map<Trace, Copies[]>();
  for (const trace of shared) {
    const groups = copiesOf(trace.hops);
    copies.set(trace, groups);
    for (const bound of boundsOf(groups)) bounds.push(bound);
  }
  const clocks = clocksOf(bounds);
  const byPoint = new Map(clocks.clocks.map((clock) => [clock.point, clock]));
  let seenTwice = 0;
  for (const trace of traces) {
    for (const hop of trace.hops) shift(hop, byPoint.get(hop.point));
    const groups = copies.get(trace);
    if (groups === undefined && !trace.hops.some(({ point }) => byPoint.has(point))) continue;
    if (groups !== undefined) {
      trace.hops = groups.map(mergedOf);
      seenTwice += groups.filter(({ length }) => length > 1).length;
    }
    const spans = trace.hops.map(awaitedSpanOf);
    trace.firstMs = Math.min(...spans.map(({ atMs }) => atMs));
    trace.lastMs = Math.max(...spans.map(({ atMs, allMs = 0 }) => atMs + allMs));
  }
  return { ...clocks, seenTwice };
}

/** A clock that may be right is taken to be so. */
function shift(hop: Hop, clock: Clock | undefined): void {
  if (clock === undefined || clock.offsetMs === 0) return;
  hop.atMs -= clock.offsetMs;
  hop.slackMs = clock.slackMs;
}

/** The server's side says how long the server took, the client's how long its client waited. */
function mergedOf([hop, ...others]: Copies): Hop {
  const last = others.filter(({ allMs }) => allMs !== undefined).at(-1);
  if (last === undefined) return hop;
  const { atMs, allMs, point, slackMs, asked, answered } = last;
  const nearer: Span = { atMs, allMs, point, asked, answered, ...(slackMs === undefined ? {} : { slackMs }) };
  return Object.assign(hop, { nearer });
}
