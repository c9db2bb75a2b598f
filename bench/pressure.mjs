// `node bench/pressure.mjs [--share N] [--rounds N] [--seconds N]`: the latency of a service whose core is busy all the time, without a
// sidecar and with a sidecar that may take `--share` of a core (`cpuLimitShare`). Service, client and sidecar share one core: 16 connections
// that always ask again, answers of 2 000 bytes. A round is `before`, `beside` a sidecar that has shed for some seconds, and `after`.
// `beside` is compared with the mean of the other two, so that what drifts in a round cancels out; these two are compared with each other,
// which says how much of a ratio is noise. Medians of the rounds count, the least and the most stand after them. `sidecar` is the
// CPU time of its process, in shares of the core. Other programs on this core make every figure worthless, so all three run at a
// higher priority than they do. Needs root, and taskset.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, spread } from './statistics.mjs';

const CONNECTIONS = 16;
const CORE = '0';
const PRIORITY = -15;
/** Of `/proc/PID/stat`. */
const TICKS_PER_SECOND = 100;
const SETTLE_MS = 6_000;
const BODY = Buffer.alloc(2_000, 'x');

const { values } = parseArgs({
  options: {
    share: { type: 'string', default: '0.03' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
    serve: { type: 'boolean' },
  },
});
if (values.serve) serve();
else await measure();

/** The service, in a process of its own. */
function serve() {
  const server = createServer((_, response) => response.end(BODY));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit());
}

function pinned(args, stdio) {
  return spawn('taskset', ['-c', CORE, process.execPath, ...args], { stdio });
}

/** Latencies in ms of what is answered within `ms`. */
async function ask(port, ms) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const until = performance.now() + ms;
  const taken = [];
  const exchange = () =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      get({ port, host: '127.0.0.1', agent, path: '/pressure' }, (response) => {
        response.resume().once('end', () => {
          taken.push(performance.now() - began);
          resolve();
        });
      }).once('error', reject);
    });
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < until) await exchange();
    }),
  );
  agent.destroy();
  taken.sort((a, b) => a - b);
  const mean = taken.reduce((sum, each) => sum + each, 0) / taken.length;
  return { mean, p50: taken[taken.length >> 1], p99: taken[Math.floor(taken.length * 0.99)], count: taken.length };
}

async function startSidecar(port) {
  const command = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  const flags = ['--ports', port, '--interface', 'lo', '--cpu-limit-share', values.share].map(String);
  const child = pinned([command, ...flags], ['ignore', 'ignore', 'pipe']);
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  while (!log.includes('"capture started"')) await once(child.stderr, 'data');
  return {
    /** Seconds that the process took so far. */
    cpu() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    /** The levels and losses in its log. */
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'close');
      const lines = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const { engine } = lines.find(({ message }) => message === 'capture stopped');
      return {
        levels: lines.filter(({ shedLevel }) => shedLevel !== undefined).map(({ shedLevel }) => shedLevel),
        engine,
      };
    },
  };
}

async function measure() {
  setPriority(PRIORITY);
  // The client is this process.
  await once(spawn('taskset', ['-cp', CORE, String(process.pid)], { stdio: 'ignore' }), 'exit');
  const server = pinned([fileURLToPath(import.meta.url), '--serve'], ['ignore', 'inherit', 'inherit', 'ipc']);
  const [port] = await once(server, 'message');
  const ms = Number(values.seconds) * 1_000;
  await ask(port, SETTLE_MS);
  let before = await ask(port, ms);
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const sidecar = await startSidecar(port);
    await ask(port, SETTLE_MS);
    const used = sidecar.cpu();
    const beside = await ask(port, ms);
    const share = (sidecar.cpu() - used) / Number(values.seconds);
    const { levels, engine } = await sidecar.stop();
    const after = await ask(port, ms);
    const of = (what) => ({
      sidecar: (2 * beside[what]) / (before[what] + after[what]),
      noise: after[what] / before[what],
    });
    rounds.push({ mean: of('mean'), p50: of('p50'), p99: of('p99'), share });
    const { shedLevel, shedBodies = 0, shedConnections = 0, shedPackets = 0, packets, dropped = 0 } = engine;
    const shed = { levels, shedLevel, shedBodies, shedConnections, shedPackets, packets, dropped };
    console.log(JSON.stringify({ before, beside, after, share, ...shed }));
    before = after;
  }
  for (const what of ['mean', 'p50', 'p99']) {
    const [sidecar, noise] = ['sidecar', 'noise'].map((which) => figures(rounds.map((round) => round[what][which])));
    console.log(`${what}: ${sidecar} times; the same without it: ${noise}`);
  }
  console.log(`sidecar: ${figures(rounds.map(({ share }) => share))} of the core`);
  server.disconnect();
}

function figures(ratios) {
  const { least, most } = spread(ratios);
  return [median(ratios), least, most].map((n) => n.toFixed(3)).join(', ');
}
