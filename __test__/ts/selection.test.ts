// Which lines pass a filter: those of exchanges that match, whole and in their order, whatever comes between them.

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MAX_UNJUDGED, MAX_UNJUDGED_BYTES, Selection, type SelectionOptions } from '../../ts/exchange/selection';
import { parseFilter } from '../../ts/filter';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';
import { request, response } from '../filter/exchanges';

type Message = Partial<HttpMessage> & { id: string; stream?: string };

const bytesOf = (...messages: object[]): Buffer =>
  Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));

const messagesOf = (lines: Buffer): Message[] =>
  lines
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Message);

const ofIds = (messages: Message[]): string[] => messages.map(({ id, direction }) => `${id} ${direction}`);

class Rig {
  nowMs = 0;
  readonly selection: Selection;

  constructor(filter?: string, options: Partial<Omit<SelectionOptions, 'filter' | 'now'>> = {}) {
    this.selection = new Selection({
      live: false,
      ...options,
      filter: filter === undefined ? undefined : parseFilter(filter),
      now: () => this.nowMs,
    });
  }

  take(...messages: object[]): Message[] {
    const { lines, messages: count } = this.selection.select({
      lines: bytesOf(...messages),
      messages: messages.length,
    });
    const out = messagesOf(lines);
    expect(out).toHaveLength(count);
    return out;
  }

  rest(): Message[] {
    const { lines, messages } = this.selection.rest();
    expect(messagesOf(lines)).toHaveLength(messages);
    return messagesOf(lines);
  }
}

const asked = (id: string, fields: Partial<HttpRequest> = {}): HttpMessage => request({ id, ...fields });
const answered = (id: string, fields: Partial<HttpResponse> = {}): HttpMessage => response({ id, ...fields });

/** Exchanges of all kinds, mixed: each message after those of its own that come before it. */
const traffic = fc
  .array(
    fc.record({
      method: fc.constantFrom('GET', 'POST'),
      statusCode: fc.constantFrom(200, 404, 503),
      halves: fc.constantFrom('both', 'request', 'response', 'early'),
      interim: fc.boolean(),
      weight: fc.nat(20),
    }),
    { maxLength: 12 },
  )
  .map((exchanges) => {
    const queues = exchanges.map(({ method, statusCode, halves, interim }, index) => {
      const id = `1.${index + 1}`;
      const first = asked(id, { method });
      const last = answered(id, {
        statusCode,
        request: halves === 'response' ? undefined : { method, path: '/orders?day=1' },
      });
      const between = interim ? [answered(id, { statusCode: 103, request: last.request })] : [];
      if (halves === 'request') return [first];
      if (halves === 'response') return [last];
      return halves === 'early' ? [last, first] : [first, ...between, last];
    });
    const mixed: HttpMessage[] = [];
    const weights = exchanges.map(({ weight }) => weight);
    while (queues.some((queue) => queue.length > 0)) {
      const open = queues.map((_, index) => index).filter((index) => (queues[index] as HttpMessage[]).length > 0);
      const next = open[(weights[mixed.length % weights.length] as number) % open.length] as number;
      mixed.push((queues[next] as HttpMessage[]).shift() as HttpMessage);
    }
    return mixed;
  });

describe('a filter', () => {
  it('says which exchanges without a response it leaves out', () => {
    const leftOut: string[] = [];
    const rig = new Rig('path=/ok and status=none', { onLeftOut: (id) => leftOut.push(id) });
    rig.take(asked('1.1', { path: '/ok' }), asked('1.2', { path: '/other' }), asked('1.3', { path: '/ok' }));
    expect([leftOut, ['1.1', '1.2', '1.4'].map((id) => rig.selection.leavesOut(id))]).toEqual([
      ['1.2'],
      [false, true, false],
    ]);
    // By its response: nothing tells that it ended without one.
    rig.take(answered('1.3'));
    expect([leftOut, ofIds(rig.rest())]).toEqual([['1.2'], ['1.1 request']]);
  });

  it.each([
    'status=5xx',
    'method=POST',
    'status=none',
    'not status=200',
    'method=GET and status>=400',
    'path=/nothing',
  ])('lets through what %s is true of, and nothing else', (text) => {
    const { matches } = parseFilter(text);
    fc.assert(
      fc.property(traffic, fc.array(fc.nat(3), { minLength: 1 }), (messages, sizes) => {
        const rig = new Rig(text);
        const out: Message[] = [];
        for (let start = 0, turn = 0; start < messages.length; turn++) {
          const end = start + 1 + (sizes[turn % sizes.length] as number);
          out.push(...rig.take(...messages.slice(start, end)));
          start = end;
        }
        out.push(...rig.rest());
        const wanted = new Set(
          messages
            .map(({ id }) => id)
            .filter((id) => {
              const own = messages.filter((message) => message.id === id);
              const final = ({ statusCode = 0 }: HttpMessage): boolean => statusCode >= 200;
              return matches({
                request: own.find(({ direction }) => direction === 'request'),
                response: own.find(final),
              });
            }),
        );
        for (const id of new Set(messages.map((message) => message.id))) {
          const own = messages.filter((message) => message.id === id);
          expect(out.filter((message) => message.id === id)).toEqual(wanted.has(id) ? own : []);
        }
        expect(rig.selection.filtered).toBe(messages.length - out.length);
        expect(rig.selection.wanted).toBe(wanted.size);
        expect(rig.selection.judgedEarly).toBe(0);
      }),
    );
  });

  it('does not wait for what it does not need', () => {
    const rig = new Rig('method=POST');
    expect(rig.take(asked('1.1', { method: 'POST' }))).toHaveLength(1);
    expect(rig.take(asked('1.2'))).toEqual([]);
    expect(ofIds(rig.take(answered('1.2'), answered('1.1')))).toEqual(['1.1 response']);
  });

  it('passes a batch as it is where all of it is wanted', () => {
    const batch = { lines: bytesOf(asked('1.1'), answered('1.1')), messages: 2, keep: () => () => {} };
    expect(new Rig('method=GET').selection.select(batch)).toBe(batch);
  });

  it('leaves lines that are no messages to the outputs', () => {
    const { selection } = new Rig('status=5xx');
    const lines = Buffer.from('no JSON\n{"a":1}\n');
    expect(selection.select({ lines, messages: 2 }).lines).toEqual(lines);
  });

  it('is about a stream as about its exchange', () => {
    const inside = (id: string): object => ({ stream: 'websocket', id, direction: 'response', data: 'x', dataSize: 1 });
    const rig = new Rig('status=101');
    expect(rig.take(asked('1.1'), inside('1.1'))).toEqual([]);
    expect(rig.take(answered('1.1', { statusCode: 101 }))).toHaveLength(3);
    expect(rig.take(asked('1.2'), answered('1.2'), inside('1.1'), inside('1.2'), inside('9.9'))).toEqual([
      inside('1.1'),
    ]);
    expect(rig.selection.filtered).toBe(4);
  });
});

describe('what waits', () => {
  it('is bounded in number: the oldest is judged as it is, and its response alone', () => {
    const rig = new Rig('status=5xx');
    for (let i = 0; i <= MAX_UNJUDGED; i++) rig.take(asked(`1.${i}`));
    expect(rig.selection.judgedEarly).toBe(1);
    expect(ofIds(rig.take(answered('1.0', { statusCode: 500 })))).toEqual(['1.0 response']);
    expect(ofIds(rig.take(answered('1.1', { statusCode: 500 })))).toEqual(['1.1 request', '1.1 response']);
    expect(rig.take(answered('1.2', { statusCode: 200 }))).toEqual([]);
    rig.rest();
    expect(rig.selection.filtered).toBe(MAX_UNJUDGED + 4 - 3);
  });

  it('is bounded in bytes', () => {
    const rig = new Rig('status=none');
    const body = 'x'.repeat(1024 * 1024);
    const out = Array.from({ length: 40 }, (_, i) => rig.take(asked(`1.${i}`, { body }))).flat();
    expect(out.length).toBeGreaterThan(40 - MAX_UNJUDGED_BYTES / (3 * body.length) - 1);
    expect(rig.selection.judgedEarly).toBe(out.length);
    expect(out.length + rig.rest().length).toBe(40);
  });

  it('without a response for long is judged as it is, live', () => {
    const rig = new Rig('status=none', { live: true });
    expect(rig.take(asked('1.1'))).toEqual([]);
    rig.nowMs = 29_999;
    expect(rig.take(asked('1.2'))).toEqual([]);
    rig.nowMs = 30_000;
    expect(ofIds(rig.take(asked('1.3')))).toEqual(['1.1 request']);
    // Shown is shown: its other half too.
    expect(ofIds(rig.take(answered('1.1')))).toEqual(['1.1 response']);
    expect(rig.take(answered('1.2'))).toEqual([]);
  });

  it('and does not match as it is still waits', () => {
    const rig = new Rig('status=5xx', { live: true });
    rig.take(asked('1.1'));
    rig.nowMs = 60_000;
    expect(rig.take(asked('1.2'))).toEqual([]);
    expect(ofIds(rig.take(answered('1.1', { statusCode: 500 })))).toEqual(['1.1 request', '1.1 response']);
  });
});

describe('a number of exchanges', () => {
  it('is enough when all of them are whole', () => {
    const onEnough = vi.fn();
    const rig = new Rig(undefined, { maxExchanges: 2, onEnough });
    expect(rig.take(asked('1.1'), asked('1.2'), asked('1.3'), answered('1.2'))).toHaveLength(3);
    expect(onEnough).not.toHaveBeenCalled();
    expect(ofIds(rig.take(answered('1.3'), answered('1.1')))).toEqual(['1.1 response']);
    expect(onEnough).toHaveBeenCalledOnce();
    expect(rig.take(asked('1.4'), answered('1.4'))).toEqual([]);
    expect(onEnough).toHaveBeenCalledOnce();
  });

  it('counts those that match', () => {
    const rig = new Rig('status=404', { maxExchanges: 1 });
    expect(rig.take(asked('1.1'), answered('1.1'))).toEqual([]);
    expect(rig.take(asked('1.2'), answered('1.2', { statusCode: 404 }))).toHaveLength(2);
    expect(rig.take(asked('1.3'), answered('1.3', { statusCode: 404 }))).toEqual([]);
  });
});
