// The part of the page that a browser lets another site have: nothing, by any way in which a document can ask for another
// document's contents.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeInChromium, launch } from './chromium';
import { exchange, type Opened, openView } from './rig';
import { TIMEOUT_MS } from './session';

const SECRET = 'a-secret-of-the-service';

describeInChromium('another site', () => {
  let browser: Browser;
  let context: BrowserContext;
  let opened: Opened;
  let evil: Server;

  beforeAll(async () => {
    // As if the owner of that name had pointed it at this machine.
    browser = await launch('--host-resolver-rules=MAP evil.test 127.0.0.1');
    evil = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>')).listen(
      0,
    );
    await once(evil, 'listening');
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    evil.close();
  });

  beforeEach(async () => {
    opened = await openView({ lossless: true });
    opened.write(...exchange('1.1', { path: `/${SECRET}` }, { body: SECRET }));
    context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(opened.urls[0] as string);
    await page.getByText(SECRET).first().waitFor();
  });
  afterEach(async () => {
    await context.close();
    await opened.view.leave();
  });

  const evilOrigin = (host: string): string => `http://${host}:${(evil.address() as AddressInfo).port}`;

  it.each(['evil.test', '127.0.0.1', 'localhost'])('at %s reads nothing', { timeout: TIMEOUT_MS }, async (host) => {
    const page = await context.newPage();
    await page.goto(evilOrigin(host));
    // Its ways work where they may: on itself.
    const own = await page.evaluate(attack, evilOrigin(host));
    expect(own).toEqual(expect.arrayContaining(['/: SOMETHING', 'POST /har: SOMETHING', 'frame: SOMETHING']));
    let asked = 0;
    const answered: number[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(opened.origin)) asked++;
    });
    page.on('response', (response) => {
      if (response.url().startsWith(opened.origin)) answered.push(response.status());
    });
    const got = await page.evaluate(attack, opened.origin);
    expect(got).toEqual([
      ...['/', '/feed', '/exchange?n=1', '/page.js'].map((path) => `${path}: nothing`),
      ...['/har', '/match', '/packets'].map((path) => `POST ${path}: nothing`),
      ...['events', 'script', 'style', 'image', 'frame', 'object', 'window'].map((name) => `${name}: nothing`),
    ]);
    expect(asked).toBeGreaterThan(10);
    expect(answered.filter((status) => status < 400)).toEqual([]);
  });

  it('by a link to the page, even with the right token, opens nothing', { timeout: TIMEOUT_MS }, async () => {
    const page = await context.newPage();
    for (const path of ['/', `/${new URL(opened.urls.at(-1) as string).search}`]) {
      await page.goto(evilOrigin('evil.test'));
      await page.evaluate((href) => {
        const { document } = globalThis as unknown as Dom;
        const link = document.createElement('a');
        link.href = href;
        document.body.append(link);
        link.click();
      }, `${opened.origin}${path}`);
      await page.waitForURL(`${opened.origin}${path}`);
      expect(await page.textContent('body')).toContain('not from another page');
    }
  });

  it('cannot make the page its own by its name (rebinding)', { timeout: TIMEOUT_MS }, async () => {
    const page = await context.newPage();
    const token = new URL(opened.urls.at(-1) as string).search;
    for (const path of ['/', `/${token}`, '/exchange?n=1', '/page.js']) {
      const response = await page.goto(`http://evil.test:${opened.port}${path}`);
      expect([path, response?.status()]).toEqual([path, 421]);
      expect(await response?.text()).not.toContain(SECRET);
    }
    expect((await context.cookies()).map(({ domain }) => domain)).toEqual(['127.0.0.1']);
  });

  it('has no use of another browser, which has no cookie', { timeout: TIMEOUT_MS }, async () => {
    const other = await browser.newContext();
    const page = await other.newPage();
    for (const path of ['/', '/?token=', '/?token=wrong', '/exchange?n=1', '/feed', '/page.js']) {
      const response = await page.goto(`${opened.origin}${path}`);
      expect([path, response?.status()]).toEqual([path, 403]);
      expect(await page.content()).not.toMatch(/<script|a-secret/);
    }
    await other.close();
  });
});

/** In the document of the other site: each way to the contents, and what came of it. */
async function attack(origin: string): Promise<string[]> {
  const { document, fetch, EventSource, open } = globalThis as unknown as Dom;
  const told: string[] = [];
  const tell = (name: string, got: boolean): number => told.push(`${name}: ${got ? 'SOMETHING' : 'nothing'}`);
  for (const path of ['/', '/feed', '/exchange?n=1', '/page.js']) {
    const readable = await fetch(origin + path, { credentials: 'include' }).catch(() => undefined);
    const opaque = await fetch(origin + path, { credentials: 'include', mode: 'no-cors' }).catch(() => undefined);
    tell(path, readable !== undefined || (opaque !== undefined && opaque.type !== 'opaque'));
  }
  for (const path of ['/har', '/match', '/packets']) {
    const headers = { 'content-type': 'application/json' };
    const asked = { method: 'POST', body: '[[1,1]]', credentials: 'include', headers };
    tell(`POST ${path}`, (await fetch(origin + path, asked).catch(() => undefined)) !== undefined);
  }
  const events = new EventSource(`${origin}/feed`, { withCredentials: true });
  tell(
    'events',
    await new Promise<boolean>((resolve) => {
      events.onmessage = () => resolve(true);
      events.onopen = () => resolve(true);
      events.onerror = () => resolve(false);
    }),
  );
  events.close();
  const loads = (tag: string, attributes: Record<string, string>): Promise<boolean> =>
    new Promise((resolve) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.onload = () => resolve(true);
      element.onerror = () => resolve(false);
      document.body.append(element);
    });
  tell('script', await loads('script', { src: `${origin}/page.js` }));
  tell('style', await loads('link', { rel: 'stylesheet', href: `${origin}/page.css` }));
  tell('image', await loads('img', { src: `${origin}/icon.svg` }));
  // A frame is loaded with whatever the answer is: with the page in it there would be frames or a title to see.
  const frame = document.createElement('iframe');
  frame.src = `${origin}/`;
  await new Promise<void>((resolve) => {
    frame.onload = () => resolve();
    document.body.append(frame);
  });
  tell('frame', frame.contentDocument !== null);
  tell('object', await loads('object', { data: `${origin}/`, type: 'text/html' }));
  const other = open(`${origin}/`);
  // Without a gesture of the user the browser may refuse to open it.
  let isReadable = false;
  try {
    isReadable = other !== null && other.document.body !== null && other.location.href !== 'about:blank';
  } catch {
    isReadable = false;
  }
  tell('window', isReadable);
  return told;
}

interface Dom {
  document: { createElement(tag: string): Element; body: { append(element: Element): void } };
  fetch(url: string, options: object): Promise<{ type: string }>;
  EventSource: new (
    url: string,
    options: object,
  ) => { onmessage: () => void; onopen: () => void; onerror: () => void; close(): void };
  open(url: string): { document: { body: unknown }; location: { href: string } } | null;
}

interface Element {
  href: string;
  src: string;
  onload: () => void;
  onerror: () => void;
  contentDocument: unknown;
  click(): void;
}
