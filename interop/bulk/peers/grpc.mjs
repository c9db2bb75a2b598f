// grpc-js: one call of both streams. `grpc.mjs serve PORT` or `grpc.mjs ask PORT COUNT [gzip]`.
import { Server } from '@grpc/grpc-js';
import { clientOf, listen, methodOf, same, withCoding } from './grpc-ends.mjs';
import { echoed } from './window.mjs';

const CHAT = methodOf('/bulk.Echo/Chat', true, true);

function serve(port, gzip) {
  const server = new Server(withCoding(gzip));
  const chat = (call) => {
    call.on('data', (bytes) => call.write(bytes));
    call.on('end', () => call.end());
  };
  server.addService({ Chat: CHAT }, { Chat: chat });
  listen(server, port);
}

function ask(port, count, gzip) {
  const client = clientOf(port, gzip);
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
