/**
 * The changes from one capture to the other. In: their endpoints. Out: the differences that are neither noise nor small, the worst
 * endpoint first; endpoints that only wait for another, or fail with it, are named there.
 */

import { byCause, type Caller, type Fault, howOf, oneClient } from '../exchange/causes';
import type { RouteStats } from '../exchange/route-stats';
import type { FoundOn } from '../exchange/servers';
import type { Captures } from './captures';
import type { Endpoint, Side } from './endpoint';
import { quantileOf } from './sample';
import { fisher, holm, mannWhitney } from './tests';
import type { Values } from './values';

/** The probability that a comparison names one difference or more where nothing has changed. */
export const ALPHA = 0.01;
/** Fewer times are not compared. */
export const MIN_TIMES = 8;
/** Smaller differences of times are not told, however sure they are: of the smaller time, and in ms. */
export const MIN_SHIFT = 0.2;
export const MIN_SHIFT_MS = 1;
/** The same of shares; what was never there before, or never is any more, is told whatever its share. */
export const MIN_POINTS = 0.01;
/** Fewer values of a field are not compared. */
export const MIN_VALUES = 8;
const TAIL = 0.95;

type Both = readonly [number, number];

/** Of exchanges or heads: so many of so many. */
interface ShareDifference {
  what: 'failed' | 'outcome' | 'request-header' | 'response-header';
  /** The outcome or the field. */
  name: string;
  hits: Both;
  of: Both;
  /** After Holm's correction. */
  p: number;
}

interface WaitDifference {
  what: 'wait';
  /** 0.5 or 0.95. */
  quantile: number;
  ms: Both;
  /** Of how many times; of more than are kept a sample is compared. */
  of: Both;
  p: number;
}

/** A field had one value in nearly all messages, and has another in nearly all. */
export interface ValueDifference {
  what: 'request-value' | 'response-value';
  name: string;
  values: readonly [string, string];
  /** Messages with either's own value, of those that have the field. */
  hits: Both;
  of: Both;
  p: number;
}

export type Difference = ShareDifference | WaitDifference | ValueDifference;

export type Kind = 'failing' | 'slower' | 'vanished' | 'changed' | 'new' | 'better';
const KINDS: readonly Kind[] = ['failing', 'slower', 'vanished', 'changed', 'new', 'better'];

export interface Place extends FoundOn<Endpoint> {
  exchanges: Both;
}

export interface Change {
  kind: Kind;
  at: Place;
  differences: Difference[];
  /** Of a new endpoint, and of an endpoint that is gone. */
  p?: number | undefined;
  /** Nearly all that fails is from this client. */
  client?: string | undefined;
  /** They differ since they call this endpoint, or were called for it. */
  callers: Caller<Place>[];
}

export interface Differences {
  changes: Change[];
  /** How many tests were made. */
  tests: number;
  /** Endpoints of both captures. */
  compared: number;
  /** Endpoints with fewer times than can be compared, on one of the sides. */
  few: number;
  /** Endpoints of which a sample of the times was compared. */
  sampled: number;
  /** Endpoints with more outcomes or names of fields than are told apart. */
  more: number;
}

interface Candidate {
  at: Place;
  /** `undefined`: that it is new, or gone. */
  difference: Difference | undefined;
  p: number;
  isLarge: boolean;
}

export function differencesOf(captures: Captures): Differences {
  const [{ exchanges: allA }, { exchanges: allB }] = captures.facts;
  const result: Differences = { changes: [], tests: 0, compared: 0, few: 0, sampled: 0, more: 0 };
  const candidates: Candidate[] = [];
  for (const found of captures.found()) {
    const [a, b] = found.stats.sides;
    const at: Place = { ...found, exchanges: [a.exchanges, b.exchanges] };
    if (found.stats.hasMore) result.more++;
    if (a.exchanges > 0 && b.exchanges > 0) {
      result.compared++;
      candidates.push(...sharesOf(at, a, b));
      const waits: Both = [a.waits.count, b.waits.count];
      if (Math.min(...waits) >= MIN_TIMES) candidates.push(...waitsOf(at, a, b));
      else result.few++;
      const [keptA, keptB] = [a.waits.values().length, b.waits.values().length];
      if (keptA < waits[0] || keptB < waits[1]) result.sampled++;
    } else if (a.exchanges + b.exchanges > 0) {
      const p = fisher(a.exchanges, allA, b.exchanges, allB);
      candidates.push({ at, difference: undefined, p, isLarge: true });
    }
  }
  const sure = holm(candidates.map(({ p }) => p));
  const told = candidates.flatMap((candidate, index) => {
    const p = sure[index] ?? 1;
    return candidate.isLarge && p <= ALPHA ? [{ ...candidate, p }] : [];
  });
  return { ...result, tests: candidates.length, changes: changesOf(told) };
}

/** Shares that could differ: what all have or none has is no test. */
function* sharesOf(at: Place, a: Side, b: Side): Generator<Candidate> {
  const all: Both = [a.exchanges, b.exchanges];
  yield* share(at, 'failed', '', [a.failed, b.failed], all);
  yield* sharesIn(at, 'outcome', a.outcomes, b.outcomes, all);
  for (const of of ['request', 'response'] as const) {
    yield* sharesIn(at, `${of}-header`, a.names[of], b.names[of], [a.heads[of], b.heads[of]]);
    yield* valuesIn(at, `${of}-value`, a.values[of], b.values[of]);
  }
}

/**
 * Of fields with a value that is stable in the first capture: how many have that value on either side. A field whose values vary
 * there says nothing; one of which all have the same value is no test.
 */
function* valuesIn(
  at: Place,
  what: ValueDifference['what'],
  a: ReadonlyMap<string, Values>,
  b: ReadonlyMap<string, Values>,
): Generator<Candidate> {
  for (const [name, before] of a) {
    const after = b.get(name);
    const old = before.stable;
    if (after === undefined || old === undefined || Math.min(before.count, after.count) < MIN_VALUES) continue;
    const kept = after.hits(old.value);
    if (old.hits === before.count && kept === after.count) continue;
    const now = after.stable;
    const isLarge = now !== undefined && now.value !== old.value;
    const p = fisher(old.hits, before.count, kept, after.count);
    const of: Both = [before.count, after.count];
    const values = [old.value, now?.value ?? old.value] as const;
    yield { at, difference: { what, name, values, hits: [old.hits, now?.hits ?? kept], of, p }, p, isLarge };
  }
}

type Counts = ReadonlyMap<string, number>;

function* sharesIn(at: Place, what: ShareDifference['what'], a: Counts, b: Counts, of: Both): Generator<Candidate> {
  for (const name of new Set([...a.keys(), ...b.keys()]))
    yield* share(at, what, name, [a.get(name) ?? 0, b.get(name) ?? 0], of);
}

function* share(at: Place, what: ShareDifference['what'], name: string, hits: Both, of: Both): Generator<Candidate> {
  const sum = hits[0] + hits[1];
  if (of[0] === 0 || of[1] === 0 || sum === 0 || sum === of[0] + of[1]) return;
  const p = fisher(hits[0], of[0], hits[1], of[1]);
  const points = Math.abs(hits[0] / of[0] - hits[1] / of[1]);
  yield { at, difference: { what, name, hits, of, p }, p, isLarge: points >= MIN_POINTS || hits.includes(0) };
}

function* waitsOf(at: Place, a: Side, b: Side): Generator<Candidate> {
  const [timesA, timesB] = [a.waits.values(), b.waits.values()];
  const of: Both = [a.waits.count, b.waits.count];
  const wait = (quantile: number, p: number): Candidate => {
    const ms: Both = [quantileOf(timesA, quantile) ?? 0, quantileOf(timesB, quantile) ?? 0];
    const shift = Math.abs(ms[0] - ms[1]);
    const isLarge = shift >= MIN_SHIFT_MS && shift >= MIN_SHIFT * Math.min(...ms);
    return { at, difference: { what: 'wait', quantile, ms, of, p }, p, isLarge };
  };
  yield wait(0.5, mannWhitney(timesA, timesB));
  // The slowest of both together: how many of them are of either.
  const limit =
    quantileOf(
      [...timesA, ...timesB].sort((x, y) => x - y),
      TAIL,
    ) ?? 0;
  const beyond = (times: readonly number[]): number => times.filter((ms) => ms > limit).length;
  const [overA, overB] = [beyond(timesA), beyond(timesB)];
  if (overA + overB > 0) yield wait(TAIL, fisher(overA, timesA.length, overB, timesB.length));
}

function changesOf(told: readonly Candidate[]): Change[] {
  const changes = new Map<Endpoint, Change>();
  for (const { at, difference, p } of told) {
    const change = changes.get(at.stats) ?? { kind: 'changed', at, differences: [], callers: [] };
    changes.set(at.stats, change);
    if (difference !== undefined) change.differences.push(difference);
    else {
      change.kind = at.exchanges[0] === 0 ? 'new' : 'vanished';
      change.p = p;
    }
  }
  for (const change of changes.values()) change.kind = kindOf(change.differences) ?? change.kind;
  const all = [...changes.values()];
  joined(all, 1, (difference) => {
    const trend = trendOf(difference);
    return trend === 'slower' ? 'slow' : trend === 'failing' ? trend : undefined;
  });
  joined(all, 0, (difference) => {
    if (trendOf(difference) !== 'better') return undefined;
    return difference.what === 'wait' ? 'slow' : 'failing';
  });
  return all
    .filter(({ differences, p }) => differences.length > 0 || p !== undefined)
    .sort((x, y) => KINDS.indexOf(x.kind) - KINDS.indexOf(y.kind) || weightOf(y) - weightOf(x));
}

function trendOf(difference: Difference): 'failing' | 'slower' | 'better' | undefined {
  if (difference.what === 'wait') return difference.ms[1] > difference.ms[0] ? 'slower' : 'better';
  if (difference.what !== 'failed') return undefined;
  const [a, b] = [difference.hits[0] / difference.of[0], difference.hits[1] / difference.of[1]];
  return b > a ? 'failing' : 'better';
}

/** The worst of their trends. */
function kindOf(differences: readonly Difference[]): Kind | undefined {
  const trends = differences.map(trendOf);
  return (['failing', 'slower', 'better'] as const).find((trend) => trends.includes(trend));
}

type FaultAt = Fault<{ stats: RouteStats; change: Change }>;

/** Takes from those that are no cause what is another endpoint's doing, which has it in `callers` then. `side`: where the fault is. */
function joined(
  changes: readonly Change[],
  side: 0 | 1,
  faultOf: (difference: Difference) => 'failing' | 'slow' | undefined,
): void {
  const faults = new Map<RouteStats, FaultAt>();
  for (const change of changes) {
    const kinds = change.differences.map(faultOf);
    const kind = kinds.includes('failing') ? 'failing' : kinds.includes('slow') ? 'slow' : undefined;
    if (kind === undefined) continue;
    const stats = change.at.stats.sides[side];
    const client = kind === 'failing' ? oneClient(stats, stats.failed, stats.exchanges) : undefined;
    faults.set(stats, { kind, at: { stats, change }, client, how: howOf(stats), callers: [] });
  }
  for (const { at, client, callers } of byCause<FaultAt['at'], FaultAt>(faults)) {
    at.change.client ??= client;
    for (const { at: caller, through, ...rest } of callers) {
      at.change.callers.push({ ...rest, at: caller.change.at, through: through?.change.at });
      const { differences } = caller.change;
      // A difference that goes the other way is its own matter, and so are fields, and outcomes unless they are of failures that are explained.
      const isExplained = (difference: Difference): boolean => faultOf(difference) !== undefined;
      const fails = differences.some((difference) => difference.what === 'failed' && isExplained(difference));
      caller.change.differences = differences.filter(
        (difference) => !isExplained(difference) && !(difference.what === 'outcome' && fails),
      );
      caller.change.kind = kindOf(caller.change.differences) ?? 'changed';
    }
  }
}

/** Exchanges that are concerned. */
function weightOf({ kind, at, callers }: Change): number {
  const [a, b] = at.stats.sides;
  const own = kind === 'failing' ? b.failed : Math.max(a.exchanges, b.exchanges);
  return own + callers.reduce((sum, caller) => sum + Math.max(...caller.at.exchanges), 0);
}
