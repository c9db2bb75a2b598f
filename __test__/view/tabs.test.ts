// Several tabs of one browser: each with its own filter, all with the same exchanges; a page that reads nothing costs the others
// nothing.

import { expect, it } from 'vitest';
import { exchange } from './rig';
import { describePage, TIMEOUT_MS } from './session';

/** A browser has six connections for one host, and a tab takes one. */
const TABS = 4;
const ROWS = 5_000;

describePage('tabs', (session) => {
  it('open the same exchange by its link', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page, detail } = session;
    opened.write(...exchange('1.1'), ...exchange('1/1.2', { path: '/the one' }, { body: 'its body' }));
    await session.count('2 exchanges');
    await session.rowWith('/the one').click();
    const href = await detail.getByRole('link', { name: 'Link to this exchange' }).getAttribute('href');
    const link = new URL(href as string, page.url()).href;
    expect(link).toBe(page.url());
    const other = await session.tabAt(link);
    const otherDetail = other.getByRole('region', { name: 'Exchange' });
    await otherDetail.getByText('GET http://shop.test/the one HTTP/1.1').waitFor();
    await otherDetail.getByRole('tab', { name: 'Response', exact: true }).click();
    await otherDetail.getByText('its body').waitFor();
    // Of an exchange that comes later.
    const later = await session.tabAt(link.replace(/#.*/, '#9.9'));
    await later.getByText('2 exchanges').waitFor();
    expect(await later.getByRole('region', { name: 'Exchange' }).count()).toBe(0);
    opened.write(...exchange('9.9'));
    await later.getByRole('region', { name: 'Exchange' }).getByText('/items/9.9').waitFor();
  });

  it('have the same exchanges at once, and what is chosen apart', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    const tabs = [page];
    while (tabs.length < TABS) tabs.push(await session.tabAt(opened.origin));
    opened.write(...exchange('1.1', { path: '/cart' }), ...exchange('1.2', { path: '/orders' }));
    for (const tab of tabs) await tab.locator('.status').getByText('2 exchanges', { exact: true }).waitFor();
    await page.getByLabel('Filter', { exact: true }).fill('path=/cart');
    await session.count('1 of 2 exchanges');
    await tabs[1]?.getByRole('button', { name: 'Pause' }).click();
    await tabs[2]?.getByRole('button', { name: 'Clear' }).click();
    opened.write(...exchange('1.3', { path: '/cart' }));
    const counts = ['2 of 3 exchanges', '2 exchanges', '1 exchanges', '3 exchanges'];
    for (const [at, text] of counts.entries())
      await tabs[at]?.locator('.status').getByText(text, { exact: true }).waitFor();
  });

  it('that are held up hold up no other one', { timeout: 2 * TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    const held = await session.tabAt(opened.origin);
    await held.getByText('Nothing yet').waitFor();
    const debug = await held.context().newCDPSession(held);
    await debug.send('Debugger.enable');
    const paused = new Promise((resolve) => debug.once('Debugger.paused', resolve));
    await debug.send('Debugger.pause');
    await paused;
    const path = `/${'x'.repeat(400)}`;
    for (let i = 0; i < ROWS; i++) {
      opened.write(...exchange(`1.${i}`, { path: `${path}${i}` }));
      if (i % 500 === 0) await new Promise(setImmediate);
    }
    await session.count('5,000 exchanges');
    await session.rowWith('200').last().click();
    await session.detail.getByText('HTTP/1.1 200').waitFor();
    await debug.send('Debugger.disable');
    await held.locator('.status').getByText('5,000 exchanges', { exact: true }).waitFor();
    expect(await page.getByText('Not connected').count()).toBe(0);
  });
});
