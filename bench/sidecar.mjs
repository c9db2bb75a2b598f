// The cost of a sidecar by the rate of requests: the command on the loopback interface, its lines to nowhere. CPU is time that the
// process took, which other load on the machine changes little. `node bench/sidecar.mjs [SECONDS]` prints the table; a part of
// `npm run bench` too.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RATES = [0, 100, 1_000, 10_000];
const SECONDS = 10;
const QUICK_SECONDS = 2;
/** Node compiles what it runs often; a process that has nothing to do collects its garbage once, some 8 s after its start. */
const WARM_SECONDS = 3;
const SETTLE_SECONDS = 15;

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * CPU time of all threads in seconds (proc(5), schedstat: nanoseconds; ticks of 10 ms are too coarse for an idle process), how
 * often one of them was woken, resident memory in bytes (now, and its peak).
 */
function costOf(pid) {
  const fieldOf = (text, name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)[1]);
  let nanoseconds = 0;
  let wakeUps = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    nanoseconds += Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]);
    wakeUps += fieldOf(readFileSync(`${folder}/status`, 'latin1'), 'voluntary_ctxt_switches');
  }
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const [now, peak] = ['VmRSS', 'VmHWM'].map((name) => fieldOf(status, name) * 1024);
  return { cpu: nanoseconds / 1e9, wakeUps, now, peak };
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

async function measure(perSecond, seconds) {
  const pacer = await startPacer(perSecond);
  const sidecar = await startSidecar(pacer.port);
  try {
    const work = (duration) =>
      perSecond > 0 ? pacer.run(duration) : new Promise((resolve) => setTimeout(resolve, duration * 1_000, 0));
    await work(Math.min(perSecond > 0 ? WARM_SECONDS : SETTLE_SECONDS, seconds * 2));
    const [before, began] = [costOf(sidecar.pid), performance.now()];
    const exchanges = await work(seconds);
    const passed = (performance.now() - began) / 1_000;
    const after = costOf(sidecar.pid);
    const each = (what) => (after[what] - before[what]) / passed;
    return {
      perSecond,
      rate: exchanges / passed,
      cores: each('cpu'),
      wakeUps: each('wakeUps'),
      bytes: after.now,
      peakBytes: after.peak,
    };
  } finally {
    sidecar.removeAllListeners('exit');
    sidecar.kill('SIGKILL');
    pacer.stop();
  }
}

/** [{perSecond, rate, cores, wakeUps, bytes, peakBytes}]: a row for each rate of requests; CPU time and wake-ups are those of a second. */
export async function measureSidecar({ quick, tell, seconds = quick ? QUICK_SECONDS : SECONDS }) {
  const rows = [];
  for (const perSecond of RATES) {
    tell(`sidecar: ${perSecond === 0 ? 'idle' : `${perSecond} requests/s`}`);
    rows.push(await measure(perSecond, seconds));
  }
  return rows;
}

async function main([seconds = SECONDS]) {
  console.log('| requests/s | CPU | wake-ups/s | resident memory | its peak |\n|---|---|---|---|---|');
  for (const each of await measureSidecar({ seconds: Number(seconds), tell: () => {} })) {
    const requests = each.perSecond === 0 ? 'idle' : Math.round(each.rate).toLocaleString('en-US');
    const [now, peak] = [each.bytes, each.peakBytes].map((bytes) => `${(bytes / 1e6).toFixed(0)} MB`);
    console.log(
      `| ${requests} | ${(each.cores * 1_000).toFixed(1)}m | ${each.wakeUps.toFixed(0)} | ${now} | ${peak} |`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
