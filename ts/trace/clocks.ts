/**
 * How far the clocks of capture points are apart. In: bounds. Out: for each point its offset and how sure that is, and the hops that
 * contradict it. Between two points it is where most of the bounds overlap, as NTP chooses among servers (RFC 5905 §11.2.1), so that a few
 * wrong clocks move nothing. If all clocks may be right, none is moved.
 */

import type { Bound } from './bounds';
import type { Setting } from './copies';

/** `offsetMs` is 0 if its clock may be right. */
export interface Clock extends Setting {
  point: string;
  /** The point whose clock it is compared with: that which is first, of those that have hops in common. */
  reference: string;
  /** The bounds that say so: exchanges that both points have seen, else calls. */
  hops: number;
  isSame: boolean;
}

/** Two points whose bounds do not agree. */
export interface Disagreement {
  a: string;
  b: string;
  bounds: number;
  /** The most of them that any offset suits. */
  agreeing: number;
}

export interface Contradiction {
  bound: Bound;
  /** With the offsets: so much too early or too late. */
  byMs: number;
  /** It begins too early; else it ends too late. */
  isEarly: boolean;
  /** It is longer than what it has to lie within. */
  isNever: boolean;
}

export interface Clocks {
  /** Of the points that have hops in common with another, but for those that they are compared with. */
  clocks: Clock[];
  disagreements: Disagreement[];
  contradictions: Contradiction[];
}

type Settings = ReadonlyMap<string, Clock>;

interface Edge {
  /** `b` is the later. */
  a: string;
  b: string;
  leastMs: number;
  mostMs: number;
  hops: number;
  isSame: boolean;
}

export function clocksOf(bounds: readonly Bound[]): Clocks {
  const disagreements: Disagreement[] = [];
  const edges = [...byPoints(bounds)].flatMap(([a, b, between]): Edge[] => {
    const same = between.filter(({ isSame }) => isSame);
    const used = (same.length > 0 ? same : between)
      .filter((bound) => !isNever(bound))
      .map((bound) => rangeOf(bound, a));
    if (used.length === 0) return [];
    const { agreeing, ...range } = overlapOf(used);
    if (2 * agreeing > used.length) return [{ a, b, ...range, hops: agreeing, isSame: same.length > 0 }];
    disagreements.push({ a, b, bounds: used.length, agreeing });
    return [];
  });
  const { clocks, settings } = set(edges);
  return { clocks, disagreements, contradictions: bounds.flatMap((bound) => contradictionOf(bound, settings) ?? []) };
}

interface Range {
  leastMs: number;
  mostMs: number;
}

/** By two points, the earlier one first. */
function* byPoints(bounds: readonly Bound[]): Generator<[a: string, b: string, Bound[]]> {
  const pairs = new Map<string, Map<string, Bound[]>>();
  for (const bound of bounds) {
    const [a = '', b = ''] = [bound.outer.point, bound.inner.point].sort(inOrder);
    const of = pairs.get(a) ?? new Map<string, Bound[]>();
    pairs.set(a, of);
    const between = of.get(b);
    if (between === undefined) of.set(b, [bound]);
    else between.push(bound);
  }
  for (const [a, of] of pairs) for (const [b, between] of of) yield [a, b, between];
}

/** Made when it is needed: that takes milliseconds. */
let collator: Intl.Collator | undefined;

/** `1` and `01` differ too. */
function inOrder(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : 1);
}

function isNever({ leastMs, mostMs }: Bound): boolean {
  return leastMs > mostMs;
}

/** How far the other is ahead of `a`. */
function rangeOf({ outer, leastMs, mostMs }: Bound, a: string): Range {
  return outer.point === a ? { leastMs, mostMs } : { leastMs: 0 - mostMs, mostMs: 0 - leastMs };
}

/** Where most of them overlap; if that is in several places, from the first to the last, since nothing says which it is. */
function overlapOf(ranges: readonly Range[]): Range & { agreeing: number } {
  const edges = ranges
    .flatMap(({ leastMs, mostMs }) => [
      { ms: leastMs, step: 1 },
      { ms: mostMs, step: -1 },
    ])
    .sort((x, y) => x.ms - y.ms || y.step - x.step);
  let best = { leastMs: 0, mostMs: 0, agreeing: 0 };
  let here = 0;
  for (const [index, { ms, step }] of edges.entries()) {
    here += step;
    if (step < 0 || here < best.agreeing) continue;
    const leastMs = here > best.agreeing ? ms : best.leastMs;
    best = { leastMs, mostMs: edges[index + 1]?.ms ?? ms, agreeing: here };
  }
  return best;
}

/** Both clocks may be right. */
function isRight({ leastMs, mostMs }: Range): boolean {
  return leastMs <= 0 && mostMs >= 0;
}

/** From each point to the next by the bounds that leave the least open. */
function set(edges: readonly Edge[]): { clocks: Clock[]; settings: Settings } {
  const next = treeOf(edges);
  const points = [...next.keys()].sort(inOrder);
  const settings = new Map<string, Clock>();
  for (const reference of points) {
    if (settings.has(reference)) continue;
    const first = { point: reference, reference, offsetMs: 0, slackMs: 0, hops: 0, isSame: false };
    settings.set(reference, first);
    const open: Clock[] = [first];
    for (let known = open.pop(); known !== undefined; known = open.pop()) {
      for (const edge of next.get(known.point) ?? []) {
        const clock = clockBy(edge, known);
        if (settings.has(clock.point)) continue;
        settings.set(clock.point, clock);
        open.push(clock);
      }
    }
  }
  const clocks = points
    .flatMap((point) => settings.get(point) ?? [])
    .filter(({ point, reference }) => point !== reference);
  return { clocks, settings };
}

/** The edges of each point that join all points that hang together, the narrowest bounds (Kruskal). There may be as many points as hops. */
function treeOf(edges: readonly Edge[]): Map<string, Edge[]> {
  const next = new Map<string, Edge[]>();
  const joined = new Map<string, string>();
  const rootOf = (point: string): string => {
    let root = point;
    for (let above = joined.get(root); above !== undefined; above = joined.get(root)) {
      // Half of the way is left for the next time.
      const higher = joined.get(above);
      if (higher !== undefined) joined.set(root, higher);
      root = above;
    }
    return root;
  };
  for (const edge of [...edges].sort((x, y) => x.mostMs - x.leastMs - (y.mostMs - y.leastMs))) {
    const [one, other] = [rootOf(edge.a), rootOf(edge.b)];
    if (one === other) continue;
    joined.set(one, other);
    for (const point of [edge.a, edge.b]) {
      const there = next.get(point);
      if (there === undefined) next.set(point, [edge]);
      else there.push(edge);
    }
  }
  return next;
}

function clockBy(edge: Edge, known: Clock): Clock {
  const { a, b, hops, isSame } = edge;
  const isForth = a === known.point;
  const middleMs = isRight(edge) ? 0 : (edge.leastMs + edge.mostMs) / 2;
  const slackMs = Math.max(edge.mostMs - middleMs, middleMs - edge.leastMs);
  return {
    ...{ point: isForth ? b : a, reference: known.reference, hops, isSame },
    offsetMs: known.offsetMs + (isForth ? middleMs : -middleMs),
    slackMs: known.slackMs + slackMs,
  };
}

function contradictionOf(bound: Bound, settings: Settings): Contradiction | undefined {
  const { outer, inner, leastMs, mostMs } = bound;
  const [from, to] = [settings.get(outer.point), settings.get(inner.point)];
  const isAligned = from !== undefined && to !== undefined;
  const offsetMs = isAligned ? to.offsetMs - from.offsetMs : 0;
  const slackMs = isAligned ? from.slackMs + to.slackMs : 0;
  const [earlyMs, lateMs] = [offsetMs - mostMs, leastMs - offsetMs];
  if (isNever(bound)) return { bound, byMs: leastMs - mostMs, isEarly: false, isNever: true };
  const byMs = Math.max(earlyMs, lateMs);
  return isAligned && byMs > slackMs ? { bound, byMs, isEarly: earlyMs > lateMs, isNever: false } : undefined;
}
