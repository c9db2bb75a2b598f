/** Rows to traces. In: rows, the clocks of their capture points, and what the filter shows. Out: the slowest traces, and of each hop its row. */

import { hopsOf } from '../outputs/view/hops';
import type { Row, State } from '../outputs/view/shapes';
import { mergedOf, setRight } from '../trace/copies';
import { Grouping, type Trace } from '../trace/grouping';
import type { Hop } from '../trace/hop';

/** Traces that are shown. */
const MAX_TRACES = 100;

/** The numbers of its rows: of the exchange, and of the same as other capture points have it. */
const numbers = new WeakMap<Hop, readonly number[]>();

/** The number of the hop's row. */
export function numberOf(hop: Hop): number {
  return numbers.get(hop)?.[0] ?? 0;
}

export function tracesIn(rows: readonly Row[], clocks: State['clocks'], isShown: (n: number) => boolean): Trace[] {
  const grouping = new Grouping({ most: MAX_TRACES });
  const hops = hopsOf(rows);
  const byNumber = new Map<number, Hop>();
  const settings = new Map(clocks?.settings);
  for (const [row, hop] of hops) {
    setRight(hop, settings.get(hop.point));
    byNumber.set(row.n, hop);
  }
  for (const [{ n, copies = [], isCopy }, hop] of hops) {
    if (isCopy) continue;
    numbers.set(hop, [n, ...copies]);
    grouping.add(mergedOf([hop, ...copies.flatMap((copy) => byNumber.get(copy) ?? [])]));
  }
  return grouping.slowest((trace) => trace.hops.some((hop) => numbers.get(hop)?.some(isShown)));
}
