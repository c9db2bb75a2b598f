/** Our HAR in Debian's Chromium: read by the importer of its network panel, and by what replays a HAR to pages. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSniffer } from '../../dist/index.js';
import { FIXTURES } from '../live/harness.js';
import { SAVEFILES, type Savefile } from '../savefiles.js';
import { describeInChromium, launch } from '../view/chromium.js';
import { type Entry, entriesOf } from './rules.js';

const TIMEOUT_MS = 120_000;
/** The page of the developer tools themselves, which alone may load its modules. */
const DEVTOOLS = 'devtools://devtools/bundled/devtools_app.html';
/** Times are seconds since 1970 there, which as doubles are right to a quarter of a microsecond. */
const PRECISION_MS = 0.002;

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-chromium-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function harOf({ name, file, ports, options }: Savefile): Promise<string> {
  const harFile = join(folder, `${name}.har`);
  const sniffer = createSniffer({ ports, ...options, harFile, pcapFile: join(FIXTURES, file), logLevel: 'silent' });
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return harFile;
}

/** A request of the network panel. */
interface Shown {
  url: string;
  method: string;
  status: number;
  ms: number;
  sentAt: number;
  type: string;
  headers: number;
  sent: string | null;
  text?: string;
}

/** In the page of the developer tools: the file as the panel's "Import HAR" reads it. A text, since here `import` would be another function. */
const IMPORT_HAR = `async (har) => {
  const { HARFormat, Importer } = await import('devtools://devtools/bundled/models/har/har.js');
  const { log } = new HARFormat.HARRoot(JSON.parse(har));
  const shown = [];
  for (const request of Importer.Importer.requestsFromHARLog(log)) {
    const content = await request.requestContentData();
    shown.push({
      url: request.url(),
      method: request.requestMethod,
      status: request.statusCode,
      ms: request.duration * 1000,
      sentAt: request.startTime * 1000,
      type: request.mimeType,
      headers: request.responseHeaders.length,
      sent: await request.requestFormData(),
      text: content.isTextContent ? content.text : undefined,
    });
  }
  return shown;
}`;

/** It takes this for no archive. */
const shownType = (type: string): string | undefined => (type === 'x-unknown' ? undefined : type);

const beganAt = ({ startedDateTime }: Entry): number => Date.parse(startedDateTime);

const textOf = ({ response: { content } }: Entry): string | undefined =>
  content.encoding === 'base64' ? undefined : content.text;

describeInChromium('a HAR in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  }, TIMEOUT_MS);
  afterAll(() => browser.close());

  it('is read by the network panel: every exchange of every savefile', { timeout: TIMEOUT_MS }, async () => {
    const page = await browser.newPage();
    await page.goto(DEVTOOLS, { waitUntil: 'commit' });
    let [all, texts] = [0, 0];
    for (const savefile of SAVEFILES) {
      const harFile = await harOf(savefile);
      // As the panel orders them.
      const entries = (await entriesOf(harFile)).sort((a, b) => beganAt(a) - beganAt(b));
      const har = JSON.stringify(readFileSync(harFile, 'utf8'));
      const shown = (await page.evaluate(`(${IMPORT_HAR})(${har})`)) as Shown[];
      expect(shown, savefile.name).toHaveLength(entries.length);
      for (const [index, entry] of entries.entries()) {
        const { request, response } = entry;
        const { ms = 0, sentAt = 0, text, ...rest } = shown[index] ?? {};
        expect(rest, savefile.name).toMatchObject({
          ...{ url: request.url, method: request.method, status: response.status, headers: response.headers.length },
          ...{ type: shownType(response.content.mimeType), sent: request.postData?.text ?? null },
        });
        expect(Math.abs(ms - entry.time)).toBeLessThan(PRECISION_MS);
        expect(Math.abs(sentAt - beganAt(entry))).toBeLessThan(1);
        const own = textOf(entry);
        if (own !== undefined && text !== undefined) {
          expect(text).toBe(own);
          texts++;
        }
      }
      all += entries.length;
    }
    expect(all).toBeGreaterThan(100);
    expect(texts).toBeGreaterThan(50);
    await page.close();
  });

  it('answers the requests of a page as the servers did', { timeout: TIMEOUT_MS }, async () => {
    const harFile = await harOf(SAVEFILES.find(({ name }) => name === 'shop') as Savefile);
    const entries = await entriesOf(harFile);
    const page = await browser.newPage();
    await page.routeFromHAR(harFile, { notFound: 'abort' });
    const [first] = entries;
    await page.goto(first?.request.url ?? '');
    let answered = 0;
    for (const entry of entries) {
      const { method, url, postData } = entry.request;
      // Playwright asks for no icon of a page.
      if (url.endsWith('/favicon.ico')) continue;
      const answer = await page.evaluate(
        async ([to, verb, body]) => {
          const response = await fetch(to as string, {
            method: verb as string,
            ...(body === null ? {} : { body: body as string }),
          });
          return { status: response.status, text: await response.text() };
        },
        [url, method, postData?.text ?? null],
      );
      expect(answer, `${method} ${url}`).toEqual({ status: entry.response.status, text: textOf(entry) ?? '' });
      answered++;
    }
    expect(answered).toBe(entries.length - 1);
    await page.close();
  });
});
