// A server at full load, watched by one observer after the other: what it costs the service, and what is lost.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { connectNamespaces, namespace } from './namespaces.mjs';
import { countLines, freshFolder, PEERS } from './peers.mjs';
import { output, said, sleep, start, textOf } from './processes.mjs';
import { inTurn, spread } from './statistics.mjs';

const SERVER_ADDRESS = '10.99.0.1';
const CLIENT_ADDRESS = '10.99.0.2';
const DEVICE = 'tsb-server';
const CONNECTIONS = 32;
/** One request at a time leaves both cores idle now and then: latency without the queue. */
const ALONE = 1;
/** Many short rounds: the machine's speed changes by the second. */
const ROUNDS = 11;
const SECONDS = { alone: 1, full: 2 };
const QUICK_SECONDS = { alone: 1, full: 1 };
/** Bytes of a response; the first is sent from memory, the others are files. */
const RAMP = [0, 1_000, 10_000, 100_000, 1_000_000];
const RAMP_SECONDS = 2;
const PROFILE_SECONDS = 4;
const SETTLE_MS = 400;
const CLOCK_TICKS = Number(output('getconf', ['CLK_TCK']));

const NOWHERE = '/dev/null';
const tcpdump = (out) => ['tcpdump', '-n', '-s0', '-i', DEVICE, '-Z', 'root', '-w', out, `tcp port ${PORT}`];
const tcpdumpLedger = (words) => ({ dropped: Number(/(\d+) packets? dropped by kernel/.exec(words)?.[1]) });
/** Of a core: what an observer may take that leaves the server its share. */
const BUSY_SHARE = 0.2;

const OURS = {
  command: () => [process.execPath, 'dist/cli.js', '--ports', String(PORT), '--interface', DEVICE],
  ready: /capture started/,
  ledger: stoppedLedger,
};
const OF_TCPDUMP = { tool: 'tcpdump', out: NOWHERE, ready: /listening on/, ledger: tcpdumpLedger };

/** Its lines are counted. */
const TO_FILE = { name: 'tcp-sniffer > FILE', beside: 'tcpdump -w FILE', ...OURS };
/**
 * Each with the text that says that it captures, and with `out` where its stdout goes, a file if it is left out. `beside`: the observer
 * that does no more than write.
 */
const OBSERVERS = [
  { name: 'no observer' },
  { name: 'tcpdump -w /dev/null', command: () => tcpdump(NOWHERE), ...OF_TCPDUMP },
  { name: 'tcpdump -w FILE', command: tcpdump, ...OF_TCPDUMP },
  {
    name: 'tcpdump -w /dev/null, and a loop that is busy',
    command: () => ['python3', 'bench/busy.py', String(BUSY_SHARE), ...tcpdump(NOWHERE)],
    ...OF_TCPDUMP,
  },
  {
    name: 'httpry > /dev/null',
    tool: 'httpry',
    out: NOWHERE,
    command: () => PEERS.find(({ name }) => name === 'httpry').live(DEVICE),
    ready: /Starting capture/,
    ledger: (words) => ({ dropped: Number(/(\d+) packets? dropped/.exec(words)?.[1]) }),
  },
  { name: 'tcp-sniffer > /dev/null', out: NOWHERE, beside: 'tcpdump -w /dev/null', ...OURS },
  TO_FILE,
];

/**
 * {observers: [{name, …}], profile?: […], ramp: [{bytes, …}]}; what is relative is so in the same round, `rateBeside` and `p99Beside` to the
 * observer of that name.
 */
export async function measureLive({ cache, quick, absent, tell }) {
  const missing = ['tcpdump', 'wrk'].filter((tool) => tool in absent);
  if (missing.length > 0) throw new Error(`needs ${missing.join(' and ')}`);
  const work = freshFolder(join(cache, 'live'));
  const [server, client] = [namespace('server'), namespace('client')];
  connectNamespaces(
    { namespace: server, device: DEVICE, address: SERVER_ADDRESS },
    { namespace: client, device: 'tsb-client', address: CLIENT_ADDRESS },
  );
  const nginx = await startServer(cache, work, server);
  const load = (options) => loadFrom(client, options);
  await load({ connections: CONNECTIONS, seconds: 1 });

  tell('live: observers in turn');
  const entries = OBSERVERS.filter(({ tool }) => !(tool in absent)).map((observer) => ({
    name: observer.name,
    run: () => observe(observer, { server, work, load, seconds: quick ? QUICK_SECONDS : SECONDS }),
  }));
  const figures = await inTurn(entries, { rounds: quick ? 1 : ROUNDS });
  tell('live: where its CPU time goes');
  const profile = await profiled({ server, work, load });
  tell('live: a ramp of load');
  const ramp = [];
  for (const bytes of quick ? RAMP.slice(0, 2) : RAMP) ramp.push(await step(bytes, { server, work, load }));
  nginx.kill('SIGKILL');
  await nginx.ended;
  rmSync(work, { recursive: true });
  return {
    server: nginx.version,
    connections: CONNECTIONS,
    observers: [...figures].map((each) => row(each, figures)),
    profile,
    ramp,
  };
}

function row([name, runs], figures) {
  const relative = (what, to) => spread(runs.map(({ full }, round) => full[what] / figures.get(to)[round].full[what]));
  const { beside } = OBSERVERS.find((observer) => observer.name === name);
  const sum = (what) => runs.reduce((total, { ledger }) => total + (ledger?.[what] ?? 0), 0);
  return {
    name,
    requestsPerSecond: spread(runs.map(({ full }) => full.requestsPerSecond)),
    beside,
    rateBeside: beside && relative('requestsPerSecond', beside),
    p99Beside: beside && relative('p99Micros', beside),
    toTcpdump: relative('requestsPerSecond', 'tcpdump -w /dev/null'),
    toBare: relative('requestsPerSecond', 'no observer'),
    cpuShare: spread(runs.map(({ cpuSeconds, wallSeconds }) => cpuSeconds / wallSeconds)),
    full: { p50: spread(runs.map(({ full }) => full.p50Micros)), p99: spread(runs.map(({ full }) => full.p99Micros)) },
    alone: {
      p50: spread(runs.map(({ alone }) => alone.p50Micros)),
      p99: spread(runs.map(({ alone }) => alone.p99Micros)),
    },
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
    dropped: sum('dropped'),
    requests: runs.reduce((total, { alone, full }) => total + alone.requests + full.requests, 0),
    seen: sum('responses'),
    written: runs.reduce((total, { lines }) => total + (lines ?? 0), 0),
  };
}

/** Debian's nginx, unpacked into the cache: nothing is installed and no service started. */
function provideNginx(cache) {
  const folder = join(cache, 'nginx');
  const binary = join(folder, 'usr/sbin/nginx');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    output('sh', ['-c', `cd '${folder}' && apt-get download -qq nginx && dpkg-deb -x nginx_*.deb .`]);
  }
  return binary;
}

async function startServer(cache, work, { run }) {
  const binary = provideNginx(cache);
  for (const bytes of RAMP.slice(1))
    writeFileSync(join(work, String(bytes)), '{"text": "abc"}\n'.repeat(bytes / 16 + 1).slice(0, bytes));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${work}/${kind};`,
  );
  writeFileSync(
    join(work, 'nginx.conf'),
    `worker_processes 1; daemon off; master_process off; pid ${work}/pid; error_log ${work}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; sendfile on; default_type application/json; ${temporary.join(' ')}
  server {
    listen ${PORT}; root ${work};
    location = /0 { return 200 '{"id":4711,"name":"a thing that a shop sells","price":"12.50","stock":7}'; }
  }
}
`,
  );
  const nginx = start([...run, binary, '-p', work, '-e', join(work, 'error.log'), '-c', join(work, 'nginx.conf')], {
    limitSeconds: 600,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  nginx.version = output('sh', ['-c', `'${binary}' -v 2>&1`])
    .trim()
    .replace(/^nginx version: /, '');
  await sleep(SETTLE_MS);
  return nginx;
}

/** wrk's own words on how it went. */
async function loadFrom({ run }, { connections, seconds, bytes = 0 }) {
  const url = `http://${SERVER_ADDRESS}:${PORT}/${bytes}`;
  const wrk = start([...run, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s', url], {
    limitSeconds: seconds + 15,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [words, { code }] = await Promise.all([textOf(wrk.stdout), wrk.ended]);
  const found = (pattern) => pattern.exec(words)?.[1];
  if (code !== 0 || found(/Requests\/sec:\s+(\S+)/) === undefined) throw new Error(`wrk: exit ${code}: ${words}`);
  return {
    requests: Number(found(/(\d+) requests in/)),
    requestsPerSecond: Number(found(/Requests\/sec:\s+(\S+)/)),
    bytesPerSecond: bytesOf(found(/Transfer\/sec:\s+(\S+)/)),
    p50Micros: microsOf(found(/^\s+50%\s+(\S+)/m)),
    p99Micros: microsOf(found(/^\s+99%\s+(\S+)/m)),
    failed: found(/(Socket errors: .*)/) ?? found(/(Non-2xx.*)/),
  };
}

const microsOf = (text) => Number.parseFloat(text) * { us: 1, ms: 1e3, s: 1e6 }[/[a-z]+$/.exec(text)[0]];
const bytesOf = (text) =>
  Number.parseFloat(text) * { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[/[A-Z]+$/.exec(text)[0]];

async function observe(observer, { server, work, load, seconds }) {
  const file = join(work, 'written');
  const watching = observer.command === undefined ? undefined : await startObserver(observer, server, file);
  const before = performance.now();
  const cpuBefore = watching === undefined ? 0 : cpuSecondsOf(watching.pid);
  const alone = await load({ connections: ALONE, seconds: seconds.alone });
  const full = await load({ connections: CONNECTIONS, seconds: seconds.full });
  const wallSeconds = (performance.now() - before) / 1000;
  const run = { alone, full, wallSeconds, cpuSeconds: 0, peakBytes: 0 };
  if (watching !== undefined) {
    // The work that it has not done yet is part of its cost too.
    await sleep(SETTLE_MS);
    run.cpuSeconds = cpuSecondsOf(watching.pid) - cpuBefore;
    run.peakBytes = peakBytesOf(watching.pid);
    run.ledger = await stop(watching, observer);
    if (observer === TO_FILE) run.lines = await countLines(file);
    rmSync(file, { force: true });
  }
  return run;
}

/** Of its CPU time at full load, by thread and by whose code it is: [{thread, where, share}]; without perf nothing. */
async function profiled({ server, work, load }) {
  const data = join(work, 'perf.data');
  const file = join(work, 'written');
  const watching = await startObserver(TO_FILE, server, file);
  const loading = load({ connections: CONNECTIONS, seconds: PROFILE_SECONDS + 1 });
  await sleep(SETTLE_MS);
  const record = ['record', '-q', '-e', 'cpu-clock', '-F', '2000', '-o', data, '-p', String(watching.pid)];
  const perf = spawn('perf', [...record, '--', 'sleep', String(PROFILE_SECONDS)], { stdio: 'ignore' });
  const ended = await new Promise((resolve) => perf.on('error', () => resolve(1)).on('exit', resolve));
  await loading;
  await stop(watching, TO_FILE);
  rmSync(file, { force: true });
  if (ended !== 0) return undefined;
  const shares = new Map();
  const rows = output('perf', ['report', '-i', data, '--stdio', '--sort', 'comm,dso', '-t', '|']);
  for (const line of rows.split('\n').filter((text) => /^ *\d/.test(text))) {
    const [share, thread, object] = line.split('|').map((text) => text.trim());
    const key = JSON.stringify([thread === 'node' ? 'JS' : thread, whoseCode(object)]);
    shares.set(key, (shares.get(key) ?? 0) + Number.parseFloat(share) / 100);
  }
  return [...shares].map(([key, share]) => ({ thread: JSON.parse(key)[0], where: JSON.parse(key)[1], share }));
}

function whoseCode(object) {
  if (object.startsWith('tcp-sniffer')) return 'the addon';
  if (object.startsWith('[kernel')) return 'the kernel';
  return /^lib(c|pcap)\b/.exec(object)?.[0] ?? 'Node';
}

/** JSON lines go nowhere here, so that the disk has no say. */
async function step(bytes, { server, load }) {
  const watching = await startObserver(TO_FILE, server, NOWHERE);
  const { requests, requestsPerSecond, bytesPerSecond, failed } = await load({
    connections: CONNECTIONS,
    seconds: RAMP_SECONDS,
    bytes,
  });
  await sleep(SETTLE_MS);
  const peakBytes = peakBytesOf(watching.pid);
  return {
    bytes,
    requests,
    requestsPerSecond,
    bytesPerSecond,
    failed,
    peakBytes,
    ledger: await stop(watching, TO_FILE),
  };
}

async function startObserver({ command, ready, out }, { run }, file) {
  const stdout = openSync(out ?? file, 'w');
  const child = start([...run, ...command(file)], { limitSeconds: 60, stdio: ['ignore', stdout, 'pipe'] });
  closeSync(stdout);
  child.words = textOf(child.stderr);
  await said(child.stderr, ready);
  // `ip netns exec` becomes the command: it has the same process id.
  return child;
}

async function stop(child, { name, ledger }) {
  child.kill('SIGINT');
  const { signal } = await child.ended;
  if (signal === 'SIGKILL') throw new Error(`${name} did not end`);
  return ledger(await child.words);
}

/** The counters in the log line on stop, those of the outputs with their names before them. */
function stoppedLedger(words) {
  const line = words.split('\n').find((text) => text.includes('"capture stopped"'));
  if (line === undefined) throw new Error(`no ledger: ${words.slice(-500)}`);
  const { engine, outputs } = JSON.parse(line);
  return { ...engine, delivered: outputs.stdout.delivered, outputDropped: outputs.stdout.dropped };
}

/** proc(5): utime and stime, after the name in parentheses. */
function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

function peakBytesOf(pid) {
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}
