/** Rows by endpoint or by host, with what they have in common. Pure. */

import type { Row } from '../outputs/view/shapes';
import { isError } from './chips';
import { waitOf } from './columns';

export interface Group {
  name: string;
  count: number;
  errors: number;
  bytes: number;
  /** Of those that were measured; absent where none was. */
  p50?: number;
  p95?: number;
  p99?: number;
  max?: number;
  /** How many began in each of `BUCKETS` equal parts of the time from the first exchange to the last. */
  trend: number[];
}

export const BUCKETS = 24;

export interface Groups {
  groups: Group[];
  /** Of each of those parts. */
  bucketMs: number;
}

/** Groups that are told apart; what comes then is one of its own. */
const MAX_GROUPS = 1_000;

export function groupsOf(rows: readonly Row[], nameOf: (row: Row) => string, others: string): Groups {
  const groups = new Map<string, { group: Group; waits: number[] }>();
  const [from, bucketMs] = spanOf(rows);
  for (const row of rows) {
    let name = nameOf(row);
    if (groups.size >= MAX_GROUPS && !groups.has(name)) name = others;
    let found = groups.get(name);
    if (found === undefined) {
      found = { group: { name, count: 0, errors: 0, bytes: 0, trend: new Array(BUCKETS).fill(0) }, waits: [] };
      groups.set(name, found);
    }
    const { group, waits } = found;
    group.count++;
    const bucket = Math.min(BUCKETS - 1, Math.floor((row.at - from) / bucketMs));
    group.trend[bucket] = (group.trend[bucket] ?? 0) + 1;
    if (isError(row)) group.errors++;
    group.bytes += (row.requestSize ?? 0) + (row.size ?? 0);
    const wait = waitOf(row);
    if (wait !== undefined) waits.push(wait);
  }
  return { groups: [...groups.values()].map(({ group, waits }) => ({ ...group, ...percentilesOf(waits) })), bucketMs };
}

/** When the first one began, and a part of the time until the last one did. */
function spanOf(rows: readonly Row[]): [from: number, bucketMs: number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at } of rows) {
    if (at < from) from = at;
    if (at > to) to = at;
  }
  return [from, Math.max(1, to - from) / BUCKETS];
}

/** By nearest rank. */
function percentilesOf(waits: number[]): Partial<Group> {
  if (waits.length === 0) return {};
  const sorted = Float64Array.from(waits).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) as number };
}
