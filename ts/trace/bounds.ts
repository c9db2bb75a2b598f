/**
 * How far the clocks of two capture points can be apart. In: the hops of a trace. Out: bounds, each of two hops of which one lies within the
 * other. Refuses to know which of them to believe: that is clocks.
 *
 * An exchange that both points have seen is like a poll of NTP (RFC 5905 §8): the request comes to the server's side after it left the
 * client's, and the response the other way round. A call lies within the exchange that it was made for, unless that does not wait for it.
 */

import type { Copies } from './copies';
import { type Hop, isSameServer, mayHaveCalled } from './hop';

/** Times are whole milliseconds, rounded down: their difference is more or less by up to one. */
const ROUNDING_MS = 1;

export interface Bound {
  outer: Hop;
  inner: Hop;
  /** The clock of the inner one's point is ahead by this at least, and by this at most. The reverse order: no offset makes it fit. */
  leastMs: number;
  mostMs: number;
  /** Both are the same exchange; else a call, or a request that was handed on, and what it was made for. */
  isSame: boolean;
}

/** All hops, each exchange once. */
export function copiesOf(hops: readonly Hop[]): Copies[] {
  const groups: Hop[][] = [];
  for (const same of groupedBy(hops, connectionKeyOf)) groups.push(...copiesIn(same));
  return groups.map((group) => [...group].sort((a, b) => answeredMsOf(a) - answeredMsOf(b)) as [Hop, ...Hop[]]);
}

export function* boundsOf(groups: readonly Copies[]): Generator<Bound> {
  for (const [inner, ...others] of groups) for (const outer of others) yield* answeredWithin(outer, inner, true);
  yield* handedOn(groups);
  yield* calls(groups);
}

/** Requests of one connection that look the same are told apart by their order, if each point has as many of them. */
function copiesIn(same: readonly Hop[]): Hop[][] {
  const points = groupedBy(same, ({ point }) => point).map((at) => [...at].sort((a, b) => a.atMs - b.atMs));
  const [first = []] = points;
  if (points.some(({ length }) => length !== first.length)) return same.map((hop) => [hop]);
  return first.map((_, index) => points.flatMap((at) => at[index] ?? []));
}

/** The response begins first at the inner hop. */
function* answeredWithin(outer: Hop, inner: Hop, isSame: boolean): Generator<Bound> {
  const shorterMs = answeredMsOf(inner) - answeredMsOf(outer);
  if (!Number.isFinite(shorterMs)) return;
  const apartMs = inner.atMs - outer.atMs;
  yield { outer, inner, leastMs: apartMs + shorterMs - ROUNDING_MS, mostMs: apartMs + ROUNDING_MS, isSame };
}

/** Behind a proxy, or where addresses are replaced, the span of the call says that it was handed on, if nothing else has that span. */
function* handedOn(groups: readonly Copies[]): Generator<Bound> {
  const spanned = groups.filter(([{ keys }]) => keys.span !== undefined);
  for (const [a, b, another] of groupedBy(spanned, ([hop]) => spanKeyOf(hop))) {
    if (a === undefined || b === undefined || another !== undefined || sharePoint(a, b) || areSiblings(a, b)) continue;
    for (const [inner, outer] of [
      [a, b],
      [b, a],
    ] as const) {
      const [called, answering] = [inner[inner.length - 1] as Hop, outer[0]];
      if (answeredMsOf(called) > answeredMsOf(answering)) continue;
      yield* answeredWithin(answering, called, false);
      break;
    }
  }
}

/** A client that asks again, or asks several servers, may do so with the same fields; a response that is handed on stays what it is. */
function areSiblings([a]: Copies, [b]: Copies): boolean {
  return a.clientIp === b.clientIp || a.outcome !== b.outcome;
}

function* calls(groups: readonly Copies[]): Generator<Bound> {
  const bySpan = new Map<string, Copies[]>();
  const byServer = new Map<string, Copies[]>();
  for (const group of groups) {
    const [{ keys, serverIp }] = group;
    if (keys.span !== undefined) put(bySpan, keys.span, group);
    put(byServer, serverIp, group);
  }
  for (const group of groups) {
    const inner = group[group.length - 1] as Hop;
    const { parent } = inner.keys;
    const told = parent === undefined ? undefined : bySpan.get(parent);
    const caller = onlyOne(
      told ?? byServer.get(inner.clientIp) ?? [],
      ([each]) => !isSameServer(each, inner) && (told !== undefined || mayHaveCalled(each, inner)),
    );
    if (caller === undefined || sharePoint(caller, group)) continue;
    const [outer] = caller;
    if (outer.allMs === undefined) continue;
    const apartMs = inner.atMs - outer.atMs;
    const leastMs = apartMs + (inner.allMs ?? 0) - outer.allMs - ROUNDING_MS;
    yield { outer, inner, leastMs, mostMs: apartMs + ROUNDING_MS, isSame: false };
  }
}

/** Looks no further than the second: in a trace of one server all others may have called a hop. */
function onlyOne<Each>(all: readonly Each[], suits: (each: Each) => boolean): Each | undefined {
  let found: Each | undefined;
  for (const each of all) {
    if (!suits(each)) continue;
    if (found !== undefined) return undefined;
    found = each;
  }
  return found;
}

function connectionKeyOf({ clientIp, clientPort, serverIp, serverPort, ...hop }: Hop): string {
  return `${clientIp} ${clientPort} ${serverIp} ${serverPort} ${hop.keys.request ?? ''} ${spanKeyOf(hop)}`;
}

function spanKeyOf({ keys, method, path }: Pick<Hop, 'keys' | 'method' | 'path'>): string {
  return `${keys.span ?? ''} ${method} ${path}`;
}

/** Until the response began. */
function answeredMsOf({ uploadMs, waitMs = Number.POSITIVE_INFINITY }: Hop): number {
  return uploadMs + waitMs;
}

/** Of one point there is one clock. */
function sharePoint(a: Copies, b: Copies): boolean {
  return a.some(({ point }) => b.some((other) => other.point === point));
}

function groupedBy<Each>(all: readonly Each[], keyOf: (each: Each) => string): Each[][] {
  const groups = new Map<string, Each[]>();
  for (const each of all) put(groups, keyOf(each), each);
  return [...groups.values()];
}

function put<Each>(groups: Map<string, Each[]>, key: string, each: Each): void {
  const there = groups.get(key);
  if (there === undefined) groups.set(key, [each]);
  else there.push(each);
}
