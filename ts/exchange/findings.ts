/**
 * What went wrong in a run, as far as its messages show it. In: the endpoints with what was counted. Out: for each endpoint
 * that began to fail or to slow down the onset and the side of the cause, the worst first; those that only wait for another
 * one that did are named there.
 */

import type { RouteStats } from './route-stats';
import type { Onset } from './timeline';
import type { Found, Traffic } from './traffic';

/** `failing`: server errors, no response, cut responses. `slow`: the server takes longer. `transfer`: the bytes do. */
export type Kind = 'failing' | 'slow' | 'transfer';
/** `transport`: the client or the network, which look the same from here. */
export type Side = 'server' | 'client' | 'transport' | 'unknown';

export interface Finding {
  kind: Kind;
  at: Found;
  onset: Onset;
  side: Side;
  /** Nearly all that failed, and not nearly all that came, was from this client. */
  client?: string | undefined;
  /** Most of what failed was `errors`, `unanswered` or `cut`. */
  how: 'errors' | 'unanswered' | 'cut';
  /** Endpoints that are slow or fail for the same cause: since they wait for this one, mostly. */
  callers: Caller[];
}

export interface Caller {
  at: Found;
  /** It calls nothing: it was called for the client that left, and left in turn. */
  left?: true;
  /** It waits for this one, which waits for the cause, perhaps through others. */
  through?: Found | undefined;
  /** Calls in each of its exchanges that failed: more than one are retries. */
  callsEach?: number | undefined;
  /** Of what it waited, so much was for this one. */
  share?: number | undefined;
}

/** So much of the failures, or of the wait, has to be a callee's for it to be the cause. */
const EXPLAINED_SHARE = 0.5;
/** So much of the failures has to be one client's for it to be that client's matter. */
const ONE_CLIENT_SHARE = 0.9;
/** Shorter waits are no incident, however much longer they became. */
const MIN_SLOW_MS = 20;
/** The same of the way of the bytes. */
const MIN_TRANSFER_MS = 200;
/** A failing exchange counts as so many slow ones. */
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
  const causes = new Map<Finding, { to: Finding; caller: Caller }>();
  for (const finding of findings.values()) {
    const cause = leftBy(finding, findings) ?? causeOf(finding, findings);
    if (cause !== undefined) causes.set(finding, cause);
  }
  const roots: Finding[] = [];
  for (const finding of findings.values()) {
    const own = causes.get(finding);
    if (own === undefined) {
      roots.push(finding);
      continue;
    }
    // To the end of the chain. Where it has none nothing is the cause of itself.
    const seen = new Set([finding]);
    let { to } = own;
    for (let next = causes.get(to); next !== undefined && !seen.has(to); next = causes.get(to)) {
      seen.add(to);
      ({ to } = next);
    }
    if (causes.has(to)) roots.push(finding);
    else to.callers.push({ ...own.caller, through: own.to === to ? undefined : own.to.at });
  }
  for (const finding of roots)
    finding.callers.sort((a, b) => Number(a.through !== undefined) - Number(b.through !== undefined));
  return roots.sort((a, b) => severityOf(b) - severityOf(a));
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

function howOf({ serverErrors, unanswered, cut }: RouteStats): Finding['how'] {
  if (serverErrors >= unanswered && serverErrors >= cut) return 'errors';
  return unanswered >= cut ? 'unanswered' : 'cut';
}

function oneClient({ failedClients, clients }: RouteStats, failed: number, exchanges: number): string | undefined {
  const { candidate, votes } = failedClients;
  if (candidate === undefined || votes < ONE_CLIENT_SHARE * failed) return undefined;
  // Where nearly all is from one client that says nothing.
  const others = exchanges - failed - (clients.candidate === candidate ? clients.votes : 0);
  return others > 0 && others >= failed / 2 ? candidate : undefined;
}

/** A client that leaves a server leaves what that server asks others for, too. */
function leftBy(
  { at, how, kind }: Finding,
  findings: ReadonlyMap<RouteStats, Finding>,
): { to: Finding; caller: Caller } | undefined {
  if (kind !== 'failing' || how === 'errors') return undefined;
  for (const to of findings.values()) {
    if (to.client === undefined || to.how === 'errors') continue;
    for (const callee of to.at.stats.calls.keys())
      if (callee.current === at.stats) return { to, caller: { at, left: true } };
  }
  return undefined;
}

/** The callee that explains most. */
function causeOf(
  { kind, at, client }: Finding,
  findings: ReadonlyMap<RouteStats, Finding>,
): { to: Finding; caller: Caller } | undefined {
  const { stats } = at;
  if (client !== undefined) return undefined;
  let best: { to: Finding; caller: Caller; share: number } | undefined;
  for (const [callee, calls] of stats.calls) {
    const to = findings.get(callee.current);
    if (to === undefined || to.at.stats === stats || callsBack(to, stats)) continue;
    const waited = calls.waitMs / Math.max(stats.spentMs.wait, 1e-9);
    // A call that never ended is in no exchange of the caller's: that both know each other has to do.
    const hung = to.how === 'unanswered' ? to.at.stats.unanswered : 0;
    const failed =
      kind === 'failing' && to.kind === 'failing' ? Math.max(calls.failed, hung) / Math.max(1, stats.failed) : 0;
    const share = kind === 'failing' ? Math.max(failed, to.kind === 'slow' ? waited : 0) : waited;
    if (share < EXPLAINED_SHARE || share <= (best?.share ?? 0)) continue;
    const callsEach = calls.failed > 0 ? calls.failedCalls / calls.failed : undefined;
    const caller: Caller = { at, callsEach, share: kind === 'failing' ? undefined : Math.min(1, waited) };
    best = { to, caller, share };
  }
  return best;
}

/** Two that call each other explain nothing. */
function callsBack(to: Finding, stats: RouteStats): boolean {
  for (const callee of to.at.stats.calls.keys()) if (callee.current === stats) return true;
  return false;
}

function weightOf({ failed, exchanges }: RouteStats): number {
  return failed * FAILURE_WEIGHT + exchanges;
}

function severityOf({ kind, onset, callers }: Finding): number {
  const own = onset.exchanges * (kind === 'failing' ? FAILURE_WEIGHT : 1);
  return own + callers.reduce((sum, { at }) => sum + weightOf(at.stats), 0);
}
