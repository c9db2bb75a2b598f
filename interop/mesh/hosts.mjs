// Hosts and pods as network namespaces of their own, and the wires between them. Nothing of this is in the namespace of the machine,
// and all of it goes when this process ends, however it ends: a namespace is held by a child that ends with its stdin.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../processes.mjs';

const LISTEN_LIMIT_MS = 30_000;
/** Ends a child when the runner is killed; after a change of user, which would take it back. */
const WITH_US = ['setpriv', '--pdeathsig', 'KILL'];
/** `st` of a listening socket in /proc/net/tcp (include/net/tcp_states.h) */
const LISTEN = '0A';

/** A new namespace with its loopback up. */
export async function host(name) {
  const script = 'ip link set lo up && echo up && exec cat >/dev/null';
  const holder = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const up = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  if (String(up[0]) !== 'up\n') throw new Error(`no network namespace for ${name}: exit ${up[0]}`);
  const into = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  const children = [];
  return {
    name,
    pid: holder.pid,
    /** To its end, for what sets the network up. */
    run: (...command) => execFileSync(into[0], [...into.slice(1), ...command], { stdio: ['ignore', 'ignore', 'pipe'] }),
    /** `text` is what `iptables-restore` reads. */
    rules: (text) => execFileSync(into[0], [...into.slice(1), 'iptables-restore'], { input: text, stdio: 'pipe' }),
    /** A value of sysctl(8), where this kernel has it now. */
    set: (name, value) =>
      execFileSync(
        into[0],
        [...into.slice(1), 'sh', '-c', '[ ! -e "$0" ] || echo "$1" >"$0"', `/proc/sys/net/${name}`, value],
        {
          stdio: 'pipe',
        },
      ),
    start(command, { user = [], ...options } = {}) {
      const child = start([...into, ...user, ...WITH_US, ...command], options);
      children.push(child);
      return child;
    },
    async end() {
      await Promise.all(children.map((child) => child.stop()));
      holder.stdin.end();
    },
  };
}

const listeningPorts = ({ pid }) =>
  ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTEN)
      .map(([, address]) => Number.parseInt(address.split(':')[1], 16)),
  );

/** Resolves when all these ports accept connections there; nothing connects to them, since that would be captured. */
export async function listening(place, child, ports) {
  const deadline = Date.now() + LISTEN_LIMIT_MS;
  for (;;) {
    const open = listeningPorts(place);
    if (ports.every((port) => open.includes(port))) return;
    if (!child.isRunning()) throw new Error(`${place.name}: ended before it listened: ${child.stderr().trim()}`);
    if (Date.now() > deadline) throw new Error(`${place.name}: does not listen: ${child.stderr().trim()}`);
    await sleep(30);
  }
}

/** `eth0` of the first, with this address, at the other end of a wire whose other end is `device` of the second. */
export function wire(place, address, { to, device, gateway }) {
  const ends = ['netns', String(place.pid), 'type', 'veth', 'peer', 'name', device, 'netns', String(to.pid)];
  execFileSync('ip', ['link', 'add', 'eth0', ...ends], { stdio: 'pipe' });
  place.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  place.run('ip', 'link', 'set', 'eth0', 'up');
  to.run('ip', 'link', 'set', device, 'up');
  place.run('ip', 'route', 'add', 'default', 'via', gateway);
}
