// A sniffer and its messages, over a fake engine: who gets them, unchanged, and what becomes of those that nobody can take.
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { HttpMessage, StreamMessage, UnansweredExchange } from '../../ts/types';
import { settle } from './setup/fakes';
import { type FakeCapture, rig } from './setup/rig';

describe('messages', () => {
  const message = { id: 'c-1', direction: 'request', path: '/ä\u2028"\\n', body: '' } as HttpMessage;

  it('reach the event, the callback and stdout alike, unchanged', async () => {
    const events: HttpMessage[] = [];
    const callbacks: HttpMessage[] = [];
    const { sniffer, captures, stdout } = rig({ outputStdout: true, onHttpMessage: (it) => callbacks.push(it) });
    sniffer.on('message', (it) => events.push(it));
    await sniffer.start();
    await settle();
    captures[0]?.batch(message, message);
    await sniffer.stop();
    expect(events).toEqual([message, message]);
    expect(callbacks).toEqual(events);
    expect(stdout.text).toBe(`${JSON.stringify(message)}\n`.repeat(2));
    expect(sniffer.stats().outputs).toMatchObject({ callback: { delivered: 2 }, stdout: { delivered: 2, waiting: 0 } });
  });

  it('inside streams reach their own event and callback, and no other', async () => {
    const inside = { stream: 'websocket', id: 'c-1', sequence: 1, data: 'ä', dataSize: 2 } as StreamMessage;
    const [seen, called, events, callbacks]: unknown[][] = [[], [], [], []];
    const { sniffer, captures, stdout } = rig({
      outputStdout: true,
      onHttpMessage: (it) => callbacks?.push(it),
      onStreamMessage: (it) => called?.push(it),
    });
    sniffer.on('message', (it) => events?.push(it));
    sniffer.on('streamMessage', (it) => seen?.push(it));
    await sniffer.start();
    await settle();
    captures[0]?.batch(message, inside as never, inside as never);
    await sniffer.stop();
    expect([events, callbacks]).toEqual([[message], [message]]);
    expect([seen, called]).toEqual([
      [inside, inside],
      [inside, inside],
    ]);
    expect(stdout.text).toBe([message, inside, inside].map((it) => `${JSON.stringify(it)}\n`).join(''));
    expect(sniffer.stats().outputs.callback).toMatchObject({ accepted: 3, delivered: 3 });
  });

  it('that never come are told of: exchanges that ended without a response, unless they are left out', async () => {
    const { sniffer, captures } = rig({ filter: 'path=/ok' });
    const told: UnansweredExchange[] = [];
    sniffer.on('unanswered', () => {
      throw new Error('a listener');
    });
    sniffer.on('unanswered', (exchange) => told.push(exchange));
    await sniffer.start();
    await settle();
    const [capture] = captures as [FakeCapture];
    capture.batch({ ...message, id: '1.1', method: 'GET', path: '/ok' }, { ...message, id: '1.2', method: 'GET' });
    capture.emit({
      kind: 'unanswered',
      fields: { '1.1': 'client CANCEL', '1.2': 'closed', '1.3': 'reset server@1500000' },
    });
    capture.emit({ kind: 'unanswered', fields: { '1.4': 'server', '1.5': 'closed' } });
    await sniffer.stop();
    expect(told).toEqual([
      { id: '1.1', ended: 'streamReset', by: 'client', errorCode: 'CANCEL' },
      { id: '1.3', ended: 'reset', by: 'server', timestamp: '1970-01-01T00:00:01.500Z' },
      { id: '1.4', ended: 'streamReset', by: 'server' },
      { id: '1.5', ended: 'closed' },
    ]);
  });

  it('inside streams are parsed only when somebody listens to them', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    try {
      const { sniffer, captures } = rig();
      const ids: string[] = [];
      sniffer.on('message', ({ id }) => ids.push(id));
      await sniffer.start();
      await settle();
      parse.mockClear();
      captures[0]?.lines('{"stream":"sse","id":"1"}\n{"id":"2"}\n', 2);
      expect([ids, parse.mock.calls.length]).toEqual([['2'], 1]);
      expect(sniffer.stats().outputs.callback).toMatchObject({ accepted: 1, delivered: 1 });
      sniffer.once('streamMessage', ({ id }) => ids.push(id));
      captures[0]?.lines('{"stream":"sse","id":"3"}\n{"stream":"sse","id":"4"}\n', 2);
      expect([ids, parse.mock.calls.length]).toEqual([['2', '3'], 2]);
      await sniffer.stop();
    } finally {
      parse.mockRestore();
    }
  });

  it('inside streams survive a listener that throws', async () => {
    const { sniffer, captures, log } = rig({
      onStreamMessage: () => {
        throw new Error('stream callback');
      },
    });
    const ids: string[] = [];
    sniffer.on('streamMessage', ({ id }) => ids.push(id));
    await sniffer.start();
    await settle();
    captures[0]?.lines('{"stream":"sse","id":"1"}\n', 1);
    await sniffer.stop();
    expect(ids).toEqual(['1']);
    expect(log.messages('error')).toEqual([expect.stringMatching(/^onStreamMessage threw/)]);
  });

  it('that come before start() has told its caller are not missed', async () => {
    const { sniffer } = rig(
      { pcapFile: 'x' },
      {
        prepare: (capture) => {
          capture.onOpen = () => {
            capture.batch({ id: '1' });
            capture.end();
          };
        },
      },
    );
    await sniffer.start();
    const seen: string[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    expect(sniffer.isRunning()).toBe(true);
    await once(sniffer, 'end');
    expect(seen).toEqual(['1']);
  });

  it('are parsed only when somebody listens', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    try {
      const { sniffer, captures } = rig();
      await sniffer.start();
      await settle();
      parse.mockClear();
      captures[0]?.lines('{"id":"1"}\n', 1);
      expect(parse).not.toHaveBeenCalled();
      const seen: string[] = [];
      sniffer.once('message', ({ id }) => seen.push(id));
      captures[0]?.lines('{"id":"2"}\n{"id":"3"}\n', 2);
      expect(seen).toEqual(['2']);
      expect(parse).toHaveBeenCalledTimes(1);
      await sniffer.stop();
    } finally {
      parse.mockRestore();
    }
  });

  it('survive listeners that throw and promises that reject; all others still get them', async () => {
    const seen: string[] = [];
    const { sniffer, captures, log } = rig({
      onHttpMessage: async () => {
        throw new Error('async callback');
      },
    });
    sniffer.on('message', () => {
      throw new Error('listener');
    });
    sniffer.on('message', async () => {
      throw new Error('async listener');
    });
    sniffer.on('message', ({ id }) => seen.push(id));
    await sniffer.start();
    await settle();
    captures[0]?.batch({ id: '1' }, { id: '2' });
    await sniffer.stop();
    expect(seen).toEqual(['1', '2']);
    expect(sniffer.stats().outputs.callback).toMatchObject({ delivered: 2, errors: 6 });
    // The first is logged at once, the rest at a limited rate.
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { error: 'Error', at: expect.stringContaining('sniffer-messages.test') },
    ]);
  });

  it('survive a line that is no JSON, and none of it is logged', async () => {
    const { sniffer, captures, log } = rig();
    const seen: string[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    await sniffer.start();
    await settle();
    captures[0]?.lines('{"body":"secret\n{"id":"1"}\n', 2);
    await sniffer.stop();
    expect(seen).toEqual(['1']);
    expect(sniffer.stats().outputs.callback).toMatchObject({ delivered: 1, droppedBy: { invalid: 1 } });
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });

  it('that there is no memory for are lost by name, and no other gets their bytes', async () => {
    const { sniffer, captures } = rig();
    const seen: string[] = [];
    const errors: Error[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    sniffer.on('error', (error) => errors.push(error));
    await sniffer.start();
    await settle();
    const capture = captures[0] as FakeCapture;
    capture.holdEnd = true;
    const alloc = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementationOnce(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    try {
      capture.batch({ id: 'lost' }, { id: 'lost too' });
    } finally {
      alloc.mockRestore();
    }
    capture.batch({ id: 'next' });
    capture.batch({ id: 'last', path: '/of/another/length' });
    const over = new Promise((resolve) => sniffer.on('stop', () => resolve(undefined)));
    capture.end();
    await over;
    expect(seen).toEqual(['next', 'last']);
    expect(errors).toMatchObject([
      { code: 'UNRECOVERABLE', message: expect.stringMatching(/^no memory for \d+ bytes .* 2 messages are lost$/) },
    ]);
    expect(capture.released).toBe(3);
  });

  it('of a savefile hold the credit of their batch until every output has taken it', async () => {
    const { sniffer, captures, stdout } = rig({ outputStdout: true, pcapFile: 'x' });
    stdout.hold = true;
    await sniffer.start();
    await settle();
    const capture = captures[0] as FakeCapture;
    capture.batch({ id: '1' });
    capture.batch({ id: '2' });
    await settle();
    expect(capture.released).toBe(0);
    stdout.held.shift()?.();
    await settle();
    expect(capture.released).toBe(1);
    stdout.hold = false;
    stdout.held.shift()?.();
    await sniffer.stop();
    expect(capture.released).toBe(2);
  });
});
