/**
 * The faults of a run, as far as its messages show them. In: the endpoints with what was counted. Out: for each endpoint
 * that began to fail or to slow down the onset and the side of the cause, the worst first; those that only wait for
 * another that did are named there.
 */

import { byCause, type Fault, howOf, oneClient } from './causes';
import type { RouteStats } from './route-stats';
import type { Onset } from './timeline';
import type { Found, Traffic } from './traffic';

/** `transport`: the client or the network, which look the same from here. */
export type Side = 'server' | 'client' | 'transport' | 'unknown';

export interface Finding extends Fault<Found> {
  onset: Onset;
  side: Side;
}

/** Shorter waits are no incident, however much longer they became. */
const MIN_SLOW_MS = 20;
/** The same of the way of the bytes. */
const MIN_TRANSFER_MS = 200;
/** A failing exchange counts as so many slow exchanges. */
const FAILURE_WEIGHT = 4;
/** Fewer failures are told only if they are so large a share: some requests fail every day. */
const MANY_FAILURES = 20;
const MIN_SHARE_OF_FEW = 0.05;
const MIN_SHARE_OF_MANY = 0.01;

export function findingsOf(traffic: Traffic): Finding[] {
  const findings = new Map<RouteStats, Finding>();
  for (const at of traffic.found()) {
    const finding = findingAt(at);
    if (finding !== undefined) findings.set(at.stats, finding);
  }
  const roots = byCause(findings);
  for (const root of roots) if (root.side === 'unknown' && isMissed(root)) root.side = 'server';
  return roots.sort((a, b) => severityOf(b) - severityOf(a));
}

/** True if the servers that wait for its answers answer errors themselves: their own clients were still there. */
function isMissed({ how, callers }: Finding): boolean {
  return (
    how === 'unanswered' && callers.some(({ at: { stats } }) => stats.serverErrors > 0 && howOf(stats) === 'errors')
  );
}

function findingAt(at: Found): Finding | undefined {
  const { timeline, failed, exchanges } = at.stats;
  const failing = failed > 0 ? timeline.failing() : undefined;
  if (
    failing !== undefined &&
    failing.inside >= (failing.exchanges < MANY_FAILURES ? MIN_SHARE_OF_FEW : MIN_SHARE_OF_MANY)
  ) {
    const how = howOf(at.stats);
    const client = oneClient(at.stats, failed, exchanges);
    const side = client !== undefined ? 'client' : how === 'errors' ? 'server' : 'unknown';
    return { kind: 'failing', at, onset: failing, side, client, how, callers: [] };
  }
  const slow = timeline.slowWait();
  if (slow !== undefined && slow.inside >= MIN_SLOW_MS) {
    return { kind: 'slow', at, onset: slow, side: 'server', how: 'errors', callers: [] };
  }
  const transfer = timeline.slowTransfer();
  if (transfer !== undefined && transfer.inside >= MIN_TRANSFER_MS) {
    return { kind: 'transfer', at, onset: transfer, side: 'transport', how: 'errors', callers: [] };
  }
  return undefined;
}

function weightOf({ failed, exchanges }: RouteStats): number {
  return failed * FAILURE_WEIGHT + exchanges;
}

function severityOf({ kind, onset, callers }: Finding): number {
  const own = onset.exchanges * (kind === 'failing' ? FAILURE_WEIGHT : 1);
  return own + callers.reduce((sum, { at }) => sum + weightOf(at.stats), 0);
}
