// A text of the wire, whatever it says and wherever it stands: the page shows it, and takes it for nothing but text.

import { expect, it } from 'vitest';
import type { HttpMessage } from '../../ts/types';
import { exchange, requestOf, streamedOf } from './rig';
import { describePage, TIMEOUT_MS } from './session';

const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>{{alert(4)}}`;
/** Names that every object has. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

describePage('a text of the wire', (session) => {
  const grpc = { 'content-type': 'application/grpc' };

  const write = (): void => {
    const nasty = { path: SCRIPT, headers: { host: SCRIPT, 'x-request-id': SCRIPT.slice(0, 60) } };
    session.opened.write(
      ...exchange('1.1', { method: SCRIPT, ...nasty }, { statusCode: 101, headers: { upgrade: 'websocket' } }),
      streamedOf('1.1', 1, { data: SCRIPT }),
      streamedOf('1.1', 2, { opcode: 'close', data: SCRIPT, closeCode: 1_000 }),
      streamedOf('1.1', 3, { data: '', json: { [SCRIPT]: SCRIPT } as never }),
      ...exchange('1.2', { method: 'SSE' }, { headers: { 'content-type': 'text/event-stream' } }),
      streamedOf('1.2', 1, { stream: 'sse', event: SCRIPT, eventId: SCRIPT, data: SCRIPT }),
      ...exchange(
        '1.3',
        { method: 'GRPC', headers: { ...grpc, host: SCRIPT } },
        {
          headers: grpc,
          trailers: { 'grpc-status': '13', 'grpc-message': SCRIPT },
          grpcMessages: [{ size: 3, data: SCRIPT }] as never,
        },
      ),
      ...exchange('1.4', { method: 'ODD' }, { incomplete: 'constructor', errorCode: SCRIPT } as never),
      requestOf('1.5', { method: 'ALONE', tls: { version: SCRIPT, cipher: SCRIPT, serverName: SCRIPT, alpn: SCRIPT } }),
      ...INHERITED.flatMap((name, at): HttpMessage[] => {
        const asked = { path: `/${name}`, headers: { host: name, 'x-request-id': name } };
        return exchange(`${name}/1.${at}`, asked, { headers: { [name]: name } });
      }),
    );
  };

  it('is text wherever it is shown', { timeout: 2 * TIMEOUT_MS }, async () => {
    await session.open({ source: SCRIPT, wordsOfClocks: () => [SCRIPT] });
    const { page, detail, opened } = session;
    write();
    await session.count('9 exchanges');
    await page.locator('.source').getByText(SCRIPT).waitFor();
    await session.rows().first().click();
    await detail.getByText(SCRIPT).first().waitFor();
    await session.tab('Messages');
    const messages = detail.getByRole('listitem');
    await messages.filter({ hasText: 'close 1000' }).getByText(SCRIPT).waitFor();
    await messages.getByText(JSON.stringify({ [SCRIPT]: SCRIPT })).waitFor();
    for (const method of ['SSE', 'GRPC']) {
      await session.rowWith(method).click();
      await session.tab('Messages');
      await messages.getByText(SCRIPT).first().waitFor();
    }
    await session.rowWith('ODD').click();
    await session.tab('Head');
    await detail.locator('.losses').getByText('constructor').waitFor();
    await detail.locator('.losses').getByText(`Reset by ${SCRIPT}`).waitFor();
    await session.rowWith('ALONE').click();
    await detail.getByText(`${SCRIPT}, ${SCRIPT}`).waitFor();
    await opened.view.close();
    for (const view of ['Endpoints', 'Hosts', 'Losses', 'Traces']) await session.tab(view);
    await page.locator('p').getByText(SCRIPT).waitFor();
    // Each is a trace of its own, and a time is known of it.
    await expect.poll(() => page.locator('tr.trace').count()).toBe(1 + INHERITED.length);
    for (const summary of await page.locator('tr.trace').all()) await summary.getByRole('button').click();
    expect(await page.locator('main').textContent()).not.toContain('NaN');
    const found = await page.evaluate(() => {
      const { document } = globalThis as unknown as {
        document: { querySelectorAll(selector: string): { length: number } };
      };
      return ['script', 'img', 'svg', 'iframe', '[onerror], [onload]'].map(
        (selector) => document.querySelectorAll(selector).length,
      );
    });
    expect(found).toEqual([1, 0, 0, 0, 0]);
  });
});
