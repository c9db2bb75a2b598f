import { expect, it } from 'vitest';
import { expectLinear } from './growth';

function busy(steps: number): number {
  let sum = 0;
  for (let n = 0; n < steps; n++) sum = (sum * 31 + n) | 0;
  return sum;
}

it('tells work that is linear from work that is quadratic', () => {
  const same = (size: number): number => size;
  expectLinear(1_000_000, same, busy);
  expect(() => expectLinear(200, same, (size) => busy(size * size))).toThrow('for four times as much');
});
