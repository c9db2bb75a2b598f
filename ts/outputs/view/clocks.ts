/** Rows of several capture points, when no more come. In: a ring. Out: the clocks of the points, and in the ring which rows are of one exchange. */

import { type Alignment, aligned } from '../../trace/alignment';
import { Grouping } from '../../trace/grouping';
import { type Hop, pointOf } from '../../trace/hop';
import { hopsOf } from './hops';
import type { Ring } from './ring';
import type { State } from './shapes';

/** `undefined` if there is a single point. */
export function alignRows(ring: Ring, wordsOf: (alignment: Alignment) => readonly string[]): State['clocks'] {
  const rows = ring.rows();
  if (new Set(rows.map(({ id }) => pointOf(id))).size < 2) return undefined;
  const grouping = new Grouping();
  const numbers = new Map<Hop, number>();
  for (const [{ n }, hop] of hopsOf(rows)) {
    grouping.add(hop);
    numbers.set(hop, n);
  }
  const alignment = aligned(grouping.all);
  for (const [first, ...others] of alignment.seenTwice) {
    const copies = others.flatMap((hop) => numbers.get(hop) ?? []);
    ring.change(numbers.get(first) ?? 0, { copies });
    for (const n of copies) ring.change(n, { isCopy: true });
  }
  const settings = alignment.clocks.map(({ point, offsetMs, slackMs }) => [point, { offsetMs, slackMs }] as const);
  return { settings, words: wordsOf(alignment) };
}
