/** The exchanges around a trigger come out, whole and once, and nothing else. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { OVERHEAD_BYTES } from '../../ts/trigger/memory';
import { PIECE_BYTES } from '../../ts/trigger/trigger';
import { answered, asked, exchange, inStream, lineOf, Rig, START } from './rig';

describe('around an exchange that is a trigger', () => {
  it('comes what was under way before it and after it, in its order', () => {
    const rig = new Rig({ filter: 'status=5xx' });
    expect(
      rig.take(...exchange('old', 0, 900), ...exchange('edge', 500, 1_000), ...exchange('near', 1_500, 1_600)),
    ).toEqual([]);
    expect(rig.take(...exchange('bad', 1_900, 2_000, 503))).toEqual([
      ...['edge request', 'edge response', 'near request', 'near response', 'bad request', 'bad response'],
    ]);
    expect(rig.take(...exchange('after', 2_400, 2_500), ...exchange('late', 2_501, 2_502))).toEqual([
      ...['after request', 'after response'],
    ]);
    expect(rig.end()).toEqual([]);
    expect(rig.trigger.counters()).toMatchObject({
      triggers: 1,
      untriggered: 4,
      triggerEvicted: 0,
      triggerWindowsCut: 0,
    });
    expect(rig.windows).toEqual([{ id: 'bad', at: '2024-05-17T14:00:02.000Z', messages: 6, isCut: false }]);
  });

  it('come all parts of an exchange, however long ago it began or later it ends', () => {
    const rig = new Rig({ filter: 'latency>10s' });
    rig.take(asked('slow', 0), asked('open', 100));
    rig.take(answered('slow', 15, { statusCode: 103 }));
    for (let at = 1_000; at < 20_000; at += 1_000) expect(rig.take(...exchange(`e${at}`, at, at))).toEqual([]);
    expect(rig.take(answered('slow', 20_000, { latencyMs: 20_000 }))).toEqual([
      ...['slow request', 'open request', 'slow interim', 'e19000 request', 'e19000 response', 'slow response'],
    ]);
  });

  it('comes what is answered long after it', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(asked('open', 0), ...exchange('bad', 10, 20, 500));
    expect(rig.take(...exchange('other', 5_000, 5_001), answered('open', 9_000, { latencyMs: 9_000 }))).toEqual([
      'open response',
    ]);
  });

  it('windows that overlap are one', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(...exchange('1', 0, 1, 500), ...exchange('2', 400, 401, 500), ...exchange('3', 800, 801));
    rig.take(...exchange('4', 1_500, 1_501), ...exchange('5', 2_100, 2_101, 500));
    rig.end();
    expect(rig.out.filter((name) => name.endsWith('request'))).toEqual(
      ['1', '2', '3', '4', '5'].map((id) => `${id} request`),
    );
    expect(rig.windows.map(({ id }) => id)).toEqual(['1', '5']);
    expect(rig.trigger.counters()).toMatchObject({ triggers: 3, untriggered: 0 });
  });

  it('comes no request that was over before it without a response, and comes when it was not', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(asked('over', 0), asked('open', 10), asked('early', 20));
    rig.over('over', 500);
    rig.over('early', 1_600);
    for (let at = 1_700; at < 1_800; at += 10) rig.take(...exchange(`${at}`, at, at));
    const out = rig.take(...exchange('bad', 2_000, 2_010, 500));
    expect(out.slice(0, 3)).toEqual(['open request', 'early request', '1700 request']);
    rig.end();
    expect(rig.trigger.counters()).toMatchObject({ untriggered: 1 });
  });

  it('counts the download of what passes: it may have begun before, and ended after', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(...exchange('bad', 3_000, 3_010, 500));
    // From 100 to 9 100, and whole long after the window.
    rig.take(...exchange('x', 8_000, 8_001));
    expect(rig.take(asked('long', 50), answered('long', 100, { latencyMs: 50, durationMs: 9_000 }))).toEqual([
      ...['long request', 'long response'],
    ]);
  });
});

describe('what is a trigger', () => {
  it('is known of a request alone, of a response alone, or of both', () => {
    const by = (filter: string, ...messages: object[]): boolean => {
      const rig = new Rig({ filter });
      rig.take(...messages);
      return rig.trigger.triggers === 1;
    };
    expect(by('path=/orders', asked('1', 0))).toBe(true);
    expect(by('status=500', answered('1', 0, { statusCode: 500 }))).toBe(true);
    expect(by('header.x-debug and status=500', asked('1', 0), answered('1', 1, { statusCode: 500 }))).toBe(false);
    const debug = asked('1', 0, { headers: { 'x-debug': '1' } });
    expect(by('header.x-debug and status=500', debug, answered('1', 1, { statusCode: 500 }))).toBe(true);
    // A response may be whole before its request.
    expect(by('header.x-debug and status=500', answered('1', 1, { statusCode: 500 }), debug)).toBe(true);
    const alone = answered('1', 1, { statusCode: 500, request: undefined });
    expect(by('header.x-debug or status=500', debug, alone)).toBe(true);
    expect(by('status=1xx', asked('1', 0), answered('1', 1, { statusCode: 103 }))).toBe(false);
  });

  it('is judged of an exchange too that came out because of another one', () => {
    const rig = new Rig({ filter: 'header.x-debug and status=200 or status=500' });
    rig.take(asked('1', 0, { headers: { 'x-debug': '1' } }), ...exchange('bad', 10, 20, 500));
    rig.take(...exchange('x', 400, 401), answered('1', 5_000), ...exchange('y', 5_100, 5_101));
    expect(rig.trigger.triggers).toBe(2);
    expect(rig.out).toContain('y request');
  });

  it('is a request that nothing has answered for 30 s, by the packets', () => {
    const rig = new Rig({ filter: 'status=none', beforeMs: 1_000 });
    rig.take(asked('lost', 0));
    for (let at = 1_000; at <= 29_000; at += 1_000) rig.take(...exchange(`e${at}`, at, at + 1));
    expect(rig.trigger.triggers).toBe(0);
    // By so many messages it is sure that the time has passed.
    for (let at = 30_000; at <= 30_090; at += 10) rig.take(...exchange(`e${at}`, at, at + 1));
    expect(rig.trigger.triggers).toBe(1);
    expect(rig.out.slice(0, 3)).toEqual(['lost request', 'e29000 request', 'e29000 response']);
  });

  it('is a request of a savefile that nothing answers until its end', () => {
    const rig = new Rig({ filter: 'status=none' });
    rig.take(asked('lost', 0), ...exchange('1', 100, 200));
    expect(rig.end()).toEqual(['lost request', '1 request', '1 response']);
  });

  it('is a request whose connection ends without a response', () => {
    const rig = new Rig({ filter: 'status=none', live: true });
    rig.take(asked('lost', 0), ...exchange('old', 3_900, 3_950), ...exchange('near', 4_500, 4_600));
    rig.wallMs = START + 5_010;
    expect(rig.over('lost', 5_000)).toEqual(['lost request', 'near request', 'near response']);
    expect(rig.windows).toEqual([{ id: 'lost', at: '2024-05-17T14:00:05.000Z', messages: 3, isCut: false }]);
    expect(rig.take(...exchange('after', 5_400, 5_450), ...exchange('late', 5_501, 5_502))).toEqual([
      ...['after request', 'after response'],
    ]);
    expect(rig.end()).toEqual([]);
    expect(rig.trigger.triggers).toBe(1);
  });

  it('is it in a savefile too, where that may be known long before what came until then', () => {
    const rig = new Rig({ filter: 'status=none' });
    expect(rig.over('lost', 5_000)).toEqual([]);
    rig.take(asked('lost', 0), ...exchange('old', 3_800, 3_990), asked('open', 3_995), answered('open', 3_999));
    rig.take(...exchange('near', 4_100, 4_200), ...exchange('after', 5_400, 5_500), ...exchange('late', 5_501, 5_502));
    expect(rig.end()).toEqual(['lost request', 'near request', 'near response', 'after request', 'after response']);
    expect(rig.windows).toMatchObject([{ id: 'lost', at: '2024-05-17T14:00:05.000Z', isCut: false }]);
  });

  it('is it at its last packet if the time of the end is not known', () => {
    const rig = new Rig({ filter: 'status=none' });
    rig.take(asked('lost', 0, { durationMs: 700 }), ...exchange('1', 1_100, 1_150), ...exchange('2', 1_300, 1_350));
    expect(rig.over('lost')).toEqual(['lost request', '1 request', '1 response']);
  });

  it('is no exchange that has a response, or that the expression does not mean', () => {
    const rig = new Rig({ filter: 'status=none and method=PUT' });
    rig.take(...exchange('answered', 0, 10), asked('get', 20));
    expect([...rig.over('answered', 30), ...rig.over('get', 30), ...rig.over('never seen', 30)]).toEqual([]);
    rig.take(...exchange('x', 40_000, 40_001));
    expect(rig.trigger.triggers).toBe(0);
  });

  it('is live no request that is under way at the end, and one that is late by the clock', () => {
    const ended = new Rig({ filter: 'status=none', live: true });
    ended.take(asked('1', 0));
    expect(ended.end()).toEqual([]);
    const late = new Rig({ filter: 'status=none', live: true });
    late.take(asked('1', 0));
    expect(late.trigger.needsLook).toBe(true);
    late.wallMs = START + 30_000;
    expect(late.look()).toEqual(['1 request']);
    expect(late.trigger.needsLook).toBe(false);
    expect(late.take(answered('1', 40_000))).toEqual(['1 response']);
    expect(late.trigger.triggers).toBe(1);
  });

  it('is a call: live by the clock, of a savefile at the last packet', () => {
    const read = new Rig();
    read.take(...exchange('1', 0, 10), ...exchange('2', 5_000, 5_010));
    expect(read.call()).toEqual(['2 request', '2 response']);
    expect(read.windows[0]).toEqual({ at: '2024-05-17T14:00:05.010Z', messages: 2, isCut: false });
    const live = new Rig({ live: true });
    live.take(...exchange('1', 0, 10), ...exchange('2', 5_000, 5_010));
    live.wallMs = START + 6_005;
    expect(live.call()).toEqual(['2 request', '2 response']);
    // On its way here when the call came.
    expect(live.take(...exchange('3', 6_000, 6_001))).toEqual(['3 request', '3 response']);
  });
});

describe('messages inside streams', () => {
  it('come as they pass in a window, and the exchange if it is still open', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(asked('s', 0), inStream('s', 100, 1), inStream('other', 200, 1));
    rig.take(...exchange('bad', 1_150, 1_160, 500));
    rig.take(inStream('s', 1_500, 2), inStream('s', 3_000, 3));
    rig.end();
    expect(rig.out).toEqual(['s request', 'other response 1', 'bad request', 'bad response', 's response 2']);
  });
});

describe('the time of packets', () => {
  it('that one message has wrong does not make the others old', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(...exchange('1', 0, 10), asked('wrong', 1e12), ...exchange('2', 20, 30));
    expect(rig.take(...exchange('bad', 40, 50, 500))).toEqual(
      ['1', '2', 'bad'].flatMap((id) => [`${id} request`, `${id} response`]),
    );
  });

  it('is unknown of some: they go with the one before', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.take(...exchange('1', 5_000, 5_010), asked('?', -START, { timestampUnknown: true }));
    expect(rig.take(...exchange('bad', 5_100, 5_110, 500))).toHaveLength(5);
  });

  it('goes back: what came before the step is kept', () => {
    const rig = new Rig({ filter: 'status=500', beforeMs: 1_000 });
    for (let at = 100_000; at < 101_000; at += 10) rig.take(...exchange(`a${at}`, at, at + 1));
    for (let at = 0; at < 500; at += 10) rig.take(...exchange(`b${at}`, at, at + 1));
    rig.take(...exchange('bad', 510, 511, 500));
    expect(rig.out.filter((name) => name.startsWith('b'))).toHaveLength(102);
    expect(rig.trigger.counters()).toMatchObject({ triggerWindowsCut: 0 });
  });
});

describe('memory', () => {
  const alone = (id: string, atMs: number, more = 0): object =>
    answered(id, atMs, { request: undefined, body: 'x'.repeat(more) });

  it('that is full: the oldest go, are counted, and a window that needs them is too', () => {
    const each = lineOf(alone('10', 10)).length + OVERHEAD_BYTES;
    const rig = new Rig({ filter: 'status=500', maxBytes: 5 * each });
    for (let id = 10; id < 20; id++) rig.take(alone(`${id}`, id));
    expect(rig.trigger.counters()).toMatchObject({ triggerEvicted: 5, triggerHeldMessages: 5 });
    expect(rig.trigger.counters().triggerHeldBytes).toBe(5 * each);
    const out = rig.take(answered('20', 20, { request: undefined, statusCode: 500 }));
    expect(out).toEqual(['15', '16', '17', '18', '19', '20'].map((id) => `${id} response`));
    expect(rig.trigger.counters()).toMatchObject({ triggerEvicted: 5, triggerWindowsCut: 1 });
    expect(rig.windows).toMatchObject([{ isCut: true }]);
  });

  it('is not held by what is longer than all of it', () => {
    const rig = new Rig({ filter: 'status=500', maxBytes: 10_000 });
    rig.take(alone('1', 0), alone('2', 1, 20_000), alone('3', 2));
    expect(rig.trigger.counters()).toMatchObject({ triggerHeldMessages: 1, triggerEvicted: 2 });
    expect(
      rig.take(
        alone('4', 3, 20_000),
        answered('5', 4, { statusCode: 500, request: undefined, body: 'x'.repeat(20_000) }),
      ),
    ).toEqual(['5 response']);
  });

  it('does not hold the request any more: the response comes and is judged alone', () => {
    const rig = new Rig({ filter: 'request.header.x-a and status=500', maxBytes: 2_500 });
    const headers = { 'x-a': '1' };
    rig.take(asked('1', 0, { headers }), ...exchange('2', 1, 2), ...exchange('3', 3, 4));
    rig.take(answered('1', 5, { statusCode: 500 }));
    expect(rig.trigger.counters()).toMatchObject({ triggers: 0, triggerJudgedInPart: 1 });
  });

  it('does not hold a request that is under way: a window that it belongs to is cut', () => {
    const rig = new Rig({ filter: 'status=500', maxBytes: 4_000 });
    rig.take(asked('open', 0));
    for (let at = 5_000; at < 5_020; at++) rig.take(...exchange(`${at}`, at, at));
    rig.take(...exchange('bad', 5_020, 5_021, 500));
    expect(rig.out).not.toContain('open request');
    expect(rig.trigger.counters()).toMatchObject({ triggerWindowsCut: 1 });
  });

  /** Until the time is sure. */
  const others = (fromMs: number, count = 20): object[] =>
    Array.from({ length: count }, (_, index) => alone(`other ${fromMs + index}`, fromMs + index));

  describe('does not hold the request any more since that was too long ago', () => {
    const slow = (statusCode: number): object => answered('slow', 61_000, { statusCode, latencyMs: 61_000 });

    it('of an exchange that is a trigger: it is counted', () => {
      const rig = new Rig({ filter: 'status=500', patienceMs: 1_000 });
      rig.take(asked('slow', 0));
      rig.take(...others(60_900));
      expect(rig.take(slow(500))).toContain('slow response');
      expect(rig.out).not.toContain('slow request');
      expect(rig.trigger.counters()).toMatchObject({ triggers: 1, triggerWindowsCut: 1 });
      expect(rig.windows).toMatchObject([{ id: 'slow', isCut: true }]);
    });

    it('of one that is under way near a trigger: it is counted once a window', () => {
      const rig = new Rig({ filter: 'status=500', patienceMs: 1_000 });
      rig.take(asked('slow', 0), asked('slower', 1));
      rig.take(...others(60_900));
      rig.take(answered('bad', 60_990, { request: undefined, statusCode: 500 }));
      expect(rig.trigger.counters()).toMatchObject({ triggers: 1, triggerWindowsCut: 0 });
      rig.take(slow(200), answered('slower', 61_001, { latencyMs: 61_000 }));
      expect(rig.out).toEqual(expect.arrayContaining(['slow response', 'slower response']));
      expect(rig.trigger.counters()).toMatchObject({ triggers: 1, triggerWindowsCut: 1 });
    });

    it('of one that no trigger is near: it is not counted', () => {
      const rig = new Rig({ filter: 'status=500', patienceMs: 1_000 });
      rig.take(asked('slow', 0));
      rig.take(...others(60_900), slow(200));
      rig.end();
      expect(rig.trigger.counters()).toMatchObject({ triggerWindowsCut: 0 });
    });

    it('of one that had come out by then: nothing is cut', () => {
      const rig = new Rig({ filter: 'status=500', patienceMs: 1_000 });
      rig.take(asked('slow', 0), answered('bad', 10, { request: undefined, statusCode: 500 }));
      rig.take(...others(60_900), slow(500));
      expect(rig.out).toContain('slow request');
      expect(rig.trigger.counters()).toMatchObject({ triggers: 2, triggerWindowsCut: 0 });
    });
  });

  it('is bounded by requests too that are handed on and never answered', () => {
    const rig = new Rig({
      filter: 'request.header.x-a and status=500 or path=/now',
      maxBytes: 20_000,
      afterMs: 1_000_000,
    });
    rig.take(asked('first', 0, { path: '/now' }));
    const headers = { 'x-a': '1' };
    for (let id = 0; id < 200; id++) expect(rig.take(asked(`${id}`, id, { headers }))).toEqual([`${id} request`]);
    expect(rig.trigger.counters()).toMatchObject({ triggerEvicted: 0, triggerHeldMessages: 0 });
    // Of the oldest it is not known any more what was asked, but that it is wanted.
    expect(rig.take(answered('3', 2_000_000, { statusCode: 500 }))).toEqual(['3 response']);
    expect(rig.trigger.counters()).toMatchObject({ triggerJudgedInPart: 1 });
  });

  it('stays in its bound while 100 000 messages come and no trigger', () => {
    const maxBytes = 4 << 20;
    const rig = new Rig({ filter: 'status=500', beforeMs: 30_000, maxBytes });
    let most = 0;
    for (let at = 0; at < 50_000; at += 50) {
      const batch = Array.from({ length: 50 }, (_, index) =>
        exchange(`${at + index}`, at + index, at + index + 3),
      ).flat();
      rig.take(...batch);
      most = Math.max(most, rig.trigger.counters().triggerHeldBytes ?? 0);
    }
    rig.end();
    expect(rig.came).toBe(100_000);
    expect(rig.out).toEqual([]);
    expect(most).toBeLessThanOrEqual(maxBytes);
    expect(most).toBeGreaterThan(0.99 * maxBytes);
    const { untriggered = 0, triggerEvicted = 0 } = rig.trigger.counters();
    expect(untriggered + triggerEvicted).toBe(100_000);
    expect(triggerEvicted).toBeGreaterThan(0);
  });

  it('is no more than half a minute of messages where there is room', () => {
    const rig = new Rig({ filter: 'status=500', beforeMs: 1_000 });
    for (let at = 0; at < 10_000; at += 10) rig.take(...exchange(`${at}`, at, at + 1));
    expect(rig.trigger.counters().triggerHeldMessages).toBeLessThan(2 * 100 + 20);
    expect(rig.trigger.counters()).toMatchObject({ triggerEvicted: 0 });
  });
});

describe('memory that nothing needs any more', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const LONG = 60_000;
  const body = 'x'.repeat(LONG);

  /** Bytes of lines that something refers to. */
  function reachable(): number {
    // The second sweeps all that the first finds.
    collect();
    collect();
    return process.memoryUsage().arrayBuffers;
  }

  it('is not held by what was delivered while others wait', () => {
    const { trigger } = new Rig({ afterMs: 1e9, maxBytes: 1 << 20 });
    let at = 0;
    const take = (): void => {
      for (let index = 0; index < 5; index++) {
        trigger.take(Buffer.from(lineOf(answered(`${at}`, at++, { request: undefined, body }))));
      }
      trigger.keep();
    };
    take();
    trigger.trigger();
    const before = reachable();
    for (let round = 0; round < 100; round++) {
      take();
      while (trigger.isFull) trigger.next();
      expect(trigger.isWaiting).toBe(true);
    }
    expect(reachable() - before).toBeLessThan(3 << 20);
    expect(trigger.counters().triggerHeldBytes).toBeLessThanOrEqual(1 << 20);
  });

  it('is not held by requests that were judged since nothing answered them', () => {
    const rig = new Rig({ filter: 'status=none', live: true });
    const before = reachable();
    for (let id = 0; id < 100; id++) rig.take(asked(`${id}`, id, { body }));
    rig.wallMs = START + 40_000;
    expect(rig.look()).toHaveLength(100);
    expect(reachable() - before).toBeLessThan(20 * LONG);
  });
});

describe('a batch', () => {
  it('may be overwritten once its lines were kept', () => {
    const rig = new Rig({ filter: 'status=500' });
    rig.takeLate(...exchange('1', 0, 1));
    expect(rig.takeLate(...exchange('bad', 2, 3, 500), ...exchange('2', 4, 5))).toEqual(
      ['1', 'bad', '2'].flatMap((id) => [`${id} request`, `${id} response`]),
    );
  });

  it('is handed on in pieces, and a line that is no message goes with them', () => {
    const rig = new Rig({ filter: 'status=500' });
    const body = 'x'.repeat(PIECE_BYTES / 2);
    rig.trigger.take(Buffer.from(['1', '2', '3'].map((id) => lineOf(asked(id, 0, { body }))).join('')));
    rig.trigger.take(Buffer.from(lineOf(answered('1', 5, { statusCode: 500 }))));
    rig.trigger.take(Buffer.from('no message\n'));
    const sizes = [];
    for (let piece = rig.trigger.next(); piece !== undefined; piece = rig.trigger.next()) sizes.push(piece.messages);
    expect(sizes).toEqual([1, 1, 3]);
  });
});
