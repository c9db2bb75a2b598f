// A sniffer on a host's network: the command, as the injector's sidecar is started, with what it hands on and how it says it ended.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lines } from './lines.mjs';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const require = createRequire(import.meta.url);
const START_LIMIT_MS = 30_000;
const ARRIVAL_LIMIT_MS = 5000;
/** After all that is expected, for what is not. */
const SETTLE_MS = 300;

/** The variables INTERFACE and PORTS that the injector gives the sidecar of this pod. */
export function chosenFor(pod) {
  const { decide } = require(join(dist, 'injector', 'decide.js'));
  const { readInjectorConfig } = require(join(dist, 'injector', 'config.js'));
  const env = { INJECTOR_IMAGE: 'registry.example/tcp-sniffer:1', NAMESPACE: 'tcp-sniffer' };
  const config = readInjectorConfig({ flags: {}, env, production: false });
  const decision = decide(pod, { config, namespace: 'shop', entry: 'any', nativeAvailable: true, production: false });
  if (!decision.inject) throw new Error(`the injector leaves the pod out: ${decision.reason}`);
  return [decision.settings.env.INTERFACE, decision.settings.env.PORTS];
}

/** `[device, ports]` as the command takes them by its variables; `keys` is a key log. */
export async function watch(host, [device, ports], keys) {
  const [messages, log] = [[], []];
  const env = { INTERFACE: device, PORTS: ports, ...(keys !== undefined && { TLS_KEYLOG: keys }) };
  const command = [process.execPath, join(dist, 'cli.js')];
  const child = host.start(command, {
    env,
    onStdout: lines((message) => messages.push(message)),
    onStderr: lines((line) => log.push(line)),
  });
  const deadline = Date.now() + START_LIMIT_MS;
  while (!log.some(({ message }) => message === 'capture started')) {
    if (!child.isRunning() || Date.now() > deadline) throw new Error(`no capture: ${child.stderr()}`);
    await sleep(20);
  }
  return {
    /** Once it has shown as many messages as are `expected`, or does not in time: all of them, its log and its last counters. */
    async stop(expected) {
      const last = Date.now() + ARRIVAL_LIMIT_MS;
      while (messages.length < expected && Date.now() < last) await sleep(20);
      await sleep(SETTLE_MS);
      child.signal('SIGTERM');
      const { code } = await child.done;
      const counters = log.find(({ message }) => message === 'capture stopped')?.engine;
      if (code !== 0 || counters === undefined) throw new Error(`exit ${code}: ${child.stderr()}`);
      return { messages, log, counters };
    },
  };
}
