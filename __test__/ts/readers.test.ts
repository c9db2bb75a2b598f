// `for await (const message of sniffer.messages())`: bounded, nothing lost in silence, and an end for every way in which a run ends.
import { describe, expect, it } from 'vitest';
import { MAX_READER_BYTES, Reader } from '../../ts/outputs/iterator/readers';
import { Tally } from '../../ts/outputs/output';
import type { HttpMessage } from '../../ts/types';
import { settle } from './setup/fakes';
import { rig } from './setup/rig';

const message = (n: number, bytes = 10): object => ({ id: `1.${n}`, direction: 'request', body: 'x'.repeat(bytes) });
const messages = (from: number, to: number, bytes?: number): object[] =>
  Array.from({ length: to - from }, (_, n) => message(from + n, bytes));
const numberOf = ({ id }: HttpMessage): number => Number(id.slice(2));
const MIB = 1024 * 1024;

async function rest(reader: AsyncIterable<HttpMessage>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const each of reader) numbers.push(numberOf(each));
  return numbers;
}

const upTo = (end: number, from = 0): number[] => Array.from({ length: end - from }, (_, n) => from + n);

describe('messages()', () => {
  it('has every message in order, from before the start to the stop', async () => {
    const { sniffer, captures } = rig();
    const read = rest(sniffer.messages());
    await sniffer.start();
    await settle();
    captures[0]?.batch(...messages(0, 3));
    await settle();
    captures[0]?.batch(...messages(3, 5));
    await sniffer.stop();
    expect(await read).toEqual(upTo(5));
    expect(sniffer.stats().outputs.iterator).toMatchObject({ accepted: 5, delivered: 5, dropped: 0, waiting: 0 });
  });

  it('is no output until it is called', async () => {
    const { sniffer, captures, log } = rig();
    await sniffer.start();
    await settle();
    captures[0]?.batch(message(0));
    await sniffer.stop();
    expect(sniffer.stats().outputs.iterator).toBeUndefined();
    expect(log.messages('warn')).toContain('no output is configured: messages go nowhere');
  });

  it('gives each reader objects of its own, and answers calls of next in their order', async () => {
    const { sniffer, captures } = rig();
    const [one, other] = [sniffer.messages(), sniffer.messages()];
    const asked = [one.next(), one.next(), one.next()];
    await sniffer.start();
    await settle();
    captures[0]?.batch(...messages(0, 2));
    const seen = await Promise.all(asked.slice(0, 2));
    expect(seen.map(({ value }) => value && numberOf(value))).toEqual([0, 1]);
    expect((await other.next()).value).not.toBe(seen[0]?.value);
    await sniffer.stop();
    expect(await asked[2]).toEqual({ done: true, value: undefined });
    expect(await rest(other)).toEqual([1]);
  });

  it('leaves messages inside streams to their own event', async () => {
    const { sniffer, captures } = rig({ streamMessages: true });
    const read = rest(sniffer.messages());
    await sniffer.start();
    await settle();
    captures[0]?.lines(`{"stream":"sse","id":"1.9"}\n${JSON.stringify(message(1))}\n{"stream":"sse","id":"1.9"}\n`, 3);
    await sniffer.stop();
    expect(await read).toEqual([1]);
    expect(sniffer.stats().outputs.iterator?.accepted).toBe(1);
  });

  it('live: what is too much for a slow reader goes from the front, counted and told', async () => {
    const { sniffer, captures, log } = rig();
    const reader = sniffer.messages();
    await sniffer.start();
    await settle();
    const count = (2 * MAX_READER_BYTES) / MIB;
    for (let n = 0; n < count; n++) captures[0]?.batch(message(n, MIB));
    await settle();
    expect(captures[0]?.released).toBe(count);
    const { dropped = 0, droppedBy, waiting = 0 } = sniffer.stats().outputs.iterator ?? {};
    expect(droppedBy).toEqual({ overflow: dropped });
    expect(waiting * MIB).toBeLessThanOrEqual(MAX_READER_BYTES);
    expect(waiting * MIB).toBeGreaterThan(MAX_READER_BYTES - 2 * MIB);
    expect(log.messages('warn')).toContainEqual(expect.stringContaining('slower than the traffic'));
    await sniffer.stop();
    expect(await rest(reader)).toEqual(upTo(count, dropped));
    const { accepted, delivered } = sniffer.stats().outputs.iterator ?? {};
    expect([accepted, delivered]).toEqual([count, count - dropped]);
  });

  it('of a savefile: it waits for the slowest reader, and loses nothing', async () => {
    const { sniffer, captures } = rig({ pcapFile: 'x.pcap' });
    const [slow, fast] = [sniffer.messages(), sniffer.messages()];
    await sniffer.start();
    await settle();
    const capture = captures[0];
    const read = rest(fast);
    const count = MAX_READER_BYTES / MIB + 3;
    for (let n = 0; n < count; n++) capture?.batch(message(n, MIB));
    await settle();
    // The last batches keep their credits.
    expect(capture?.released).toBeLessThan(count);
    const first = [await slow.next(), await slow.next(), await slow.next(), await slow.next(), await slow.next()];
    await settle();
    expect(capture?.released).toBe(count);
    capture?.end();
    await settle();
    expect(await rest(slow)).toEqual(upTo(count, first.length));
    expect(await read).toEqual(upTo(count));
    expect(sniffer.stats().outputs.iterator).toMatchObject({ delivered: 2 * count, dropped: 0 });
  });

  it('of a savefile: stop() within the loop does not wait for the loop', async () => {
    const { sniffer, captures } = rig({ pcapFile: 'x.pcap' });
    const reader = sniffer.messages();
    await sniffer.start();
    await settle();
    const count = MAX_READER_BYTES / MIB + 3;
    for (let n = 0; n < count; n++) captures[0]?.batch(message(n, MIB));
    const seen: number[] = [];
    for await (const each of reader) {
      if (seen.length === 0) await sniffer.stop();
      seen.push(numberOf(each));
    }
    expect(seen).toEqual(upTo(count));
  });

  it('ends by a break, which takes it off; what waited is counted', async () => {
    const { sniffer, captures } = rig();
    await sniffer.start();
    const reader = sniffer.messages();
    await settle();
    captures[0]?.batch(...messages(0, 10));
    for await (const each of reader) if (numberOf(each) === 3) break;
    captures[0]?.batch(...messages(10, 20));
    expect(sniffer.stats().outputs.iterator).toMatchObject({ accepted: 10, delivered: 4, droppedBy: { closed: 6 } });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    await sniffer.stop();
  });

  it('a break lets a savefile go on that waited', async () => {
    const { sniffer, captures } = rig({ pcapFile: 'x.pcap' });
    await sniffer.start();
    const reader = sniffer.messages();
    await settle();
    for (let n = 0; n < 20; n++) captures[0]?.batch(message(n, MIB));
    for await (const _ of reader) break;
    await settle();
    expect(captures[0]?.released).toBe(20);
    await sniffer.stop();
  });

  it('throws what the run failed of, after what came before it', async () => {
    const { sniffer, captures } = rig();
    sniffer.on('error', () => {});
    const reader = sniffer.messages();
    await sniffer.start();
    await settle();
    captures[0]?.batch(message(0));
    captures[0]?.emit({ kind: 'error', code: 'UNRECOVERABLE', message: 'the ring is gone' });
    await settle();
    expect((await reader.next()).value).toMatchObject({ id: '1.0' });
    await expect(reader.next()).rejects.toMatchObject({ code: 'UNRECOVERABLE', message: 'the ring is gone' });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('throws what a start failed of', async () => {
    const { sniffer } = rig({ ports: [] });
    const read = rest(sniffer.messages());
    await expect(sniffer.start()).rejects.toThrow('ports');
    await expect(read).rejects.toThrow('ports');
  });

  it('ends by a stop that has nothing to stop', async () => {
    const { sniffer } = rig();
    const read = rest(sniffer.messages());
    await sniffer.stop();
    expect(await read).toEqual([]);
  });

  it('passes over a line that is no JSON, counted', async () => {
    const { sniffer, captures, log } = rig();
    const read = rest(sniffer.messages());
    await sniffer.start();
    await settle();
    captures[0]?.lines(`{"id":"1.0"\n${JSON.stringify(message(1))}\n`, 2);
    await sniffer.stop();
    expect(await read).toEqual([1]);
    expect(sniffer.stats().outputs.iterator?.droppedBy).toEqual({ invalid: 1 });
    expect(log.messages('error')).toContainEqual(expect.stringContaining('not JSON'));
  });
});

describe('a reader', () => {
  it('keeps a batch that is larger than its bound by itself', async () => {
    const reader = new Reader(() => {});
    const tally = new Tally();
    const overflows: number[] = [];
    const reading = {
      lossless: false,
      maxBytes: 1_000,
      tally,
      onOverflow: () => overflows.push(1),
      onInvalid: () => {},
    };
    const batch = (n: number, bytes: number) => ({
      lines: Buffer.from(`${JSON.stringify(message(n, bytes))}\n`),
      messages: 1,
    });
    reader.push(batch(0, 10), reading);
    reader.push(batch(1, 5_000), reading);
    expect(tally.stats()).toMatchObject({ waiting: 1, droppedBy: { overflow: 1 } });
    expect((await reader.next()).value).toMatchObject({ id: '1.1' });
    expect(overflows).toHaveLength(1);
  });
});
