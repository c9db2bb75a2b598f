// `node bench/outputs.mjs [EXCHANGES [WORD]]`: messages a second and a CPU second of the whole command, from a savefile, and the share of the
// JS thread: POSTs of a message, batches, spans of OTLP and records of Kafka to a collector and a broker on loopback, lines in a file and on
// stdout, these with and without redaction of bodies. With WORD only the rows that have it in their names. Collector and broker are
// processes of their own; nothing is dropped, since a savefile waits. A part of `npm run bench` too.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request, response } from '../fixtures/make/http.mjs';
import { Tape } from '../fixtures/make/tape.mjs';
import { ROOT, timed } from './processes.mjs';
import { inTurn, median, ratios, spread } from './statistics.mjs';

/** So many that the start is a small part; a POST a message takes longest, and has fewer. */
const EXCHANGES = 200_000;
const MOST_IF_SLOW = 15_000;
/** The broker of the tests keeps what it gets. */
const MOST_OF_KAFKA = 60_000;
const QUICK_EXCHANGES = 1_000;
const PER_CONNECTION = 100;
const ROUNDS = 3;
const SELF = fileURLToPath(import.meta.url);
const CLIENT_OF_KAFKA = join(ROOT, 'node_modules/@platformatic/kafka/package.json');
const BODY = JSON.stringify({ items: Array.from({ length: 8 }, (_, id) => ({ id, name: `item ${id}` })) });
const toCollector = (flag) => (port) => [flag, `http://127.0.0.1:${port}/`];
const [POST, OTLP] = ['--output-url', '--output-otlp'].map(toCollector);
const KAFKA = (port) => ['--output-kafka', `kafka://127.0.0.1:${port}/http`];
const STDOUT = () => ['--output-stdout'];
const FILE = (_port, folder) => ['--output-file', join(folder, 'messages.jsonl')];
const RUNS = {
  'one POST a message': { to: POST, flags: [], most: MOST_IF_SLOW },
  'one POST a message, 32 at a time': { to: POST, flags: ['--output-concurrency', '32'], most: MOST_IF_SLOW },
  batches: { to: POST, flags: ['--output-batch', 'true'] },
  'batches, gzip': { to: POST, flags: ['--output-batch', 'gzip'] },
  'OTLP, protobuf': { to: OTLP, flags: [] },
  'OTLP, JSON': { to: OTLP, flags: ['--otlp-encoding', 'json'] },
  Kafka: { to: KAFKA, flags: [], most: MOST_OF_KAFKA },
  file: { to: FILE, flags: [] },
  stdout: { to: STDOUT, flags: [] },
  'stdout, bodies looked at': { to: STDOUT, flags: ['--redact-body', 'password,token'] },
  'stdout, eight values of each body hidden': { to: STDOUT, flags: ['--redact-body', 'password,token,name'] },
};

/** {messages, slowMessages, bodyBytes, rows: [{name, perSecond, perCpuSecond, jsShare, posts?, bytes?, toStdout?}]}; rates are {median, least, most} of messages. */
export async function measureOutputs({
  quick = false,
  tell,
  exchanges = quick ? QUICK_EXCHANGES : EXCHANGES,
  word = '',
}) {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
  try {
    const named = Object.entries(RUNS).filter(([name]) => name.includes(word));
    const able = named.filter(([, { to }]) => to !== KAFKA || existsSync(CLIENT_OF_KAFKA));
    tell(`outputs: ${able.length} in turn`);
    const broker = able.some(([, { to }]) => to === KAFKA) ? await bundledBroker(folder) : undefined;
    const whole = Math.ceil(exchanges / PER_CONNECTION) * PER_CONNECTION;
    const countOf = ({ most = whole }) => Math.min(whole, most);
    for (const count of new Set(able.map(([, how]) => countOf(how)))) savefile(join(folder, `${count}.pcap`), count);
    const deliveries = able.map(([name, how]) => ({
      name,
      run: () => deliver({ folder, exchanges: countOf(how), broker }, how),
    }));
    const figures = await inTurn(deliveries, { rounds: quick ? 1 : ROUNDS });
    const plain = figures.get('stdout');
    const rows = [...figures].map(([name, rounds]) => {
      const rate = (what) => spread(rounds.map((round) => (2 * countOf(RUNS[name])) / round[what]));
      return {
        name,
        perSecond: rate('wallSeconds'),
        perCpuSecond: rate('cpuSeconds'),
        posts: rounds[0].posts,
        bytes: rounds[0].bytes,
        jsShare: median(rounds.map(({ jsSeconds, cpuSeconds }) => jsSeconds / cpuSeconds)),
        toStdout: plain && RUNS[name].to === STDOUT ? ratios(rounds, plain, 'cpuSeconds').median : undefined,
      };
    });
    return { messages: 2 * whole, slowMessages: 2 * Math.min(whole, MOST_IF_SLOW), bodyBytes: BODY.length, rows };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function savefile(path, exchanges) {
  const tape = new Tape({});
  for (let sent = 0; sent < exchanges; sent += PER_CONNECTION) {
    const connection = tape.connection({ client: `192.0.2.10:${10_000 + sent / PER_CONNECTION}` }).open();
    for (let n = 0; n < PER_CONNECTION; n++)
      connection.exchange(request('GET', `/items/${sent + n}`), response(200, 'OK', { body: BODY }));
    connection.close();
  }
  writeFileSync(path, tape.toSavefile());
}

/** The broker of the tests as a program that tells its port. */
async function bundledBroker(folder) {
  const { build } = await import('esbuild');
  const outfile = join(folder, 'broker.cjs');
  const contents = `import { startBroker } from './broker';
    startBroker().then(({ port }) => process.send?.({ port }));`;
  const stdin = { contents, resolveDir: join(ROOT, '__test__/kafka'), loader: 'ts' };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' });
  return outfile;
}

async function deliver({ folder, exchanges, broker }, { to, flags }) {
  const receiver = fork(to === KAFKA ? broker : join(ROOT, '__test__/live/collector.mjs'));
  try {
    const [{ port }] = await once(receiver, 'message');
    if (to !== KAFKA) receiver.send('quiet');
    const args = ['--ports', '80', '--read', join(folder, `${exchanges}.pcap`), ...to(port, folder), ...flags];
    const node = [process.execPath, '--require', join(ROOT, 'bench/js-thread.cjs'), join(ROOT, 'dist/cli.js')];
    const { wallSeconds, cpuSeconds, stderr } = await timed([...node, ...args]);
    const lines = stderr.split('\n');
    const { outputs } = JSON.parse(lines.findLast((line) => line.includes('"capture stopped"')));
    const delivered = Object.values(outputs).reduce((sum, each) => sum + (each.delivered ?? 0), 0);
    if (delivered !== 2 * exchanges) throw new Error(`${delivered} of ${2 * exchanges} messages`);
    const { jsSeconds } = JSON.parse(lines.findLast((line) => line.includes('"jsSeconds"')));
    return { wallSeconds, cpuSeconds, jsSeconds, ...(to === KAFKA ? {} : await receivedBy(receiver)) };
  } finally {
    receiver.kill();
    rmSync(join(folder, 'messages.jsonl'), { force: true });
  }
}

/** {posts, bytes}; of a collector without any, zeros. */
async function receivedBy(collector) {
  collector.send('report');
  const [{ posts, bytes }] = await once(collector, 'message');
  return { posts, bytes };
}

async function main([exchanges = EXCHANGES, word]) {
  const { messages, rows } = await measureOutputs({ exchanges: Number(exchanges), word, tell: () => {} });
  console.log(
    `${messages} messages (fewer where that takes long), median of ${ROUNDS}, whole process with its start; two messages are one span`,
  );
  console.log(
    '| | messages/s | messages per CPU second | of it the JS thread | POSTs | bytes |\n|---|---|---|---|---|---|',
  );
  for (const { name, perSecond, perCpuSecond, jsShare, posts, bytes } of rows) {
    const rates = [perSecond, perCpuSecond].map((rate) => Math.round(rate.median));
    console.log(
      `| ${name} | ${rates.join(' | ')} | ${Math.round(jsShare * 100)} % | ${posts || ''} | ${bytes || ''} |`,
    );
  }
  for (const { name, toStdout } of rows) {
    if (toStdout !== undefined && name !== 'stdout')
      console.log(`${name}: ${toStdout.toFixed(2)} times the CPU time of stdout alone`);
  }
}

if (process.argv[1] === SELF) await main(process.argv.slice(2));
