// The clients of the shop: `clients.mjs PLAN`, from `beginMs` to `endMs` at the rates of plan.mjs, whatever the answers. Ends when all
// are there or left.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { between, IMPATIENT_MS, IMPATIENT_SHARE, RATES } from './plan.mjs';

const { kind, beginMs, onsetMs, endMs, front, clients, impatient } = JSON.parse(process.argv[2]);
const agents = clients.map((localAddress) => ({ localAddress, agent: new Agent({ keepAlive: true, maxSockets: 20 }) }));
/** An answer is never this late. */
const LIMIT_MS = 20_000;
let ids = 1_000;
const DAY = () => `2024-05-${10 + Math.floor(Math.random() * 18)}`;
const TARGETS = {
  products: () => ['GET', `/products/${++ids}?ref=mail`],
  checkout: () => ['POST', `/checkout/${++ids}`],
  pay: () => ['POST', `/pay/${++ids}`],
  reports: () => ['GET', `/reports/${DAY()}`],
};

function ask(route, { localAddress, agent }, leavesAfterMs) {
  const [method, path] = TARGETS[route]();
  return new Promise((resolve) => {
    const { host, port } = front;
    const headers = { host: 'shop.test' };
    const asked = request({ host, port, method, path, localAddress, agent, headers }, (response) => {
      response.on('end', resolve).on('error', resolve).resume();
    });
    asked.on('error', resolve).end();
    setTimeout(() => asked.destroy(), leavesAfterMs ?? LIMIT_MS).unref();
  });
}

const someone = () => agents[Math.floor(Math.random() * agents.length)];

async function stream(route, perSecond) {
  const asked = [];
  const apartMs = 1_000 / perSecond;
  for (let atMs = beginMs + between(0, apartMs); atMs < endMs; atMs += between(0.5, 1.5) * apartMs) {
    await sleep(Math.max(0, atMs - Date.now()));
    // The one client is there all the time, and leaves from the onset on.
    if (route === 'reports' && Math.random() < IMPATIENT_SHARE) {
      const leaves = kind === 'client-hangs-up' && Date.now() >= onsetMs;
      const own = { localAddress: impatient, agent: false };
      asked.push(ask(route, own, leaves ? IMPATIENT_MS * between(0.8, 1.2) : undefined));
    } else asked.push(ask(route, someone()));
  }
  await Promise.all(asked);
}

await Promise.all(Object.entries(RATES).map(([route, perSecond]) => stream(route, perSecond)));
process.exit(0);
