// Shared by outputs that send parcels, with a transport made of nothing: the effect of an outcome, and its time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delivery, type DeliveryOptions, RETRY_DELAYS_MS } from '../../ts/outputs/delivery/delivery';
import { LinesPacker } from '../../ts/outputs/delivery/lines';
import type { Packer } from '../../ts/outputs/delivery/packer';
import { MAX_RETRY_AFTER_MS, retryAfterMs } from '../../ts/outputs/delivery/retry-after';
import type { Outcome } from '../../ts/outputs/delivery/transport';
import { WaitingLine } from '../../ts/outputs/waiting-line';
import { FakeLog, FakeTime, settle } from './setup/fakes';

const SENT: Outcome = { sent: true };

function delivery(
  answer: (body: string, attempt: number) => Outcome | Promise<Outcome>,
  options: Partial<DeliveryOptions> = {},
) {
  const [time, log] = [new FakeTime(), new FakeLog()];
  const attempts: { body: string; at: number }[] = [];
  const output = new Delivery({
    name: 'http',
    words: { sends: 'POSTs', send: 'POST', sent: 'POSTed' },
    packer: new LinesPacker(undefined),
    transport: {
      async send({ body }) {
        attempts.push({ body: body.toString(), at: time.ms });
        return answer(body.toString(), attempts.length);
      },
      describe: String,
      close: () => {},
    },
    batch: undefined,
    concurrency: 4,
    timeoutMs: 10_000,
    maxWaitingMessages: 1_000,
    maxWaitingBytes: 1_000_000,
    lossless: false,
    log: log.createLogger('debug'),
    schedule: time.schedule,
    now: time.now,
    random: () => 0,
    ...options,
  });
  const write = (...messages: (string | number)[]) =>
    output.write({ lines: Buffer.from(messages.map((each) => `${each}\n`).join('')), messages: messages.length });
  const pass = async (ms: number): Promise<void> => {
    time.advance(ms);
    await settle();
  };
  return { output, time, log, attempts, write, pass };
}

const failing: Outcome = { sent: false, reason: 'status 503', again: true };

describe('a retry', () => {
  it.each([
    [0, 1],
    [0.5, 1.075],
    [0.999_999, 1.15],
  ])('comes later than it has to, by chance: %d', async (chance, factor) => {
    const { write, pass, attempts, time } = delivery(() => failing, { random: () => chance });
    write('a');
    await settle();
    for (const least of RETRY_DELAYS_MS) {
      const [wait = 0] = time.pending;
      expect(wait).toBeCloseTo(least * factor, -1);
      await pass(wait);
    }
    expect(attempts).toHaveLength(4);
  });

  it('waits for as long as the other side wants, and nothing else goes out meanwhile', async () => {
    const { write, pass, attempts, output } = delivery((_, attempt) =>
      attempt === 1 ? { ...failing, afterMs: 5_000 } : SENT,
    );
    write('a');
    await settle();
    write('b', 'c');
    await pass(4_999);
    expect(attempts).toEqual([{ body: 'a', at: 0 }]);
    await pass(1);
    expect(
      attempts
        .slice(1)
        .map(({ body }) => body)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    expect(output.stats()).toMatchObject({ delivered: 3, dropped: 0, waiting: 0, errors: 1 });
  });

  it('does not hold up the end for longer than the drain may take', async () => {
    const { write, pass, output, time } = delivery(() => ({ ...failing, afterMs: 60_000 }));
    write('a', 'b');
    await settle();
    output.limitDrain(500);
    const closed = output.close();
    await pass(500);
    await closed;
    expect(output.stats()).toMatchObject({ accepted: 2, waiting: 0, droppedBy: { abandoned: 2 } });
    expect(time.pending).toEqual([]);
  });

  it('is overtaken by nothing where the order counts', async () => {
    const { write, pass, attempts, output } = delivery((_, attempt) => (attempt <= 2 ? failing : SENT), {
      ordered: true,
    });
    write('a', 'b', 'c');
    await settle();
    await pass(1_000);
    await pass(2_000);
    expect(attempts.map(({ body }) => body)).toEqual(['a', 'a', 'a', 'b', 'c']);
    expect(output.stats()).toMatchObject({ delivered: 3, dropped: 0, waiting: 0 });
  });

  it('is not made of what would be refused again', async () => {
    const { write, attempts, output, log } = delivery((body) =>
      body === 'bad' ? { sent: false, reason: 'status 400', again: false } : SENT,
    );
    write('a', 'bad', 'c');
    await output.close();
    expect(attempts).toHaveLength(3);
    expect(output.stats()).toMatchObject({ delivered: 2, droppedBy: { rejected: 1 }, errors: 1, waiting: 0 });
    expect(log.lines).toMatchObject([{ level: 'warn', reason: 'status 400', attempts: 1, dropped: 1 }]);
  });
});

it('what the other side leaves out of a parcel is counted', async () => {
  const batch = { maxMessages: 10, maxBytes: 1_000, maxDelayMs: 0, gzip: false, format: 'ndjson' as const };
  const { write, output, log } = delivery(() => ({ sent: true, rejected: 2 }), {
    batch,
    packer: new LinesPacker(batch),
  });
  write(1, 2, 3, 4, 5);
  await output.close();
  expect(output.stats()).toMatchObject({
    accepted: 5,
    delivered: 3,
    droppedBy: { rejected: 2 },
    waiting: 0,
    errors: 0,
  });
  expect(log.lines).toMatchObject([{ level: 'warn', dropped: 2 }]);
});

describe('what a packer holds back', () => {
  /** Holds each batch for a second. */
  function holding(time: () => FakeTime): Packer {
    const lines = new LinesPacker(undefined);
    let held: { lines: Buffer; messages: number; due: number }[] = [];
    const release = (sink: Parameters<Packer['add']>[1], all: boolean): void => {
      for (const batch of held.filter(({ due }) => all || due <= time().ms)) sink.push(batch);
      held = held.filter(({ due }) => !all && due > time().ms);
    };
    return {
      add: (batch) => held.push({ lines: Buffer.from(batch.lines), messages: batch.messages, due: time().ms + 1_000 }),
      take: (line) => lines.take(line),
      dueInMs: () => (held[0] === undefined ? undefined : held[0].due - time().ms),
      tick: (sink) => release(sink, false),
      flush: (sink) => release(sink, true),
      clear: () => held.splice(0).reduce((sum, { messages }) => sum + messages, 0),
    };
  }

  const held = () => {
    let time = new FakeTime();
    const all = delivery(() => SENT, { packer: holding(() => time) });
    time = all.time;
    return all;
  };

  it('goes when it is due, without another batch', async () => {
    const { write, pass, attempts, output } = held();
    write('a');
    await pass(400);
    write('b');
    expect(output.stats()).toMatchObject({ accepted: 2, waiting: 2 });
    await pass(600);
    expect(attempts).toEqual([{ body: 'a', at: 1_000 }]);
    await pass(400);
    expect(attempts[1]).toEqual({ body: 'b', at: 1_400 });
    await output.close();
  });

  it('goes at the end, or is given up with all else', async () => {
    const { write, output, time } = held();
    write('a');
    await output.close();
    expect(output.stats()).toMatchObject({ delivered: 1, waiting: 0 });
    expect(time.pending).toEqual([]);
    const other = held();
    other.write('a', 'b');
    other.output.limitDrain(0);
    await other.pass(0);
    await other.output.close();
    expect(other.output.stats()).toMatchObject({ waiting: 0, droppedBy: { abandoned: 2 } });
    expect(other.time.pending).toEqual([]);
  });
});

it.each([
  ['0', 0],
  ['7', 7_000],
  [' 7 ', 7_000],
  ['86400', MAX_RETRY_AFTER_MS],
  ['Sun, 06 Nov 1994 08:49:40 GMT', 3_000],
  ['Sun, 06 Nov 1994 08:49:30 GMT', 0],
  ['Mon, 07 Nov 1994 08:49:37 GMT', MAX_RETRY_AFTER_MS],
  ['soon', undefined],
  ['-1', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (field, ms) => {
  expect(retryAfterMs(field, Date.parse('Sun, 06 Nov 1994 08:49:37 GMT'))).toBe(ms);
});

it('several messages are one JSON array, whatever the engine has made of them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
      (batches) => {
        const line = new WaitingLine();
        const batch = { maxMessages: 7, maxBytes: 10_000, maxDelayMs: 0, gzip: false, format: 'json-array' as const };
        const packer = new LinesPacker(batch);
        for (const values of batches) {
          const lines = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
          packer.add({ lines, messages: values.length }, { push: (kept) => line.push(kept), drop: () => {} });
        }
        const found: unknown[] = [];
        for (let parcel = packer.take(line); parcel !== undefined; parcel = packer.take(line)) {
          const values = JSON.parse(parcel.body.toString());
          expect(values).toHaveLength(parcel.messages);
          expect(values.length).toBeLessThanOrEqual(7);
          found.push(...values);
        }
        expect(JSON.stringify(found)).toEqual(JSON.stringify(batches.flat()));
      },
    ),
  );
});
