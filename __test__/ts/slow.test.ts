// Which exchanges are slow: beside a median that is worked out from all times before, and by nothing that comes later.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ENDPOINTS, MIN_KNOWN, MIN_SLOW_MS, SLOW_MS, SLOW_TIMES, Slow } from '../../ts/exchange/slow';

const feed = (slow: Slow, path: string, times: number[]): boolean[] =>
  times.map((ms) => slow.is('10.0.0.5:80', 'GET', path, ms));
const many = (ms: number, count = MIN_KNOWN): number[] => Array.from({ length: count }, () => ms);

describe('slow', () => {
  it('is by the clock until the endpoint is known', () => {
    expect(feed(new Slow(), '/a', [5, SLOW_MS - 1, SLOW_MS, 5])).toEqual([false, false, true, false]);
  });

  it('is beside the usual of the same endpoint, by its template, from then on', () => {
    const slow = new Slow();
    expect(feed(slow, '/orders/1', many(50))).not.toContain(true);
    expect(feed(slow, '/orders/2', [150, 250, 999])).toEqual([false, true, true]);
    expect(feed(slow, '/carts/1', [250, 999])).toEqual([false, false]);
    // Long polling is as slow as ever.
    expect(feed(slow, '/poll', many(25_000)).every(Boolean)).toBe(true);
    expect(feed(slow, '/poll', [25_000, 99_000, 110_000])).toEqual([false, false, true]);
    expect(feed(slow, '/fast', [...many(1), MIN_SLOW_MS - 1, MIN_SLOW_MS]).slice(-2)).toEqual([false, true]);
  });

  it('is what a median of all says, as far as that changes seldom', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 100_000 }), (usual, ms) => {
        const slow = new Slow();
        feed(slow, '/', many(usual, 40));
        const limit = Math.max(MIN_SLOW_MS, SLOW_TIMES * usual);
        // Quantiles are within 1 %.
        fc.pre(Math.abs(ms - limit) > 0.02 * limit || limit === MIN_SLOW_MS);
        expect(feed(slow, '/', [ms])).toEqual([ms >= limit]);
      }),
    );
  });

  it('keeps no more endpoints than it may', () => {
    const slow = new Slow();
    const word = (n: number): string => [...`${n}`].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    for (let n = 0; n < MAX_ENDPOINTS; n++) feed(slow, `/${word(n)}`, [1]);
    expect(
      feed(slow, '/beyond', many(1, 100))
        .concat(feed(slow, '/beyond', [500, SLOW_MS]))
        .slice(-2),
    ).toEqual([false, true]);
    expect(
      feed(slow, '/a', many(1, 100))
        .concat(feed(slow, '/a', [500]))
        .at(-1),
    ).toBe(true);
  });
});
