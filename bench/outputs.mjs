// `node bench/outputs.mjs [EXCHANGES [WORD]]`: messages a second and a CPU second of the whole command, from a savefile: POSTs of a message,
// batches, spans of OTLP to a collector on loopback, and lines on stdout with and without redaction of bodies. With WORD only the rows that
// have it in their names. The collector is a process of its own; nothing is dropped, since a savefile waits.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request, response } from '../fixtures/make/http.mjs';
import { Tape } from '../fixtures/make/tape.mjs';
import { timed } from './processes.mjs';
import { inTurn, median, ratios } from './statistics.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXCHANGES = Number(process.argv[2] ?? 15_000);
const WORD = process.argv[3] ?? '';
const PER_CONNECTION = 100;
const ROUNDS = 3;
const BODY = JSON.stringify({ items: Array.from({ length: 8 }, (_, id) => ({ id, name: `item ${id}` })) });
const POST = (url) => ['--output-url', url];
const OTLP = (url) => ['--output-otlp', url];
const STDOUT = () => ['--output-stdout'];
const RUNS = {
  'one POST a message': { to: POST, flags: [] },
  'one POST a message, 32 at a time': { to: POST, flags: ['--output-concurrency', '32'] },
  batches: { to: POST, flags: ['--output-batch', 'true'] },
  'batches, gzip': { to: POST, flags: ['--output-batch', 'gzip'] },
  'OTLP, protobuf': { to: OTLP, flags: [] },
  'OTLP, JSON': { to: OTLP, flags: ['--otlp-encoding', 'json'] },
  stdout: { to: STDOUT, flags: [] },
  'stdout, bodies looked at': { to: STDOUT, flags: ['--redact-body', 'password,token'] },
  'stdout, eight values of each body hidden': { to: STDOUT, flags: ['--redact-body', 'password,token,name'] },
};

function savefile(path) {
  const tape = new Tape({});
  for (let sent = 0; sent < EXCHANGES; sent += PER_CONNECTION) {
    const connection = tape.connection({ client: `192.0.2.10:${10_000 + sent / PER_CONNECTION}` }).open();
    for (let n = 0; n < PER_CONNECTION; n++)
      connection.exchange(request('GET', `/items/${sent + n}`), response(200, 'OK', { body: BODY }));
    connection.close();
  }
  writeFileSync(path, tape.toSavefile());
}

async function deliver(path, { to, flags }) {
  const collector = fork(join(ROOT, '__test__/live/collector.mjs'));
  const [{ port }] = await once(collector, 'message');
  collector.send('quiet');
  const args = ['--ports', '80', '--read', path, ...to(`http://127.0.0.1:${port}/`), ...flags];
  const { wallSeconds, cpuSeconds, stderr } = await timed([process.execPath, join(ROOT, 'dist/cli.js'), ...args]);
  collector.send('report');
  const [{ posts, bytes }] = await once(collector, 'message');
  collector.kill();
  const { outputs } = JSON.parse(stderr.split('\n').findLast((line) => line.includes('"capture stopped"')));
  const delivered = Object.values(outputs).reduce((sum, each) => sum + (each.delivered ?? 0), 0);
  if (delivered !== 2 * EXCHANGES) throw new Error(`${delivered} of ${2 * EXCHANGES} messages`);
  return { wallSeconds, cpuSeconds, posts, bytes };
}

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const path = join(folder, 'bench.pcap');
savefile(path);
console.log(`${2 * EXCHANGES} messages, median of ${ROUNDS}, whole process with its start; two messages are one span`);
console.log('| | messages/s | messages per CPU second | POSTs | bytes |\n|---|---|---|---|---|');
const figures = await inTurn(
  Object.entries(RUNS)
    .filter(([name]) => name.includes(WORD))
    .map(([name, how]) => ({ name, run: () => deliver(path, how) })),
  { rounds: ROUNDS },
);
for (const [name, rounds] of figures) {
  const rate = (what) => Math.round((2 * EXCHANGES) / median(rounds.map((round) => round[what])));
  const [{ posts, bytes }] = rounds;
  console.log(`| ${name} | ${rate('wallSeconds')} | ${rate('cpuSeconds')} | ${posts} | ${bytes} |`);
}
const plain = figures.get('stdout');
for (const [name, rounds] of figures) {
  if (plain === undefined || RUNS[name].to !== STDOUT || rounds === plain) continue;
  console.log(`${name}: ${ratios(rounds, plain, 'cpuSeconds').median.toFixed(2)} times the CPU time of stdout alone`);
}
rmSync(folder, { recursive: true });
