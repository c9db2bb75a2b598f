// The parts of the Kafka output: its URL, its records, what errors mean, what it says without its package.
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRuntimeEnv } from '../../ts/config/env';
import { checkKafkaUrl, readKafkaUrl } from '../../ts/config/kafka';
import type { SnifferConfig } from '../../ts/config/types';
import { missingPackage, saslOf } from '../../ts/outputs/kafka/create';
import { failureOf } from '../../ts/outputs/kafka/failures';
import { Records } from '../../ts/outputs/kafka/records';
import { topicOf } from '../../ts/outputs/kafka/topic';
import { rig } from '../ts/setup/rig';

const read = (url: unknown) => readKafkaUrl(url, 'outputKafka');

describe('the URL', () => {
  it.each([
    ['kafka://a/t', { brokers: [{ host: 'a', port: 9092 }], topic: 't', tls: false, compression: 'none' }],
    [
      'KAFKAS://a.b:1,[2001:db8::1]:65535,192.0.2.1/http.in_1-x?compression=gzip&sasl=SCRAM-SHA-512',
      {
        brokers: [
          { host: 'a.b', port: 1 },
          { host: '2001:db8::1', port: 65_535 },
          { host: '192.0.2.1', port: 9092 },
        ],
        topic: 'http.in_1-x',
        tls: true,
        compression: 'gzip',
        mechanism: 'SCRAM-SHA-512',
      },
    ],
  ])('%s', (url, target) => expect(read(url)).toEqual({ mechanism: undefined, ...target }));

  it.each([
    [7, 'must be kafka://host:port'],
    ['http://a/t', 'must be kafka://host:port'],
    ['kafka://a', 'must be kafka://host:port'],
    ['kafka://a/', 'must be kafka://host:port'],
    ['kafka:///t', 'must be kafka://host:port'],
    ['kafka://a,,b/t', 'must be kafka://host:port'],
    ['kafka://a:0/t', 'must be kafka://host:port'],
    ['kafka://a:65536/t', 'must be kafka://host:port'],
    ['kafka://a/t/u', 'must be kafka://host:port'],
    ['kafka://a/..', 'must be kafka://host:port'],
    ['kafka://a/t#x', 'must be kafka://host:port'],
    [`kafka://a/${'t'.repeat(250)}`, 'must be kafka://host:port'],
    ['kafka://a/t?acks=0', "has no parameters but compression and sasl, got 'acks'"],
    ['kafka://a/t?compression=lz5', 'compression must be one of none, gzip, zstd'],
    ['kafka://a/t?sasl=oauth', 'sasl must be one of plain, scram-sha-256, scram-sha-512'],
    ['kafka://a/t?sasl=constructor', 'sasl must be one of'],
  ])('is refused: %s', (url, complaint) => expect(() => read(url)).toThrow(complaint));

  it('names zstd only if this Node.js has it', () => {
    const url = 'kafka://a/t?compression=zstd';
    // It came in 22.15 (and 23.8).
    if ('zstdCompressSync' in zlib) expect(read(url)).toMatchObject({ compression: 'zstd' });
    else expect(() => read(url)).toThrow('outputKafka: compression=zstd needs Node.js 22.15 or later');
  });

  it('is not shown where it may hold a password', () => {
    expect(() => read('kafka://me:hunter2@a/t')).toThrow(/^outputKafka: (?!.*hunter2).*KAFKA_PASSWORD/);
  });

  it('sends no password in the clear in production', () => {
    const check = (url: string) => checkKafkaUrl(url, 'outputKafka', true);
    expect(() => check('kafka://a/t?sasl=plain')).toThrow('must be a kafkas:// URL in production');
    for (const url of ['kafkas://a/t?sasl=plain', 'kafka://a/t?sasl=scram-sha-256', 'kafka://a/t']) {
      expect(check(url)).toBe(url);
    }
  });
});

describe('the user', () => {
  it('comes from the environment, both parts or none', () => {
    const env = { KAFKA_USERNAME: 'me\n', KAFKA_PASSWORD: ' hunter2 \n' };
    expect(readRuntimeEnv(env).kafka).toEqual({ username: 'me', password: ' hunter2 ' });
    expect(readRuntimeEnv({ KAFKA_USERNAME: 'me' }).kafka).toBeUndefined();
    expect(saslOf(read('kafka://a/t?sasl=plain'), readRuntimeEnv(env))).toEqual({
      mechanism: 'PLAIN',
      username: 'me',
      password: ' hunter2 ',
    });
    expect(saslOf(read('kafka://a/t'), readRuntimeEnv(env))).toBeUndefined();
    expect(() => saslOf(read('kafka://a/t?sasl=plain'), readRuntimeEnv({}))).toThrow(
      'KAFKA_USERNAME and KAFKA_PASSWORD',
    );
  });
});

describe('the topic', () => {
  const runtime = readRuntimeEnv({ NAMESPACE: 'shop', POD_NAME: 'cart-7', NODE_NAME: 'n1', OTEL_SERVICE_NAME: 'cart' });

  it.each([
    ['http', 'http'],
    ['http-{namespace}', 'http-shop'],
    ['{service}.{pod}_{node}.{service}', 'cart.cart-7_n1.cart'],
  ])('%s', (template, topic) => {
    expect(topicOf(read(`kafka://a/${template}`).topic, runtime)).toBe(topic);
  });

  it.each(['{', '{}', '{path}', '{namespace', '{NAMESPACE}', '{constructor}', 'a{pod}/b'])('%s is refused', (topic) => {
    expect(() => read(`kafka://a/${topic}`)).toThrow('must be kafka://host:port');
  });

  it('needs what it names, and a name that a broker takes', () => {
    expect(() => topicOf('http-{service}', readRuntimeEnv({}))).toThrow(/\{service\}.*OTEL_SERVICE_NAME.*not set/);
    expect(() => topicOf('{service}', readRuntimeEnv({ OTEL_SERVICE_NAME: 'a/b' }))).toThrow(
      "'a/b' is not the name of a topic",
    );
    expect(() => topicOf('{service}', readRuntimeEnv({ OTEL_SERVICE_NAME: '..' }))).toThrow(
      "'..' is not the name of a topic",
    );
    expect(() => topicOf('{pod}', readRuntimeEnv({ POD_NAME: 'x'.repeat(250) }))).toThrow('is not the name of a topic');
  });
});

describe('a missing package', () => {
  it.each([
    ['20.19.4', 1],
    ['21.0.0', 1],
    ['22.21.1', 1],
    ['22.22.0', 2],
    ['24.6.0', 2],
  ])('is named with the command for Node.js %s', (version, major) => {
    expect(missingPackage(version).message).toContain(`npm install @platformatic/kafka@${major}`);
  });

  it('stops the start', async () => {
    const config: Partial<SnifferConfig> = { outputKafka: 'kafka://a/t' };
    const { sniffer } = rig(config, {
      kafka: { isInstalled: () => false, connect: () => Promise.reject(new Error('never asked')) },
    });
    await expect(sniffer.start()).rejects.toMatchObject({ code: 'INVALID_CONFIG', field: 'outputKafka' });
  });
});

describe('a record', () => {
  const line = (id: string, client: [string, number], rest: object = {}): string =>
    JSON.stringify({
      id,
      receiver: { ip: '198.51.100.80', port: 80 },
      destination: { ip: client[0], port: client[1] },
      direction: 'request',
      ...rest,
    });

  it('is a line, with the connection as its key, and id and run', () => {
    const lines = [line('1.1', ['192.0.2.10', 4001]), line('2.1', ['2001:db8::1', 4002], { body: 'ü "x"\n' })];
    const records = new Records('t', 'r').of(Buffer.from(lines.map((each) => `${each}\n`).join('')));
    const shown = records.map(({ topic, key, value, headers }) => ({
      topic,
      key: key?.toString(),
      value: value.toString(),
      headers: [...headers].map((pair) => pair.map(String)),
    }));
    const of = (id: string) => [
      ['id', id],
      ['run', 'r'],
    ];
    expect(shown).toEqual([
      { topic: 't', key: '192.0.2.10:4001-198.51.100.80:80', value: lines[0], headers: of('1.1') },
      { topic: 't', key: '[2001:db8::1]:4002-198.51.100.80:80', value: lines[1], headers: of('2.1') },
    ]);
  });

  it('is made of every line, whichever it is', () => {
    const text = fc.oneof(
      fc.string().map((each) => each.replaceAll('\n', '')),
      fc.json(),
      fc.constant(line('1', ['1', 1])),
    );
    fc.assert(
      fc.property(fc.array(text.filter((each) => each !== '')), (lines) => {
        const records = new Records('t', 'r').of(Buffer.from(lines.map((each) => `${each}\n`).join('')));
        expect(records.map(({ value }) => value.toString())).toEqual(lines.map((each) => Buffer.from(each).toString()));
      }),
    );
  });
});

describe('an error', () => {
  const broker = (...ids: string[]) =>
    Object.assign(
      new AggregateError(ids.map((apiId) => Object.assign(new Error('x'), { apiId, code: 'PLT_KFK_PROTOCOL' }))),
      {
        code: 'PLT_KFK_RESPONSE',
      },
    );
  it.each<[string, unknown, string, string]>([
    ['too large', new AggregateError([broker('MESSAGE_TOO_LARGE')]), 'small', 'MESSAGE_TOO_LARGE'],
    ['no right', broker('TOPIC_AUTHORIZATION_FAILED'), 'never', 'TOPIC_AUTHORIZATION_FAILED'],
    [
      'no topic',
      Object.assign(new Error('Unknown topic t.'), { code: 'PLT_KFK_USER' }),
      'never',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ],
    ['another leader', broker('NOT_LEADER_OR_FOLLOWER'), 'later', 'NOT_LEADER_OR_FOLLOWER'],
    ['both', broker('MESSAGE_TOO_LARGE', 'INVALID_RECORD'), 'small', 'MESSAGE_TOO_LARGE, INVALID_RECORD'],
    [
      'one may pass',
      broker('MESSAGE_TOO_LARGE', 'NOT_ENOUGH_REPLICAS'),
      'later',
      'MESSAGE_TOO_LARGE, NOT_ENOUGH_REPLICAS',
    ],
    [
      'no connection',
      Object.assign(new Error('x', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }), {
        code: 'PLT_KFK_NETWORK',
      }),
      'later',
      'ECONNREFUSED',
    ],
    ['its words', new Error('password is hunter2'), 'later', 'the client failed'],
    ['no error', undefined, 'later', 'the client failed'],
    ['a text', 'hunter2', 'later', 'the client failed'],
  ])('%s', (_, error, again, reason) => expect(failureOf(error)).toEqual({ again, reason }));

  it('that holds itself has an end', () => {
    const error = Object.assign(new Error('x'), { code: 'E' });
    error.cause = error;
    expect(failureOf(error)).toEqual({ again: 'later', reason: 'E' });
  });
});
