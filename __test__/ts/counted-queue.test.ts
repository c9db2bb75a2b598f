/** The queue beside the simplest queue that does the same. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CountedQueue } from '../../ts/outputs/counted-queue';

type Step = { push: number } | { take: number } | { takeBeyond: number } | { takeAll: true };

const sum = (items: readonly { bytes: number }[]): number => items.reduce((total, { bytes }) => total + bytes, 0);

/** Returns the items that leave `items`, from the front. */
function expected(items: { bytes: number }[], step: Exclude<Step, { push: number }>): { bytes: number }[] {
  const taken: { bytes: number }[] = [];
  const goesOn = (): boolean => {
    if ('take' in step) return sum(taken) < step.take;
    return 'takeAll' in step || sum(items) > step.takeBeyond;
  };
  while (items.length > 0 && goesOn()) taken.push(...items.splice(0, 1));
  return taken;
}

it('gives up its items from the front and counts their bytes', () => {
  const bytes = fc.nat({ max: 20 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ push: bytes }) },
    fc.record({ take: fc.nat({ max: 60 }) }),
    fc.record({ takeBeyond: fc.nat({ max: 60 }) }),
    fc.record({ takeAll: fc.constant(true as const) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new CountedQueue<{ bytes: number }>();
      const items: { bytes: number }[] = [];
      for (const each of steps) {
        if ('push' in each) {
          queue.push({ bytes: each.push });
          items.push({ bytes: each.push });
        } else if ('take' in each) expect(queue.take(each.take)).toEqual(expected(items, each));
        else if ('takeBeyond' in each) expect(queue.takeBeyond(each.takeBeyond)).toEqual(expected(items, each));
        else expect(queue.takeAll()).toEqual(expected(items, each));
        expect([queue.length, queue.bytes]).toEqual([items.length, sum(items)]);
      }
    }),
  );
});

it('wakes all who wait', async () => {
  const queue = new CountedQueue<{ bytes: number }>();
  const waits = [queue.wait(), queue.wait()];
  queue.wake();
  await expect(Promise.all(waits)).resolves.toEqual([undefined, undefined]);
});
