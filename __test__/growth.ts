/**
 * Hostile input costs work in proportion to its size. The CPU time of this process tells it: neither the speed of the machine nor its
 * load changes the ratio of two such times much, and the least of some is the least disturbed.
 */

import { expect } from 'vitest';

/** Four times the input may cost at most so many times the work; work that is quadratic costs 16 times as much. */
const MAX_RATIO = 8;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 20;

function cpuOf(work: () => unknown): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return user + system;
}

/** Fails if the work on an input of `4 * size` is out of proportion to the work on an input of `size`. */
export function expectLinear<Input>(
  size: number,
  inputOf: (size: number) => Input,
  work: (input: Input) => unknown,
): void {
  const [small, large] = [inputOf(size), inputOf(4 * size)];
  const least = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY };
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    least.small = Math.min(
      least.small,
      cpuOf(() => work(small)),
    );
    least.large = Math.min(
      least.large,
      cpuOf(() => work(large)),
    );
    if (round >= MIN_ROUNDS && least.large < MAX_RATIO * least.small) return;
  }
  expect.fail(`${least.small} µs for ${size}, ${least.large} µs for four times as much`);
}
