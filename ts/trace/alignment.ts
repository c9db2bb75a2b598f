/**
 * Several capture points as if they had one clock. In: traces. Out: the same traces, each exchange once, at the times of the clock that the
 * others are compared with. Where all hops are of one point nothing changes.
 */

import { type Bound, boundsOf, copiesOf } from './bounds';
import { type Clocks, clocksOf } from './clocks';
import { type Copies, mergedOf, setRight } from './copies';
import type { Trace } from './grouping';
import { awaitedSpanOf } from './hop';

export interface Alignment extends Clocks {
  /** Exchanges that several points have seen. */
  seenTwice: readonly Copies[];
}

const NOTHING: Alignment = { clocks: [], disagreements: [], contradictions: [], seenTwice: [] };

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
  const seenTwice: Copies[] = [];
  for (const trace of traces) {
    for (const hop of trace.hops) setRight(hop, byPoint.get(hop.point));
    const groups = copies.get(trace);
    if (groups === undefined && !trace.hops.some(({ point }) => byPoint.has(point))) continue;
    if (groups !== undefined) {
      trace.hops = groups.map(mergedOf);
      for (const group of groups) if (group.length > 1) seenTwice.push(group);
    }
    const spans = trace.hops.map(awaitedSpanOf);
    trace.firstMs = Math.min(...spans.map(({ atMs }) => atMs));
    trace.lastMs = Math.max(...spans.map(({ atMs, goneMs = 0, allMs = goneMs }) => atMs + allMs));
  }
  return { ...clocks, seenTwice };
}
