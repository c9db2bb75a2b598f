// The page of a comparison in Chromium: read in the light, in the dark and on paper; nothing runs, and no request leaves.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attackOf } from '../compare/attack';
import { Random } from '../differential/random';
import { CLI } from '../live/harness';
import { describeInChromium, launch, type Watched, watched } from './chromium';
import { contrasts, MIN_CONTRAST } from './contrast';
import { TIMEOUT_MS } from './session';

describeInChromium('the page of a comparison', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-comparison-'));
  const path = join(folder, 'page.html');
  const { before, after, marks } = attackOf(new Random(5));
  let browser: Browser;

  beforeAll(async () => {
    const files = Object.entries({ before, after }).map(([name, lines]) => {
      const file = join(folder, `${name}.jsonl`);
      writeFileSync(file, lines);
      return file;
    });
    execFileSync(process.execPath, [CLI, 'compare', ...files, '--html', path]);
    browser = await launch();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** All that it asks for, itself included. */
  async function opened(options: Parameters<typeof watched>[1] = {}): Promise<Watched & { asked: string[] }> {
    const seen = await watched(browser, options);
    const asked: string[] = [];
    seen.page.on('request', (request) => asked.push(request.url()));
    await seen.page.goto(`file://${path}`);
    return { ...seen, asked };
  }

  it.each(['light', 'dark'] as const)(
    'is readable in the %s, and on paper',
    { timeout: TIMEOUT_MS },
    async (scheme) => {
      const { page, wrong, asked } = await opened({ colorScheme: scheme });
      const back = (): Promise<string> => page.locator(':root').evaluate(backOf);
      expect(await back()).toBe(scheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(255, 255, 255)');
      const [contrast = 0, text] = (await page.evaluate(contrasts))[0] ?? [];
      expect(contrast, text).toBeGreaterThanOrEqual(MIN_CONTRAST);
      for (const mark of marks) expect(await page.getByText(mark, { exact: false }).count(), mark).toBeGreaterThan(0);
      await page.emulateMedia({ media: 'print' });
      expect(await back()).toBe('rgb(255, 255, 255)');
      expect((await page.evaluate(contrasts))[0]?.[0]).toBeGreaterThanOrEqual(MIN_CONTRAST);
      expect([wrong, asked]).toEqual([[], [`file://${path}`]]);
      await page.context().close();
    },
  );

  it('has no element of what was captured, and fits a narrow window', { timeout: TIMEOUT_MS }, async () => {
    const { page, wrong } = await opened({ viewport: { width: 400, height: 600 } });
    expect(await page.locator('script, svg, img, s, iframe, [onload], [onx], [onerror]').count()).toBe(0);
    expect(await page.locator('article').count()).toBeGreaterThan(3);
    expect(await page.locator(':root').evaluate((root: { scrollWidth: number }) => root.scrollWidth)).toBe(400);
    // If a text became an element all the same: the policy.
    await page
      .locator('body')
      .evaluate((body: { innerHTML: string }) => {
        body.innerHTML = '<img src=x onerror="document.title = 1">';
      })
      .catch(() => {});
    expect(await page.title()).not.toBe('1');
    expect(wrong.filter((words) => !/trusted|Content Security Policy|violates/i.test(words))).toEqual([]);
    await page.context().close();
  });
});

function backOf(root: never): string {
  const { getComputedStyle } = globalThis as never as { getComputedStyle(of: never): { backgroundColor: string } };
  return getComputedStyle(root).backgroundColor;
}
