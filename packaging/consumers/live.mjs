// A server, a client and a sniffer between them, on loopback; prints what was seen.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSniffer } from 'tcp-sniffer';

const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();

const sniffer = createSniffer({ ports: [port], interface: 'lo', logLevel: 'warn' });
sniffer.on('message', ({ direction, method, path, statusCode, body }) =>
  console.log(direction, method ?? statusCode, path ?? body),
);
await sniffer.start();
await (await fetch(`http://127.0.0.1:${port}/live`)).text();
await sniffer.stop();
server.close();
server.closeAllConnections();
