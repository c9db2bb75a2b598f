// Endpoints, hosts, traces and losses of what the filter shows.

import { expect, it } from 'vitest';
import type { HttpMessage } from '../../ts/types';
import { exchange } from './rig';
import { describePage, TIMEOUT_MS } from './session';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

interface Call {
  id: string;
  path: string;
  from: string;
  to: string;
  begun: number;
  ms: number;
  status?: number;
  trace?: string;
}

/** An exchange of a trace between two of the hosts of one network. */
function call({ id, path, from, to, begun, ms, status = 200, trace = TRACE }: Call): HttpMessage[] {
  const ends = { receiver: { ip: `10.0.0.${to}`, port: 80 }, destination: { ip: `10.0.0.${from}`, port: 40_000 } };
  const headers = { host: `host-${to}`, traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  return exchange(
    id,
    { ...ends, path, headers, timestamp: at(begun) },
    { ...ends, timestamp: at(begun + ms), latencyMs: ms, waitMs: ms, durationMs: 0, statusCode: status },
  );
}

describePage('the views', (session) => {
  it('has traces as trees, with the time that each exchange took itself', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    opened.write(
      ...call({ id: '1.1', path: '/checkout', from: '1', to: '2', begun: 0, ms: 100 }),
      ...call({ id: '1.2', path: '/cart', from: '2', to: '3', begun: 10, ms: 60 }),
      ...call({ id: '1.3', path: '/stock', from: '3', to: '4', begun: 20, ms: 15, status: 503 }),
      ...call({ id: '2.1', path: '/login', from: '1', to: '2', begun: 0, ms: 5, trace: TRACE.replace('4', '5') }),
      ...exchange('3.1'),
    );
    await session.count('5 exchanges');
    await session.tab('Traces');
    const traces = page.locator('tr.trace');
    await expect.poll(() => traces.count()).toBe(2);
    // The slowest first.
    expect(await traces.first().textContent()).toMatch(
      /100 ms1 failed.*GET \/checkout on host-2:80 3 exchanges, tracep/,
    );
    await page.getByRole('button', { name: 'GET /checkout' }).click();
    const texts = (): Promise<string[]> => page.locator('tbody').first().locator('tr').allInnerTexts();
    await expect.poll(async () => (await texts()).length).toBe(5);
    const cells = (await texts()).map((text) => text.split('\t').map((cell) => cell.trim()));
    expect(cells.slice(1, 4)).toEqual([
      ['0 µs', '100 ms', '40 ms', '200', 'GET /checkout on host-2:80', ''],
      ['10 ms', '60 ms', '45 ms', '200', 'GET /cart on host-3:80', ''],
      ['20 ms', '15 ms', '15 ms', '503', 'GET /stock on host-4:80', ''],
    ]);
    expect(cells[4]?.join('')).toBe('Most of it: GET /cart on host-3:80, 45 ms itself, 45 %');
    const indent = (name: string): Promise<number> =>
      page
        .getByRole('rowheader', { name, exact: true })
        .evaluate((cell) => Number.parseFloat((globalThis as never as Dom).getComputedStyle(cell).paddingLeft));
    expect(await indent('GET /stock on host-4:80')).toBeGreaterThan(await indent('GET /cart on host-3:80'));
    // One more call of the same trace comes.
    opened.write(...call({ id: '1.4', path: '/mail', from: '2', to: '5', begun: 75, ms: 20 }));
    await page.getByText('GET /mail on host-5:80').waitFor();
    await page.getByRole('rowheader', { name: 'GET /stock' }).getByRole('button').click();
    await session.detail.getByText('GET http://host-4/stock HTTP/1.1').waitFor();
  });

  it('has traces of several capture points by one clock, once all is read', { timeout: TIMEOUT_MS }, async () => {
    await session.open({
      wordsOfClocks: ({ clocks }) => clocks.map(({ point, offsetMs }) => `${point}: ${offsetMs} ms`),
    });
    const { opened, page } = session;
    opened.write(
      ...call({ id: '1/1.1', path: '/checkout', from: '1', to: '2', begun: 0, ms: 100 }),
      ...call({ id: '2/1.1', path: '/checkout', from: '1', to: '2', begun: 5_002, ms: 96 }),
      ...call({ id: '2/2.1', path: '/stock', from: '2', to: '3', begun: 5_012, ms: 50 }),
    );
    await session.count('3 exchanges');
    await session.tab('Traces');
    await page.getByRole('button', { name: 'GET /checkout' }).click();
    expect(await page.locator('tr.trace').textContent()).toContain('3 exchanges');
    await opened.view.close();
    await page.getByText('2: 5000 ms').waitFor();
    await expect.poll(() => page.locator('tr.trace').textContent()).toContain('2 exchanges');
    const texts = await page.locator('tbody tr').allInnerTexts();
    const cells = texts.map((text) => text.split('\t').map((cell) => cell.trim()));
    expect(cells.slice(1, 3)).toEqual([
      ['0 µs', '100 ms', '46 ms', '200', 'GET /checkout on host-2:80', ''],
      ['12 ms', '50 ms', '50 ms', '200', 'GET /stock on host-3:80', ''],
    ]);
    // As the other point has it, it is not shown apart, and still found.
    await page.getByLabel('Filter', { exact: true }).fill('id=2/1.1');
    await session.count('1 of 3 exchanges');
    expect(await page.locator('tr.trace').count()).toBe(1);
  });

  it('has the whole trace if the filter shows an exchange of it', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    opened.write(
      ...call({ id: '1.1', path: '/checkout', from: '1', to: '2', begun: 0, ms: 100 }),
      ...call({ id: '1.2', path: '/stock', from: '2', to: '3', begun: 20, ms: 15, status: 503 }),
      ...call({ id: '2.1', path: '/login', from: '1', to: '2', begun: 0, ms: 5, trace: TRACE.replace('4', '5') }),
    );
    await session.count('3 exchanges');
    await session.tab('Traces');
    await page.getByLabel('Filter', { exact: true }).fill('status=5xx');
    await page.getByRole('button', { name: 'GET /login' }).waitFor({ state: 'detached' });
    expect(await page.locator('tr.trace').textContent()).toContain('2 exchanges');
    await page.getByLabel('Filter', { exact: true }).fill('path=/nowhere');
    await page.getByText('No exchange here has traceparent').waitFor();
  });

  it('has endpoints and hosts, over time', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    const host = (name: string) => ({ headers: { host: name } });
    for (let i = 0; i < 10; i++) {
      opened.write(...exchange(`1.${i}`, { path: `/orders/${i}`, timestamp: at(0) }));
      opened.write(...exchange(`2.${i}`, { path: '/cart', ...host('cart.test'), timestamp: at(1_000 * i) }));
    }
    opened.write(
      ...exchange('3.1', { path: '/cart', ...host('cart.test'), timestamp: at(2_400) }, { statusCode: 500 }),
    );
    await session.count('21 exchanges');
    await session.tab('Endpoints');
    const row = (name: string) => page.getByRole('row', { name });
    const cells = async (name: string) => (await row(name).allInnerTexts()).join('');
    expect(await cells('GET /orders/:id')).toMatch(/^GET \/orders\/:id\t10\t0\t2\.0 ms/);
    expect(await cells('GET /cart')).toMatch(/^GET \/cart\t11\t1\t/);
    await row('GET /orders/:id').getByRole('img', { name: 'At most 10 in 375 ms' }).waitFor();
    const shape = await row('GET /cart')
      .getByRole('img', { name: 'At most 1 in 375 ms' })
      .evaluate((element) => (globalThis as never as Dom).getComputedStyle(element).clipPath);
    // Nothing in the second part, something in the first and in the third.
    expect(shape).toMatch(/^polygon\(0% 100%, 0% 0%, 4\.\d+% 0%, 4\.\d+% 100%, 8\.\d+% 100%, 8\.\d+% 0%/);
    await session.tab('Hosts');
    expect(await cells('cart.test')).toMatch(/^cart\.test\t11\t1\t/);
    await page.getByRole('button', { name: 'Errors' }).first().click();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  });

  it('has the ledger in words', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    await session.tab('Losses');
    await session.page.getByRole('row', { name: '7 bytes that never arrived' }).waitFor();
  });
});

interface Dom {
  getComputedStyle(element: unknown): { paddingLeft: string; clipPath: string };
}
