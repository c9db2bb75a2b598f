// One session: the network is made, applications and proxies start, sniffers watch, clients ask; then all of it goes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as plan from './cases.mjs';
import { bootstrap, portsOf } from './envoy.mjs';
import { host, listening, wire } from './hosts.mjs';
import { lines } from './lines.mjs';
import { dockerHost, MODES } from './rules.mjs';
import { watch } from './watch.mjs';

const CLIENT_LIMIT_MS = 60_000;
/** Envoy writes its key logs as it does access logs, every 10 s. */
const FLUSH_MS = 100;
/** Istio's sidecar runs as this user, with TPROXY as root in this group, and its rules know it by that; ztunnel is root. */
const AS = {
  REDIRECT: ['setpriv', '--reuid', '1337', '--regid', '1337', '--clear-groups'],
  TPROXY: ['setpriv', '--regid', '1337', '--clear-groups'],
  ambient: [],
};
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** All hosts, wired, with the rules that lead packets elsewhere. */
async function network(hosts) {
  const node = await host(plan.NODE.name);
  hosts.set(node.name, node);
  node.set('ipv4/ip_forward', '1');
  // On where br_netfilter is loaded, as for another program on this machine. Then the bridge itself does NAT: hairpins need `hairpin on`
  // at their port, and pass by that port alone. All else is seen as here.
  node.set('bridge/bridge-nf-call-iptables', '0');
  const { BRIDGE: bridge, SUBNET: subnet, PUBLISHED: published, CLUSTER_IP: clusterIp } = plan;
  node.run('ip', 'link', 'add', bridge, 'type', 'bridge');
  node.run('ip', 'addr', 'add', `${plan.NODE.ip}/24`, 'dev', bridge);
  node.run('ip', 'link', 'set', bridge, 'up');
  for (const { name, ip, device, gateway } of plan.HOSTS) {
    const place = await host(name);
    hosts.set(name, place);
    wire(place, ip, { to: node, device, gateway });
    if (gateway === plan.NODE.ip) node.run('ip', 'link', 'set', device, 'master', bridge);
    else node.run('ip', 'addr', 'add', `${gateway}/24`, 'dev', device);
  }
  node.run('ip', 'route', 'add', 'default', 'via', plan.ABROAD);
  node.rules(dockerHost({ bridge, subnet, published, clusterIp }));
  for (const { on, mode, excluded = [] } of plan.PROXIES) {
    const { rules, routes } = MODES[mode];
    hosts.get(on).rules(rules(...excluded));
    for (const words of routes) hosts.get(on).run('ip', ...words);
  }
}

/** Starts the services on the hosts; the records of the applications go to `applied`. */
async function services(hosts, { folder, envoy, applied }) {
  const ready = [];
  const start = (on, command, ports, options) =>
    ready.push(listening(hosts.get(on), hosts.get(on).start(command, options), ports));
  for (const { on, ports } of plan.APPS) {
    const numbers = ports.map((port) => Number.parseInt(port, 10));
    const onStdout = lines((line) => applied.push(line));
    start(on, [process.execPath, here('app.mjs'), ...ports], numbers, { onStdout });
  }
  const [outside, { ip, port }] = plan.USERLAND;
  start('node', [process.execPath, here('forward.mjs'), `${outside}`, ip, `${port}`], [outside]);
  for (const proxy of plan.PROXIES) {
    const file = join(folder, `${proxy.on}.json`);
    writeFileSync(file, JSON.stringify(bootstrap({ name: proxy.on, folder }, proxy)));
    const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn'];
    const command = [envoy, '--config-path', file, ...flags, '--file-flush-interval-msec', `${FLUSH_MS}`];
    start(proxy.on, command, portsOf(proxy), { user: AS[proxy.mode], cwd: folder });
  }
  await Promise.all(ready);
}

/** Returns the records of the clients, one host after another. */
async function ask(hosts, cases) {
  const records = [];
  for (const by of new Set(cases.map((one) => one.by))) {
    const own = cases.filter((one) => one.by === by).map(({ name, url, h2c, holds }) => ({ name, url, h2c, holds }));
    const onStdout = lines((line) => records.push(line));
    const child = hosts.get(by).start([process.execPath, here('client.mjs'), JSON.stringify(own)], { onStdout });
    const timer = setTimeout(() => child.signal('SIGKILL'), CLIENT_LIMIT_MS);
    const { code, stderr } = await child.done;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the client of ${by}: exit ${code}: ${stderr.trim()}`);
  }
  return records;
}

/**
 * Returns what was said: `records` by the clients, `applied` by the applications, and `watched` by the sniffers, by the watcher's name.
 * `folder` has the certificates; `envoy` is a program that every user may run.
 */
export async function session(cases, { folder, envoy }) {
  const hosts = new Map();
  try {
    const applied = [];
    await network(hosts);
    await services(hosts, { folder, envoy, applied });
    const sniffers = await Promise.all(
      plan.WATCHERS.map(async ({ name, on, chosen, keysOf }) => {
        const keys = keysOf === undefined ? undefined : join(folder, `${keysOf}.keys`);
        return [name, await watch(hosts.get(on), chosen, keys)];
      }),
    );
    const records = await ask(hosts, cases);
    const expected = (name) =>
      cases.reduce((sum, { holds, seen }) => sum + 2 * holds.length * (seen[name]?.length ?? 0), 0);
    const watched = await Promise.all(
      sniffers.map(async ([name, sniffer]) => [name, await sniffer.stop(expected(name))]),
    );
    return { records, applied, watched: new Map(watched) };
  } finally {
    await Promise.all([...hosts.values()].map((one) => one.end()));
  }
}
