// In the stage: a small shop on ports 80 and 8080, a collector on 9000, receivers, and a client on loopback. POSTs that are taken are
// counted in FOLDER/posts. `stage-server.mjs FOLDER`; says 'ready' when all of it listens.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { ask } from './stage-client.mjs';
import { receivers } from './stage-receivers.mjs';

const SHOP_PORTS = [80, 8080];
const COLLECTOR_PORT = 9000;
const SLOW_MS = 40;

function shop({ url }, response) {
  const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  if (url === '/reports/daily') setTimeout(answer, SLOW_MS);
  else answer();
}

let posts = 0;
const count = () => writeFileSync(join(process.argv[2], 'posts'), String(++posts));
function collect(request, response) {
  request.resume().on('end', () => {
    count();
    response.writeHead(204).end();
  });
}

const listen = (handler, port) => once(createServer(handler).listen(port), 'listening');
await Promise.all([
  ...SHOP_PORTS.map((port) => listen(shop, port)),
  listen(collect, COLLECTOR_PORT),
  ...receivers(count).map(([handler, port]) => listen(handler, port)),
]);
console.log('ready');
ask('127.0.0.1');
