// docs/view.webp: the page as it looks, with invented traffic (page-traffic.mjs), drawn by Debian's Chromium. `npm run screenshots`; no
// part of `npm run docs`, since the pixels are those of a browser and its fonts. Without Chromium it says so and leaves the picture alone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { OPENED, trafficLines } from './page-traffic.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CHROMIUM = '/usr/bin/chromium';
const PICTURE = join(ROOT, 'docs/view.webp');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];
/** A README is loaded whole, pictures too. */
const MAX_BYTES = 100_000;
const VIEWPORT = { width: 1_280, height: 720 };
const QUALITY = 80;

async function draw(file) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage({
      ...{ viewport: VIEWPORT, deviceScaleFactor: 1.5, colorScheme: 'light' },
      ...{ timezoneId: 'UTC', locale: 'en-GB' },
    });
    await page.goto(pathToFileURL(file).href);
    const rows = page.locator('.canvas .row');
    await rows.filter({ hasText: OPENED }).filter({ hasText: '504' }).click();
    await page.getByRole('region', { name: 'Exchange' }).getByText('504').first().waitFor();
    await page.getByRole('tab', { name: 'Response' }).click();
    await page.getByText('payment_timeout').first().waitFor();
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
    if (process.argv[2]) await page.screenshot({ path: process.argv[2] });
    return Buffer.from(data, 'base64');
  } finally {
    await browser.close();
  }
}

if (!existsSync(CHROMIUM)) {
  console.log(`There is no ${CHROMIUM}: docs/view.webp stays as it is.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-page-'));
  try {
    const html = join(folder, 'page.html');
    execFileSync(process.execPath, [join(ROOT, 'dist/cli.js'), '--read', '-', '--html', html, '--log-level', 'warn'], {
      input: trafficLines(),
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const picture = await draw(html);
    if (picture.length > MAX_BYTES) throw new Error(`the picture has ${picture.length} bytes, more than ${MAX_BYTES}`);
    writeFileSync(PICTURE, picture);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
