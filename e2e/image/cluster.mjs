// A cluster whose node runs pods, and kubectl on it: the caller's own (KUBECONFIG), else the one beside the project.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOCAL = join(ROOT, '..', 'shared', 'cluster');
/** Of our own, so that another cluster without a node may run beside it. */
const CLUSTER_DIR = '/tmp/tcp-sniffer-e2e-node';
/** A collector's log is the longest. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Why there is none, or undefined. */
export function noCluster() {
  if (process.env.E2E_PODMAN) return 'E2E_PODMAN is set';
  if (process.env.KUBECONFIG) return undefined;
  if (!existsSync(join(LOCAL, 'up'))) return 'there is no KUBECONFIG, and no cluster of our own beside the project';
  return process.getuid() === 0 ? undefined : 'the node of a cluster of our own needs root';
}

/** @returns `load(image)`, `down()` and the environment that kubectl needs */
export function clusterUp() {
  if (process.env.KUBECONFIG) {
    // e.g. E2E_LOAD='kind load docker-image'
    const load = process.env.E2E_LOAD?.split(' ') ?? ['true'];
    return { env: process.env, load: (image) => say(load[0], [...load.slice(1), image]), down() {} };
  }
  const env = { ...process.env, CLUSTER_DIR };
  const script = 'exports=$("$0" --node) && eval "$exports" && printf "%s\\n%s\\n" "$KUBECONFIG" "$PATH"';
  const [KUBECONFIG, PATH] = say('bash', ['-c', script, join(LOCAL, 'up')], env).split('\n');
  return {
    env: { ...env, KUBECONFIG, PATH },
    load: (image) => say(join(LOCAL, 'load'), [image], env),
    down: () => say(join(LOCAL, 'down'), [], env),
  };
}

/** Runs it with what it has to say shown; returns its stdout. */
function say(command, args, env = process.env) {
  return execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

export class Kubectl {
  #env;

  constructor(env) {
    this.#env = env;
  }

  /** @throws with kubectl's own words */
  run(args, input = '') {
    const words = ['--request-timeout=20s', ...args];
    const { status, stdout, stderr, error } = spawnSync('kubectl', words, {
      env: this.#env,
      encoding: 'utf8',
      input,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    if (error !== undefined) throw new Error(`kubectl ${args.join(' ')}: ${error.message}`);
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr || stdout}`);
    return stdout;
  }

  /** `text` is YAML, objects become JSON. Not validated by kubectl, which may be newer than the server. */
  apply(what) {
    const text = typeof what === 'string' ? what : JSON.stringify(what);
    return this.run(['apply', '--validate=false', '-f', '-'], text);
  }

  get(kind, name, namespace) {
    return JSON.parse(this.run(['get', kind, name, ...(namespace ? ['-n', namespace] : []), '-o', 'json']));
  }

  /** Output of a Node script in a container, parsed. */
  node(namespace, pod, container, script, ...args) {
    const words = ['exec', '-n', namespace, pod, '-c', container, '--', 'node', '-e', script, ...args];
    return JSON.parse(this.run(words));
  }

  /** Does not wait for its end. */
  delete(pod, namespace) {
    this.run(['delete', 'pod', pod, '-n', namespace, '--wait=false']);
  }

  /** Takes the finalizers off a pod. */
  letGo(pod, namespace) {
    const release = JSON.stringify({ metadata: { finalizers: null } });
    this.run(['patch', 'pod', pod, '-n', namespace, '--type=merge', '-p', release]);
  }

  logs(namespace, pod, container) {
    return this.run(['logs', '-n', namespace, pod, '-c', container]);
  }

  /** Minor version of the server. */
  minor() {
    return Number.parseInt(JSON.parse(this.run(['version', '-o', 'json'])).serverVersion.minor, 10);
  }
}

/** Asks until the answer is not undefined. If it fails, the last error of `ask` is the cause. */
export async function until(what, seconds, ask) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    let last;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s`, { cause: last });
    await sleep(300);
  }
}
