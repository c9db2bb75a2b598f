/**
 * Which exchanges an expression is true of that asks for their messages. In: a ring and a version. Out: those that have changed
 * since, told apart, as far as the time goes; a page that wants the rest asks again.
 */

import { parseFilter } from '../../filter';
import { exchangeIn } from './lines';
import type { Ring } from './ring';
import type { Matches } from './shapes';

/** Of one answer: the event loop has other work. */
const MAX_MS = 30;
const ROWS_AT_ONCE = 64;

/** @throws {FilterError} */
export function matchesIn(ring: Ring, expression: string, after: number, now: () => number): Matches {
  const { matches } = parseFilter(expression);
  const end = now() + MAX_MS;
  const found: Matches = { version: after, matched: [], others: [], more: true };
  while (found.version < ring.version && now() < end) {
    const { rows, version } = ring.changedAfter(found.version, ROWS_AT_ONCE);
    for (const { n } of rows) {
      const lines = ring.get(n)?.lines;
      const isMatch = lines !== undefined && matches(exchangeIn(lines).exchange);
      (isMatch ? found.matched : found.others).push(n);
    }
    found.version = version;
  }
  found.more = found.version < ring.version;
  return found;
}
