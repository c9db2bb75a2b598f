// Requests of which each has a body of its own, and so has its answer. `exchanges.mjs serve PORT h2c|h2|https` or
// `exchanges.mjs ask PORT COUNT h2c|h2|https`.
import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { answerOf, messageOf } from '../content.mjs';
import { tls } from './window.mjs';

/** Streams at once on a connection of HTTP/2; connections at once of HTTP/1. */
const STREAMS = 100;
const CONNECTIONS = 8;
/** Exchanges on one connection of HTTP/1; the next one resumes its session. */
const ON_A_CONNECTION = 50;

/** With `late` the server's thread is busy for so long at the first request of a connection, and writes its keys only then. */
const BUSY_MS = 400;

const answered = (url) => answerOf(Number(url.slice(1)));

function serve(port, over, late) {
  const seen = new WeakSet();
  const respond = (request, response) => {
    const connection = request.stream?.session ?? request.socket;
    if (late && !seen.has(connection)) {
      seen.add(connection);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
    }
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const bytes = answered(request.url);
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-length': bytes.length,
        'x-number': request.url.slice(1),
        'x-got': Buffer.concat(pieces).length,
      });
      response.end(bytes);
    });
  };
  const pair = tls();
  const keys = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  const server =
    over === 'h2c'
      ? http2.createServer(respond)
      : over === 'h2'
        ? http2.createSecureServer(keys, respond)
        : https.createServer(keys, respond);
  // Not by Node's flag, which writes at once: each line takes several turns of the loop.
  if (late) server.on('keylog', (line) => appendFile(process.env.SSLKEYLOGFILE, line));
  server.listen(port, '127.0.0.1');
}

/** True if the answer to the n-th request is its own. */
const isRight = (n, number, got, bytes) =>
  number === String(n) && Number(got) === messageOf(n).bytes.length && bytes.equals(answerOf(n));

function collect(stream, done) {
  const pieces = [];
  stream.on('data', (piece) => pieces.push(piece)).on('end', () => done(Buffer.concat(pieces)));
}

async function askHttp2(port, count, over) {
  const session = http2.connect(`${over === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  let next = 0;
  let right = 0;
  const one = (n) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': `/${n}` });
      let head = {};
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('error', reject);
      collect(stream, (bytes) => resolve(isRight(n, head['x-number'], head['x-got'], bytes)));
      stream.end(messageOf(n).bytes);
    });
  const worker = async () => {
    while (next < count) if (await one(next++)) right++;
  };
  await Promise.all(Array.from({ length: STREAMS }, worker));
  session.close();
  return right;
}

async function askHttps(port, count) {
  let next = 0;
  let right = 0;
  let session;
  const one = (n, agent) =>
    new Promise((resolve, reject) => {
      const { bytes } = messageOf(n);
      const headers = { 'content-length': bytes.length };
      const options = { port, host: '127.0.0.1', method: 'POST', path: `/${n}`, agent, session, headers };
      const request = https.request({ ...options, rejectUnauthorized: false }, (response) =>
        collect(response, (got) => resolve(isRight(n, response.headers['x-number'], response.headers['x-got'], got))),
      );
      request.on('socket', (socket) =>
        socket.once('session', (ticket) => {
          session = ticket;
        }),
      );
      request.on('error', reject);
      request.end(bytes);
    });
  const worker = async () => {
    while (next < count) {
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
      for (let sent = 0; sent < ON_A_CONNECTION && next < count; sent++) if (await one(next++, agent)) right++;
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return right;
}

const [act, port, ...rest] = process.argv.slice(2);
if (act === 'serve') serve(Number(port), rest[0], rest[1]);
else {
  const ask = rest[1] === 'https' ? askHttps : askHttp2;
  console.log(JSON.stringify({ right: await ask(Number(port), Number(rest[0]), rest[1]) }));
}
