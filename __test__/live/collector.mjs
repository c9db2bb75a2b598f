// A collector in a process of its own: `collector.mjs ACTIONS PORT`. ACTIONS is a JSON array that says what each body gets
// at its first, second, … POST; the last one stands for all that follow. Tells its port by IPC; the message 'report' gives
// every POST that came. The message {actions} changes them.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

let actions = JSON.parse(process.argv[2] ?? '["200"]');
const received = [];
const attempts = new Map();
let sockets = 0;
let messages = 0;
let posts = 0;
let bytes = 0;
let quiet = false;

function answer(action, request, response) {
  const { socket } = request;
  if (/^\d+$/.test(action)) response.writeHead(Number(action), { location: '/elsewhere' }).end('{"ok":true}');
  else if (action === 'hang') return;
  else if (action === 'reset') socket.resetAndDestroy();
  else if (action === 'garbage') socket.end('\x00\x01 this is no answer\r\n\r\n');
  else if (action === 'half-head') socket.end('HTTP/1.1 200 OK\r\ncontent-le');
  else if (action === 'half-body') {
    // The status was there: it counts, whatever becomes of the rest.
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
    setTimeout(() => socket.resetAndDestroy(), 20);
  } else if (action === 'close') {
    // Keep-alive is promised and not kept.
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', () => setTimeout(() => socket.destroy(), 5));
  } else throw new Error(`no action ${action}`);
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks);
    const { headers, url } = request;
    const body = (headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
    posts++;
    bytes += raw.length;
    if (quiet) {
      messages += headers['content-type'] === 'application/x-ndjson' ? body.split('\n').length - 1 : 1;
      response.end('ok');
      return;
    }
    const attempt = attempts.get(body) ?? 0;
    attempts.set(body, attempt + 1);
    received.push({ at: performance.now(), url, headers, body, bytes: raw.length, port: request.socket.remotePort });
    answer(actions[Math.min(attempt, actions.length - 1)], request, response);
  });
});
server.on('connection', () => sockets++);
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (message) => {
  if (message === 'report') process.send({ received, sockets, messages, posts, bytes });
  else if (message === 'quiet') quiet = true;
  else actions = message.actions;
});
process.on('disconnect', () => process.exit());
