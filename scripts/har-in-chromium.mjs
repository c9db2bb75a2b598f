// `node scripts/har-in-chromium.mjs FILE [SCREENSHOT]`: what the Network panel of Chromium's developer tools makes of a HAR
// file, as a line a request: method, URL, status, duration in ms, bytes of content. Needs `chromium` on the PATH.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'undici';

const [file, screenshot] = process.argv.slice(2);
const har = readFileSync(file, 'utf8');
const profile = mkdtempSync(join(tmpdir(), 'tcp-sniffer-chromium-'));
const PATIENCE_MS = 60_000;

/** Runs in the page of the developer tools, whose modules these are; they may move from one version to the next. */
const IMPORT = `(async () => {
  const { NetworkPanel } = await import('./panels/network/network.js');
  const { ViewManager } = await import('./ui/legacy/legacy.js');
  const { NetworkLog } = await import('./models/logs/logs.js');
  const panel = NetworkPanel.NetworkPanel.instance();
  await ViewManager.ViewManager.instance().showView('network');
  await panel.networkLogView.onLoadFromFile(new File([${JSON.stringify(har)}], 'messages.har'));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return NetworkLog.NetworkLog.instance().requests().map((request) =>
    [request.requestMethod, request.url(), request.statusCode, request.duration * 1000, request.resourceSize]);
})()`;

async function connect(url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`cannot connect to ${url}`));
  });
  const answers = new Map();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(data);
    answers.get(answer.id)?.(answer);
  };
  return (method, params) =>
    new Promise((resolve) => {
      answers.set(++last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}

const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-allow-origins=*'];
const chromium = spawn(
  'chromium',
  [...args, '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--window-size=1200,800', 'about:blank'],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
const limit = setTimeout(() => chromium.kill(), PATIENCE_MS);
try {
  const origin = await new Promise((resolve, reject) => {
    chromium.on('error', reject).on('exit', () => reject(new Error('chromium ended before anything was shown')));
    chromium.stderr.on('data', (text) => {
      const port = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(String(text))?.[1];
      if (port !== undefined) resolve(`127.0.0.1:${port}`);
    });
  });
  const [page] = (await (await fetch(`http://${origin}/json`)).json()).filter(({ type }) => type === 'page');
  const inspector = `http://${origin}/devtools/inspector.html?ws=${page.webSocketDebuggerUrl.slice(5)}&panel=network`;
  const tools = await (await fetch(`http://${origin}/json/new?${inspector}`, { method: 'PUT' })).json();
  const call = await connect(tools.webSocketDebuggerUrl);
  // The tools load themselves first; there is no event for that.
  await sleep(5_000);
  const { result } = await call('Runtime.evaluate', { expression: IMPORT, awaitPromise: true, returnByValue: true });
  if (result.exceptionDetails !== undefined) throw new Error(result.exceptionDetails.exception?.description);
  for (const [method, url, status, ms, bytes] of result.result.value)
    console.log(`${method} ${url} ${status} ${ms.toFixed(3)} ${bytes}`);
  if (screenshot !== undefined) {
    const { result: image } = await call('Page.captureScreenshot', {});
    writeFileSync(screenshot, Buffer.from(image.data, 'base64'));
  }
} finally {
  clearTimeout(limit);
  chromium.kill();
  await sleep(500);
  rmSync(profile, { recursive: true, force: true });
}
process.exit(0);
