// A service of the shop, until SIGTERM: `service.mjs NAME PORT ADDRESS PLAN`. The plan (plan.mjs) says what it does, which changes at the onset.
import { Agent, createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { between, textOf } from './plan.mjs';

const [name, port, address, plan] = process.argv.slice(2);
const { kind, onsetMs, bodyBytes, peers } = JSON.parse(plan);
const TRIES = 3;
const RETRY_AFTER_MS = 15;
const agent = new Agent({ keepAlive: true });
const isNow = (which) => kind === which && Date.now() >= onsetMs;

/** Asks another service; resolves with its status. `signal` leaves it. */
function ask(peer, method, path, signal) {
  return new Promise((resolve, reject) => {
    const { host, port } = peers[peer];
    const headers = { host: `${peer}.internal` };
    const asked = request({ agent, host, port, method, path, headers, signal }, (response) => {
      response.on('end', () => resolve(response.statusCode)).on('error', reject);
      response.resume();
    });
    asked.on('error', reject).end();
  });
}

const ANSWERS = {
  orders: {
    products: () => ({ status: 200, bytes: bodyBytes }),
    async checkout(id, signal) {
      await sleep(between(1, 3));
      return { status: (await ask('stock', 'GET', `/stock/${id}`, signal)) === 200 ? 201 : 502 };
    },
    async pay(id, signal) {
      for (let tries = 1; ; tries++) {
        const status = await ask('payments', 'POST', `/charges/${id}`, signal);
        if (status === 200) return { status: 201 };
        if (tries === TRIES) return { status: 502 };
        await sleep(RETRY_AFTER_MS);
      }
    },
    async reports() {
      await sleep(between(600, 900));
      return { status: 200, bytes: 4_000 };
    },
  },
  stock: {
    async stock() {
      await sleep(isNow('slow-dependency') ? between(1_500, 2_400) : between(5, 12));
      return { status: 200 };
    },
  },
  payments: {
    async charges() {
      await sleep(between(4, 9));
      return { status: isNow('storm-behind-retries') && Math.random() < 0.85 ? 503 : 200 };
    },
  },
};

const server = createServer((request, response) => {
  const [, route, id] = request.url.split(/[/?]/);
  const left = new AbortController();
  response.on('close', () => left.abort());
  request.resume();
  const answer = ANSWERS[name][route];
  if (answer === undefined) {
    response.writeHead(404).end();
    return;
  }
  Promise.resolve(answer(id, left.signal))
    .then(({ status, bytes = 150 }) => {
      response.writeHead(status, { 'content-type': 'text/plain', 'content-length': bytes });
      response.end(textOf(bytes));
    })
    .catch((error) => {
      if (!left.signal.aborted) response.writeHead(500).end(error.message);
    });
});
server.listen(Number(port), address);
process.on('SIGTERM', () => process.exit(0));
