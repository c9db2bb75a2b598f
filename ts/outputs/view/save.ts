/** Exchanges that the page has chosen, as HAR. In: their numbers. Out: their rows; pieces of a document, an entry at a time. */

import { entryOf, startedAtOf } from '../har/entry';
import { BEGIN, endOf } from '../har/file';
import { isSocket, socketMessageOf } from '../har/sockets';
import { exchangeIn } from './lines';
import type { Ring } from './ring';
import type { Row } from './shapes';

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
  yield BEGIN;
  let separator = '\n';
  let startedAt: string | undefined;
  for (const { n, ending, endedAt } of rowsIn(ring, ranges)) {
    const lines = ring.get(n)?.lines;
    if (lines === undefined) continue;
    const { exchange, inside } = exchangeIn(lines);
    // Of a message inside a stream without its exchange there is nothing to tell.
    if (exchange.request === undefined && exchange.response === undefined && exchange.interim.length === 0) continue;
    const began = startedAtOf(exchange);
    if (startedAt === undefined || began < startedAt) startedAt = began;
    const messages = inside.flatMap((message) => socketMessageOf(message) ?? []);
    const isOpened = isSocket(exchange.request, exchange.response);
    const about = {
      inside: isOpened ? messages : undefined,
      ending:
        ending === undefined
          ? undefined
          : { words: ending, ...(endedAt !== undefined && { atMicros: endedAt * 1_000 }) },
    };
    yield separator + JSON.stringify(entryOf(exchange, about));
    separator = ',\n';
  }
  yield endOf(startedAt ?? new Date().toISOString());
}

/** Those that are still there. */
export function* rowsIn(ring: Ring, ranges: readonly Range[]): Generator<Row> {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  let at = 0;
  for (const row of ring.rows()) {
    while ((sorted[at]?.[1] ?? Number.POSITIVE_INFINITY) < row.n) at++;
    const range = sorted[at];
    if (range === undefined) return;
    if (row.n >= range[0]) yield row;
  }
}
