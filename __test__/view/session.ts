// A page in Chromium with its server, for each test; one browser for all tests of a file.

import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { describeInChromium, launch, type Watched, watched, watchedIn } from './chromium';
import { type Opened, openView } from './rig';

export const TIMEOUT_MS = 30_000;

type PageOptions = Parameters<typeof watched>[1];

export class Session {
  browser!: Browser;
  opened!: Opened;
  seen!: Watched;
  readonly #tabs: Watched[] = [];
  readonly #allowed: RegExp[] = [];

  get page(): Page {
    return this.seen.page;
  }

  /** A page of a capture that writes nothing by itself. */
  async open(options: Parameters<typeof openView>[0] = {}, pageOptions: PageOptions = {}): Promise<void> {
    this.opened = await openView({ lossless: true, ...options });
    await this.show(this.opened.urls[0] as string, pageOptions);
  }

  async show(url: string, pageOptions: PageOptions = {}): Promise<void> {
    this.seen = await watched(this.browser, pageOptions);
    this.page.setDefaultTimeout(TIMEOUT_MS / 2);
    await this.page.goto(url);
  }

  rows(): Locator {
    return this.page.locator('.canvas .row');
  }

  rowWith(text: string): Locator {
    return this.rows().filter({ hasText: text });
  }

  get detail(): Locator {
    return this.page.getByRole('region', { name: 'Exchange' });
  }

  /** One more tab of the same browser. */
  async tabAt(url: string): Promise<Page> {
    const tab = await watchedIn(this.page.context());
    this.#tabs.push(tab);
    tab.page.setDefaultTimeout(TIMEOUT_MS / 2);
    await tab.page.goto(url);
    return tab.page;
  }

  /** A complaint that belongs to the test. */
  allow(words: RegExp): void {
    this.#allowed.push(words);
  }

  /** Complaints that no test has allowed. */
  takeWrong(): string[] {
    const allowed = this.#allowed.splice(0);
    const wrong = [this.seen, ...this.#tabs.splice(0)].flatMap((seen) => seen?.wrong ?? []);
    return wrong.filter((text) => !allowed.some((words) => words.test(text)));
  }

  /** The page says that it shows so many. */
  async count(text: string): Promise<void> {
    await this.page.locator('.status').getByText(text, { exact: true }).waitFor();
  }

  tab(name: string): Promise<void> {
    return this.page.getByRole('tab', { name, exact: true }).click();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }
}

/** After each test the page has complained about nothing, and has asked no other host. */
export function describePage(name: string, tests: (session: Session) => void): void {
  describeInChromium(name, () => {
    const session = new Session();
    beforeAll(async () => {
      session.browser = await launch();
    }, TIMEOUT_MS);
    afterAll(() => session.browser?.close());
    afterEach(async () => {
      await session.seen?.page.context().close();
      await session.opened?.view.leave();
      expect(session.takeWrong()).toEqual([]);
    });
    tests(session);
  });
}
