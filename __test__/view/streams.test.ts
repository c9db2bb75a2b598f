// Messages inside a stream, as they come.

import { expect, it } from 'vitest';
import { until } from '../live/harness';
import { exchange, streamedOf } from './rig';
import { describePage, TIMEOUT_MS } from './session';

const upgraded = (id: string) => exchange(id, {}, { statusCode: 101, headers: { upgrade: 'websocket' }, body: '' });

describePage('a stream', (session) => {
  it('shows its messages while they come, however fast', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page, detail } = session;
    opened.write(...upgraded('1.1'));
    await session.count('1 exchanges');
    await session.rows().first().click();
    await detail.getByText('HTTP/1.1 101').waitFor();
    const tab = page.getByRole('tab', { name: 'Messages', exact: true });
    expect(await tab.count()).toBe(0);
    let sequence = 0;
    // Faster than the page looks again.
    const live = setInterval(() => opened.write(streamedOf('1.1', ++sequence)), 20);
    try {
      await tab.click();
      const list = page.getByRole('list', { name: 'Messages' });
      await list.getByText('text 1.', { exact: true }).waitFor();
      const line = await list.getByRole('listitem').first().textContent();
      expect(line).toMatch(/^server[\d:.]+text7 Btext 1\.$/);
      const setSize = async (): Promise<number> =>
        Number(await list.getByRole('listitem').first().getAttribute('aria-setsize'));
      const before = await setSize();
      await expect.poll(setSize, { timeout: TIMEOUT_MS / 2 }).toBeGreaterThan(before);
    } finally {
      clearInterval(live);
    }
    const bytes = Buffer.from([0, 255]).toString('base64');
    opened.write(
      streamedOf('1.1', 1, {
        direction: 'request',
        opcode: 'binary',
        data: bytes,
        dataEncoding: 'base64',
        dataSize: 2,
      }),
      streamedOf('1.1', ++sequence, {
        opcode: 'close',
        closeCode: 1001,
        data: 'going away',
        dataSize: 12,
        gapBytes: 3,
      }),
    );
    const list = page.getByRole('list', { name: 'Messages' });
    await expect.poll(() => list.getByRole('listitem').first().getAttribute('aria-setsize')).toBe(String(sequence + 1));
    await list.focus();
    await page.keyboard.press('End');
    await list.getByText('(3 bytes of it never arrived) going away').waitFor();
    await list.getByText('close 1001').waitFor();
    await list.locator('.request').getByText('client').waitFor();
  });

  it('is asked for no more often than it is looked at', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page, detail } = session;
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/exchange?')) asked++;
    });
    opened.write(...upgraded('1.1'), ...exchange('2.1'));
    await session.count('2 exchanges');
    await session.rowWith('101').click();
    await detail.getByText('HTTP/1.1 101').waitFor();
    expect(asked).toBe(1);
    // Others change, this one does not.
    opened.write(...exchange('2.2'));
    await session.count('3 exchanges');
    opened.write(streamedOf('1.1', 1));
    await until(() => asked === 2, TIMEOUT_MS / 2);
    await page.getByRole('button', { name: 'Close' }).click();
    await detail.waitFor({ state: 'detached' });
    opened.write(streamedOf('1.1', 2), ...exchange('2.3'));
    await session.count('4 exchanges');
    await session.rowWith('/items/2.3').click();
    await detail.getByText('/items/2.3').waitFor();
    expect(asked).toBe(3);
  });
});
