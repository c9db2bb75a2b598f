// A service of a chain, in a process and with an address of its own. It answers GET /NAME/N after what it has to do, calls other services for
// that, one after the other and at the same time, and sends its parent what it took itself, by its own clock, and how long the machine has
// kept it from running.
//   service.mjs ADDRESS    the parent sends { routes: { NAME: { work: ms, wait: ms, slow: N, calls: [[[origin, NAME]…]…] } } }
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const SLOW_MS = 250;

const [, , address] = process.argv;
let routes = {};

/** For how long, so far, this thread could have run and had to wait for a processor (Documentation/scheduler/sched-stats.rst). */
function keptMs() {
  const [, nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}

/** Less than a millisecond, which no timer waits for. */
function work(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Connections that no call uses, by their origin. A client library would take a part of a millisecond, which no log of the service has. */
const idle = new Map();

async function socketTo(origin) {
  const free = idle.get(origin)?.pop();
  if (free !== undefined) return free;
  const { hostname: host, port } = new URL(origin);
  const socket = connect({ host, port: Number(port), localAddress: address, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function call(socket, origin, path, trace) {
  const traceparent = `00-${trace}-${randomBytes(8).toString('hex')}-01`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\ntraceparent: ${traceparent}\r\n\r\n`);
  for (let text = ''; !text.endsWith('\r\n\r\nok'); ) text += (await once(socket, 'data'))[0];
  idle.set(origin, [...(idle.get(origin) ?? []), socket]);
}

const server = createServer({ noDelay: true }, async (request, response) => {
  const begun = performance.now();
  const [, name, n] = request.url.split('/');
  const { work: workMs = 0, wait: waitMs = 0, slow, calls = [] } = routes[name];
  const [, trace] = request.headers.traceparent.split('-');
  let awaited = 0;
  work(workMs / 2);
  // Each step waits for all calls of the one before it.
  for (const step of calls) {
    const sockets = await Promise.all(step.map(([origin]) => socketTo(origin)));
    const asked = performance.now();
    await Promise.all(step.map(([origin, path], at) => call(sockets[at], origin, `/${path}/${n}`, trace)));
    awaited += performance.now() - asked;
  }
  const all = Number(n) === slow ? SLOW_MS : waitMs;
  if (all > 0) await sleep(all);
  work(workMs / 2);
  const self = performance.now() - begun - awaited;
  response.end('ok');
  response.on('finish', () => process.send({ path: request.url, self, kept: keptMs() }));
});
server.keepAliveTimeout = 60_000;
process.on('message', (message) => {
  routes = message.routes;
  process.send('ready');
});
process.on('disconnect', () => process.exit());
server.listen(0, address, () => process.send(server.address().port));
