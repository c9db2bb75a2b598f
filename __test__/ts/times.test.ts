import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timesOf, uploadMsOf } from '../../ts/exchange/times';
import { entryOf } from '../../ts/outputs/har/entry';
import type { HttpRequest, HttpResponse } from '../../ts/types';
import { EITHER, REQUEST } from '../bases';

describe('the times of an exchange', () => {
  it('are told apart where the request was seen whole', () => {
    expect(timesOf({ latencyMs: 1000.3, waitMs: 0.2, durationMs: 7 }, 1000.1)).toEqual({
      uploadMs: 1000.1,
      serverMs: 0.2,
      downloadMs: 7,
    });
    expect(timesOf({ latencyMs: 65.462, waitMs: 65.462 }, 0)).toEqual({ uploadMs: 0, serverMs: 65.462, downloadMs: 0 });
  });

  it('do not blame the server for what it answers while the client still sends', () => {
    const times = { uploadMs: 300, downloadMs: 5, answeredEarly: true };
    expect(timesOf({ latencyMs: 300, durationMs: 5 }, 900)).toEqual(times);
  });

  it('are one where the end of the request was not seen', () => {
    expect(timesOf({ latencyMs: 300 }, undefined)).toEqual({ uploadAndServerMs: 300, downloadMs: 0 });
    expect(uploadMsOf({ ...REQUEST, durationMs: 900, incomplete: 'gap' })).toBeUndefined();
    expect(uploadMsOf(REQUEST)).toBe(0);
  });

  const micros = fc.option(
    fc.nat(10 ** 10).map((count) => count / 1_000),
    { nil: undefined },
  );
  const message = fc.record({ latencyMs: micros, waitMs: micros, durationMs: micros });

  it('are never negative, in a HAR entry neither, whose time is their sum', () => {
    fc.assert(
      fc.property(message, micros, fc.boolean(), fc.boolean(), (times, uploadMs, asked, answered) => {
        const { latencyMs, waitMs } = times;
        fc.pre(latencyMs === undefined ? waitMs === undefined : (waitMs ?? 0) <= latencyMs);
        const request = { ...REQUEST, durationMs: uploadMs };
        const response: HttpResponse = { ...EITHER, ...times, direction: 'response', statusCode: 200 };
        for (const ms of Object.values(timesOf(times, uploadMs))) expect(Number(ms)).toBeGreaterThanOrEqual(0);
        const entry = entryOf({
          ...(asked || !answered ? { request } : {}),
          ...(answered ? { response } : {}),
          interim: [],
        }) as { time: number; timings: Record<'send' | 'wait' | 'receive', number> };
        const { send, wait, receive } = entry.timings;
        expect(Math.min(send, wait, receive)).toBeGreaterThanOrEqual(0);
        expect(entry.time).toBe(send + wait + receive);
        if (answered && waitMs !== undefined) expect(wait).toBe(waitMs);
      }),
    );
  });

  it('go into a HAR as send, wait and receive', () => {
    const entry = (request: Partial<HttpRequest>, response: Partial<HttpResponse> | undefined): unknown =>
      (
        entryOf({
          request: { ...REQUEST, ...request },
          interim: [],
          ...(response === undefined
            ? {}
            : { response: { ...EITHER, direction: 'response', statusCode: 200, ...response } }),
        }) as { timings: unknown }
      ).timings;
    expect(entry({ durationMs: 90 }, { latencyMs: 100, waitMs: 10, durationMs: 5 })).toMatchObject({
      ...{ send: 90, wait: 10, receive: 5 },
    });
    expect(entry({ durationMs: 900 }, { latencyMs: 100, durationMs: 5 })).toMatchObject({
      ...{ send: 100, wait: 0, receive: 5, comment: 'the response began before the request ended' },
    });
    expect(entry({ durationMs: 30, incomplete: 'gap' }, { latencyMs: 100 })).toMatchObject({
      ...{
        send: 30,
        wait: 70,
        receive: 0,
        comment: 'the request was not seen whole: wait may be a part of its upload',
      },
    });
    expect(entry({ durationMs: 30 }, undefined)).toMatchObject({ send: 30, wait: 0, receive: 0 });
  });
});
