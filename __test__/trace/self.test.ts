/** The time that a hop took itself, of calls whose times are known to the microsecond here and to the millisecond there. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hop } from '../../ts/trace/hop';
import { selfOf } from '../../ts/trace/self';

/** In ms with fractions. */
interface True {
  startMs: number;
  endMs: number;
}

/** `isOrdered`: places are known, by the true order. */
function hopsOf(caller: True, calls: readonly True[], isOrdered: boolean): [Hop, Hop[]] {
  const all = [caller, ...calls];
  const events = all.flatMap(({ startMs, endMs }, n) => [
    { ms: startMs, key: `asked ${n}` },
    { ms: endMs, key: `answered ${n}` },
  ]);
  const order = events.sort((a, b) => a.ms - b.ms).map(({ key }) => key);
  const [hop, ...others] = all.map(({ startMs, endMs }, n): Hop => {
    const places = { asked: order.indexOf(`asked ${n}`), answered: order.indexOf(`answered ${n}`) };
    const lengthMs = endMs - startMs;
    return {
      ...{ point: '', keys: { named: 'traceparent', trace: 'a' }, method: 'GET', path: `/${n}`, server: 'a:80' },
      ...{ serverIp: '10.0.0.1', serverPort: 80, clientIp: '10.0.0.2', clientPort: n, outcome: '200', isFailed: false },
      ...{ atMs: Math.floor(startMs), allMs: lengthMs, uploadMs: 0, waitMs: lengthMs, ...(isOrdered ? places : {}) },
    };
  });
  return [hop as Hop, others];
}

const found = (caller: True, calls: readonly True[], isOrdered = true): number => {
  const [hop, others] = hopsOf(caller, calls, isOrdered);
  return (
    selfOf(
      hop,
      others.map((each) => ({ hop: each, skewMs: 0 })),
    ) ?? Number.NaN
  );
};

/** The definition: the union of the calls, taken off. */
const truth = ({ startMs, endMs }: True, calls: readonly True[]): number => {
  let [untilMs, awaitedMs] = [startMs, 0];
  for (const call of [...calls].sort((a, b) => a.startMs - b.startMs)) {
    awaitedMs += Math.max(0, Math.min(endMs, call.endMs) - Math.max(untilMs, call.startMs));
    untilMs = Math.max(untilMs, call.endMs);
  }
  return endMs - startMs - awaitedMs;
};

const micros = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most }).map((us) => us / 1_000);

/** The gap before each call, and its length; mostly far below a millisecond. */
const steps = fc.array(fc.tuple(micros(400), fc.oneof({ weight: 4, arbitrary: micros(900) }, micros(9_000))), {
  minLength: 1,
  maxLength: 40,
});

const sequential = fc.tuple(micros(999), steps).map(([offsetMs, each]): [True, True[]] => {
  const startMs = 1_000 + offsetMs;
  let at = startMs;
  const calls = each.map(([gapMs, lengthMs]) => {
    const call = { startMs: at + gapMs, endMs: at + gapMs + lengthMs };
    at = call.endMs;
    return call;
  });
  return [{ startMs, endMs: at + 0.2 }, calls];
});

describe('self time', () => {
  it('of calls one after the other is exact, however many begin within one millisecond', () => {
    fc.assert(
      fc.property(sequential, ([caller, calls]) => {
        expect(found(caller, calls)).toBeCloseTo(truth(caller, calls), 6);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order in which they are given', () => {
    fc.assert(
      fc.property(sequential, ([caller, calls]) => {
        const [hop, others] = hopsOf(caller, calls, true);
        const called = others.map((each) => ({ hop: each, skewMs: 0 }));
        expect(selfOf(hop, [...called].reverse())).toBe(selfOf(hop, called));
      }),
    );
  });

  const batch = fc.array(fc.tuple(micros(3_000), micros(6_000)), { minLength: 2, maxLength: 20 });

  it('of calls at the same time is right within a millisecond, with those before and after them', () => {
    fc.assert(
      fc.property(sequential, batch, sequential, ([first, before], together, [last, after]) => {
        const fromMs = first.endMs;
        const calls = together.map(([gapMs, lengthMs]) => ({
          startMs: fromMs + gapMs,
          endMs: fromMs + gapMs + lengthMs,
        }));
        const endMs = Math.max(...calls.map((call) => call.endMs));
        // There is no gap in which nothing is asked: else there are two batches.
        const isOne = truth({ startMs: Math.min(...calls.map((call) => call.startMs)), endMs }, calls) === 0;
        fc.pre(isOne);
        const shiftMs = endMs - last.startMs;
        const moved = after.map((call) => ({ startMs: call.startMs + shiftMs, endMs: call.endMs + shiftMs }));
        const caller = { startMs: first.startMs, endMs: last.endMs + shiftMs };
        const all = [...before, ...calls, ...moved];
        // A millisecond, and the rounding of numbers.
        expect(Math.abs(found(caller, all) - truth(caller, all))).toBeLessThan(1 + 1e-6);
      }),
      { numRuns: 2_000 },
    );
  });

  it('without an order a call may follow those before it, within a millisecond and no longer', () => {
    const caller = { startMs: 1_000, endMs: 1_009 };
    const short = { startMs: 1_000.1, endMs: 1_000.8 };
    const long = { startMs: 1_000.9, endMs: 1_003.9 };
    expect(found(caller, [short, long], false)).toBeCloseTo(9 - 3.7);
    const twenty = Array.from({ length: 20 }, () => ({ startMs: 1_000.1, endMs: 1_001 }));
    expect(Math.abs(found(caller, twenty, false) - 8.1)).toBeLessThan(1);
    expect(found(caller, twenty)).toBeCloseTo(8.1);
  });

  it('an order that contradicts the times by more than a millisecond moves nothing', () => {
    const caller = { startMs: 1_000, endMs: 1_020 };
    const [hop, [one, other]] = hopsOf(
      caller,
      [
        { startMs: 1_001, endMs: 1_011 },
        { startMs: 1_002, endMs: 1_012 },
      ],
      true,
    );
    const called = [
      { hop: { ...(one as Hop), answered: 3 }, skewMs: 0 },
      { hop: { ...(other as Hop), asked: 4 }, skewMs: 0 },
    ];
    expect(selfOf(hop, called)).toBeCloseTo(9);
  });
});
