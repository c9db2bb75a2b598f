// Debian's Chromium with the page in it. Where there is none these tests are skipped and say so; under CI they run, and fail.

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

const PATH = '/usr/bin/chromium';

/** As root without its sandbox, and without a word to hosts outside. */
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export function describeInChromium(name: string, tests: () => void): void {
  if (existsSync(PATH) || process.env.CI) describe(name, tests);
  else describe.skip(`${name} (skipped: there is no ${PATH})`, tests);
}

export function launch(...flags: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: [...FLAGS, ...flags] });
}

export interface Watched {
  page: Page;
  /** The complaints of the page, and each request that did not go to its own server. */
  wrong: string[];
}

/** A page that fails a test which does not look at `wrong`: nothing may go wrong unseen. */
export async function watched(browser: Browser, options: Parameters<Browser['newPage']>[0] = {}): Promise<Watched> {
  return watchedIn(await browser.newContext({ viewport: { width: 1_280, height: 700 }, ...options }));
}

/** One more tab. */
export async function watchedIn(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (!['blob:', 'data:', 'file:'].includes(protocol) && hostname !== '127.0.0.1') wrong.push(request.url());
  });
  return { page, wrong };
}
