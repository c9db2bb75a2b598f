// `node bench/page.mjs [--rows N] [--rate N] [--seconds N]`: what the live page costs Chromium. The page has 100 000 rows and 1 000 exchanges
// a second come, while it follows the newest, and then while one scrolls with every frame. For each a line of JSON: the share of
// the time that the main thread works (its own time on a processor, so that other programs do not count), the median and the 99th
// percentile of a frame, the heap after a collection.
//
// The exchanges come from this process, which takes processor time too; frames are drawn in software. `npm run build:ts` before.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TICK_MS = 50;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
  },
});
const [rows, rate, seconds] = [values.rows, values.rate, values.seconds].map(Number);

const load = createRequire(import.meta.url);
const { ViewOutput } = load(join(DIST, 'outputs/view/output.js'));
const { schedule } = load(join(DIST, 'outputs/output.js'));
let url;
const view = new ViewOutput({
  listening: { port: 0, host: '127.0.0.1' },
  ports: [],
  lossless: true,
  source: 'bench',
  engineStats: () => ({}),
  say: (text) => {
    url ??= text;
  },
  schedule,
  now: () => performance.now(),
});
await view.open();

let number = 0;
const METHODS = ['GET', 'GET', 'GET', 'POST', 'DELETE'];
const STATUSES = [200, 200, 200, 201, 304, 404, 500];

function messages() {
  const n = ++number;
  const method = METHODS[n % METHODS.length];
  const path = `/shops/${n % 97}/orders/${n}?page=${n % 10}`;
  const shared = {
    id: `${1 + (n % 500)}.${n}`,
    receiver: { ip: '10.0.0.5', port: 8080 },
    destination: { ip: `10.0.${n % 200}.9`, port: 40_000 },
    timestamp: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
    httpVersion: '1.1',
    body: '',
    bodySize: 0,
  };
  const wait = (n * 7) % 90;
  const answer = { statusCode: STATUSES[n % STATUSES.length], latencyMs: wait, waitMs: wait, durationMs: 1 };
  const headers = { 'content-type': 'application/json' };
  return [
    { ...shared, direction: 'request', method, path, headers: { host: 'shop.test' } },
    { ...shared, direction: 'response', ...answer, request: { method, path }, headers, body: '{"a":1}', bodySize: 7 },
  ];
}

function write(exchanges) {
  const all = Array.from({ length: exchanges }, messages).flat();
  view.write({
    lines: Buffer.from(all.map((message) => `${JSON.stringify(message)}\n`).join('')),
    messages: all.length,
  });
}

/** In the page: how long frames took, while it scrolls with each or does not. */
function watchFrames({ ms, scrolls }) {
  const box = document.querySelector('.rows');
  const frames = [];
  const begun = performance.now();
  let last = begun;
  let step = -120;
  return new Promise((resolve) => {
    const frame = () => {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      if (scrolls) {
        if (box.scrollTop <= 0 || box.scrollTop + box.clientHeight >= box.scrollHeight) step = -step;
        box.scrollTop += step;
      }
      if (now - begun < ms) requestAnimationFrame(frame);
      else resolve(frames.slice(1).sort((a, b) => a - b));
    };
    requestAnimationFrame(frame);
  });
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
try {
  const page = await browser.newPage({ viewport: { width: 1_280, height: 700 } });
  const debug = await page.context().newCDPSession(page);
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () => {
    const { metrics: all } = await debug.send('Performance.getMetrics');
    return Object.fromEntries(all.map(({ name, value }) => [name, value]));
  };
  await page.goto(url);
  while (number < rows) {
    write(Math.min(1_000, rows - number));
    await setImmediate();
  }
  await page.getByText(`${rows.toLocaleString('en')} exchanges`, { exact: true }).waitFor({ timeout: 120_000 });
  for (const scrolls of [false, true]) {
    const [first, before, begun] = [number, await metrics(), performance.now()];
    const live = setInterval(() => {
      write(Math.floor((rate * (performance.now() - begun)) / 1_000) - (number - first));
    }, TICK_MS);
    const frames = await page.evaluate(watchFrames, { ms: seconds * 1_000, scrolls });
    const [after, ended] = [await metrics(), performance.now()];
    clearInterval(live);
    await debug.send('HeapProfiler.collectGarbage');
    const { JSHeapUsedSize: heap } = await metrics();
    const frameOf = (share) => Math.round(10 * frames[Math.floor(share * frames.length)]) / 10;
    const figures = {
      scrolls,
      rows,
      rate: Math.round((1_000 * (number - first)) / (ended - begun)),
      mainThread: `${Math.round((100_000 * (after.TaskDuration - before.TaskDuration)) / (ended - begun))} %`,
      frames: frames.length,
      frameMs: { p50: frameOf(0.5), p99: frameOf(0.99) },
      heapMB: Math.round(heap / 1e5) / 10,
    };
    console.log(JSON.stringify(figures));
  }
} finally {
  await browser.close();
  await view.leave();
}
