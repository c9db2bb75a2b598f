/** The same as a model that keeps everything and looks at it at the end. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../ts/filter';
import { OVERHEAD_BYTES } from '../../ts/trigger/memory';
import { MAX_WINDOWS, Windows } from '../../ts/trigger/windows';
import type { HttpMessage } from '../../ts/types';
import { answered, asked, inStream, lineOf, type Message, nameOf, Rig } from './rig';

interface Passed {
  /** A call when the last message before it was whole. */
  isCall?: true;
  /** The exchange is over without a response by `endMs`, which is known here. */
  isOver?: true;
  id: string;
  beginMs: number;
  endMs: number;
  message: Message;
}

const HALVES = ['both', 'both', 'both', 'request', 'response', 'early', 'stream', 'call', 'over', 'over'] as const;

/** Messages in the order in which they become whole, over 20 s. */
const traffic = fc
  .array(
    fc.record({
      beginMs: fc.nat(10_000),
      uploadMs: fc.oneof(fc.constant(0), fc.nat(2_000)),
      waitMs: fc.oneof(fc.nat(50), fc.nat(4_000)),
      downloadMs: fc.oneof(fc.constant(0), fc.nat(3_000)),
      statusCode: fc.constantFrom(200, 200, 404, 500),
      isDebug: fc.boolean(),
      isInterim: fc.boolean(),
      halves: fc.constantFrom(...HALVES),
    }),
    { maxLength: 30 },
  )
  .map((kinds) => {
    const early = new Set<Message>();
    const passed = kinds.flatMap((kind, index): Passed[] => {
      const { beginMs, uploadMs, waitMs, downloadMs, statusCode, isDebug, isInterim, halves } = kind;
      const id = `${index}`;
      if (halves === 'call') {
        return [{ isCall: true, id, beginMs, endMs: beginMs, message: asked(id, beginMs) }];
      }
      if (halves === 'stream') {
        return [{ id, beginMs, endMs: beginMs, message: inStream(id, beginMs) }];
      }
      const headers = isDebug ? { 'x-debug': '1' } : {};
      const asking = asked(id, beginMs, { headers, ...(uploadMs > 0 ? { durationMs: uploadMs } : {}) });
      const isEarly = halves === 'early';
      // Whole before its request is.
      const fromMs = isEarly ? beginMs + 1 : beginMs + uploadMs + waitMs;
      const lastMs = isEarly ? fromMs : fromMs + downloadMs;
      const answer = answered(id, fromMs, {
        statusCode,
        ...(halves === 'response' ? { request: undefined } : { latencyMs: fromMs - beginMs }),
        ...(lastMs > fromMs ? { durationMs: lastMs - fromMs } : {}),
      });
      const request = { id, beginMs, endMs: beginMs + uploadMs, message: asking };
      const response = { id, beginMs: fromMs, endMs: lastMs, message: answer };
      const interim = { id, beginMs: fromMs, endMs: fromMs, message: answered(id, fromMs, { statusCode: 103 }) };
      if (halves === 'request') return [request];
      // It may be known before the request.
      const over: Passed = { isOver: true, id, beginMs: lastMs, endMs: lastMs, message: asking };
      if (isInterim) early.add(asking);
      if (halves === 'over') return [request, over];
      if (halves === 'response') return [response];
      return isInterim && !isEarly ? [request, interim, response] : [request, response];
    });
    const knownMs = ({ isOver, endMs, message }: Passed): number =>
      isOver === true && early.has(message) ? Number.NEGATIVE_INFINITY : endMs;
    return passed.sort((a, b) => knownMs(a) - knownMs(b));
  });

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

const isFinal = ({ direction, statusCode = 0 }: HttpMessage): boolean => direction === 'response' && statusCode >= 200;

/** The names of what surrounds a trigger. */
function modelOf(passed: readonly Passed[], text: string | undefined, beforeMs: number, afterMs: number): Set<string> {
  const filter = text === undefined ? undefined : parseFilter(text);
  const isMessage = ({ isCall, isOver }: Passed): boolean => isCall !== true && isOver !== true;
  const messages = passed.filter(isMessage);
  const overMs = new Map(passed.flatMap(({ isOver, id, endMs }) => (isOver === true ? [[id, endMs]] : [])));
  const lastMs = messages.at(-1)?.endMs ?? 0;
  const triggers: number[] = passed.flatMap(({ isCall }, at) => {
    const before = passed.slice(0, at).filter(isMessage);
    return isCall === true ? [before.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY] : [];
  });
  const byId = grouped(messages, ({ id }) => id);
  const spans = new Map<string, [number, number]>();
  for (const [id, own] of byId) {
    const http = own.map(({ message }) => message as unknown as HttpMessage);
    const request = http.find(({ direction }) => direction === 'request');
    const response = http.find(isFinal);
    const [first] = own as [Passed];
    if (first.message.stream !== undefined) {
      spans.set(id, [first.beginMs, first.endMs]);
      continue;
    }
    const isWhole = response !== undefined && (request !== undefined || response.request === undefined);
    const endMs = isWhole ? Math.max(...own.map((each) => each.endMs)) : (overMs.get(id) ?? Number.POSITIVE_INFINITY);
    spans.set(id, [Math.min(...own.map(({ beginMs }) => beginMs)), endMs]);
    // When it was known, if it is so: by the first half, by both, or since nothing came any more.
    const halves = own.filter(({ message }) => [request, response].includes(message as unknown as HttpMessage));
    const known = halves
      .map((half, at) => {
        const seen = halves.slice(0, at + 1).map(({ message }) => message as unknown as HttpMessage);
        const exchange = {
          request: seen.find((each) => each === request),
          response: seen.find((each) => each === response),
        };
        return { verdict: filter?.decide(exchange), atMs: half.endMs };
      })
      .find(({ verdict }) => verdict !== undefined);
    if (known?.verdict === true) triggers.push(known.atMs);
    else if (known === undefined && filter?.matches({ request, response }) === true) {
      triggers.push(overMs.get(id) ?? lastMs);
    }
  }
  const isWanted = ([begin, end]: [number, number]): boolean =>
    triggers.some((at) => begin <= at + afterMs && end >= at - beforeMs);
  return new Set(
    messages.filter(({ id }) => isWanted(spans.get(id) as [number, number])).map(({ message }) => nameOf(message)),
  );
}

/** In batches of some sizes; calls between them. */
function feed(rig: Rig, passed: readonly Passed[], sizes: readonly number[]): void {
  let batch: Message[] = [];
  let turn = 0;
  for (const { isCall, isOver, id, endMs, message } of passed) {
    if (isCall === true || isOver === true) {
      rig.take(...batch.splice(0));
      if (isOver === true) rig.over(id, endMs);
      else rig.call();
    } else {
      batch.push(message);
      if (batch.length > (sizes[turn % sizes.length] as number)) {
        const take = turn++ % 2 === 0 ? rig.take : rig.takeLate;
        take.apply(rig, batch);
        batch = [];
      }
    }
  }
  rig.take(...batch);
  rig.end();
}

const FILTERS = [
  'status=5xx',
  'latency>1s',
  'duration>2s or status=500',
  'status=none',
  'not status=200',
  'header.x-debug and status=404',
  'request.header.x-debug',
  'response.header.content-type and not request.header.x-debug and upload>1s',
];

describe('a trigger', () => {
  it.each([...FILTERS, undefined])('hands on what surrounds %s, and nothing else', (filter) => {
    const stretch = fc.constantFrom(0, 1, 100, 1_000, 5_000);
    fc.assert(
      fc.property(
        traffic,
        fc.array(fc.nat(4), { minLength: 1 }),
        stretch,
        stretch,
        (passed, sizes, beforeMs, afterMs) => {
          const rig = new Rig({ filter, beforeMs, afterMs });
          feed(rig, passed, sizes);
          expect(new Set(rig.out)).toEqual(modelOf(passed, filter, beforeMs, afterMs));
          expect(rig.trigger.counters()).toMatchObject({
            triggerWindowsCut: 0,
            triggerEvicted: 0,
            triggerJudgedInPart: 0,
          });
          const order = new Map(passed.map(({ message }, at) => [nameOf(message), at]));
          for (const [id, names] of grouped(rig.out, (name) => name.split(' ')[0] as string)) {
            const places = names.map((name) => order.get(name) as number);
            expect(places, id).toEqual([...places].sort((a, b) => a - b));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('balances whatever the times are and however little memory there is', () => {
    const wild = fc.array(
      fc.record({
        id: fc.nat(8).map(String),
        atMs: fc.oneof(fc.nat(5_000), fc.integer({ min: -1e9, max: 1e9 })),
        kind: fc.constantFrom('request', 'response', 'interim', 'stream', 'call', 'alone'),
        statusCode: fc.constantFrom(200, 500),
        length: fc.nat(2_000),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        wild,
        fc.integer({ min: 3_000, max: 20_000 }),
        fc.constantFrom('status=500', 'status=none'),
        (all, maxBytes, filter) => {
          const rig = new Rig({ filter, maxBytes, patienceMs: 1 });
          const names = new Set<string>();
          for (const [index, { id, atMs, kind, statusCode, length }] of all.entries()) {
            if (kind === 'call') rig.call();
            // So that each has a name of its own.
            const sequence = index;
            const body = { body: 'x'.repeat(length), stream: undefined };
            const message =
              kind === 'request'
                ? asked(id, atMs, body)
                : kind === 'stream'
                  ? inStream(id, atMs, sequence)
                  : answered(id, atMs, {
                      ...body,
                      statusCode: kind === 'interim' ? 103 : statusCode,
                      ...(kind === 'alone' ? { request: undefined } : {}),
                    });
            if (kind === 'call' || names.has(nameOf(message))) continue;
            names.add(nameOf(message));
            rig.takeLate(message);
          }
          rig.end();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('with little memory keeps the newest, and counts the others', () => {
    const sizes = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 4_000, max: 30_000 }), (lengths, maxBytes) => {
        const rig = new Rig({ maxBytes, beforeMs: 1_000_000 });
        const messages = lengths.map((length, at) =>
          answered(`${at}`, at, { request: undefined, body: 'x'.repeat(length) }),
        );
        for (const message of messages) rig.take(message);
        let bytes = 0;
        const kept = messages
          .toReversed()
          .map((message) => {
            bytes += Buffer.byteLength(lineOf(message)) + OVERHEAD_BYTES;
            return bytes;
          })
          .filter((sum) => sum <= maxBytes).length;
        expect(rig.trigger.counters()).toMatchObject({
          triggerHeldMessages: kept,
          triggerEvicted: messages.length - kept,
          untriggered: 0,
        });
        expect(rig.call()).toEqual(messages.slice(messages.length - kept).map(nameOf));
        expect(rig.trigger.windowsCut).toBe(kept < messages.length ? 1 : 0);
      }),
    );
  });
});

describe('windows', () => {
  const spans = fc.array(fc.tuple(fc.nat(100), fc.nat(20)), { maxLength: 20 });

  it('are joined where they overlap', () => {
    fc.assert(
      fc.property(spans, fc.array(fc.tuple(fc.nat(120), fc.nat(10))), (added, asked) => {
        const windows = new Windows();
        for (const [from, length] of added) windows.add(from, from + length);
        for (const [begin, length] of asked) {
          const wanted = added.some(([from, long]) => from <= begin + length && from + long >= begin);
          expect(windows.overlaps(begin, begin + length)).toBe(wanted);
        }
      }),
    );
  });

  it('say from when on time is newly wanted', () => {
    const windows = new Windows();
    expect(windows.add(10, 20)).toBe(10);
    expect(windows.add(12, 18)).toBeUndefined();
    expect(windows.add(15, 25)).toBe(20);
    expect(windows.add(5, 12)).toBe(5);
    expect(windows.add(0, 100)).toBe(0);
  });

  it('are so many at the most, and the oldest goes', () => {
    const windows = new Windows();
    for (let at = 0; at <= MAX_WINDOWS; at++) windows.add(10 * at, 10 * at + 1);
    expect(windows.overlaps(0, 5)).toBe(false);
    expect(windows.overlaps(10, 10)).toBe(true);
    expect(windows.overlaps(10 * MAX_WINDOWS, 1e9)).toBe(true);
  });
});
