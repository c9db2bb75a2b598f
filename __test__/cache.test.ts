// A file that is kept outside the clone is whole or not there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

const home = mkdtempSync(join(tmpdir(), 'tcp-sniffer-cache-'));
const cache = join(home, 'tcp-sniffer');
let kept: (name: string, make: (folder: string) => void) => string;

beforeAll(async () => {
  vi.stubEnv('XDG_CACHE_HOME', home);
  // @ts-expect-error scripts have no types
  ({ kept } = await import('../scripts/cache.mjs'));
});
beforeEach(() => rmSync(cache, { recursive: true, force: true }));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const agedDays = (name: string, days: number) => {
  mkdirSync(join(cache, name), { recursive: true });
  const then = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
  utimesSync(join(cache, name), then, then);
};

it('is made once', () => {
  const make = vi.fn((folder: string) => writeFileSync(join(folder, 'tool'), 'whole'));
  expect(kept('tool-1', make)).toBe(kept('tool-1', make));
  expect(make).toHaveBeenCalledTimes(1);
  expect(readFileSync(join(cache, 'tool-1', 'tool'), 'utf8')).toBe('whole');
});

it('leaves nothing of what failed, and tries again', () => {
  const fail = (folder: string) => {
    writeFileSync(join(folder, 'tool'), 'half');
    throw new Error('no network');
  };
  expect(() => kept('tool-1', fail)).toThrow('no network');
  expect(readdirSync(cache)).toEqual([]);
  expect(
    existsSync(
      join(
        kept('tool-1', () => {}),
        'tool',
      ),
    ),
  ).toBe(false);
});

it('runs side by side: each sees a whole one', async () => {
  const module = pathToFileURL(join(__dirname, '..', 'scripts', 'cache.mjs'));
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { kept } from '${module}';
    const folder = kept('tool-1', (part) => {
      writeFileSync(part + '/tool', 'half');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      writeFileSync(part + '/tool', 'whole');
    });
    process.exitCode = readFileSync(folder + '/tool', 'utf8') === 'whole' ? 0 : 1;`;
  const runs = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(runs.map(async (run) => (await once(run, 'close'))[0]));
  expect(codes).toEqual([0, 0, 0]);
  expect(readdirSync(cache)).toEqual(['tool-1']);
});

it('does not grow for ever', () => {
  for (const [name, days] of [
    ['tool-1', 31],
    ['tool-2', 29],
    ['tool-3.part-x', 2],
    ['tool-4.part-x', 0],
  ] as const) {
    agedDays(name, days);
  }
  // Being asked for keeps it.
  kept('tool-2', () => {});
  kept('tool-5', () => {});
  expect(readdirSync(cache).sort()).toEqual(['tool-2', 'tool-4.part-x', 'tool-5']);
});
