/** A window that opens goes to the outputs in pieces, as fast as they take them. */

import { describe, expect, it, vi } from 'vitest';
import { parseFilter } from '../../ts/filter';
import { Handing, STUCK_MS } from '../../ts/run/handing';
import { type Piece, Trigger } from '../../ts/trigger/trigger';
import { Waiting } from '../../ts/trigger/waiting';
import type { OutputStats } from '../../ts/types';
import { FakeTime, settle } from '../ts/setup/fakes';
import { answered, asked, exchange, lineOf, START } from './rig';

const BODY = 'x'.repeat(100_000);

/** An output that takes what it is told to take. */
class FakeOutput {
  accepted = 0;
  delivered = 0;

  stats(): OutputStats {
    const { accepted, delivered } = this;
    return { accepted, delivered, dropped: 0, droppedBy: {}, waiting: accepted - delivered, errors: 0 };
  }
}

function rig({
  outputs = [new FakeOutput()],
  maxBytes = 1 << 30,
  lossless = false,
  filter = 'status=500',
  fails = (_: Piece): boolean => false,
} = {}) {
  const time = new FakeTime();
  const pieces: Piece[] = [];
  const waits: (() => void)[] = [];
  const failures: [string, number][] = [];
  const trigger = new Trigger({
    filter: parseFilter(filter),
    beforeMs: 1_000,
    afterMs: 1_000,
    patienceMs: 1_000,
    maxBytes,
    wallMs: lossless ? undefined : () => START + time.ms,
    onWindow: () => {},
  });
  const handing = new Handing({
    trigger,
    outputs,
    lossless,
    deliver: (piece) => {
      if (fails(piece)) throw new Error('no');
      pieces.push(piece);
      for (const output of outputs) output.accepted += piece.messages;
      return [new Promise((resolve) => waits.push(resolve))];
    },
    onFailure: (error, messages) => failures.push([(error as Error).message, messages]),
    schedule: time.schedule,
    now: time.now,
  });
  const take = (...messages: object[]): Promise<void> | undefined =>
    handing.take(Buffer.from(messages.map(lineOf).join('')));
  const window = (): Promise<void> | undefined =>
    take(
      ...Array.from({ length: 20 }, (_, id) => asked(`${id}`, id, { body: BODY })),
      answered('0', 30, { statusCode: 500 }),
    );
  const messages = (): number => pieces.reduce((sum, piece) => sum + piece.messages, 0);
  return { time, pieces, waits, failures, trigger, handing, take, window, messages, outputs };
}

describe('live', () => {
  it('a piece waits until no output has more than one', async () => {
    const { window, pieces, time, outputs, messages } = rig({ outputs: [new FakeOutput(), new FakeOutput()] });
    expect(window()).toBeUndefined();
    await settle();
    const [one, other] = outputs as [FakeOutput, FakeOutput];
    // One is on its way, and one waits.
    expect(pieces).toHaveLength(2);
    one.delivered = one.accepted;
    time.advance(10);
    await settle();
    expect(pieces).toHaveLength(2);
    for (let turn = 0; turn < 20; turn++) {
      one.delivered = one.accepted;
      other.delivered = other.accepted;
      time.advance(10);
      await settle();
    }
    expect(messages()).toBe(21);
  });

  it('for one that takes nothing the others do not wait for long', async () => {
    const { window, time, outputs, messages } = rig({ outputs: [new FakeOutput(), new FakeOutput()] });
    window();
    const [one] = outputs as [FakeOutput, FakeOutput];
    for (let waited = 0; waited <= STUCK_MS; waited += 10) {
      expect(messages()).toBeLessThan(8);
      await settle();
      one.delivered = one.accepted;
      time.advance(10);
    }
    for (let turn = 0; turn < 20; turn++) {
      one.delivered = one.accepted;
      time.advance(10);
      await settle();
    }
    expect(messages()).toBe(21);
  });

  it('nothing waits any more when what waits takes all the memory', async () => {
    const maxBytes = 1_000_000;
    const { window, messages, trigger, outputs } = rig({ maxBytes, filter: 'path=/orders' });
    window();
    await settle(30);
    const [output] = outputs as [FakeOutput];
    expect(output.delivered).toBe(0);
    const { triggerHeldBytes, triggerHeldMessages = 0 } = trigger.counters();
    expect(triggerHeldBytes).toBeLessThanOrEqual(maxBytes);
    // No more than it takes: after a piece of two the next one waits again.
    expect(triggerHeldBytes).toBeGreaterThan(maxBytes - 2.1 * BODY.length);
    expect(messages() + triggerHeldMessages).toBe(21);
  });

  it('the bytes of a batch are copied before it is overwritten', async () => {
    const { handing, pieces, time, outputs } = rig({ filter: 'path=/orders' });
    const batch = Buffer.from(
      Array.from({ length: 20 }, (_, id) => lineOf(asked(`${id}`, id, { body: BODY }))).join(''),
    );
    const text = batch.toString();
    handing.take(batch);
    batch.fill('?');
    for (let turn = 0; turn < 20; turn++) {
      await settle();
      for (const output of outputs) output.delivered = output.accepted;
      time.advance(10);
    }
    expect(Buffer.concat(pieces.map(({ lines }) => lines)).toString()).toBe(text);
  });

  it('a request that nothing answers is found out by the clock, while nothing comes', async () => {
    const { take, time, messages, handing } = rig({ filter: 'status=none' });
    take(asked('1', 0));
    expect(time.pending).toEqual([1_000]);
    for (let second = 0; second < 29; second++) time.advance(1_000);
    expect(messages()).toBe(0);
    time.advance(1_000);
    expect(messages()).toBe(1);
    expect(time.pending).toEqual([]);
    take(asked('2', 40_000));
    await handing.end();
    expect(time.pending).toEqual([]);
    expect(messages()).toBe(1);
  });

  it('a call hands on at once, and so does one while pieces go', async () => {
    const { take, handing, messages } = rig();
    take(...exchange('1', 0, 1));
    handing.trigger();
    expect(messages()).toBe(2);
    take(...exchange('2', 5, 6));
    handing.trigger();
    expect(messages()).toBe(4);
  });
});

describe('an error', () => {
  const isFirst = ({ lines }: Piece): boolean => lines.includes('"id":"1"');

  it('while a piece is delivered loses that piece, counted, and no other', async () => {
    const { window, time, outputs, messages, failures, trigger, handing } = rig({ fails: isFirst });
    window();
    for (let turn = 0; turn < 20; turn++) {
      await settle();
      for (const output of outputs) output.delivered = output.accepted;
      time.advance(10);
    }
    expect(failures).toEqual([['no', 2]]);
    expect(messages()).toBe(19);
    await handing.end();
    expect(trigger.counters()).toMatchObject({ triggerFailed: 2, triggerHeldMessages: 0, triggerHeldBytes: 0 });
  });

  it('does not keep a savefile waiting', async () => {
    const { window, waits, messages, failures } = rig({ lossless: true, fails: isFirst });
    let isTaken = false;
    void window()?.then(() => {
      isTaken = true;
    });
    while (messages() < 19) {
      await settle();
      waits.shift()?.();
    }
    waits.shift()?.();
    await settle();
    expect(isTaken).toBe(true);
    expect(failures).toEqual([['no', 2]]);
  });

  it('of an output that is asked how much it has does not stop the others', async () => {
    const broken = new FakeOutput();
    broken.stats = () => {
      throw new Error('no stats');
    };
    const { window, messages, failures } = rig({ outputs: [broken] });
    window();
    await settle(30);
    expect(messages()).toBe(21);
    expect(failures[0]).toEqual(['no stats', 0]);
  });

  it('of the trigger by the clock, or at the end, is told and not thrown', async () => {
    const { take, time, handing, failures, trigger, messages } = rig({ filter: 'status=none' });
    take(asked('1', 0));
    const look = trigger.look.bind(trigger);
    trigger.look = () => {
      throw new Error('no look');
    };
    time.advance(1_000);
    expect(failures).toEqual([['no look', 0]]);
    trigger.look = look;
    time.advance(30_000);
    expect(messages()).toBe(1);
    trigger.end = () => {
      throw new Error('no end');
    };
    await handing.end();
    expect(failures[1]).toEqual(['no end', 0]);
  });

  it('while a batch is read: what was wanted of it is copied before it is overwritten', async () => {
    const { handing, pieces, trigger } = rig({ filter: 'path=/orders' });
    const batch = Buffer.from([asked('1', 0), asked('2', 1)].map(lineOf).join(''));
    const text = batch.toString();
    const take = trigger.take.bind(trigger);
    trigger.take = (lines) => {
      take(lines);
      throw new Error('no');
    };
    expect(() => handing.take(batch)).toThrow('no');
    batch.fill('?');
    await settle();
    expect(Buffer.concat(pieces.map(({ lines }) => lines)).toString()).toBe(text);
  });
});

describe('an error in the midst of a batch', () => {
  const count = 6;
  const batch = (): Buffer => Buffer.from(Array.from({ length: count }, (_, n) => lineOf(asked(`${n}`, n))).join(''));

  it('loses the message that it came with, counted, and none of those after it', async () => {
    const { handing, messages, trigger } = rig({ filter: 'path=/orders' });
    const deliver = Waiting.prototype.push;
    let calls = 0;
    const push = vi.spyOn(Waiting.prototype, 'push').mockImplementation(function (this: Waiting, ...line) {
      if (++calls === 3) throw new Error('no memory');
      deliver.apply(this, line);
    });
    try {
      expect(() => handing.take(batch())).toThrow('no memory');
    } finally {
      push.mockRestore();
    }
    await handing.end();
    const { triggerFailed, triggerHeldMessages } = trigger.counters();
    expect([messages(), triggerFailed, triggerHeldMessages]).toEqual([count - 1, 1, 0]);
  });

  it('counts no message that is here yet', () => {
    const { handing, trigger } = rig({ filter: 'status=500' });
    const look = trigger.look.bind(trigger);
    let looks = 0;
    trigger.look = () => {
      if (++looks === 3) throw new Error('no look');
      look();
    };
    expect(() => handing.take(batch())).toThrow('no look');
    const { triggerFailed, triggerHeldMessages, untriggered = 0 } = trigger.counters();
    expect([triggerFailed, (triggerHeldMessages ?? 0) + untriggered]).toEqual([0, count]);
  });
});

describe('of a savefile', () => {
  it('a piece waits until the outputs have taken the one before', async () => {
    const { window, pieces, waits, messages } = rig({ lossless: true });
    let isTaken = false;
    void window()?.then(() => {
      isTaken = true;
    });
    await settle();
    expect(pieces).toHaveLength(1);
    while (messages() < 21) {
      expect(isTaken).toBe(false);
      waits.shift()?.();
      await settle();
    }
    waits.shift()?.();
    await settle();
    expect(isTaken).toBe(true);
  });
});
