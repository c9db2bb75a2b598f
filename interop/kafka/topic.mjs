// A topic of a real broker: made, and read from its beginning to its end.
import { Admin, Consumer } from '@platformatic/kafka';

const PARTITIONS = 3;
/** So long nothing came: that was all. */
const QUIET_MS = 4_000;

const clientOf = (broker) => {
  const [host, port] = broker.split(':');
  return { clientId: 'interop', bootstrapBrokers: [{ host, port: Number(port) }] };
};

export async function createTopic(broker, topic) {
  const admin = new Admin(clientOf(broker));
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
  await admin.close();
}

/** Each record's key, value and run, in the order of its partition. */
export async function contentOf(broker, topic) {
  const consumer = new Consumer({ ...clientOf(broker), groupId: `interop-${topic}`, maxBytes: 10_000_000 });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: false,
    sessionTimeout: 10_000,
  });
  const records = [];
  await new Promise((resolve, reject) => {
    let timer = setTimeout(resolve, 2 * QUIET_MS);
    stream.on('error', reject).on('data', ({ key, value, headers }) => {
      const named = Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)]));
      records.push({ key: String(key), value: String(value), run: named.run });
      clearTimeout(timer);
      timer = setTimeout(resolve, QUIET_MS);
    });
  });
  await consumer.close(true);
  return records;
}
