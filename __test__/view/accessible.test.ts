// The page as Chromium tells it to a screen reader; links that are none; and what is copied.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandOf } from '../../ts/exchange/curl';
import { readAssets } from '../../ts/outputs/view/assets';
import { documentOf } from '../../ts/outputs/view/document';
import { Ring } from '../../ts/outputs/view/ring';
import { ASSETS, exchange, requestOf, streamedOf } from './rig';
import { describePage, TIMEOUT_MS } from './session';

interface Told {
  role: string;
  name: string;
  properties: Record<string, unknown>;
}

/** Roles that are worked with, so that each needs a name. */
const ACTIVE = [
  'button',
  'tab',
  'searchbox',
  'textbox',
  'combobox',
  'checkbox',
  'link',
  'grid',
  'list',
  'DisclosureTriangle',
];
const NAMED = [...ACTIVE, 'columnheader', 'tablist', 'tabpanel', 'region', 'main'];

describePage('a screen reader', (session) => {
  const told = async (): Promise<Told[]> => {
    const devtools = await session.page.context().newCDPSession(session.page);
    const { nodes } = await devtools.send('Accessibility.getFullAXTree');
    return nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name, properties = [] }) => ({
        role: `${role?.value}`,
        name: `${name?.value ?? ''}`,
        properties: Object.fromEntries(properties.map((each) => [each.name, each.value.value])),
      }));
  };
  const namesOf = (all: readonly Told[], role: string): string[] =>
    all.filter((each) => each.role === role).map(({ name }) => name);

  it('hears a name of all that it can work with, in every view', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const body = { headers: { 'content-type': 'application/json' }, body: '{"a":[1,{"b":2}]}', bodySize: 17 };
    session.opened.write(
      ...exchange('1.1', { headers: { host: 'shop.test', 'x-request-id': 'r' } }, body),
      ...exchange('1.2'),
    );
    await session.count('2 exchanges');
    await session.rows().first().click();
    await session.detail.getByText('HTTP/1.1 200').waitFor();
    for (const view of ['Response', 'Request', 'Timing', 'Endpoints', 'Hosts', 'Traces', 'Losses', 'Exchanges']) {
      await session.tab(view);
      const all = await told();
      const nameless = all.filter(({ role, name }) => NAMED.includes(role) && name.trim() === '');
      expect(nameless, view).toEqual([]);
      const focusable = all.filter(({ properties, role }) => properties.focusable === true && role !== 'RootWebArea');
      expect(focusable.length).toBeGreaterThan(10);
      expect(
        focusable.filter(({ name }) => name.trim() === ''),
        view,
      ).toEqual([]);
    }
  });

  it('hears the table, how it is sorted, which tab is chosen, and which filters are on', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await session.open();
    session.opened.write(...exchange('1.1'), ...exchange('1.2', {}, { statusCode: 500 }));
    await session.count('2 exchanges');
    const { page } = session;
    let all = await told();
    expect(namesOf(all, 'grid')).toEqual(['Exchanges']);
    expect(namesOf(all, 'columnheader')).toEqual(
      expect.arrayContaining(['Time', 'Method', 'Path', 'Status', 'Waterfall']),
    );
    expect(namesOf(all, 'row').filter((name) => name.includes('/items/'))).toHaveLength(2);
    expect(namesOf(all, 'main')).toEqual(['Exchanges']);
    expect(namesOf(all, 'group')).toContain('Quick filters');
    expect(namesOf(all, 'tab')).toEqual(['Exchanges', 'Endpoints', 'Hosts', 'Traces', 'Losses']);
    expect(all.filter(({ role, properties }) => role === 'tab' && properties.selected === true)).toHaveLength(1);
    expect(await page.getByRole('columnheader', { name: 'Time' }).getAttribute('aria-sort')).toBe('ascending');
    await session.button('Status').click();
    await page.getByRole('columnheader', { name: 'Status' }).and(page.locator('[aria-sort="ascending"]')).waitFor();
    await session.button('Errors').click();
    await session.count('1 of 2 exchanges');
    all = await told();
    const pressed = all.filter(({ properties }) => properties.pressed === 'true').map(({ name }) => name);
    expect(pressed).toEqual(['Errors']);
    await session.rows().first().click();
    await session.detail.getByText('HTTP/1.1 500').waitFor();
    all = await told();
    expect(namesOf(all, 'region')).toContain('Exchange');
    expect(namesOf(all, 'tabpanel')).toEqual(['Head']);
    expect(await session.detail.getByRole('tab', { name: 'Head' }).getAttribute('aria-controls')).toBe('part');
    // Colour is not all that tells a failure: the words are there.
    expect(namesOf(all, 'row').find((name) => name.includes('/items/1.2'))).toContain('500');
  });
});

describePage('a link', (session) => {
  it.each(['#%', '#%E0%A4%A', '#%zz', '#no-such'])(
    '%s leads nowhere, and breaks nothing',
    { timeout: TIMEOUT_MS },
    async (hash) => {
      await session.open();
      session.opened.write(...exchange('1.1'));
      await session.count('1 exchanges');
      await session.page.goto(`${session.opened.origin}/${hash}`);
      await session.page.reload();
      await session.count('1 exchanges');
      await session.page.evaluate((to) => {
        (globalThis as unknown as { location: { hash: string } }).location.hash = to;
      }, `${hash}%`);
      session.opened.write(...exchange('1.2'));
      await session.count('2 exchanges');
      await session.rows().first().click();
      await session.detail.getByText('HTTP/1.1 200').waitFor();
    },
  );
});

describePage('what is copied', (session) => {
  it('as cURL is the command of --format curl', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { page, opened } = session;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: opened.origin });
    const content = { method: 'POST', body: "it's\n'\u0007'", bodySize: 9, path: '/a b#c' };
    const request = requestOf('1.1', { ...content, headers: { host: 'shop.test', 'x-a': '[REDACTED]' } });
    opened.write(request);
    await session.rowWith('POST').click();
    await session.button('Copy as cURL').click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const text = await page.evaluate(() =>
      (
        globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }
      ).navigator.clipboard.readText(),
    );
    // Without a line feed at its end, with which a shell would run it at once.
    expect(text).toBe(commandOf({ request, interim: [] }).trimEnd());
    expect(text).toContain('# [REDACTED] stands for what is hidden\n');
  });
});

describePage('a file of its own', (session) => {
  it('is filtered by bodies, as far as it has them', { timeout: TIMEOUT_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-filter-'));
    try {
      const ring = new Ring();
      const beyond = `${'x'.repeat(70_000)}needle`;
      const bodies = ['a needle', 'hay', beyond].map((body) => ({ body, bodySize: body.length }));
      for (const [at, body] of bodies.entries())
        for (const message of exchange(`1.${at + 1}`, { method: 'POST', body: '{"id":7}', bodySize: 8 }, body))
          ring.add(message, Buffer.from(JSON.stringify(message)));
      const counts = { exchanges: 3, rowsGone: 0, messagesGone: 0, overflow: 0, losses: [] };
      const state = { run: '', source: 'a.pcap', savefile: true, ended: true, ...counts };
      const file = join(folder, 'capture.html');
      writeFileSync(file, [...documentOf(ring, state, readAssets(ASSETS))].join(''));
      await session.show(`file://${file}`, { offline: true });
      await session.count('3 exchanges');
      const box = session.page.getByLabel('Filter', { exact: true });
      for (const [filter, shown] of [
        ['response.body~needle', '1 of 3 exchanges'],
        [`body~'"id":7' and status=200`, '3 exchanges'],
        ['request.body~needle', '0 of 3 exchanges'],
        ['response.body!~hay', '2 of 3 exchanges'],
      ] as const) {
        await box.fill(filter);
        await session.count(shown);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describePage('a message inside a stream', (session) => {
  it('that is cut, and those that are missing, are told in words', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const { opened, page } = session;
    opened.write(...exchange('1.1', {}, { statusCode: 101, headers: { upgrade: 'websocket' }, body: '', bodySize: 0 }));
    opened.write(
      streamedOf('1.1', 1, { data: 'x'.repeat(3_000), dataSize: 3_000 }),
      streamedOf('1.1', 5, { truncated: true }),
      streamedOf('1.1', 2, { direction: 'request' }),
    );
    await session.count('1 exchanges');
    await session.rows().first().click();
    await session.tab('Messages');
    const list = page.getByRole('list', { name: 'Messages' });
    await list.getByText('(cut at maxBodySize, or not whole) text 5.').waitFor();
    const lines = await list.getByRole('listitem').allTextContents();
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/x… and 1000 characters more$/);
    expect(lines[1]).toBe('serverNot read, or gone at the limit of a stream: 3');
    expect(lines[3]).toBe('clientNot read, or gone at the limit of a stream: 1');
  });

  it('says how a body was made of what was sent', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    const changes = { bodyDecoded: 'gzip', bodySize: 1_200, bodyRedacted: 'values' as const };
    session.opened.write(...exchange('1.1', {}, changes));
    await session.count('1 exchanges');
    await session.rows().first().click();
    await session.tab('Response');
    await session.detail
      .getByText('Decoded from gzip; the 1.2 kB that were sent are kept by --no-decode-body --binary-bodies base64')
      .waitFor();
    await session.detail.getByText('Values in it are hidden').waitFor();
  });
});
