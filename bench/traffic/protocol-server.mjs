// The server in the captures of other protocols than HTTP/1.x in the clear: `protocol-server.mjs KIND PORT`. Says "listening" when it is.
// Its answers are those of server.mjs; its keys of TLS are those that Node logs with --tls-keylog.
import { readFileSync } from 'node:fs';
import { createServer as createHttp1, STATUS_CODES } from 'node:http';
import { createServer as createHttp2, createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createRequire } from 'node:module';

const [kind, port] = [process.argv[2], Number(process.argv[3])];
const HOST = '127.0.0.1';
const load = createRequire(import.meta.url);
const [cert, key] = ['cert', 'key'].map((name) =>
  readFileSync(new URL(`../../__test__/live/tls/${name}.pem`, import.meta.url)),
);
const TLS = { cert, key, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' };
/** A client may begin so many more before it has seen an answer. */
const HTTP2 = { settings: { maxConcurrentStreams: 1_000 } };
const SMALL = JSON.stringify({ id: 4711, name: 'a thing that a shop sells', price: '12.50', stock: 7 });
const UNIT = '{"id":1042,"name":"item 1042","tags":["new","red"],"price":19.95,"stock":7},';

function answer(request, response) {
  const bytes = Number(request.url.split('/').at(-1));
  const body = request.url.startsWith('/large/') ? large(bytes) : SMALL;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

let made = '';

/** Made once: all are of one size. */
function large(bytes) {
  if (made.length !== bytes) made = UNIT.repeat(bytes / UNIT.length + 1).slice(0, bytes);
  return made;
}

const listening = () => console.log('listening');
const KINDS = {
  http1: () => createHttp1(answer),
  http2: () => createHttp2(HTTP2, answer),
  https1: () => createHttps({ ...TLS, ALPNProtocols: ['http/1.1'] }, answer),
  https2: () => createSecureServer({ ...TLS, ...HTTP2 }, answer),
  websocket() {
    const server = createHttp1((_, response) => response.writeHead(426, STATUS_CODES[426]).end());
    const { WebSocketServer } = load('ws');
    new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
      socket.on('message', (text) => socket.send(String(text)));
    });
    return server;
  },
};

if (kind === 'grpc') {
  const { Server, ServerCredentials } = load('@grpc/grpc-js');
  const same = (bytes) => bytes;
  const method = {
    path: '/shop.Items/Get',
    ...{ requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same },
    ...{ responseSerialize: same, responseDeserialize: same },
  };
  const server = new Server();
  server.addService(
    { Get: method },
    { Get: (_, respond) => respond(null, Buffer.from(`\x0a\x19${SMALL.slice(0, 25)}`)) },
  );
  server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), listening);
} else {
  const server = KINDS[kind]();
  server.on('connection', (socket) => socket.setNoDelay(true)).listen(port, HOST, listening);
}
