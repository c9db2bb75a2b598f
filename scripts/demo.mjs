// `npm run demo`: set-up, then the main job. Requests go to a server in another process, over loopback; the sniffer sees
// them pass and shows each message. Where this user may not capture, the same conversation comes from a savefile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, setUpOrExit } from './setup.mjs';

/** From the last response until its message has to be there. */
const PATIENCE_MS = 5000;
const SAVEFILE = 'fixtures/demo.pcap';
const SAVEFILE_PORT = 8080;

const EXCHANGES = [
  { method: 'GET', path: '/hello?name=world', status: 200 },
  {
    method: 'POST',
    path: '/orders',
    headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
    body: '{"item":"tea","count":2}',
    status: 201,
  },
  { method: 'GET', path: '/stream', status: 200 },
  { method: 'GET', path: '/nowhere', status: 404 },
  { method: 'HEAD', path: '/hello', status: 200 },
  { method: 'GET', path: '/gzip', headers: { 'accept-encoding': 'gzip' }, status: 200 },
];

const say = (line = '') => console.log(line);
/** Of a body so much is shown that no line is longer than 80 columns. */
const SHOWN_CHARACTERS = 60;
const clipped = (text) => (text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS - 1)}…`);

function show(message) {
  const {
    direction,
    timestamp,
    method,
    path,
    statusCode,
    reason = '',
    httpVersion,
    latencyMs,
    headers,
    body,
    bodySize,
  } = message;
  const isRequest = direction === 'request';
  const line = isRequest ? `--> ${method} ${path} HTTP/${httpVersion}` : `<-- ${statusCode} ${reason}`;
  const answered =
    isRequest || !message.request ? '' : `  to ${message.request.method} ${message.request.path} after ${latencyMs} ms`;
  say(`${timestamp.slice(11, 23)}  ${line}${answered}`);
  const facts = [headers['content-type'], headers['transfer-encoding'], headers['content-encoding']].filter(Boolean);
  if (headers.authorization) facts.push(`authorization: ${headers.authorization}`);
  if (facts.length > 0) say(`                  ${facts.join(', ')}`);
  if (body) say(`                  ${clipped(JSON.stringify(body))}`);
  else if (bodySize > 0) say(`                  (${bodySize} bytes, ${message.bodyEncoding})`);
}

function showLedger(lossesOf, { engine, outputs }) {
  const dropped = Object.values(outputs).reduce((sum, output) => sum + output.dropped, 0);
  const lost = [...lossesOf(engine), ...(dropped > 0 ? [[dropped, 'messages dropped by an output']] : [])];
  say(
    `Seen: ${engine.packets} packets, ${engine.connectionsOpened} connection, ${engine.requests} requests, ${engine.responses} responses.`,
  );
  say(`Lost: ${lost.map(([count, words]) => `${words}: ${count}`).join('; ') || 'nothing'}.`);
}

async function send(port, agent, { method, path, headers, body }) {
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers });
  sent.end(body);
  const [response] = await once(sent, 'response');
  response.setEncoding('latin1');
  await text(response);
}

/** The exchanges of which a request or a response did not come out. */
function missing(messages) {
  return EXCHANGES.filter(({ method, path, status }) => {
    const asked = messages.find((message) => message.method === method && message.path === path);
    return !asked || !messages.some(({ id, statusCode }) => id === asked.id && statusCode === status);
  });
}

async function live(createSniffer, onHttpMessage, isComplete) {
  const server = spawn(process.execPath, [join(ROOT, 'scripts/demo/server.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const port = Number(String((await once(server.stdout, 'data'))[0]));
    const sniffer = createSniffer({ ports: [port], interface: 'lo', onHttpMessage, logLevel: 'silent' });
    await sniffer.start();
    say(`Capturing on lo, port ${port}; the server, process ${server.pid}, knows nothing of it.\n`);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const exchange of EXCHANGES) await send(port, agent, exchange);
    agent.destroy();
    for (let waited = 0; waited < PATIENCE_MS && !isComplete(); waited += 20) await sleep(20);
    await sniffer.stop();
    return sniffer.stats();
  } finally {
    server.stdin.end();
  }
}

async function fromSavefile(createSniffer, onHttpMessage) {
  const sniffer = createSniffer({
    ports: [SAVEFILE_PORT],
    pcapFile: join(ROOT, SAVEFILE),
    onHttpMessage,
    logLevel: 'error',
  });
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return sniffer.stats();
}

await setUpOrExit();
process.stdout.on('error', () => process.exit(1)); // `| head`
const require = createRequire(import.meta.url);
const { createSniffer } = require('../dist/index.js');
const { lossesOf } = require('../dist/losses.js');
const messages = [];
const onHttpMessage = (message) => {
  messages.push(message);
  show(message);
};
let stats;
try {
  stats = await live(createSniffer, onHttpMessage, () => missing(messages).length === 0);
} catch (error) {
  if (error.code !== 'CAPTURE_OPEN_FAILED') throw error;
  say(`Nothing can be captured here: ${error.message}.`);
  say(`So this is the same conversation from ${SAVEFILE}. As root it would be live.\n`);
  stats = await fromSavefile(createSniffer, onHttpMessage);
}
say();
showLedger(lossesOf, stats);
const lost = missing(messages);
for (const { method, path, status } of lost) say(`MISSING   ${method} ${path} and its ${status}`);
say(
  lost.length === 0
    ? `All ${EXCHANGES.length} exchanges were seen: ${messages.length} messages.`
    : 'Not everything was seen.',
);
process.exitCode = lost.length === 0 ? 0 : 1;
