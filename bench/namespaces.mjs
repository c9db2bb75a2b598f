// Network namespaces of our own: no other packets, no taken ports, and gone when the run ends.
import { atExit, output } from './processes.mjs';

/** True if this process may make them. */
export function canMakeNamespaces() {
  return process.getuid() === 0;
}

let made = 0;

/** A namespace with its loopback up; returns the beginning of a command that runs in it. */
export function namespace(name) {
  made++;
  const full = `tcpsniffer-bench-${process.pid}-${made}-${name}`;
  output('ip', ['netns', 'add', full]);
  atExit(() => {
    try {
      output('ip', ['netns', 'del', full]);
    } catch {
      // It was deleted by another process.
    }
  });
  output('ip', ['-n', full, 'link', 'set', 'lo', 'up']);
  return { name: full, run: ['ip', 'netns', 'exec', full] };
}

/** A veth pair between two namespaces; each end is {namespace, device, address}. */
export function connectNamespaces(one, other) {
  output('ip', [
    ...['link', 'add', one.device, 'netns', one.namespace.name, 'type', 'veth'],
    ...['peer', 'name', other.device, 'netns', other.namespace.name],
  ]);
  for (const { namespace, device, address } of [one, other]) {
    output('ip', ['-n', namespace.name, 'addr', 'add', `${address}/24`, 'dev', device]);
    output('ip', ['-n', namespace.name, 'link', 'set', device, 'up']);
  }
}
