import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BUCKETS, Quantiles, RELATIVE_ERROR } from '../../ts/exchange/quantiles';

const times = fc.array(fc.double({ min: 0.001, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 300 });

function of(values: readonly number[]): Quantiles {
  const quantiles = new Quantiles();
  for (const value of values) quantiles.add(value);
  return quantiles;
}

describe('quantiles', () => {
  it('are as wrong as they say, at the most', () => {
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
        const shown = of(values).at(share) as number;
        expect(Math.abs(shown - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR * 1.000_001);
      }),
    );
  });

  it('of two parts together are those of the whole', () => {
    fc.assert(
      fc.property(times, times, fc.double({ min: 0, max: 1, noNaN: true }), (left, right, share) => {
        const sum = of(left);
        sum.addAll(of(right));
        const whole = of([...left, ...right]);
        expect([sum.at(share), sum.count, sum.max]).toEqual([whole.at(share), whole.count, whole.max]);
      }),
    );
  });

  it('are exact for one time, and take those that no clock measures', () => {
    expect(of([1.462]).at(0.5)).toBe(1.462);
    expect(of([0]).at(0.99)).toBe(0);
    expect(of([Number.MAX_VALUE]).at(0.5)).toBe(Number.MAX_VALUE);
    expect(new Quantiles().at(0.5)).toBeUndefined();
    expect(MAX_BUCKETS).toBeLessThan(1_500);
  });
});
