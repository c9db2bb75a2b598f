// Bodies that were captured as they were sent: the page shows them so, and decoded.

import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { exchange } from './rig';
import { describePage, TIMEOUT_MS } from './session';

/** Of a body that is decoded. */
const MAX_BYTES = 16 * 1024 * 1024;
const TEXT = '{"cups":3,"kind":"<img src=x onerror=alert(1)>"}';

describePage('a body as it was sent', (session) => {
  const show = async (codings: string, bytes: Buffer, type = 'application/json'): Promise<void> => {
    await session.open();
    const headers = { 'content-type': type, 'content-encoding': codings };
    const body = { body: bytes.toString('base64'), bodyEncoding: 'base64' as const, bodySize: bytes.length };
    session.opened.write(...exchange('1.1', {}, { headers, ...body }));
    await session.rows().first().click();
    await session.tab('Response');
  };
  const modes = (): Promise<string[]> => session.page.getByLabel('Show as').locator('option').allTextContents();
  const sent = (codings: string) => session.page.getByLabel(`As it was sent, in ${codings}`);

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(TEXT)],
    ['X-GZip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    // Without the frame of zlib, as some send it.
    ['deflate', deflateRawSync(TEXT)],
    ['deflate, gzip', gzipSync(deflateSync(TEXT))],
  ])('in %s is decoded, and shown both ways', { timeout: TIMEOUT_MS }, async (codings, bytes) => {
    await show(codings, bytes);
    const { detail, page } = session;
    await detail.locator('.virtual').getByText('onerror=alert(1)').waitFor();
    expect(await modes()).toEqual(['Tree', 'Text', 'Hex']);
    expect(await sent(codings).isChecked()).toBe(false);
    await sent(codings).check();
    await detail
      .locator('.virtual')
      .getByText(bytes.subarray(0, 8).toString('hex').match(/../g)?.join(' ') ?? '')
      .waitFor();
    expect(await modes()).toEqual(['Hex']);
    await sent(codings).uncheck();
    await page.getByLabel('Show as').selectOption('Text');
    await detail.getByText(TEXT).waitFor();
    expect(await page.getByText('not all of it').count()).toBe(0);
  });

  it.each<[string, Buffer]>([
    ['br', brotliCompressSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['gzip', Buffer.from(TEXT)],
    ['__proto__', Buffer.from([1, 2, 3])],
    ['', Buffer.from([1, 2, 3])],
  ])('in %s, which the browser cannot decode, is shown so alone', { timeout: TIMEOUT_MS }, async (codings, bytes) => {
    await show(codings, bytes);
    await session.detail.locator('.virtual').getByText('00000000  ').waitFor();
    expect(await modes()).toEqual(['Hex']);
    expect([await sent(codings).isChecked(), await sent(codings).isDisabled()]).toEqual([true, true]);
  });

  it('that is not whole is decoded as far as it goes, and says so', { timeout: TIMEOUT_MS }, async () => {
    const text = Array.from({ length: 20_000 }, (_, n) => `line ${(n * 7_919) % 10_007}\n`).join('');
    const bytes = gzipSync(text);
    await show('gzip', bytes.subarray(0, bytes.length >> 1), 'text/plain');
    await session.detail.getByText('; not all of it could be decoded').waitFor();
    await session.detail.locator('.virtual').getByText('line 7919', { exact: true }).waitFor();
  });

  it('that becomes any number of bytes is bounded', { timeout: TIMEOUT_MS }, async () => {
    await show('gzip', gzipSync(Buffer.alloc(20 * MAX_BYTES, 'a line\n')), 'text/plain');
    await session.detail.getByText('; not all of it could be decoded').waitFor();
    const list = session.page.getByRole('list', { name: 'Text' });
    const lines = Number(await list.getByRole('listitem').first().getAttribute('aria-setsize'));
    expect(lines).toBeLessThan((1.1 * MAX_BYTES) / 'a line\n'.length);
  });
});
