// `--output-kafka` as a user meets it, with the client itself: a savefile to a broker on loopback.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../../dist/index.js';
import { FIXTURES, runCli } from '../live/harness.js';
import { expectBalance, loggedLedger } from '../live/paced.js';
import { type Broker, type BrokerOptions, PARTITIONS, startBroker } from './broker';
import { partitionOfJava } from './partition-of-java';

const CERTIFICATE = join(__dirname, '../live/tls/cert.pem');
const TLS = { key: readFileSync(join(__dirname, '../live/tls/key.pem')), cert: readFileSync(CERTIFICATE) };
const PASSWORD = 'hunter2=,"ü';
const hasZstd = 'zstdCompressSync' in zlib;

const brokers: Broker[] = [];
afterEach(() => {
  for (const broker of brokers.splice(0)) broker.stop();
});

async function brokerOf(options?: BrokerOptions): Promise<Broker> {
  const broker = await startBroker(options);
  brokers.push(broker);
  return broker;
}

const NAME = 'keep-alive';
const LINES = readFileSync(join(FIXTURES, `${NAME}.jsonl`), 'utf8')
  .trim()
  .split('\n');

interface Given {
  query?: string;
  host?: string;
  scheme?: string;
  topic?: string;
  env?: NodeJS.ProcessEnv;
}

async function send(
  { port }: Broker,
  { query = '', host = '127.0.0.1', scheme = 'kafka', topic = 'http', env = {} }: Given,
) {
  const url = `${scheme}://${host}:${port}/${topic}${query}`;
  const read = ['--read', join(FIXTURES, `${NAME}.pcap`), '--ports', '80,8080'];
  const run = await runCli([...read, '--output-kafka', url], { env });
  expect(run.stderr).not.toContain(PASSWORD);
  if (run.code === 1) return { ...run, kafka: undefined };
  const ledger = loggedLedger(run.stderr);
  expectBalance(ledger);
  return { ...run, kafka: ledger.outputs.kafka };
}

const parsed = (texts: readonly string[]): HttpMessage[] => texts.map((text) => JSON.parse(text));
const nameOf = ({ id, direction }: HttpMessage): string => `${id} ${direction}`;
const names = (texts: readonly string[]): string[] => parsed(texts).map(nameOf).sort();

describe('a savefile', () => {
  test.each(['none', 'gzip', ...(hasZstd ? ['zstd'] : [])])('as records, compression %s', async (compression) => {
    const broker = await brokerOf();
    const { code, stderr, kafka } = await send(broker, { query: `?compression=${compression}` });
    expect(code, stderr).toBe(0);
    expect(kafka).toEqual({ accepted: LINES.length, delivered: LINES.length, dropped: 0 });
    const { records } = broker;
    expect(parsed(records.map(({ value }) => value)).sort(byName)).toMatchObject(parsed(LINES).sort(byName));
    const runs = new Set<string | undefined>();
    const partitions = new Map<string | undefined, number>();
    for (const { key, value, headers, partition, ...rest } of records) {
      const { id, destination, receiver }: HttpMessage = JSON.parse(value);
      expect(key).toBe(`${destination.ip}:${destination.port}-${receiver.ip}:${receiver.port}`);
      expect(headers).toEqual({ id, run: expect.stringMatching(/^[\da-f-]{36}$/) });
      expect(rest).toEqual({ topic: 'http', compression });
      expect(partition).toBe(partitionOfJava(Buffer.from(key ?? ''), PARTITIONS));
      partitions.set(key, partition);
      runs.add(headers.run);
    }
    expect(runs.size).toBe(1);
    const inOrder = (texts: readonly string[]): string[] => parsed(texts).map(nameOf);
    for (const key of partitions.keys()) {
      const ids = inOrder(records.filter((record) => record.key === key).map(({ value }) => value));
      expect(ids).toEqual(inOrder(LINES).filter((each) => ids.includes(each)));
    }
  });

  test('to the topic of the place where it runs', async () => {
    const broker = await brokerOf({ topics: ['http-shop'] });
    const { code, stderr } = await send(broker, { topic: 'http-{namespace}', env: { NAMESPACE: 'shop' } });
    expect(code, stderr).toBe(0);
    expect(broker.records.map(({ topic }) => topic)).toEqual(LINES.map(() => 'http-shop'));
    const without = await send(broker, { topic: 'http-{service}' });
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('OTEL_SERVICE_NAME')]);
  });

  test('over TLS, if the certificate is trusted', async () => {
    const broker = await brokerOf({ tls: TLS });
    const env = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
    const { code, stderr } = await send(broker, { scheme: 'kafkas', host: 'localhost', env });
    expect(code, stderr).toBe(0);
    expect(names(broker.records.map(({ value }) => value))).toEqual(names(LINES));
  });

  test('nothing goes to a broker whose certificate is not trusted', { timeout: 60_000 }, async () => {
    const broker = await brokerOf({ tls: TLS });
    // Of the host process it does not count.
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
    const { code, stderr, kafka } = await send(broker, { scheme: 'kafkas', host: 'localhost', env });
    expect(code).toBe(2);
    expect(stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(kafka).toMatchObject({ delivered: 0, droppedBy: { failed: LINES.length }, errors: 4 });
    expect(broker.records).toEqual([]);
  });
});

describe('a user', () => {
  const env = { KAFKA_USERNAME: 'me', KAFKA_PASSWORD: PASSWORD };

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('signs in by %s', async (mechanism) => {
    const broker = await brokerOf({ user: { mechanism, username: 'me', password: PASSWORD } });
    const { code, stderr } = await send(broker, { query: `?sasl=${mechanism.toLowerCase()}`, env });
    expect(code, stderr).toBe(0);
    expect(new Set(broker.users)).toEqual(new Set(['me']));
    expect(names(broker.records.map(({ value }) => value))).toEqual(names(LINES));
  });

  test.each(['PLAIN', 'SCRAM-SHA-512'])(
    'with a wrong password sends nothing: %s',
    { timeout: 60_000 },
    async (mechanism) => {
      const broker = await brokerOf({ user: { mechanism, username: 'me', password: 'another' } });
      const { code, stderr, kafka } = await send(broker, { query: `?sasl=${mechanism.toLowerCase()}`, env });
      expect(code).toBe(2);
      expect(stderr).toContain('SASL_AUTHENTICATION_FAILED');
      expect(kafka).toMatchObject({ delivered: 0, droppedBy: { failed: LINES.length } });
      expect([broker.records, broker.users]).toEqual([[], []]);
    },
  );
});

describe('a broker', () => {
  test('that has moved its partitions is asked again', async () => {
    const broker = await brokerOf({ judge: (_, before) => (before === 0 ? 'NOT_LEADER_OR_FOLLOWER' : 'NONE') });
    const { code, stderr, kafka } = await send(broker, {});
    expect(code, stderr).toBe(0);
    expect(kafka).toMatchObject({ delivered: LINES.length, dropped: 0 });
    expect(names(broker.records.map(({ value }) => value))).toEqual(names(LINES));
  });

  test('whose answer is lost has records twice, which can be told', async () => {
    const broker = await brokerOf({ judge: (_, before) => (before === 0 ? 'silent' : 'NONE') });
    const { code, stderr, kafka } = await send(broker, {});
    expect(code, stderr).toBe(0);
    expect(kafka).toMatchObject({ delivered: LINES.length, errors: 1 });
    const told = broker.records.map(({ value, headers: { id, run } }) => `${run} ${id} ${JSON.parse(value).direction}`);
    expect(told.length).toBeGreaterThan(LINES.length);
    expect(new Set(told).size).toBe(LINES.length);
  });

  test.each(['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED'] as const)(
    'that refuses the topic is not asked again: %s',
    async (verdict) => {
      const broker = await brokerOf(
        verdict === 'UNKNOWN_TOPIC_OR_PARTITION' ? { topics: [] } : { judge: () => verdict },
      );
      const { code, stderr, kafka } = await send(broker, {});
      expect(code).toBe(2);
      expect(stderr).toContain(verdict);
      expect(kafka).toMatchObject({ delivered: 0, droppedBy: { rejected: LINES.length }, errors: 1 });
    },
  );

  test('that finds a message too large gets all others', async () => {
    const [refused = ''] = names(LINES).slice(2);
    const isRefused = ({ value }: { value: string }): boolean => nameOf(JSON.parse(value)) === refused;
    const broker = await brokerOf({ judge: (records) => (records.some(isRefused) ? 'MESSAGE_TOO_LARGE' : 'NONE') });
    const { code, kafka } = await send(broker, {});
    expect(code).toBe(2);
    expect(kafka).toMatchObject({ delivered: LINES.length - 1, droppedBy: { rejected: 1 } });
    const others = names(LINES).filter((name) => name !== refused);
    expect([...new Set(names(broker.records.map(({ value }) => value)))]).toEqual(others);
  });
});

function byName(one: HttpMessage, other: HttpMessage): number {
  return nameOf(one) < nameOf(other) ? -1 : 1;
}
