import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onCommandSignals, onSignals, SAME_SIGNAL_MS } from '../../ts/run/signals';

let heard: [string, boolean][] = [];
let letGo: () => void;
const raise = (...signals: NodeJS.Signals[]): void => {
  for (const signal of signals) process.emit(signal);
};

beforeEach(() => {
  vi.useFakeTimers();
  heard = [];
  letGo = onCommandSignals((signal, again) => heard.push([signal, again]));
});
afterEach(() => {
  letGo();
  vi.useRealTimers();
});

it('takes what comes at one time as one signal, and what comes after it as the second', () => {
  raise('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(SAME_SIGNAL_MS - 1);
  raise('SIGINT');
  vi.advanceTimersByTime(1);
  expect(heard).toEqual([['SIGINT', false]]);
  raise('SIGINT');
  expect(heard).toEqual([
    ['SIGINT', false],
    ['SIGINT', true],
  ]);
});

it('takes another signal as the second one at once', () => {
  raise('SIGINT', 'SIGTERM');
  expect(heard).toEqual([
    ['SIGINT', false],
    ['SIGTERM', true],
  ]);
});

it('never ends at once because a terminal went away', () => {
  raise('SIGHUP');
  vi.advanceTimersByTime(10 * SAME_SIGNAL_MS);
  raise('SIGHUP');
  expect(heard).toEqual([['SIGHUP', false]]);
});

it('loses no signal that came shortly before it listens no more', () => {
  raise('SIGTERM');
  letGo();
  expect(heard).toEqual([['SIGTERM', false]]);
  expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGHUP')).toBe(0);
});

it('leaves SIGHUP to the host of a library', () => {
  letGo();
  const before = process.listenerCount('SIGHUP');
  letGo = onSignals((signal, again) => heard.push([signal, again]));
  expect(process.listenerCount('SIGHUP')).toBe(before);
});
