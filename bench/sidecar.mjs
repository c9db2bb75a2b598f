// The cost of a sidecar by the rate of requests: the command on the loopback interface, its lines to nowhere. CPU is time that the
// process took, which other load on the machine changes little. `node bench/sidecar.mjs [SECONDS]` prints the table.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RATES = [0, 100, 1_000, 10_000];
const SECONDS = Number(process.argv[2] ?? 10);
/** sysconf(_SC_CLK_TCK), which is this on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/** CPU time in seconds, resident memory in MB (now, and its peak). */
function costOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [now, peak] = ['VmRSS', 'VmHWM'].map(
    (name) => (Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)[1]) * 1024) / 1e6,
  );
  return { cpu: (fields[11] + fields[12]) / TICKS_PER_SECOND, now, peak };
}

async function startPacer(perSecond) {
  const child = fork(file('../__test__/live/pacer.mjs'), [String(perSecond), '0']);
  const [{ port }] = await once(child, 'message');
  const run = async (seconds) => {
    child.send({ seconds });
    return (await once(child, 'message'))[0].exchanges;
  };
  return { port, run, stop: () => child.disconnect() };
}

async function startSidecar(port) {
  const args = [file('../dist/cli.js'), '--ports', String(port), '--interface', 'lo'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  await new Promise((resolve, reject) => {
    child.stderr.on('data', (text) => {
      log += text;
      if (log.includes('"capture started"')) resolve();
    });
    child.once('exit', () => reject(new Error(`the sidecar ended: ${log}`)));
  });
  return child;
}

async function measure(perSecond) {
  const pacer = await startPacer(perSecond);
  const sidecar = await startSidecar(pacer.port);
  const work = (seconds) =>
    perSecond > 0 ? pacer.run(seconds) : new Promise((resolve) => setTimeout(resolve, seconds * 1_000, 0));
  // Node compiles what it runs often.
  await work(2);
  const [before, began] = [costOf(sidecar.pid), performance.now()];
  const exchanges = await work(SECONDS);
  const seconds = (performance.now() - began) / 1_000;
  const { cpu, now, peak } = costOf(sidecar.pid);
  sidecar.removeAllListeners('exit');
  sidecar.kill('SIGTERM');
  await once(sidecar, 'exit');
  pacer.stop();
  return { rate: exchanges / seconds, millicores: ((cpu - before.cpu) / seconds) * 1_000, now, peak };
}

console.log('| requests/s | CPU | resident memory | its peak |\n|---|---|---|---|');
for (const perSecond of RATES) {
  const { rate, millicores, now, peak } = await measure(perSecond);
  const [requests, cpu] = [rate, millicores].map((value) => Math.round(value).toLocaleString('en-US'));
  console.log(`| ${perSecond === 0 ? 'idle' : requests} | ${cpu}m | ${now.toFixed(0)} MB | ${peak.toFixed(0)} MB |`);
}
