// The client in the captures: `client.mjs JSON` with {port, path, method, bodyBytes, connections, exchanges, reuse, pauseMs}.
// All connections are open before the first request goes, unless each carries one request only. Ends when all answers
// are there.
import { connect } from 'node:net';

const {
  port,
  path,
  method = 'GET',
  bodyBytes = 0,
  connections,
  exchanges,
  reuse = true,
  pauseMs = 0,
} = JSON.parse(process.argv[2]);
const body = JSON.stringify({ text: 'x'.repeat(bodyBytes) }).slice(0, bodyBytes);
const head = [
  `${method} ${path} HTTP/1.1`,
  `Host: shop.example.test:${port}`,
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-US,en;q=0.5',
  ...(bodyBytes > 0 ? ['Content-Type: application/json', `Content-Length: ${bodyBytes}`] : []),
  ...(reuse ? [] : ['Connection: close']),
];
const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);

let sent = 0;
let answered = 0;

/** Bytes of the response that begins `text`, undefined while that cannot be known; all answers on a connection are of one size. */
function responseBytes(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1];
  if (length !== undefined) return end + 4 + Number(length);
  return text.endsWith('\r\n0\r\n\r\n') ? text.length : undefined;
}

function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).setNoDelay(true);
    socket.on('error', reject);
  });
}

/** One exchange after the other until all are under way. */
function work(socket) {
  return new Promise((resolve, reject) => {
    let first = '';
    let expected;
    let got = 0;
    const next = () => {
      if (sent === exchanges) {
        socket.end();
        resolve();
        return;
      }
      sent++;
      socket.write(request);
    };
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (expected === undefined) {
        first += chunk.toString('latin1');
        expected = responseBytes(first);
      }
      if (got === expected) {
        got = 0;
        answered++;
        if (reuse) pauseMs === 0 ? next() : setTimeout(next, pauseMs);
      } else if (got > expected) reject(new Error('answers of different sizes'));
    });
    if (!reuse) socket.on('end', resolve);
    next();
  });
}

async function repeat() {
  while (sent < exchanges) await work(await open());
}

if (reuse) {
  const sockets = [];
  while (sockets.length < connections) {
    const count = Math.min(500, connections - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: count }, open))));
  }
  await Promise.all(sockets.map(work));
} else {
  await Promise.all(Array.from({ length: connections }, repeat));
}
if (answered !== exchanges) throw new Error(`${answered} answers to ${exchanges} requests`);
