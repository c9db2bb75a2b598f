// The lines that a user sees while the set-up builds: on a terminal a line that is updated, in a pipe plain lines.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
// @ts-expect-error scripts have no types
import { showProgress } from '../scripts/progress.mjs';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function progress({ isTTY, columns, term = 'xterm' }: { isTTY: boolean; columns?: number; term?: string }) {
  let text = '';
  const stream = { isTTY, columns, write: (more: string) => (text += more) };
  const shown = showProgress('setup: building', { stream, env: { TERM: term }, now: () => Date.now() });
  /** The text written since the last time. */
  const written = (): string => {
    const all = text;
    text = '';
    return all;
  };
  return { ...shown, written };
}

describe('on a terminal', () => {
  it('stands one line: how long already, and the last that was said', () => {
    const { note, stop, written } = progress({ isTTY: true });
    expect(written()).toBe('\r\x1b[Ksetup: building: 0 s');
    note('   Compiling brotli v9.1.1\n   Comp');
    note('iling serde v1.0.229\n\n');
    vi.advanceTimersByTime(1_000);
    expect(written().split('\r\x1b[K').at(-1)).toBe('setup: building: 1 s, Compiling serde v1.0.229');
    stop();
    expect(written()).toBe('\r\x1b[K');
    vi.advanceTimersByTime(60_000);
    expect(written()).toBe('');
  });

  it('is never longer than the terminal is wide, and obeys nothing of what was said', () => {
    const { note, written } = progress({ isTTY: true, columns: 30 });
    note(`\x1b]0;title\x07\x1b[2J\x1b[31m${'x'.repeat(100)}\x1b[0m\u202e\n`);
    vi.advanceTimersByTime(200);
    const rows = written().split('\r\x1b[K');
    expect(rows.at(-1)).toBe('setup: building: 0 s, xxxxxx…');
    expect(rows.every((row: string) => row.length <= 29)).toBe(true);
  });
});

describe.each([
  ['in a pipe', { isTTY: false }],
  ['on a dumb terminal', { isTTY: true, term: 'dumb' }],
])('%s', (_name, where) => {
  it('comes a plain line every ten seconds', () => {
    const { note, stop, written } = progress(where);
    note('one\n');
    vi.advanceTimersByTime(10_000);
    note('two');
    vi.advanceTimersByTime(15_000);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(written()).toBe('setup: building: 10 s, one\nsetup: building: 20 s, two\n');
  });
});
