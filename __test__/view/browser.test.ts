// The page in a browser: rows as they come, filters, exchanges; keys alone; and whatever was captured stays text.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { readAssets } from '../../ts/outputs/view/assets';
import { documentOf } from '../../ts/outputs/view/document';
import { Ring } from '../../ts/outputs/view/ring';
import type { HttpMessage } from '../../ts/types';
import { describeInChromium, launch, type Watched, watched } from './chromium';
import { ASSETS, exchange, type Opened, openView, requestOf, responseOf } from './rig';

const TIMEOUT_MS = 30_000;
/** Of which the median is taken, and how much longer one may take in a table of 100 000 rows than in one of 300. */
const FRAMES = 40;
const MAX_FRAME_RATIO = 4;
/** With 100 000 rows it is some 20 MB. */
const MAX_HEAP_BYTES = 100_000_000;
/** Of the time while the table follows 1 000 exchanges a second: the main thread's own time on a processor. It is some 17 %. */
const MAX_BUSY = 0.35;
const RATE = 1_000;
const LIVE_MS = 4_000;
/** At 60 a second. */
const FRAME_MS = 1_000 / 60;
/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

describeInChromium('the page', () => {
  let browser: Browser;
  let opened: Opened;
  let seen: Watched;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  }, TIMEOUT_MS);
  afterAll(() => browser.close());

  const open = async (options: Parameters<typeof openView>[0] = {}): Promise<void> => {
    opened = await openView({ lossless: true, ...options });
    seen = await watched(browser);
    page = seen.page;
    page.setDefaultTimeout(10_000);
    await page.goto(opened.urls[0] as string);
  };
  afterEach(async () => {
    await page.close();
    await opened?.view.leave();
    expect(seen.wrong).toEqual([]);
  });

  const rows = (): Locator => page.locator('.canvas .row');
  const rowWith = (text: string): Locator => rows().filter({ hasText: text });
  const count = async (text: string): Promise<void> => {
    await page.locator('.status').getByText(text, { exact: true }).waitFor();
  };
  const tab = (name: string): Promise<void> => page.getByRole('tab', { name, exact: true }).click();

  it('has no token in its address, and shows rows as they come', { timeout: TIMEOUT_MS }, async () => {
    await open();
    expect(page.url()).toBe(`${opened.origin}/`);
    await page.getByText('Nothing yet').waitFor();
    opened.write(...exchange('1.1'), requestOf('1.2', { method: 'POST' }));
    await count('2 exchanges');
    expect(await rowWith('/items/1.1').textContent()).toMatch(
      /GETshop.test\/items\/1.1200text\/plain5 B2.0 ms10.0.0.9:40000$/,
    );
    await rowWith('/items/1.2').getByText('pending').waitFor();
    opened.write(responseOf('1.2', { statusCode: 503 }));
    await rowWith('/items/1.2').getByText('503').waitFor();
    await page.reload();
    await count('2 exchanges');
  });

  it('filters as one types, by expressions, words and quick filters', { timeout: TIMEOUT_MS }, async () => {
    await open();
    opened.write(
      ...exchange('1.1', { path: '/orders' }, { statusCode: 500 }),
      ...exchange('1.2', { path: '/orders', headers: { 'x-debug': '1' } }),
      ...exchange('1.3', { path: '/cart' }, { waitMs: 2_000, latencyMs: 2_000 }),
    );
    await count('3 exchanges');
    const box = page.getByLabel('Filter', { exact: true });
    const expectShown = async (filter: string, shown: string): Promise<void> => {
      await box.fill(filter);
      await count(shown);
    };
    await expectShown('status=5xx', '1 of 3 exchanges');
    await expectShown('orders', '2 of 3 exchanges');
    await expectShown('header.x-debug', '1 of 3 exchanges');
    opened.write(...exchange('1.4', { headers: { 'x-debug': '1' } }));
    await count('2 of 4 exchanges');
    await box.fill('status=nonsense');
    await page.locator('#complaint').getByText('three digits').waitFor();
    await expectShown('', '4 exchanges');
    await page.getByRole('button', { name: 'Slow' }).click();
    await count('1 of 4 exchanges');
    await page.getByRole('button', { name: 'Errors' }).click();
    await page.getByText('No exchange matches the filter').waitFor();
  });

  it('shows an exchange: heads, body, times, losses', { timeout: TIMEOUT_MS }, async () => {
    await open();
    const body = '{"cups":12345678901234567890,"names":["tea",{"deep":true}]}';
    opened.write(
      ...exchange(
        '1.1',
        { method: 'POST', headers: { host: 'shop.test', 'x-debug': 'on' }, body: 'a=1&b=%3C2', bodySize: 9 },
        {
          headers: { 'content-type': 'application/json' },
          body,
          bodySize: body.length,
          incomplete: 'gap',
          gapBytes: 3,
        },
      ),
    );
    await rowWith('POST').click();
    const detail = page.getByRole('region', { name: 'Exchange' });
    await detail.getByText('POST http://shop.test/items/1.1 HTTP/1.1').waitFor();
    await detail.getByText('x-debug').waitFor();
    await detail.getByText('3 bytes of it never arrived').waitFor();
    expect(page.url()).toContain('#1.1');
    await tab('Response');
    await detail.getByText('12345678901234567890').waitFor();
    await detail.getByLabel('Find in the body').fill('deep');
    await detail.getByRole('button', { name: 'Next' }).click();
    await detail.locator('.one.found').getByText('"deep"').waitFor();
    await detail.getByLabel('Show as').selectOption('Hex');
    await detail.getByText('00000000  7b 22 63').waitFor();
    await tab('Timing');
    await detail.getByText('2.5 ms').waitFor();
  });

  it('shows forms, parts and images', { timeout: TIMEOUT_MS }, async () => {
    await open();
    const parts = '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nfirst part\r\n--x--\r\n';
    const form = {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'name=%3Cb%3Etea',
      bodySize: 15,
    };
    opened.write(
      ...exchange(
        '1.1',
        { method: 'POST', ...form },
        { headers: { 'content-type': 'image/png' }, body: PNG, bodyEncoding: 'base64' },
      ),
      ...exchange('1.2', {
        method: 'PUT',
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        body: parts,
        bodySize: 70,
      }),
    );
    await rowWith('POST').click();
    await tab('Request');
    await page.locator('.fields').getByText('<b>tea').waitFor();
    await tab('Response');
    const image = page.locator('.scroll img');
    await image.waitFor();
    await expect.poll(() => image.evaluate((element: { naturalWidth?: number }) => element.naturalWidth)).toBe(1);
    await rowWith('PUT').click();
    await tab('Request');
    await page.locator('.part').getByText('first part').waitFor();
  });

  it('is used by keys alone', { timeout: TIMEOUT_MS }, async () => {
    await open();
    for (let i = 1; i <= 500; i++) opened.write(...exchange(`1.${i}`, { path: `/number/${i}.` }));
    await count('500 exchanges');
    const grid = page.getByRole('grid', { name: 'Exchanges' });
    expect(await grid.getAttribute('aria-rowcount')).toBe('501');
    await page.keyboard.press('/');
    await page.keyboard.type('path=/number/4');
    await count('111 of 500 exchanges');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    const active = rowWith('/number/40.');
    expect(await active.getAttribute('aria-rowindex')).toBe('3');
    const id = await active.getAttribute('id');
    expect(id).toBeTruthy();
    // The page answers a key when it draws the next time.
    await expect.poll(() => grid.getAttribute('aria-activedescendant'), { timeout: 5000 }).toBe(id);
    await page.keyboard.press('Enter');
    const detail = page.getByRole('region', { name: 'Exchange' });
    await detail.getByText('/number/40.').waitFor();
    await page.keyboard.press('ArrowDown');
    await detail.getByText('/number/41.').waitFor();
    await page.keyboard.press('Escape');
    await detail.waitFor({ state: 'detached' });
    await page.keyboard.press('End');
    await rowWith('/number/499.').waitFor();
  });

  it('never takes what was captured for anything but text', { timeout: TIMEOUT_MS }, async () => {
    await open();
    const script = '<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>';
    const nasty = `"'>${script}{{alert(4)}}javascript:alert(5)`;
    const json = JSON.stringify({ [nasty]: nasty, __proto__: 1, constructor: { [script]: 1 } });
    const headers = { host: nasty, [nasty]: nasty };
    const write = (id: string, type: string, body: string): void =>
      opened.write(
        ...exchange(
          id,
          { method: `M${id}`, path: nasty, headers: { ...headers, 'content-type': type }, body, bodySize: 9 },
          {
            reason: nasty,
            headers: { ...headers, 'content-type': type },
            trailers: { [nasty]: nasty },
            body,
            bodySize: 9,
          },
        ),
      );
    write('1.1', 'text/html', `<!doctype html>${script}`);
    write('1.2', 'application/json', json);
    write('1.3', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(6)">${script}</svg>`);
    write('1.4', `multipart/form-data; boundary=x; ${nasty}`, `--x\r\n${nasty}\r\n\r\n${script}\r\n--x--`);
    write('1.5', 'application/x-www-form-urlencoded', `${encodeURIComponent(nasty)}=${encodeURIComponent(script)}`);
    opened.write(
      ...exchange('1.6', { method: 'M1.6' }, { headers: { 'content-type': 'image/png' }, body: script, bodySize: 9 }),
    );
    await count('6 exchanges');
    for (let i = 1; i <= 5; i++) {
      await rowWith(`M1.${i}`).click();
      for (const name of ['Head', 'Request', 'Response', 'Timing']) {
        await tab(name);
        const modes = await page.getByLabel('Show as').locator('option').allInnerTexts();
        for (const mode of modes) await page.getByLabel('Show as').selectOption(mode);
      }
    }
    await rowWith('M1.6').click();
    await tab('Response');
    for (const view of ['Endpoints', 'Hosts', 'Losses', 'Exchanges']) await tab(view);
    const found = await page.evaluate(() => {
      const { document } = globalThis as unknown as {
        document: { querySelectorAll(selector: string): { length: number } };
      };
      return ['script', 'img:not(.scroll img)', 'svg', 'iframe', 'object', '[onerror], [onload]'].map(
        (selector) => document.querySelectorAll(selector).length,
      );
    });
    expect(found).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('holds 100 000 rows, live, and scrolls', { timeout: 2 * TIMEOUT_MS }, async () => {
    await open();
    opened.write(...Array.from({ length: 300 }, (_, i) => exchange(`0.${i}`)).flat());
    await count('300 exchanges');
    const frameOfFew = await page.evaluate(frameWhileScrolling, FRAMES);
    await page.getByRole('button', { name: /Newest/ }).click();
    for (let from = 0; from < 100_000; from += 1_000) {
      opened.write(...Array.from({ length: 1_000 }, (_, i) => exchange(`1.${from + i}`)).flat());
      await new Promise(setImmediate);
    }
    await page.locator('.status').getByText('100,300 exchanges').waitFor({ timeout: TIMEOUT_MS });
    expect(await rows().count()).toBeLessThan(80);
    const debug = await page.context().newCDPSession(page);
    await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
    await debug.send('HeapProfiler.collectGarbage');
    const metric = async (wanted: string): Promise<number> => {
      const { metrics } = await debug.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
    };
    expect(await metric('JSHeapUsedSize')).toBeLessThan(MAX_HEAP_BYTES);
    await rowWith('/items/1.99999').waitFor();
    const [busyBefore, begun] = [await metric('TaskDuration'), performance.now()];
    for (let written = 0, elapsed = 0; elapsed < LIVE_MS; elapsed = performance.now() - begun) {
      const due = Math.floor((RATE * elapsed) / 1_000);
      for (; written < due; written++) opened.write(...exchange(`3.${written}`));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const busy = (1_000 * ((await metric('TaskDuration')) - busyBefore)) / (performance.now() - begun);
    expect(busy).toBeLessThan(MAX_BUSY);
    await page.locator('.rows').evaluate((element: { scrollTop: number }) => {
      element.scrollTop = 0;
    });
    await rowWith('/items/0.0').first().waitFor();
    const live = setInterval(() => opened.write(...exchange(`2.${Math.random()}`)), 5);
    try {
      const frame = await page.evaluate(frameWhileScrolling, FRAMES);
      // A table that lays out all of its rows takes seconds for each frame.
      expect(frame).toBeLessThan(MAX_FRAME_RATIO * Math.max(frameOfFew, FRAME_MS));
    } finally {
      clearInterval(live);
    }
    await page.getByRole('button', { name: /Newest/ }).click();
    await rowWith('/items/2.').last().waitFor();
  });

  it('of a file of its own needs no server, and runs nothing else', { timeout: TIMEOUT_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-page-'));
    try {
      const ring = new Ring();
      const nasty = '</script><script>alert(1)</script><!--<script>';
      const messages: HttpMessage[] = [
        ...exchange('1.1', { path: `/${nasty}`, headers: { 'x-debug': nasty } }, { body: nasty.repeat(3_000) }),
        ...exchange('1.2'),
      ];
      for (const message of messages) ring.add(message, Buffer.from(JSON.stringify(message)));
      const counts = { exchanges: 2, rowsGone: 0, messagesGone: 0, overflow: 0, losses: [[3, nasty]] as const };
      const state = { run: '', source: 'a.pcap', savefile: true, ended: true, ...counts };
      const file = join(folder, 'capture.html');
      writeFileSync(file, [...documentOf(ring, state, readAssets(ASSETS))].join(''));
      opened = undefined as unknown as Opened;
      seen = await watched(browser, { offline: true });
      page = seen.page;
      await page.goto(`file://${file}`);
      await count('2 exchanges');
      await page.getByLabel('Filter', { exact: true }).fill('header.x-debug');
      await count('1 of 2 exchanges');
      await rows().first().click();
      await page.getByText('Bytes of the body are missing').waitFor();
      await tab('Response');
      await page.locator('.virtual').getByText('alert(1)').first().waitFor();
      await tab('Losses');
      await page.getByText(nasty).waitFor();
      await tab('Endpoints');
      await page.getByRole('rowheader').first().waitFor();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** In the page: how long a frame takes while the table is scrolled, by the median. */
function frameWhileScrolling(count: number): Promise<number> {
  const { document, requestAnimationFrame } = globalThis as unknown as {
    document: { querySelector(selector: string): { scrollTop: number; scrollHeight: number; clientHeight: number } };
    requestAnimationFrame(run: (now: number) => void): void;
  };
  const box = document.querySelector('.rows');
  const frames: number[] = [];
  let last = performance.now();
  return new Promise((resolve) => {
    const frame = (): void => {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      box.scrollTop = (box.scrollTop + 5_000) % (box.scrollHeight - box.clientHeight);
      if (frames.length < count) requestAnimationFrame(frame);
      else resolve(frames.sort((a, b) => a - b)[count >> 1] ?? 0);
    };
    requestAnimationFrame(frame);
  });
}
