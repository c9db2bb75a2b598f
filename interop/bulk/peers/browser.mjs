// Debian's Chromium. `browser.mjs socket PORT COUNT`: its WebSocket, which offers compression. `browser.mjs events PORT COUNT`: its
// EventSource. The document itself comes from here, so that the server sees the stream alone.
import { EventEmitter, once } from 'node:events';
import { chromium } from 'playwright-core';
import { Fold } from '../content.mjs';
import { textOf } from './events.mjs';
import { echoed, tls } from './window.mjs';

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'],
  // A document that came from no address may not connect to a local one.
  '--disable-features=LocalNetworkAccessChecks',
];

/** With an icon of its own, so that none is asked of the server. */
const DOCUMENT = '<!doctype html><link rel="icon" href="data:,">';

/** Runs in the page. Received messages go to `tell` together, in their order: text as it is, bytes as their values. */
function open({ url, isSocket }) {
  const pending = [];
  const take = (message) => {
    if (pending.push(message) === 1) setTimeout(() => window.tell(pending.splice(0)));
  };
  if (!isSocket) {
    const source = new EventSource(url);
    const event = ({ data }) => take(data);
    source.onmessage = event;
    source.addEventListener('note', event);
    window.end = () => source.close();
    return;
  }
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => window.tell('open');
  socket.onmessage = ({ data }) => take(typeof data === 'string' ? data : [...new Uint8Array(data)]);
  socket.onclose = () => window.tell('closed');
  window.send = (messages) => {
    for (const message of messages) socket.send(typeof message === 'string' ? message : new Uint8Array(message));
  };
  window.end = () => socket.close(1000);
}

const [act, port, count] = process.argv.slice(2);
const isSocket = act === 'socket';
const secure = tls() ? 's' : '';
const origin = `http${secure}://127.0.0.1:${port}`;
const told = new EventEmitter();

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
try {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.route(`${origin}/document`, (route) => route.fulfill({ contentType: 'text/html', body: DOCUMENT }));
  await page.exposeFunction('tell', (words) => {
    if (typeof words === 'string') told.emit(words);
    else for (const message of words) told.emit('message', message);
  });
  await page.goto(`${origin}/document`);
  const ended = isSocket ? socket(page, Number(count)) : events(page, Number(count));
  await page.evaluate(open, { url: `${isSocket ? origin.replace('http', 'ws') : origin}/bulk`, isSocket });
  await ended;
} finally {
  await browser.close();
}

async function socket(page, count) {
  const sending = [];
  const peer = echoed(count, ({ bytes, isBinary }) => {
    if (sending.push(isBinary ? [...bytes] : bytes.toString()) > 1) return;
    setImmediate(() => page.evaluate((messages) => window.send(messages), sending.splice(0)));
  });
  told.once('open', peer.begin);
  told.on('message', (message) => {
    const isBinary = typeof message !== 'string';
    if (peer.take(Buffer.from(message), isBinary)) void page.evaluate(() => window.end());
  });
  await once(told, 'closed');
  peer.report();
}

async function events(page, count) {
  const [sent, got] = [new Fold(), new Fold()];
  await new Promise((done) => {
    told.on('message', (data) => {
      got.add(Buffer.from(data), false);
      if (got.count === count) done();
    });
  });
  await page.evaluate(() => window.end());
  for (let n = 0; n < count; n++) sent.add(Buffer.from(textOf(n)), false);
  console.log(JSON.stringify({ sent: sent.end(), got: got.end() }));
}
