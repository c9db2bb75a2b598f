// grpc-js: one call of both streams. `grpc.mjs serve PORT` or `grpc.mjs ask PORT COUNT [gzip]`.
import { readFileSync } from 'node:fs';
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { echoed, tls } from './window.mjs';

/** grpc-js names the coding by its number. */
const GZIP = 2;
const same = (bytes) => bytes;
const CHAT = {
  path: '/bulk.Echo/Chat',
  requestStream: true,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};
const options = (gzip) => (gzip ? { 'grpc.default_compression_algorithm': GZIP } : {});

function serve(port, gzip) {
  const server = new Server(options(gzip));
  const chat = (call) => {
    call.on('data', (bytes) => call.write(bytes));
    call.on('end', () => call.end());
  };
  server.addService({ Chat: CHAT }, { Chat: chat });
  const pair = tls();
  const security = pair
    ? ServerCredentials.createSsl(null, [{ cert_chain: readFileSync(pair.cert), private_key: readFileSync(pair.key) }])
    : ServerCredentials.createInsecure();
  server.bindAsync(`127.0.0.1:${port}`, security, (error) => {
    if (error) throw error;
  });
}

function ask(port, count, gzip) {
  const pair = tls();
  const security = pair ? credentials.createSsl(readFileSync(pair.cert)) : credentials.createInsecure();
  const client = new Client(`127.0.0.1:${port}`, security, options(gzip));
  const call = client.makeBidiStreamRequest(CHAT.path, same, same);
  const peer = echoed(count, ({ bytes }) => call.write(bytes));
  call.on('data', (bytes) => peer.take(bytes, true) && call.end());
  call.on('status', ({ code }) => {
    if (code !== 0) process.exitCode = 1;
    peer.report(() => true);
    client.close();
  });
  peer.begin();
}

const [act, port, ...rest] = process.argv.slice(2);
if (act === 'serve') serve(port, rest[0]);
else ask(port, Number(rest[0]), rest[1]);
