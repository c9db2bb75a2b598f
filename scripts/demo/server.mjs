// The service that the demo watches: an ordinary HTTP server that knows nothing of the sniffer. Says its port on stdout
// and ends with its stdin.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

const PLAIN = { 'content-type': 'text/plain' };

const ROUTES = {
  'GET /hello': (_, response) => response.writeHead(200, { ...PLAIN, 'content-length': 14 }).end('Hello, world!\n'),
  'HEAD /hello': (_, response) => response.writeHead(200, { ...PLAIN, 'content-length': 14 }).end(),
  'POST /orders': async (request, response) => {
    const order = JSON.parse(await text(request));
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 1, ...order }));
  },
  'GET /stream': (_, response) => {
    response.writeHead(200, PLAIN);
    for (const word of ['one ', 'two ']) response.write(word);
    response.end('three\n');
  },
  'GET /gzip': (_, response) =>
    response.writeHead(200, { ...PLAIN, 'content-encoding': 'gzip' }).end(gzipSync('compressed '.repeat(50))),
};

const server = createServer((request, response) => {
  const route = ROUTES[`${request.method} ${request.url.split('?')[0]}`];
  if (route) route(request, response);
  else response.writeHead(404, PLAIN).end('There is nothing here.\n');
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
