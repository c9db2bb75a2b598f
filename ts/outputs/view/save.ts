/** Exchanges that the page has chosen, as HAR. In: their numbers. Out: pieces of a document, an entry at a time. */

import { VERSION } from '../../version';
import { entryOf } from '../har/entry';
import { exchangeIn } from './lines';
import type { Ring } from './ring';

/** First and last number, both included. */
export type Range = readonly [first: number, last: number];

/** @throws {Error} if it is none */
export function rangesIn(text: string): Range[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value) || !value.every(isRange)) throw new Error('pairs of numbers are wanted');
  return value;
}

function isRange(value: unknown): value is Range {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((each) => Number.isSafeInteger(each)) &&
    value[0] <= value[1]
  );
}

/** Exchanges whose messages have gone are left out. */
export function* harOf(ring: Ring, ranges: readonly Range[]): Generator<string> {
  yield `{"log":{"version":"1.2","creator":{"name":"tcp-sniffer","version":"${VERSION}"},"entries":[`;
  let separator = '\n';
  for (const lines of chosen(ring, ranges)) {
    const exchange = exchangeIn(lines);
    // Of a message inside a stream without its exchange there is nothing to tell.
    if (exchange.request === undefined && exchange.response === undefined && exchange.interim.length === 0) continue;
    yield separator + JSON.stringify(entryOf(exchange));
    separator = ',\n';
  }
  yield '\n]}}\n';
}

function* chosen(ring: Ring, ranges: readonly Range[]): Generator<readonly Buffer[]> {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  let at = 0;
  for (const { n } of ring.rows()) {
    while ((sorted[at]?.[1] ?? Number.POSITIVE_INFINITY) < n) at++;
    const range = sorted[at];
    if (range === undefined) return;
    const lines = n >= range[0] ? ring.get(n)?.lines : undefined;
    if (lines !== undefined) yield lines;
  }
}
