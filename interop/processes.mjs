// Servers and clients as processes: started, waited for, and always ended, with all that they started themselves.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 3000;
const STDERR_KEPT_BYTES = 4000;
/** Below the ports that the kernel assigns to clients, so that no client on this machine gets a port of this range. */
const PORTS = { from: 20_000, to: 32_000 };

const running = new Set();
const kill = ({ pid }, signal) => {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
};
process.on('exit', () => {
  for (const child of running) kill(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export async function freePort() {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      await new Promise((resolve) => server.close(resolve));
      return port;
    } catch {
      // Taken; another port.
    }
  }
}

/** In a group of its own, which ends with this process. `done` resolves with `{ code, stdout, stderr }`. */
export function start([file, ...args], { cwd, env, onStdout, onStderr, stdin = 'ignore' } = {}) {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on(
    'data',
    onStdout ??
      ((text) => {
        output.stdout += text;
      }),
  );
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr = (output.stderr + text).slice(-STDERR_KEPT_BYTES);
    onStderr?.(text);
  });
  child.stdin?.on('error', () => {}); // It has ended, and says why itself.
  const failed = new Promise((resolve) => child.on('error', (error) => resolve({ code: error.message, ...output })));
  const done = Promise.race([
    failed,
    once(child, 'close').then(([code, signal]) => ({ code: code ?? signal, ...output })),
  ]);
  void done.then(() => running.delete(child));
  return {
    done,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    /** Where `stdin` is `pipe`. */
    write: (text) => child.stdin.write(text),
    end: (text) => child.stdin.end(text),
    isRunning: () => running.has(child),
    signal: (name) => kill(child, name),
    async stop() {
      kill(child, 'SIGTERM');
      await Promise.race([done, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
      // The first of a group may have ended before the others.
      kill(child, 'SIGKILL');
    },
  };
}

/** To its end, or to `limitMs`. */
export async function run(command, limitMs, options) {
  const child = start(command, options);
  const timer = setTimeout(() => child.signal('SIGKILL'), limitMs);
  const ended = await child.done;
  clearTimeout(timer);
  return ended;
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** Resolves when the process accepts connections on the port. */
export async function listening(child, port, limitMs = START_LIMIT_MS) {
  const deadline = Date.now() + limitMs;
  while (!(await accepts(port))) {
    if (!child.isRunning()) throw new Error(`ended before it listened: ${child.stderr().trim()}`);
    if (Date.now() > deadline) throw new Error(`does not listen after ${limitMs} ms: ${child.stderr().trim()}`);
    await sleep(30);
  }
}
