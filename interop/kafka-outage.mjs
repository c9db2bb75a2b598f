// `node interop/kafka-outage.mjs`: a real broker of Kafka that is away, slow, or away at the end, under 1 000 messages a second. What the
// ledger of the sniffer says is compared with what the topic holds. The broker is yours:
//   KAFKA_BROKER=127.0.0.1:9092 KAFKA_STOP='…' KAFKA_START='…' KAFKA_PID_FILE=… node interop/kafka-outage.mjs [NAME…]
// KAFKA_STOP and KAFKA_START are shell commands that keep the broker's data; the process in KAFKA_PID_FILE is paused again and again to
// be slow. OUTAGE_SECONDS is 60. It captures on loopback, which needs CAP_NET_RAW.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { contentOf, createTopic } from './kafka/topic.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { KAFKA_BROKER: broker, KAFKA_STOP, KAFKA_START, KAFKA_PID_FILE, OUTAGE_SECONDS = '60' } = process.env;
const OUTAGE_MS = Number(OUTAGE_SECONDS) * 1000;
const EXCHANGES_PER_SECOND = 500;
/** A broker that is paused for most of the time takes less than comes. */
const SLOW = { pausedMs: 1_900, runningMs: 100, seconds: 20 };
/** After the broker is back: retries come seconds apart. */
const RECOVERY_SECONDS = 25;

/** Each gets the pacer and the sniffer; the traffic has ended when it resolves. */
const CASES = {
  async outage({ traffic }) {
    await traffic(5);
    run(KAFKA_STOP);
    await traffic(OUTAGE_MS / 1000);
    run(KAFKA_START);
    await traffic(RECOVERY_SECONDS);
    await sleep(5_000);
  },
  async slow({ traffic }) {
    const pid = Number(readFileSync(KAFKA_PID_FILE, 'utf8'));
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
  /** SIGTERM while the broker is away: what waits is given up after its time. */
  async 'sigterm-outage'({ traffic, stop }) {
    await traffic(3);
    run(KAFKA_STOP);
    await traffic(5);
    stop();
  },
};

function run(command) {
  const { status } = spawnSync('bash', ['-c', command], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`'${command}' ended with ${status}`);
}

const residentMib = (pid) => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

async function measure(name) {
  const topic = `tcp-sniffer-${name}-${Date.now()}`;
  await createTopic(broker, topic);
  const pacer = fork(join(ROOT, '__test__/live/pacer.mjs'), [String(EXCHANGES_PER_SECOND), '0']);
  const [{ port }] = await once(pacer, 'message');
  const to = ['--output-kafka', `kafka://${broker}/${topic}?compression=gzip`, '--output-stdout'];
  const args = ['--interface', 'lo', '--ports', String(port), '--stats-interval-ms', '1000', ...to];
  const shown = [];
  let rest = '';
  const sniffer = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => sniffer.kill('SIGKILL'));
  const done = once(sniffer, 'close');
  sniffer.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) shown.push(JSON.parse(line));
  });
  const errors = [];
  let log = '';
  sniffer.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  while (!log.includes('capture started')) {
    if (sniffer.exitCode !== null) throw new Error(log);
    await sleep(50);
  }
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
  if (name === 'sigterm-outage') run(KAFKA_START);
  const { engine, outputs } = JSON.parse(log.split('\n').findLast((line) => line.includes('"capture stopped"')));
  const topicHolds = await contentOf(broker, topic);
  const figures = judge({ engine, kafka: outputs.kafka, shown, topicHolds }, errors);
  console.log(name, JSON.stringify({ code, exchanges, rssMib: Math.round(most), ...figures }));
  for (const error of errors) console.log(`  WRONG: ${error}`);
  return errors.length === 0;
}

/** What the ledger, stdout and the topic have to say of each other. */
function judge({ engine, kafka, shown, topicHolds }, errors) {
  const { accepted = 0, delivered = 0, dropped = 0, droppedBy = {}, errors: failed = 0 } = kafka;
  const nameOf = ({ id, direction }) => `${id} ${direction}`;
  const must = (holds, words) => holds || errors.push(words);
  const byName = new Map(shown.map((message) => [nameOf(message), JSON.stringify(message)]));
  const there = new Set();
  const last = new Map();
  let disorder = 0;
  for (const { key, value, run: ofRun } of topicHolds) {
    const message = JSON.parse(value);
    const name = nameOf(message);
    must(byName.get(name) === JSON.stringify(message), `the topic holds what stdout does not: ${name}`);
    if (!there.has(name) && message.timestamp < (last.get(key) ?? '')) disorder++;
    if (!there.has(name)) last.set(key, message.timestamp);
    there.add(name);
    must(ofRun === topicHolds[0].run, 'another run');
  }
  must(
    !engine.dropped && !engine.queueDropped,
    `packets or messages were lost before the output: ${JSON.stringify(engine)}`,
  );
  must(accepted === shown.length, `accepted ${accepted}, on stdout ${shown.length}`);
  must(delivered + dropped === accepted, 'the ledger does not balance');
  must(there.size >= delivered, `acknowledged and lost: ${delivered - there.size}`);
  must(there.size - delivered <= dropped, 'the topic holds more than was handed to it');
  must(disorder === 0, `${disorder} records out of order`);
  const twice = topicHolds.length - there.size;
  return { accepted, delivered, dropped: droppedBy, errors: failed, inTopic: there.size, twice };
}

if (!broker || !KAFKA_STOP || !KAFKA_START || !KAFKA_PID_FILE) {
  console.error(
    'set KAFKA_BROKER, KAFKA_STOP, KAFKA_START and KAFKA_PID_FILE: see the head of interop/kafka-outage.mjs',
  );
  process.exit(2);
}
const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : Object.keys(CASES)) if (!(await measure(name))) process.exitCode = 1;
process.exit();
