// The page in the dark and in the light, in a narrow window, and without a mouse.

import { expect, it } from 'vitest';
import { contrasts, MIN_CONTRAST, type Tab } from './contrast';
import { exchange, requestOf } from './rig';
import { describePage, TIMEOUT_MS } from './session';

describePage('the page', (session) => {
  const write = (): void =>
    session.opened.write(
      ...exchange('1.1', { path: '/a/long/path/of/an/order' }),
      ...exchange('1.2', {}, { statusCode: 301 }),
      ...exchange('1.3', {}, { statusCode: 404 }),
      ...exchange('1.4', {}, { statusCode: 503, incomplete: 'gap' }),
      requestOf('1.5'),
    );

  it.each(['light', 'dark'] as const)('is readable in the %s', { timeout: TIMEOUT_MS }, async (colorScheme) => {
    await session.open({}, { colorScheme });
    const { page } = session;
    write();
    await session.count('5 exchanges');
    await session.rows().first().click();
    await session.detail.getByText('HTTP/1.1 200').waitFor();
    // Beside what is looked at stands when it was.
    await page.getByRole('columnheader', { name: 'Waterfall' }).waitFor();
    const isDark = (): Promise<boolean> => page.evaluate(backIsDark);
    expect(await isDark()).toBe(colorScheme === 'dark');
    const worst = async (): Promise<[number, string]> => (await page.evaluate(contrasts))[0] ?? [0, 'no text'];
    for (const view of ['Exchanges', 'Endpoints', 'Losses']) {
      await session.tab(view);
      const [contrast, text] = await worst();
      expect(contrast, `${view}: ${text}`).toBeGreaterThanOrEqual(MIN_CONTRAST);
    }
    // As the system changes at dusk.
    await page.emulateMedia({ colorScheme: colorScheme === 'dark' ? 'light' : 'dark' });
    expect(await isDark()).toBe(colorScheme !== 'dark');
  });

  it.each([400, 320])('has everything in a window of %d pixels', { timeout: TIMEOUT_MS }, async (width) => {
    await session.open({}, { viewport: { width, height: 600 } });
    const { page } = session;
    write();
    await session.count('5 exchanges');
    const boxOf = async (text: string) => {
      const box = await session.rowWith('/a/long/path').locator('.cell').filter({ hasText: text }).boundingBox();
      return box as NonNullable<typeof box>;
    };
    const path = await boxOf('/a/long/path');
    // Of which the beginning tells most.
    expect(path.x).toBeLessThan(260);
    await page.getByRole('grid').evaluate((grid: { scrollLeft: number }) => {
      grid.scrollLeft = 10_000;
    });
    const client = await boxOf('10.0.0.9');
    expect(client.x + client.width).toBeLessThanOrEqual(width);
    for (const name of ['Errors', 'Pause', 'Clear', 'Save HAR']) {
      const box = await session.button(name).boundingBox();
      expect([name, box !== null && box.x >= 0 && box.x + box.width <= width]).toEqual([name, true]);
    }
    await session.rowWith('/a/long/path').click();
    const detail = await session.detail.boundingBox();
    expect([detail?.x, detail?.width]).toEqual([0, width]);
    expect(await page.evaluate(() => (globalThis as never as Tab).document.documentElement.scrollWidth)).toBe(width);
    await session.detail.getByText('GET http://shop.test/a/long/path').waitFor();
    await page.locator('summary').click();
    const menu = await page.locator('.menu').boundingBox();
    expect([menu !== null && menu.x >= 0, menu !== null && menu.x + menu.width <= width]).toEqual([true, true]);
    await page.locator('summary').click();
    for (const view of ['Endpoints', 'Hosts', 'Traces', 'Losses', 'Exchanges']) {
      await session.tab(view);
      const { scrollWidth } = await page.evaluate(() => {
        const { documentElement } = (globalThis as never as Tab).document;
        return { scrollWidth: documentElement.scrollWidth };
      });
      expect([view, scrollWidth]).toEqual([view, width]);
    }
    await page.keyboard.press('Escape');
    await session.detail.waitFor({ state: 'detached' });
  });

  it('has all of its controls on the way of the Tab key', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page } = session;
    write();
    await session.count('5 exchanges');
    const seen: string[] = [];
    for (let i = 0; i < 80 && !seen.includes('grid: Exchanges'); i++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(nameOfFocus));
    }
    expect(seen).toEqual(
      expect.arrayContaining([
        ...['tab: Exchanges', 'input: Filter', 'button: Errors', 'button: SSE', 'button: Pause', 'button: Clear'],
        ...['button: Save HAR', 'summary: Columns', 'grid: Exchanges'],
      ]),
    );
    // Each is there once, so that the way ends.
    expect(new Set(seen).size).toBe(seen.length);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await session.detail.getByText('HTTP/1.1 200').waitFor();
    const inDetail: string[] = [];
    for (let i = 0; i < 40 && !inDetail.includes('button: Copy as JSON'); i++) {
      await page.keyboard.press('Tab');
      inDetail.push(await page.evaluate(nameOfFocus));
    }
    expect(inDetail).toEqual(
      expect.arrayContaining(['tab: Head', 'a: Link to this exchange', 'button: Close', 'button: Copy as JSON']),
    );
    await page.keyboard.press('Escape');
    await session.detail.waitFor({ state: 'detached' });
    expect(await page.evaluate(nameOfFocus)).toBe('grid: Exchanges');
  });

  it('has chips, views and columns by keys', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page } = session;
    write();
    await session.count('5 exchanges');
    await session.button('Errors').focus();
    await page.keyboard.press('Space');
    await session.count('2 of 5 exchanges');
    await page.keyboard.press('Enter');
    await session.count('5 exchanges');
    await page.getByRole('tab', { name: 'Exchanges', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('columnheader', { name: 'Endpoint' }).waitFor();
    await page.getByRole('tab', { name: 'Endpoints', exact: true }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('grid').waitFor();
    await page.locator('summary').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByRole('columnheader', { name: 'Time' }).waitFor({ state: 'detached' });
  });
});

function backIsDark(): boolean {
  const { document, getComputedStyle } = globalThis as never as Tab;
  const [red = 0] = (getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? []).map(Number);
  return red < 128;
}

function nameOfFocus(): string {
  const { document } = globalThis as never as Tab;
  const { activeElement: element } = document;
  const role = element.getAttribute('role') ?? element.localName;
  return `${role}: ${(element.getAttribute('aria-label') ?? element.textContent).trim()}`;
}
