// The Kafka output with a client made of nothing: what becomes of each message, in which order, and at the end.
import { afterEach, describe, expect, it } from 'vitest';
import { Delivery, type DeliveryOptions } from '../../ts/outputs/delivery/delivery';
import { LinesPacker } from '../../ts/outputs/delivery/lines';
import type { KafkaProducer, KafkaRecord } from '../../ts/outputs/kafka/client';
import { Records } from '../../ts/outputs/kafka/records';
import { KafkaTransport, MAX_CLOSING } from '../../ts/outputs/kafka/transport';
import { FakeLog, FakeTime, settle } from '../ts/setup/fakes';

type Send = (bodies: string[], attempt: number) => void | Promise<void>;

const refused = (apiId: string): Error => Object.assign(new Error('secret'), { apiId });
const bodiesOf = (records: readonly KafkaRecord[]): string[] =>
  records.map(({ value }) => JSON.parse(String(value)).body);

const outputs: { output: Delivery; time: FakeTime }[] = [];
afterEach(async () => {
  for (const { output, time } of outputs.splice(0)) {
    output.limitDrain(0);
    time.advance(0);
    const closed = output.close();
    await settle();
    time.advance(1_000);
    await closed;
    const { accepted, delivered, dropped, waiting } = output.stats();
    expect([delivered + dropped, waiting]).toEqual([accepted, 0]);
  }
});

function kafka(send: Send, options: Partial<DeliveryOptions> & { close?: () => Promise<void> } = {}) {
  const { close = async () => {}, ...rest } = options;
  const [time, log] = [new FakeTime(), new FakeLog()];
  const requests: string[][] = [];
  const counts = { connects: 0, closes: 0, forgets: 0 };
  const connect = async (): Promise<KafkaProducer> => {
    counts.connects++;
    return {
      async send(records) {
        requests.push(bodiesOf(records));
        await send(bodiesOf(records), requests.length);
      },
      forget: () => counts.forgets++,
      close: () => {
        counts.closes++;
        return close();
      },
    };
  };
  const batch = { maxMessages: 8, maxBytes: 100_000, maxDelayMs: 0, gzip: false };
  const output = new Delivery({
    name: 'kafka',
    words: { sends: 'requests to Kafka', send: 'request to Kafka', sent: 'sent to Kafka' },
    packer: new LinesPacker({ ...batch, format: 'ndjson' }),
    transport: new KafkaTransport({ connect, records: new Records('t', 'r'), schedule: time.schedule }),
    batch,
    concurrency: 1,
    ordered: true,
    timeoutMs: 10_000,
    maxWaitingMessages: 100,
    maxWaitingBytes: 1_000_000,
    lossless: false,
    log: log.createLogger('debug'),
    schedule: time.schedule,
    now: time.now,
    random: () => 0,
    ...rest,
  });
  outputs.push({ output, time });
  const write = (...bodies: string[]) => {
    const lines = bodies.map((body) => `${JSON.stringify({ id: '1', body })}\n`).join('');
    return output.write({ lines: Buffer.from(lines), messages: bodies.length });
  };
  const pass = async (ms: number): Promise<void> => {
    time.advance(ms);
    await settle();
  };
  return { output, log, requests, counts, write, pass };
}

describe('messages', () => {
  it('are delivered when they are acknowledged, over one client', async () => {
    const { output, requests, counts, write } = kafka(() => {});
    write('a', 'b');
    await settle();
    write('c');
    await settle();
    await output.close();
    expect(requests).toEqual([['a', 'b'], ['c']]);
    expect(output.stats()).toMatchObject({ accepted: 3, delivered: 3, dropped: 0, errors: 0 });
    expect(counts).toEqual({ connects: 1, closes: 1, forgets: 0 });
  });

  it('keep their order over retries: nothing overtakes', async () => {
    const { output, requests, counts, write, pass } = kafka((_, attempt) => {
      if (attempt <= 2) throw refused('NOT_LEADER_OR_FOLLOWER');
    });
    write('a');
    await settle();
    write('b', 'c');
    await pass(999);
    expect(requests).toEqual([['a']]);
    await pass(1);
    await pass(2_000);
    expect(requests).toEqual([['a'], ['a'], ['a'], ['b', 'c']]);
    expect(output.stats()).toMatchObject({ delivered: 3, dropped: 0, errors: 2 });
    // Each time it is asked again who leads.
    expect(counts).toMatchObject({ connects: 1, forgets: 2 });
  });

  it('of a broker that is away fail after four attempts; later ones are delivered', async () => {
    let away = true;
    const { output, log, write, pass } = kafka(() => {
      if (away) throw Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
    });
    write('a', 'b');
    await settle();
    for (const ms of [1_000, 2_000, 4_000]) await pass(ms);
    away = false;
    write('c');
    await settle();
    expect(output.stats()).toMatchObject({ delivered: 1, droppedBy: { failed: 2 }, errors: 4, waiting: 0 });
    expect(JSON.stringify(log.lines)).toContain('ECONNREFUSED');
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });

  it('overflow while it is away: the oldest of those that wait', async () => {
    const { output, requests, write, pass } = kafka(
      (_, attempt) => {
        if (attempt === 1) throw refused('NOT_ENOUGH_REPLICAS');
      },
      { maxWaitingMessages: 2 },
    );
    write('a');
    await settle();
    for (const body of ['b', 'c', 'd']) write(body);
    await pass(1_000);
    expect(requests).toEqual([['a'], ['a'], ['c', 'd']]);
    expect(output.stats()).toMatchObject({ delivered: 3, droppedBy: { overflow: 1 } });
  });
});

describe('a refusal', () => {
  it.each(['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED'])(
    'for good is not tried again: %s',
    async (id) => {
      const { output, requests, write } = kafka(() => {
        throw refused(id);
      });
      write('a', 'b');
      await settle();
      expect(requests).toHaveLength(1);
      expect(output.stats()).toMatchObject({ droppedBy: { rejected: 2 }, errors: 1, waiting: 0 });
    },
  );

  it.each([0, 3, 6])('of a size drops the one message that is too large, number %d, and none else', async (at) => {
    const sent: string[] = [];
    const bodies = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((body, index) => (index === at ? body.repeat(100) : body));
    const { output, write } = kafka((request) => {
      if (request.some((body) => body.length > 10)) throw refused('MESSAGE_TOO_LARGE');
      sent.push(...request);
    });
    write(...bodies);
    await settle(40);
    expect(sent).toEqual(bodies.filter((_, index) => index !== at));
    expect(output.stats()).toMatchObject({ delivered: 6, droppedBy: { rejected: 1 }, waiting: 0 });
  });

  it('of a size may be of the whole request: all arrive in smaller ones', async () => {
    const sent: string[] = [];
    const { output, write } = kafka((request) => {
      if (request.length > 3) throw refused('RECORD_LIST_TOO_LARGE');
      sent.push(...request);
    });
    write('a', 'b', 'c', 'd', 'e', 'f', 'g');
    await settle(40);
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(output.stats()).toMatchObject({ delivered: 7, dropped: 0, errors: 0 });
  });

  it('of a size in one partition and for good in another drops the small request that is refused for good', async () => {
    const sent: string[] = [];
    const { output, write } = kafka((request) => {
      const reasons = [request.length > 2 && 'RECORD_LIST_TOO_LARGE', request.includes('bad') && 'INVALID_RECORD'];
      const names = reasons.filter((reason) => reason !== false);
      if (names.length > 0) throw new AggregateError(names.map(refused));
      sent.push(...request);
    });
    write('a', 'b', 'c', 'd', 'e', 'bad', 'f', 'g');
    await settle(40);
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'f', 'g']);
    expect(output.stats()).toMatchObject({ delivered: 6, droppedBy: { rejected: 2 }, waiting: 0 });
  });

  it('that may pass within a part is a reason to send all of it again', async () => {
    const { output, requests, write, pass } = kafka((request, attempt) => {
      if (request.length > 1) throw refused('MESSAGE_TOO_LARGE');
      if (attempt === 3) throw refused('REQUEST_TIMED_OUT');
    });
    write('a', 'b');
    await settle(40);
    expect(requests).toEqual([['a', 'b'], ['a'], ['b']]);
    expect(output.stats()).toMatchObject({ delivered: 0, waiting: 2, errors: 1 });
    await pass(1_000);
    await settle(40);
    expect(output.stats()).toMatchObject({ delivered: 2, dropped: 0 });
  });
});

describe('a broker that does not answer', () => {
  const never = (): Promise<void> => new Promise(() => {});

  it('gets a new client after its time, and few of them if they do not close', async () => {
    const { output, requests, counts, write, pass } = kafka(never, { close: never });
    for (const body of ['a', 'b']) {
      write(body);
      await settle();
      for (const wait of [1_000, 2_000, 4_000, 0]) {
        await pass(10_000);
        await pass(wait);
      }
    }
    expect(requests).toHaveLength(8);
    expect(output.stats()).toMatchObject({ droppedBy: { failed: 2 }, errors: 8 });
    expect(counts).toMatchObject({ connects: MAX_CLOSING + 1, closes: MAX_CLOSING });
  });

  it('does not hold up the end: what is not acknowledged is given up', async () => {
    const { output, write, pass } = kafka(never, { close: never });
    write('a');
    await settle();
    write('b', 'c');
    output.limitDrain(500);
    const closed = output.close();
    await pass(500);
    await pass(1_000);
    await closed;
    expect(output.stats()).toMatchObject({ accepted: 3, delivered: 0, droppedBy: { abandoned: 3 }, waiting: 0 });
  });
});

it('at the end all that waits goes out', async () => {
  const { output, requests, write } = kafka(() => {}, {
    batch: { maxMessages: 8, maxBytes: 100_000, maxDelayMs: 5_000 },
  });
  write('a', 'b');
  await settle();
  expect(requests).toEqual([]);
  await output.close();
  expect(output.stats()).toMatchObject({ delivered: 2, waiting: 0 });
});
