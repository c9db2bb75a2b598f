// `node interop/kafka-outage.mjs`: a real broker of Kafka that is away, slow, or away at the end, under 1 000 messages a second. The
// ledger of the sniffer is compared with the content of the topic. The broker is yours:
//   KAFKA_BROKER=127.0.0.1:9092 KAFKA_STOP='…' KAFKA_START='…' KAFKA_PID_FILE=… node interop/kafka-outage.mjs [NAME…]
// KAFKA_STOP and KAFKA_START are shell commands that keep the broker's data; the process in KAFKA_PID_FILE is paused again and again to
// be slow. OUTAGE_SECONDS is 60. It captures on loopback, which needs CAP_NET_RAW.
import { contentOf, createTopic } from './kafka/topic.mjs';
import { outages } from './outages.mjs';

const { KAFKA_BROKER: broker, KAFKA_STOP: stop, KAFKA_START: start, KAFKA_PID_FILE: pidFile } = process.env;

/** Nothing is there that stdout does not have, in order within a connection. */
function judge({ shown, must }, topicHolds) {
  const nameOf = ({ id, direction }) => `${id} ${direction}`;
  const byName = new Map(shown.map((message) => [nameOf(message), JSON.stringify(message)]));
  const there = new Set();
  const last = new Map();
  let disorder = 0;
  for (const { key, value, run } of topicHolds) {
    const message = JSON.parse(value);
    const name = nameOf(message);
    must(byName.get(name) === JSON.stringify(message), `the topic holds what stdout does not: ${name}`);
    if (!there.has(name) && message.timestamp < (last.get(key) ?? '')) disorder++;
    if (!there.has(name)) last.set(key, message.timestamp);
    there.add(name);
    must(run === topicHolds[0].run, 'another run');
  }
  must(disorder === 0, `${disorder} records out of order`);
  return { messages: there.size, twice: topicHolds.length - there.size };
}

if (!broker || !stop || !start || !pidFile) {
  console.error(
    'set KAFKA_BROKER, KAFKA_STOP, KAFKA_START and KAFKA_PID_FILE: see the head of interop/kafka-outage.mjs',
  );
  process.exit(2);
}
await outages({
  output: 'kafka',
  receiver: { stop, start, pidFile },
  async prepare(topic) {
    await createTopic(broker, topic);
    return {
      args: ['--output-kafka', `kafka://${broker}/${topic}?compression=gzip`],
      judge: async (run) => judge(run, await contentOf(broker, topic)),
    };
  },
});
