// ws, undici and the WebSocket of Node. `ws.mjs serve PORT [plain]`: ws, an echo, compressed unless `plain`.
// `ws.mjs ask PORT COUNT ws|undici`: a client, which offers compression.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { echoed, PATIENT, tls } from './window.mjs';

/** Every so many messages are sent in fragments, by the client that can. */
const FRAGMENTED_EVERY = 7;

function serve(port, plain) {
  const secure = tls();
  const web = secure
    ? createSecure({ ...PATIENT, cert: readFileSync(secure.cert), key: readFileSync(secure.key) })
    : createServer(PATIENT);
  const server = new WebSocketServer({ server: web, perMessageDeflate: plain === undefined && { threshold: 0 } });
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  web.listen(Number(port), '127.0.0.1');
}

function withWs(url, count) {
  const socket = new WebSocket(url, { rejectUnauthorized: false, perMessageDeflate: { threshold: 0 } });
  const peer = echoed(count, ({ bytes, isBinary: binary }, n) => {
    if (n % FRAGMENTED_EVERY !== 0) return socket.send(bytes, { binary });
    const half = bytes.length >> 1;
    socket.send(bytes.subarray(0, half), { binary, fin: false });
    socket.ping();
    socket.send(bytes.subarray(half), { binary, fin: true });
  });
  socket.on('open', peer.begin);
  socket.on('message', (data, isBinary) => peer.take(data, isBinary) && socket.close(1000));
  socket.on('close', () => peer.report());
}

function withUndici(url, count) {
  const { Agent, WebSocket: Client } = createRequire(join(process.env.INTEROP_MODULES, 'x'))('undici');
  const socket = new Client(url, { dispatcher: new Agent({ connect: { rejectUnauthorized: false } }) });
  socket.binaryType = 'arraybuffer';
  const peer = echoed(count, ({ bytes, isBinary }) => socket.send(isBinary ? new Uint8Array(bytes) : bytes.toString()));
  socket.onopen = peer.begin;
  socket.onmessage = ({ data }) => {
    if (peer.take(Buffer.from(data), typeof data !== 'string')) socket.close(1000);
  };
  socket.onclose = () => {
    peer.report();
    process.exit();
  };
}

const [act, port, third, client] = process.argv.slice(2);
if (act === 'serve') serve(port, third);
else (client === 'undici' ? withUndici : withWs)(`${tls() ? 'wss' : 'ws'}://127.0.0.1:${port}/bulk`, Number(third));
