/** The tests of a comparison, against values computed by hand and against all arrangements that there are. */

import { describe, expect, it } from 'vitest';
import { Draws, MAX_SAMPLE, quantileOf, Sample } from '../../ts/compare/sample.js';
import { erfc, fisher, holm, mannWhitney } from '../../ts/compare/tests.js';
import { Random } from '../differential/random.js';

const upTo = (most: number): number[] => Array.from({ length: most }, (_, index) => index);

/** Pascal's triangle. */
function choose(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

describe('erfc', () => {
  // Abramowitz and Stegun, table 7.1, and further out 7.1.23.
  it.each([
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [1.999, 0.004698443348629488],
    [2, 0.004677734981047265],
    [5, 1.5374597944280351e-12],
  ])('of %d', (x, value) => expect(Math.abs(erfc(x) / value - 1)).toBeLessThan(1e-12));
});

describe('mannWhitney', () => {
  it('is what it is by hand', () => {
    // U = 0, variance 8·8·17/12, z = 31.5 / 9.5219.
    const low = upTo(8);
    const high = low.map((value) => value + 8);
    expect(mannWhitney(low, high)).toBeCloseTo(0.0009391056991, 12);
    // U = 18; of the ties 2 of 2 values, 3 of 4: variance 86.4, z = 13.5 / 9.2952.
    expect(mannWhitney([1, 1, 2, 2, 3, 3, 4, 4], [2, 2, 3, 3, 4, 4, 5, 5])).toBeCloseTo(0.146399099283, 12);
  });

  it('says nothing of equal times, and of none', () => {
    expect(
      mannWhitney(
        upTo(9).map(() => 3),
        upTo(9).map(() => 3),
      ),
    ).toBe(1);
    expect(mannWhitney([], [1])).toBe(1);
  });

  it('is as likely as all arrangements say, and never surer in the tail', () => {
    const n = 8;
    // How many of the arrangements of 16 ranks have this U: of the last rank it is of one side or of the other.
    const ways = new Map<string, number>();
    const waysOf = (a: number, b: number, u: number): number => {
      if (u < 0 || a < 0 || b < 0) return 0;
      if (a === 0 || b === 0) return u === 0 ? 1 : 0;
      const key = `${a} ${b} ${u}`;
      const known = ways.get(key) ?? waysOf(a - 1, b, u - b) + waysOf(a, b - 1, u);
      ways.set(key, known);
      return known;
    };
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      const shift = random.next() * 2;
      const a = upTo(n).map(() => random.next());
      const b = upTo(n).map(() => random.next() + shift);
      const u = a.reduce((sum, x) => sum + b.filter((y) => x > y).length, 0);
      const extreme = Math.min(u, n * n - u);
      const tail = upTo(extreme + 1).reduce((sum, each) => sum + waysOf(n, n, each), 0);
      const exact = Math.min(1, (2 * tail) / Number(choose(2 * n, n)));
      const p = mannWhitney(a, b);
      expect(Math.abs(p - exact)).toBeLessThan(0.02);
      if (exact < 0.005) expect(p).toBeGreaterThanOrEqual(exact);
      expect(mannWhitney(b, a)).toBeCloseTo(p, 12);
    }
  });
});

describe('fisher', () => {
  it('is what it is by hand', () => {
    // The lady tasting tea: (1 + 16 + 16 + 1) / 70.
    expect(fisher(3, 4, 1, 4)).toBeCloseTo(34 / 70, 12);
    expect(fisher(0, 10, 10, 10)).toBeCloseTo(2 / 184_756, 15);
    expect(fisher(0, 10, 0, 20)).toBe(1);
    expect(fisher(10, 10, 20, 20)).toBe(1);
  });

  it('is the sum over all tables, whichever side comes first', () => {
    const random = new Random(5);
    for (let round = 0; round < 500; round++) {
      const [a, b] = [1 + random.upTo(60), 1 + random.upTo(60)];
      const [hitsA, hitsB] = [random.upTo(a), random.upTo(b)];
      const hits = hitsA + hitsB;
      const waysOf = (k: number): bigint => choose(a, k) * choose(b, hits - k);
      const own = waysOf(hitsA);
      let sum = 0n;
      for (let k = Math.max(0, hits - b); k <= Math.min(hits, a); k++) if (waysOf(k) <= own) sum += waysOf(k);
      const exact = Number((sum * 10n ** 15n) / choose(a + b, hits)) / 1e15;
      expect(fisher(hitsA, a, hitsB, b)).toBeCloseTo(exact, 9);
      expect(fisher(hitsB, b, hitsA, a)).toBeCloseTo(exact, 9);
    }
  });

  it('takes millions', () => {
    expect(fisher(500_000, 1_000_000, 500_000, 1_000_000)).toBeCloseTo(1, 9);
    // 5 standard deviations: about 5.7e-7.
    expect(fisher(500_000, 1_000_000, 503_536, 1_000_000)).toBeLessThan(1e-6);
    expect(fisher(500_000, 1_000_000, 503_536, 1_000_000)).toBeGreaterThan(3e-7);
    expect(fisher(0, 1_000_000, 1_000_000, 1_000_000)).toBe(0);
  });
});

describe('holm', () => {
  it('is what it is by hand', () => {
    // 4·0.005, 3·0.01, 2·0.03, and the last no less than the one before.
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('a sample', () => {
  it('keeps all up to its limit', () => {
    const sample = new Sample(new Draws(1));
    const values = upTo(MAX_SAMPLE);
    for (const value of values) sample.add(value);
    expect(sample.values()).toEqual(values);
    expect(sample.count).toBe(MAX_SAMPLE);
  });

  it('past it keeps as many, each time as likely as any other, also of two that became one', () => {
    const draws = new Draws(7);
    const [first, second] = [new Sample(draws), new Sample(draws)];
    const all = 30_000;
    for (const value of upTo(all)) (value < 10_000 ? first : second).add(value);
    first.addAll(second);
    const kept = first.values();
    expect([kept.length, first.count]).toEqual([MAX_SAMPLE, all]);
    expect(new Set(kept).size).toBe(MAX_SAMPLE);
    // A third of them; the standard deviation is 15.
    const early = kept.filter((value) => value < 10_000).length;
    expect(Math.abs(early - MAX_SAMPLE / 3)).toBeLessThan(60);
    expect(Math.abs((quantileOf(kept, 0.5) ?? 0) / all - 0.5)).toBeLessThan(0.07);
  });
});
