import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../../ts/exchange/timeline';

const START = Date.UTC(2024, 4, 17);
/** From the one to the other, without it. */
function run(timeline: Timeline, from: number, to: number, stepMs: number, isBad: (atMs: number) => boolean): Timeline {
  for (let at = from; at < to; at += stepMs)
    timeline.add(START + at, isBad(at), isBad(at) ? 900 : 10 + (at % 3), isBad(at) ? 2_000 : 5);
  return timeline;
}

describe('the onset', () => {
  it('is found wherever it is, at any length of the run', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(5_000, 300_000, 3_600_000),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (lengthMs, share) => {
          const stepMs = lengthMs / 1_000;
          const onset = Math.ceil(share * 1_000) * stepMs;
          const timeline = run(new Timeline(), 0, lengthMs, stepMs, (at) => at >= onset);
          expect(timeline.failing()).toMatchObject({ fromMs: START + onset, always: false, outside: 0 });
          expect(timeline.slowWait()?.fromMs).toBe(START + onset);
          expect(timeline.slowTransfer()?.fromMs).toBe(START + onset);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('has an end where it was over', () => {
    const timeline = run(new Timeline(), 0, 300_000, 100, (at) => at >= 100_000 && at < 150_000);
    expect(timeline.failing()).toMatchObject({ fromMs: START + 100_000, untilMs: START + 149_900 });
  });

  it('has no end where too few came after it to tell', () => {
    const some = (fromMs: number) => (at: number) => at >= fromMs && at < 299_000 && at % 300 === 0;
    const timeline = run(new Timeline(), 0, 300_000, 100, some(200_000));
    expect(timeline.failing()).toMatchObject({ fromMs: START + 200_100, always: false });
    expect(timeline.failing()).not.toHaveProperty('untilMs');
    const slow = run(new Timeline(), 0, 300_000, 100, (at) => at >= 200_000 && at < 299_700);
    expect(slow.slowWait()).not.toHaveProperty('untilMs');
    expect(run(slow, 300_000, 400_000, 100, () => false).slowWait()).toHaveProperty('untilMs');
  });

  it('is the first one where all failed, and is none where nothing changed', () => {
    const all = run(new Timeline(), 0, 10_000, 100, () => true);
    expect(all.failing()).toMatchObject({ fromMs: START, always: true, inside: 1 });
    expect(all.slowWait()).toBeUndefined();
    const some = run(new Timeline(), 0, 300_000, 100, (at) => at % 1_000 === 0);
    expect(some.failing()).toMatchObject({ fromMs: START, always: true, inside: 0.1 });
    expect(some.slowWait()).toBeUndefined();
    expect(run(new Timeline(), 0, 10_000, 100, () => false).failing()).toBeUndefined();
  });

  it('of two parts together is that of the whole', () => {
    const isBad = (at: number): boolean => at >= 60_000;
    const late = run(new Timeline(), 40_000, 100_000, 50, isBad);
    late.addAll(run(new Timeline(), 0, 40_000, 50, isBad));
    expect(late.failing()).toMatchObject({ fromMs: START + 60_000, outside: 0, exchanges: 800 });
  });

  it('minds no clock that goes mad', () => {
    const timeline = new Timeline();
    for (const at of [0, Number.NaN, -1, 1e300, START, 1, 8e13, START + 5]) timeline.add(at, true, 1, 1);
    expect(timeline.failing()?.exchanges).toBe(4);
  });
});
