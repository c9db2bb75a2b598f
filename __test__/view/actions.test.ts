// The buttons of the page: copies, files, pause, folds.

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fetchOf } from '../../ts/page/copy';
import { exchange } from './rig';
import { describePage, TIMEOUT_MS } from './session';

describePage('a button', (session) => {
  it('copies as fetch and as JSON', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page, opened } = session;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: opened.origin });
    const [request, response] = exchange('1.1', { method: 'POST', body: '\u001b"</script>', bodySize: 11 });
    if (request === undefined) throw new Error('none');
    opened.write(request, response as typeof request);
    await session.rows().first().click();
    const copied = async (name: string): Promise<string> => {
      await session.button(name).click();
      await page.getByText('Copied', { exact: true }).waitFor();
      return page.evaluate(() =>
        (
          globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }
        ).navigator.clipboard.readText(),
      );
    };
    expect(await copied('Copy as fetch')).toBe(fetchOf(request));
    expect(JSON.parse(await copied('Copy as JSON'))).toEqual([request, response]);
  });

  it('saves what the filter shows as HAR', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page, opened } = session;
    opened.write(
      ...exchange('1.1', { path: '/a' }),
      ...exchange('1.2', { path: '/b' }),
      ...exchange('1.3', { path: '/a' }),
    );
    await session.count('3 exchanges');
    await page.getByLabel('Filter', { exact: true }).fill('path=/a');
    await session.count('2 of 3 exchanges');
    const [file] = await Promise.all([page.waitForEvent('download'), session.button('Save HAR').click()]);
    expect(file.suggestedFilename()).toBe('exchanges.har');
    const { log } = JSON.parse(await readFile(await file.path(), 'utf8'));
    expect(log.entries.map(({ _id }: { _id: string }) => _id)).toEqual(['1.1', '1.3']);
  });

  it('holds the page still, and lets it catch up', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    opened.write(...exchange('1.1'));
    await session.count('1 exchanges');
    await session.button('Pause').click();
    await page.getByText('Paused').waitFor();
    opened.write(...exchange('1.2'), ...exchange('1.3'));
    await session.button('Clear').click();
    await session.count('0 exchanges');
    await session.button('Resume').click();
    await session.count('2 exchanges');
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('folds and unfolds a part of a tree, also by keys', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page, detail } = session;
    const body = '{"outer":{"inner":[1,2]},"last":3}';
    session.opened.write(...exchange('1.1', {}, { headers: { 'content-type': 'application/json' }, body }));
    await session.rows().first().click();
    await session.tab('Response');
    const rows = (): Promise<string[]> => detail.getByRole('listitem').allInnerTexts();
    await expect.poll(async () => (await rows()).length).toBe(6);
    await detail.getByRole('button', { name: 'Fold' }).nth(1).click();
    await expect.poll(rows).toEqual(['▾{2}', '▸"outer": {1}', '"last": 3']);
    await detail.getByRole('button', { name: 'Unfold' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await rows()).length).toBe(6);
    // A search opens what it finds.
    await detail.getByRole('button', { name: 'Fold' }).first().click();
    await detail.getByLabel('Find in the body').fill('2');
    await page.keyboard.press('Enter');
    await detail.locator('.one.found').getByText('1: 2').waitFor();
  });
});
