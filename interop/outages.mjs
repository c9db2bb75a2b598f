// A receiver that is away, slow, or away at the end, under 1 000 messages a second: the sniffer beside it, and what its ledger and its
// stdout have to say of each other. Knows no receiver: `prepare` names the flags, and compares what came there.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTAGE_MS = Number(process.env.OUTAGE_SECONDS ?? '60') * 1000;
const EXCHANGES_PER_SECOND = 500;
/** A receiver that is paused for most of the time takes less than comes. */
const SLOW = { pausedMs: 1_900, runningMs: 100, seconds: 20 };
/** After the receiver is back: retries come seconds apart. */
const RECOVERY_SECONDS = 25;

/** Each gets the traffic, the receiver and the sniffer's stop; the traffic has ended when it resolves. */
const CASES = {
  async outage({ traffic, receiver }) {
    await traffic(5);
    run(receiver.stop);
    await traffic(OUTAGE_MS / 1000);
    run(receiver.start);
    await traffic(RECOVERY_SECONDS);
    await sleep(5_000);
  },
  async slow({ traffic, receiver }) {
    const pid = Number(readFileSync(receiver.pidFile, 'utf8'));
    let goesOn = true;
    const pausing = (async () => {
      while (goesOn) {
        process.kill(pid, 'SIGSTOP');
        await sleep(SLOW.pausedMs);
        process.kill(pid, 'SIGCONT');
        await sleep(SLOW.runningMs);
      }
    })();
    await traffic(SLOW.seconds);
    goesOn = false;
    await pausing;
  },
  /** SIGTERM while messages come and requests are under way. */
  async sigterm({ traffic, stop }) {
    await traffic(3);
    const more = traffic(4);
    await sleep(2_000);
    stop();
    await more;
  },
  /** SIGTERM while the receiver is away: what waits is given up after its time. */
  async 'sigterm-outage'({ traffic, receiver, stop }) {
    await traffic(3);
    run(receiver.stop);
    await traffic(5);
    stop();
  },
};

function run(command) {
  const { status } = spawnSync('bash', ['-c', command], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`'${command}' ended with ${status}`);
}

/** 0 of a process that has ended and was not waited for. */
const residentMib = (pid) =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function measure(name, { output, receiver, prepare }) {
  const { args: to, env = {}, judge } = await prepare(`tcp-sniffer-${name}-${Date.now()}`);
  const port = String(await freePort());
  const args = ['--interface', 'lo', '--ports', port, '--stats-interval-ms', '1000', ...to, '--output-stdout'];
  const shown = [];
  let rest = '';
  const sniffer = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  process.once('exit', () => sniffer.kill('SIGKILL'));
  const done = once(sniffer, 'close');
  sniffer.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) shown.push(JSON.parse(line));
  });
  let log = '';
  sniffer.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  while (!log.includes('capture started')) {
    if (sniffer.exitCode !== null) throw new Error(log);
    await sleep(50);
  }
  // Its connections are captured from their first packet on, so every response has its request.
  const pacer = fork(join(ROOT, '__test__/live/pacer.mjs'), [String(EXCHANGES_PER_SECOND), port]);
  await once(pacer, 'message');
  let most = 0;
  const watching = setInterval(() => {
    try {
      most = Math.max(most, residentMib(sniffer.pid));
    } catch {
      // It has ended.
    }
  }, 250);
  let exchanges = 0;
  await CASES[name]({
    receiver,
    stop: () => sniffer.kill('SIGTERM'),
    async traffic(seconds) {
      pacer.send({ seconds });
      exchanges += (await once(pacer, 'message'))[0].exchanges;
    },
  });
  sniffer.kill('SIGTERM');
  const [code] = await done;
  clearInterval(watching);
  pacer.disconnect();
  if (name === 'sigterm-outage') run(receiver.start);
  const { engine, outputs } = JSON.parse(log.split('\n').findLast((line) => line.includes('"capture stopped"')));
  const { accepted = 0, delivered = 0, dropped = 0, droppedBy = {}, errors: failed = 0 } = outputs[output];
  const errors = new Set();
  const must = (holds, words) => holds || errors.add(words);
  must(
    !engine.dropped && !engine.queueDropped,
    `packets or messages were lost before the output: ${JSON.stringify(engine)}`,
  );
  must(accepted === shown.length, `accepted ${accepted}, on stdout ${shown.length}`);
  must(delivered + dropped === accepted, 'the ledger does not balance');
  const found = await judge({ shown, must });
  must(found.messages >= delivered, `acknowledged and lost: ${delivered - found.messages}`);
  must(found.messages - delivered <= dropped, 'more is there than was handed out');
  const figures = {
    accepted,
    delivered,
    dropped: droppedBy,
    errors: failed,
    there: found.messages,
    twice: found.twice,
  };
  console.log(name, JSON.stringify({ code, exchanges, rssMib: Math.round(most), ...figures }));
  for (const error of errors) console.log(`  WRONG: ${error}`);
  return errors.size === 0;
}

/**
 * The cases that the command line names, or all. `receiver`: shell commands `stop` and `start` that keep its data, and the file with its process id.
 * `prepare` gets a name that no other run has; it returns the sniffer's flags and environment, and `judge`, which returns how many of the
 * shown messages are there, and how many are there `twice`.
 */
export async function outages(options) {
  const names = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(CASES))
    if (!(await measure(name, options))) process.exitCode = 1;
  process.exit();
}
