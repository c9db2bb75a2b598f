/**
 * Which hop of a trace was called for which, and the time that each took itself. In: the hops. Out: trees. A caller is what the fields
 * say (B3), else the shortest exchange around a hop whose server is the hop's client. Times of packets are whole milliseconds, and those
 * of several capture points are of several clocks: once they are aligned they are as far apart as that is unsure, and what still contradicts
 * that a call comes after what it was made for is told.
 */

import { awaitedSpanOf, type Hop, isSameServer, mayHaveCalled, RESOLUTION_MS, slackOf } from './hop';
import { selfOf } from './self';

export interface Node {
  hop: Hop;
  children: Node[];
  /** The time in which its server had the request, had not begun to answer, and waited for no call. */
  selfMs?: number | undefined;
  /** Another caller fits as well. */
  isUncertain: boolean;
  /** Of such a call it is not known if it is this one's, or of a call without a response until when it was waited for. */
  isSelfUncertain: boolean;
  /** So much before its caller it began: the clocks differ, or the caller is another hop that was not captured. */
  skewMs: number;
}

/** A node, and how many callers are above it. */
export interface Placement {
  node: Node;
  depth: number;
}

/** True if nothing says when its client left. */
export function isOpenEnded(hop: Hop): boolean {
  const { allMs, goneMs } = awaitedSpanOf(hop);
  return allMs === undefined && goneMs === undefined;
}

/** Each call after its caller. */
export function* inOrder(roots: readonly Node[]): Generator<Placement> {
  // In place of a call for each depth: a chain may be as long as its trace.
  const open = roots.map((node) => ({ node, depth: 0 })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    const below = next.depth + 1;
    open.push(...next.node.children.map((node) => ({ node, depth: below })).reverse());
  }
}

/** The hop that took most of the time itself. */
export function mostItself(placements: readonly Placement[]): Node | undefined {
  return placements.reduce<Node | undefined>(
    (best, { node }) => ((node.selfMs ?? 0) > (best?.selfMs ?? 0) ? node : best),
    undefined,
  );
}

interface Placed {
  caller: Node;
  /** They fit too. */
  others?: readonly Node[];
  isUncertain: boolean;
  skewMs: number;
}

/** Those without a caller, the earliest first, as the calls of each are. */
export function treesOf(hops: readonly Hop[]): Node[] {
  const nodes = [...hops]
    .sort((a, b) => awaitedSpanOf(a).atMs - awaitedSpanOf(b).atMs || lengthOf(b) - lengthOf(a))
    .map((hop): Node => ({ hop, children: [], isUncertain: false, isSelfUncertain: false, skewMs: 0 }));
  const callers = new Map<Node, Node>();
  const roots: Node[] = [];
  for (const node of nodes) {
    const placed = placeOf(node, nodes, (caller) => !isAbove(node, caller, callers));
    if (placed === undefined) {
      roots.push(node);
      continue;
    }
    const { caller, others = [], isUncertain, skewMs } = placed;
    callers.set(node, caller);
    caller.children.push(node);
    Object.assign(node, { isUncertain, skewMs });
    caller.isSelfUncertain ||= isUncertain;
    // Those around the caller wait for it in any case.
    if (isUncertain) for (const other of others) if (!isAbove(other, caller, callers)) other.isSelfUncertain = true;
  }
  for (const node of nodes) {
    node.selfMs = selfOf(node.hop, node.children);
    const isOpen = node.children.some(({ hop }) => isOpenEnded(hop));
    if (isOpen && node.selfMs !== undefined) node.isSelfUncertain = true;
  }
  return roots;
}

function placeOf(node: Node, nodes: readonly Node[], mayCall: (caller: Node) => boolean): Placed | undefined {
  const { hop } = node;
  const others = nodes.filter((other) => other !== node && mayCall(other));
  const { parent } = hop.keys;
  if (parent !== undefined) {
    // A proxy hands the id on: the innermost one made the call.
    const told = shortest(others.filter((other) => other.hop.keys.span === parent && !isSameServer(other.hop, hop)));
    if (told !== undefined) return { caller: told, isUncertain: false, skewMs: skewOf(told.hop, hop) };
  }
  const near = others.filter((other) => mayHaveCalled(other.hop, hop) && !isSameServer(other.hop, hop));
  const around = near.filter((other) => isWithin(hop, other.hop));
  const caller = shortest(around);
  if (caller !== undefined) return { caller, others: around, isUncertain: around.length > 1, skewMs: 0 };
  // On one host the address is that of all.
  if (hop.clientIp === hop.serverIp) return undefined;
  // It goes on after its caller has answered, or is made after that.
  const before = near.filter((other) => skewOf(other.hop, hop) === 0);
  const last = before.at(-1);
  if (last !== undefined) return { caller: last, others: before, isUncertain: before.length > 1, skewMs: 0 };
  const later = near.find((other) => lengthOf(hop) <= lengthOf(other.hop));
  if (later !== undefined) return { caller: later, isUncertain: false, skewMs: skewOf(later.hop, hop) };
  if (near.length > 0) return undefined;
  return beyondAddresses(hop, others);
}

/** Between the two the addresses are replaced, as those of a service are: then only the times are left. */
function beyondAddresses(hop: Hop, others: readonly Node[]): Placed | undefined {
  const clients = new Set(others.map((other) => other.hop.clientIp));
  const caller = shortest(
    others.filter(
      (other) => other.hop.clientIp !== hop.clientIp && !clients.has(other.hop.serverIp) && isWithin(hop, other.hop),
    ),
  );
  return caller && { caller, isUncertain: true, skewMs: 0 };
}

function isWithin(hop: Hop, outer: Hop): boolean {
  const { atMs, allMs = 0 } = awaitedSpanOf(hop);
  // Lengths are known far better than times.
  if (allMs > lengthOf(outer) || skewOf(outer, hop) > 0) return false;
  return atMs + allMs <= outer.atMs + lengthOf(outer) + RESOLUTION_MS + slackOf(outer, awaitedSpanOf(hop));
}

/** So much the inner hop begins before the outer. */
function skewOf(outer: Hop, hop: Hop): number {
  const inner = awaitedSpanOf(hop);
  const ms = outer.atMs - inner.atMs;
  return ms > RESOLUTION_MS + slackOf(outer, inner) ? ms : 0;
}

/** A hop that has no response is longer than all others. */
function lengthOf({ allMs }: Hop): number {
  return allMs ?? Number.POSITIVE_INFINITY;
}

function shortest(nodes: readonly Node[]): Node | undefined {
  return nodes.reduce<Node | undefined>(
    (best, node) => (best === undefined || lengthOf(node.hop) < lengthOf(best.hop) ? node : best),
    undefined,
  );
}

/** True if `above` is the caller of `node`, or the caller of its caller, and so on. */
function isAbove(above: Node, node: Node, callers: ReadonlyMap<Node, Node>): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = callers.get(at)) if (at === above) return true;
  return false;
}
