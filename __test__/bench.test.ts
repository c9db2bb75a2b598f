// The benchmark runs and its report is complete; what it measures is no matter here.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const RUN = resolve(__dirname, '..', 'bench', 'run.mjs');
const cache = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bench-'));
const isRoot = process.getuid?.() === 0;

interface Row {
  name: string;
  counted: number;
}

describe.skipIf(!isRoot && process.env.CI === undefined)('benchmark (skipped: it needs root for its captures)', () => {
  afterAll(() => rmSync(cache, { recursive: true }));

  test('a quick run reads every capture whole and says what it measured', { timeout: 180_000 }, async () => {
    const args = [RUN, '--quick', '--only', 'savefile', '--without-peers', '--cache', cache];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 170_000 });
    const { savefile } = JSON.parse(readFileSync(join(cache, 'results-quick.json'), 'utf8'));
    const captures: { capture: { name: string; messages: number }; rows: Row[] }[] = savefile.result;
    expect(captures).toHaveLength(7);
    for (const { capture, rows } of captures) {
      expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['tcp-sniffer', 'callback']));
      for (const { name, counted } of rows)
        expect(`${capture.name}, ${name}: ${counted}`).toBe(`${capture.name}, ${name}: ${capture.messages}`);
      expect(stdout).toContain(`### ${capture.name}`);
    }
    expect(stdout).toContain('what must hold');
    expect(stdout).not.toMatch(/NaN|undefined|Not measured/);
  });
});
