/**
 * Which faults are others' doing. In: endpoints that fail or are slow, with what they waited for. Out: those that are causes, each with
 * the endpoints that only wait for it, or were left with it.
 */

import type { Calls, RouteStats } from './route-stats';

/** `failing`: server errors, no response, cut responses. `slow`: the server takes longer. `transfer`: the bytes do. */
export type Kind = 'failing' | 'slow' | 'transfer';

/** `At` says where an endpoint is. */
export interface Fault<At extends Place> {
  kind: Kind;
  at: At;
  /** Nearly all that failed, and not nearly all that came, was from this client. */
  client?: string | undefined;
  /** Most of what failed was `errors`, `unanswered` or `cut`. */
  how: 'errors' | 'unanswered' | 'cut';
  /** Endpoints that are slow or fail for the same cause: since they wait for this, mostly. */
  callers: Caller<At>[];
}

interface Place {
  stats: RouteStats;
}

export interface Caller<At> {
  at: At;
  /** It calls nothing: it was called for the client that left, and left in turn. */
  left?: true;
  /** It waits for this endpoint, which waits for the cause, perhaps through others. */
  through?: At | undefined;
  /** Calls in each of its exchanges that failed: more than one are retries. */
  callsEach?: number | undefined;
  /** Of what it waited, so much was for this endpoint. */
  share?: number | undefined;
}

/** So much of the failures, or of the wait, has to be a callee's for it to be the cause. */
const EXPLAINED_SHARE = 0.5;
/** Calls back that are seen in so small a part of the exchanges, beside the calls, are chance. */
const MAX_BACK_SHARE = 0.25;
/** In a circle the least explains so much at the most of what the next one does, else all of them stay. */
const MAX_RIVAL_SHARE = 0.8;
/** So much of the failures has to be one client's for it to be that client's matter. */
const ONE_CLIENT_SHARE = 0.9;

/** The cause of a fault, and how much of it that explains. */
interface Cause<At extends Place, Found extends Fault<At>> {
  to: Found;
  caller: Caller<At>;
  share: number;
}

/** Those that are causes, with their callers. */
export function byCause<At extends Place, Found extends Fault<At>>(faults: ReadonlyMap<RouteStats, Found>): Found[] {
  const causes = new Map<Found, Cause<At, Found>>();
  for (const fault of faults.values()) {
    const cause = leftBy<At, Found>(fault, faults) ?? causeOf<At, Found>(fault, faults);
    if (cause !== undefined) causes.set(fault, cause);
  }
  for (const fault of faults.values()) breakCircle(fault, causes);
  const roots: Found[] = [];
  for (const fault of faults.values()) {
    const own = causes.get(fault);
    if (own === undefined) {
      roots.push(fault);
      continue;
    }
    // To the end of the chain. Where it has none nothing is the cause of itself.
    const seen = new Set([fault]);
    let { to } = own;
    for (let next = causes.get(to); next !== undefined && !seen.has(to); next = causes.get(to)) {
      seen.add(to);
      ({ to } = next);
    }
    if (causes.has(to)) roots.push(fault);
    else to.callers.push({ ...own.caller, through: own.to === to ? undefined : own.to.at });
  }
  for (const fault of roots)
    fault.callers.sort((a, b) => Number(a.through !== undefined) - Number(b.through !== undefined));
  return roots;
}

/** On one host some calls are taken for others' by their times. In a circle the cause that explains clearly the least is such. */
function breakCircle<At extends Place, Found extends Fault<At>>(
  start: Found,
  causes: Map<Found, Cause<At, Found>>,
): void {
  const circle: { fault: Found; share: number }[] = [];
  let fault = start;
  do {
    const cause = causes.get(fault);
    if (cause === undefined || circle.length > causes.size) return;
    circle.push({ fault, share: cause.share });
    fault = cause.to;
  } while (fault !== start);
  const [least, next] = circle.sort((a, b) => a.share - b.share);
  if (least !== undefined && next !== undefined && least.share <= MAX_RIVAL_SHARE * next.share)
    causes.delete(least.fault);
}

export function howOf({ serverErrors, unanswered, cut }: RouteStats): Fault<Place>['how'] {
  if (serverErrors >= unanswered && serverErrors >= cut) return 'errors';
  return unanswered >= cut ? 'unanswered' : 'cut';
}

export function oneClient(
  { failedClients, clients }: RouteStats,
  failed: number,
  exchanges: number,
): string | undefined {
  const { candidate, votes } = failedClients;
  if (candidate === undefined || votes < ONE_CLIENT_SHARE * failed) return undefined;
  // Where nearly all is from one client that says nothing.
  const others = exchanges - failed - (clients.candidate === candidate ? clients.votes : 0);
  return others > 0 && others >= failed / 2 ? candidate : undefined;
}

/** A client that leaves a server leaves what that server asks others for, too. */
function leftBy<At extends Place, Found extends Fault<At>>(
  { at, how, kind }: Found,
  faults: ReadonlyMap<RouteStats, Found>,
): Cause<At, Found> | undefined {
  if (kind !== 'failing' || how === 'errors') return undefined;
  for (const to of faults.values()) {
    if (to.client === undefined || to.how === 'errors') continue;
    for (const callee of to.at.stats.calls.keys())
      if (callee.current === at.stats) return { to, caller: { at, left: true }, share: 1 };
  }
  return undefined;
}

/** The callee that explains most. */
function causeOf<At extends Place, Found extends Fault<At>>(
  { kind, at, client }: Found,
  faults: ReadonlyMap<RouteStats, Found>,
): Cause<At, Found> | undefined {
  const { stats } = at;
  if (client !== undefined) return undefined;
  let best: Cause<At, Found> | undefined;
  for (const [callee, calls] of stats.calls) {
    const to = faults.get(callee.current);
    if (to === undefined || to.at.stats === stats || callsBack(to, stats, calls)) continue;
    const waited = calls.waitMs / Math.max(stats.spentMs.wait, 1e-9);
    // A call that never ended is in no exchange of the caller's: that both know each other has to do.
    const hung = to.how === 'unanswered' ? to.at.stats.unanswered : 0;
    const failed =
      kind === 'failing' && to.kind === 'failing' ? Math.max(calls.failed, hung) / Math.max(1, stats.failed) : 0;
    const share = kind === 'failing' ? Math.max(failed, to.kind === 'slow' ? waited : 0) : waited;
    if (share < EXPLAINED_SHARE || share <= (best?.share ?? 0)) continue;
    const callsEach = calls.failed > 0 ? calls.failedCalls / calls.failed : undefined;
    const caller: Caller<At> = { at, callsEach, share: kind === 'failing' ? undefined : Math.min(1, waited) };
    best = { to, caller, share };
  }
  return best;
}

/** Two that call each other explain nothing. A call back that is seen now and then is another caller's, taken for it by its time. */
function callsBack(to: Fault<Place>, stats: RouteStats, { exchanges }: Calls): boolean {
  for (const [callee, back] of to.at.stats.calls)
    if (callee.current === stats)
      return back.exchanges / to.at.stats.exchanges > MAX_BACK_SHARE * (exchanges / stats.exchanges);
  return false;
}
