// Large bodies take turns: with a clock of its own.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LargeBodies, type LargeBody } from '../../ts/injector/large-bodies';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Says what it is told; a body that is whole does not leave when its time is up. */
function crowd(count: number, whole: readonly number[] = []) {
  const large = new LargeBodies({ places: 2, waitMs: 5_000, readMs: 2_000 });
  const said: string[] = [];
  const bodies = Array.from({ length: count }, (_, at): LargeBody => {
    const body = {
      begin: () => void said.push(`${at} begins`),
      timeUp: () => {
        if (whole.includes(at)) return;
        said.push(`${at} is over`);
        large.leave(body);
      },
    };
    return body;
  });
  for (const body of bodies) large.enter(body);
  return { large, bodies, said };
}

it('begins as many as there are places, and the next when a place is free, in order', () => {
  const { large, bodies, said } = crowd(4);
  expect(said).toEqual(['0 begins', '1 begins']);
  large.leave(bodies[1] as LargeBody);
  large.leave(bodies[1] as LargeBody);
  large.leave(bodies[0] as LargeBody);
  expect(said.slice(2)).toEqual(['2 begins', '3 begins']);
});

it('forgets a body that leaves before its turn', () => {
  const { large, bodies, said } = crowd(4);
  large.leave(bodies[2] as LargeBody);
  large.leave(bodies[0] as LargeBody);
  expect(said.slice(2)).toEqual(['3 begins']);
});

it('ends what was read for too long while others wait', () => {
  const { said } = crowd(3);
  vi.advanceTimersByTime(1_900);
  expect(said).toHaveLength(2);
  vi.advanceTimersByTime(600);
  expect(said.slice(2)).toEqual(['0 is over', '2 begins', '1 is over']);
});

it('lets it read on as long as nothing waits', () => {
  const { said } = crowd(2);
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(2);
});

it('ends what waits for too long behind bodies that are whole', () => {
  const { said } = crowd(3, [0, 1]);
  vi.advanceTimersByTime(4_900);
  expect(said).toHaveLength(2);
  vi.advanceTimersByTime(600);
  expect(said.slice(2)).toEqual(['2 is over']);
});
