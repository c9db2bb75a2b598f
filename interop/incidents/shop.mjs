// The shop: clients -> nginx -> orders -> stock and payments, the services in Node. On one host all of it is on loopback, as pods each
// has a network namespace on a bridge, and the capture is where the bridge is. tcpdump captures the packets on `any`.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { namespace } from '../../bench/namespaces.mjs';
import { output } from '../../bench/processes.mjs';
import { freePort, run, start } from '../processes.mjs';
import { RATES } from './plan.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const SERVICES = ['nginx', 'orders', 'stock', 'payments'];
const CLIENTS = 30;
const START_LIMIT_MS = 20_000;
/** The clients wait no longer for what they asked for. */
const END_LIMIT_MS = 30_000;
/** Before the first request, and after the last packet. */
const LEAD_MS = 1_500;
/** tcpdump takes up to a second to get packets from the kernel. */
const SETTLE_MS = 2_000;
const TCPDUMP_BUFFER_KIB = 65_536;
/** Of the bytes, so many are no bodies of pages: heads, segments, the other exchanges. */
const OVERHEAD = 0.9;

/** Where each one runs: its address, and the beginning of a command that runs there. */
async function placeOf(name) {
  if (name === 'one-host') {
    const at = { address: '127.0.0.1', run: [] };
    const addresses = Array.from({ length: CLIENTS }, (_, index) => `127.0.8.${10 + index}`);
    const services = {};
    for (const service of SERVICES) services[service] = { ...at, port: await freePort() };
    return { host: at, services, clients: { ...at, addresses, impatient: '127.0.9.9' } };
  }
  const host = namespace('host');
  output('ip', ['-n', host.name, 'link', 'add', 'bridge0', 'type', 'bridge']);
  output('ip', ['-n', host.name, 'link', 'set', 'bridge0', 'up']);
  const pod = (podName, addresses, port) => {
    const own = namespace(podName);
    const end = `v-${podName}`;
    output('ip', ['link', 'add', end, 'netns', host.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own.name]);
    output('ip', ['-n', host.name, 'link', 'set', end, 'master', 'bridge0', 'up']);
    for (const address of addresses) output('ip', ['-n', own.name, 'addr', 'add', `${address}/16`, 'dev', 'eth0']);
    output('ip', ['-n', own.name, 'link', 'set', 'eth0', 'up']);
    return { address: addresses[0], run: own.run, port };
  };
  const ports = { nginx: 80, orders: 3000, stock: 3001, payments: 3002 };
  const services = Object.fromEntries(
    SERVICES.map((service, index) => [service, pod(service, [`10.87.1.${2 + index}`], ports[service])]),
  );
  const [addresses, impatient] = [Array.from({ length: CLIENTS }, (_, index) => `10.87.8.${10 + index}`), '10.87.9.9'];
  return { host, services, clients: { ...pod('clients', [...addresses, impatient]), addresses, impatient } };
}

const nginxConf = ({ nginx, orders }, folder) => `
daemon off; pid ${folder}/nginx.pid; error_log stderr error; worker_processes 1;
events { worker_connections 2048; }
http {
  access_log off; keepalive_timeout 30s;
  client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3;
  uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
  upstream orders { server ${orders.address}:${orders.port}; keepalive 16; }
  server {
    listen ${nginx.address}:${nginx.port};
    server_name shop.test;
    location / { proxy_pass http://orders; proxy_http_version 1.1; proxy_set_header Connection ''; }
  }
}
`;

async function listening({ address, port, run: prefix }) {
  const knock = `until (exec 3<>/dev/tcp/${address}/${port}) 2>/dev/null; do sleep 0.05; done`;
  const { code } = await run([...prefix, 'bash', '-c', knock], START_LIMIT_MS);
  if (code !== 0) throw new Error(`nothing listens at ${address}:${port} after ${START_LIMIT_MS} ms`);
}

async function dump(host, ports, file) {
  const filter = ports.map((port) => `tcp port ${port}`).join(' or ');
  const user = process.getuid() === 0 ? ['-Z', 'root'] : [];
  const words = ['-i', 'any', '-s', '0', '-B', String(TCPDUMP_BUFFER_KIB), ...user, '-w', file, filter];
  const child = start([...host.run, 'tcpdump', ...words]);
  while (!child.stderr().includes('listening on')) {
    if (!child.isRunning()) throw new Error(`tcpdump: ${child.stderr().trim()}`);
    await sleep(10);
  }
  return async () => {
    await sleep(SETTLE_MS);
    child.signal('SIGINT');
    const { stderr } = await child.done;
    return Number(/(\d+) packets dropped by kernel/.exec(stderr)?.[1]);
  };
}

/**
 * Has an incident, which begins after `healthy` of the time. Returns what is true of it: the ports and the addresses, when it began, and
 * the packets that the capture lacks.
 */
export async function haveIncident(kind, { place: placeName, seconds, megabytes, healthy = 0.6, file, folder }) {
  const place = await placeOf(placeName);
  const { services, clients, host } = place;
  mkdirSync(folder, { recursive: true });
  // nginx may go on as a user of its own.
  chmodSync(folder, 0o755);
  const peers = Object.fromEntries(
    Object.entries(services).map(([name, { address, port }]) => [name, { host: address, port }]),
  );
  const bodyBytes = Math.round(
    (OVERHEAD * megabytes * 1e6) / (seconds * RATES.products * 2 * (host.run.length > 0 ? 2 : 1)),
  );
  const beginMs = Date.now() + LEAD_MS;
  const times = { beginMs, onsetMs: Math.round(beginMs + healthy * seconds * 1_000), endMs: beginMs + seconds * 1_000 };
  const plan = { kind, ...times, bodyBytes, peers, front: peers.nginx, clients: clients.addresses };
  const words = JSON.stringify({ ...plan, impatient: clients.impatient });
  const conf = join(folder, 'nginx.conf');
  writeFileSync(conf, nginxConf(services, folder));
  const children = [];
  try {
    for (const [name, { address, port, run: prefix }] of Object.entries(services)) {
      const command =
        name === 'nginx'
          ? ['nginx', '-e', 'stderr', '-p', folder, '-c', conf]
          : [process.execPath, here('service.mjs'), name, String(port), address, words];
      children.push(start([...prefix, ...command]));
    }
    for (const service of Object.values(services)) await listening(service);
    const ports = Object.values(services).map(({ port }) => port);
    const stop = await dump(host, ports, file);
    const client = await run(
      [...clients.run, process.execPath, here('clients.mjs'), words],
      seconds * 1_000 + END_LIMIT_MS,
    );
    if (client.code !== 0) throw new Error(`the clients ended with ${client.code}: ${client.stderr}`);
    const dropped = await stop();
    return { kind, ports, services, impatient: clients.impatient, ...times, dropped };
  } finally {
    for (const child of children) await child.stop();
  }
}
