// The server in the captures: `server.mjs PORT`. Says "listening" when it is.
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const ITEM = { name: 'a thing that a shop sells', price: '12.50', stock: 7, tags: ['one', 'two'] };
const items = (count) => JSON.stringify({ items: Array.from({ length: count }, (_, id) => ({ id, ...ITEM })) });
/** JSON text of exactly so many bytes. */
const sized = (bytes) => JSON.stringify({ text: items(Math.ceil(bytes / 50)).slice(0, bytes) }).slice(0, bytes);

const small = items(1);
const large = sized(100_000);
const medium = items(80);
const zipped = gzipSync(medium);
const type = { 'content-type': 'application/json' };

createServer((request, response) => {
  if (request.method === 'POST') {
    request.resume().on('end', () => {
      response.writeHead(201, { ...type, 'content-length': small.length }).end(small);
    });
    return;
  }
  switch (request.url.split('/')[1]) {
    case 'large':
      response.writeHead(200, { ...type, 'content-length': large.length }).end(large);
      break;
    case 'gzip':
      response.writeHead(200, { ...type, 'content-encoding': 'gzip', 'content-length': zipped.length }).end(zipped);
      break;
    case 'chunked':
      response.writeHead(200, type);
      for (let at = 0; at < medium.length; at += 2_000) response.write(medium.slice(at, at + 2_000));
      response.end();
      break;
    default:
      response.writeHead(200, { ...type, 'content-length': small.length }).end(small);
  }
})
  .on('connection', (socket) => socket.setNoDelay(true))
  .listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 16_384 }, () => console.log('listening'));
