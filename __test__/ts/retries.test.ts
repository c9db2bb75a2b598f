// How the http output shares its places among messages that fail, are new, or wait: with a transport made of nothing.

import { describe, expect, it } from 'vitest';
import { Delivery, type DeliveryOptions } from '../../ts/outputs/delivery/delivery';
import { LinesPacker } from '../../ts/outputs/delivery/lines';
import type { Transport } from '../../ts/outputs/delivery/transport';
import { outcomeOf } from '../../ts/outputs/http/create';
import type { BatchOptions } from '../../ts/types';
import { FakeLog, FakeTime, settle } from './setup/fakes';

/** `answer` gives the status for each body, or nothing for none. */
function output(
  answer: (body: string) => number | undefined,
  options: Partial<Omit<DeliveryOptions, 'batch'>> & { batch?: BatchOptions } = {},
) {
  const time = new FakeTime();
  const log = new FakeLog();
  const posted: string[] = [];
  const transport: Transport = {
    send: ({ body }, signal) => {
      const text = body.toString();
      posted.push(text);
      const status = answer(text);
      if (status !== undefined) return Promise.resolve(outcomeOf({ status }, true));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    describe: String,
    close: () => {},
  };
  const http = new Delivery({
    name: 'http',
    words: { sends: 'POSTs', send: 'POST', sent: 'POSTed' },
    packer: new LinesPacker(options.batch),
    transport,
    random: () => 0,
    concurrency: 4,
    timeoutMs: 10_000,
    maxWaitingMessages: 1_000,
    maxWaitingBytes: 10_000_000,
    batch: undefined,
    lossless: false,
    log: log.createLogger('info'),
    schedule: time.schedule,
    now: time.now,
    ...options,
  });
  const write = (...messages: (string | number)[]) =>
    http.write({ lines: Buffer.from(messages.map((each) => `${each}\n`).join('')), messages: messages.length });
  return { http, time, log, posted, write };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function expectBalance(http: Delivery): void {
  const { accepted, delivered, dropped, droppedBy, waiting } = http.stats();
  expect(delivered + dropped + waiting).toBe(accepted);
  expect(Object.values(droppedBy).reduce((sum, count) => sum + count, 0)).toBe(dropped);
}

describe('a dead endpoint that gets batches', () => {
  const batch: BatchOptions = { maxMessages: 10, maxBytes: 10_000, maxDelayMs: 0, gzip: false, format: 'ndjson' };

  it.each([
    ['live, is asked by single messages: the others are there when it is back', false, [10, 1], 11],
    ['of a savefile, is asked by whole batches: it comes to its end', true, [10, 10], 20],
  ])('%s', async (_, lossless, round, failed) => {
    let dead = true;
    const { http, write, time, posted } = output(() => (dead ? 503 : 200), { batch, concurrency: 1, lossless });
    void write(...range(20));
    await settle();
    for (const ms of [1_000, 2_000, 4_000]) {
      time.advance(ms);
      await settle();
    }
    const sizes = posted.map((body) => body.trim().split('\n').length);
    // The first one finds out that it is dead.
    expect(sizes.slice(0, 8)).toEqual([...round, ...round, ...round, ...round]);
    expect(http.stats().droppedBy).toEqual({ failed });
    dead = false;
    time.advance(1_000);
    await settle();
    expect(http.stats()).toMatchObject({ delivered: 20 - failed, dropped: failed, waiting: 0 });
  });
});

describe('places', () => {
  it('are not held by what waits for its next attempt', async () => {
    const { http, write, time } = output((body) => (body.startsWith('bad') ? 500 : 200));
    write(...range(40).map((n) => (n % 2 === 0 ? `bad${n}` : n)));
    await settle(50);
    expect(http.stats()).toMatchObject({ delivered: 20, waiting: 20 });
    expectBalance(http);
    for (const wait of [1_000, 2_000, 4_000]) {
      time.advance(wait);
      await settle(50);
    }
    expect(http.stats()).toMatchObject({ delivered: 20, waiting: 0, droppedBy: { failed: 20 } });
    expectBalance(http);
  });

  it('go to next to none while nothing succeeds: the line is kept for later', async () => {
    let dead = true;
    const { http, write, time, posted, log } = output(() => (dead ? 503 : 200));
    write(...range(500));
    await settle(50);
    // Each place that fails takes another batch until all four have.
    expect(posted.length).toBeLessThan(8);
    for (let second = 0; second < 60; second++) {
      time.advance(1_000);
      await settle(20);
    }
    expectBalance(http);
    // The first four, then two each 7 s.
    expect(http.stats().dropped).toBeLessThanOrEqual(7 + 2 * Math.ceil(60 / 7));
    dead = false;
    for (let second = 0; second < 4; second++) {
      time.advance(1_000);
      await settle(200);
    }
    const { delivered, dropped, waiting } = http.stats();
    expect({ waiting, all: delivered + dropped }).toEqual({ waiting: 0, all: 500 });
    expect(delivered).toBeGreaterThan(475);
    expect(log.messages('info')).toEqual(['POSTs succeed again']);
  });

  it('are asked for in bounds: what waits for an attempt is bounded in number and in bytes', async () => {
    // Every second POST succeeds, so the endpoint is never dead.
    const { write, posted, http } = output((body) => (Number(body) % 2 === 0 ? 200 : 500), { concurrency: 2 });
    write(...range(1_000));
    await settle(2_000);
    expect(posted.length).toBeLessThan(2 * (256 + 2) + 2);
    expectBalance(http);
    const large = 'x'.repeat(1_000);
    const heavy = output((body) => (body.startsWith('y') ? 200 : 500), { concurrency: 2, maxWaitingBytes: 10_000 });
    heavy.write(...range(9).map((n) => (n % 2 === 0 ? `y${n}` : `${n}${large}`)));
    await settle(100);
    expect(heavy.http.stats().waiting).toBeGreaterThanOrEqual(4);
    expectBalance(heavy.http);
  });

  it('a retry goes before what came later', async () => {
    let failures = 1;
    const hung = new Set<string>();
    const { write, posted, time } = output(
      (body) => {
        if (body === 'first' && failures-- > 0) return 500;
        return hung.has(body) ? undefined : 200;
      },
      { concurrency: 1 },
    );
    hung.add('second');
    write('first', 'second', 'third');
    await settle();
    expect(posted).toEqual(['first', 'second']);
    time.advance(1_000);
    time.advance(9_000);
    await settle();
    expect(posted).toEqual(['first', 'second', 'first', 'third']);
  });
});

describe('the drain', () => {
  it('gives up what hangs, what waits for an attempt, what waits for a place and what is in line', async () => {
    const { http, write, time } = output((body) => (Number(body) % 2 === 0 ? undefined : 500), { concurrency: 2 });
    write(...range(50));
    await settle(50);
    time.advance(1_000);
    http.limitDrain(0);
    time.advance(0);
    await http.close();
    expect(http.stats()).toMatchObject({ accepted: 50, waiting: 0, delivered: 0, droppedBy: { abandoned: 50 } });
    expect(time.pending).toEqual([]);
  });
});

describe('batches', () => {
  const batch: BatchOptions = { maxMessages: 3, maxBytes: 1_000, maxDelayMs: 200, gzip: false, format: 'ndjson' };

  it('go when they are full, or when the oldest message has waited long enough', async () => {
    const { http, write, time, posted } = output(() => 200, { batch });
    write('a', 'b', 'c', 'd');
    await settle();
    expect(posted).toEqual(['a\nb\nc\n']);
    time.advance(199);
    await settle();
    expect(posted).toHaveLength(1);
    time.advance(1);
    await settle();
    expect(posted).toEqual(['a\nb\nc\n', 'd\n']);
    expect(http.stats()).toMatchObject({ delivered: 4, waiting: 0 });
    expect(time.pending).toEqual([]);
  });

  it('are made across what the engine gives, and bounded in bytes', async () => {
    const { http, write, posted } = output(() => 200, { batch: { ...batch, maxMessages: 100, maxBytes: 10 } });
    for (const message of ['aaa', 'bbb', 'cc', 'd'.repeat(50), 'e']) write(message);
    await http.close();
    expect(posted).toEqual(['aaa\nbbb\n', 'cc\n', `${'d'.repeat(50)}\n`, 'e\n']);
  });

  it('do not wait for company at the end', async () => {
    const { http, write, posted, time } = output(() => 200, { batch });
    write('a');
    await http.close();
    expect(posted).toEqual(['a\n']);
    expect(time.pending).toEqual([]);
  });

  it('are given up as a whole and counted by message', async () => {
    const { http, write, time, log } = output(() => 500, { batch });
    write('a', 'b', 'c');
    for (const wait of [0, 1_000, 2_000, 4_000]) {
      time.advance(wait);
      await settle();
    }
    expect(http.stats()).toMatchObject({ waiting: 0, droppedBy: { failed: 3 }, errors: 4 });
    expect(log.messages()).toEqual(['a batch of messages could not be POSTed and was dropped']);
  });
});
