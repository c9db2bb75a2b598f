// The memory behind the page: bounded whatever comes, and every change is told.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';
import { Ring } from '../../ts/outputs/view/ring';
import type { Row } from '../../ts/outputs/view/shapes';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';
import { exchange, requestOf, responseOf } from './rig';

const add = (ring: Ring, ...messages: HttpMessage[]): void => {
  for (const message of messages) ring.add(message, Buffer.from(JSON.stringify(message)));
};

describe('the ring', () => {
  it('lets the oldest messages go before rows', () => {
    const ring = new Ring({ maxLineBytes: 3_000 });
    for (let i = 1; i <= 20; i++) add(ring, ...exchange(`1.${i}`));
    expect(ring.rows()).toHaveLength(20);
    expect(ring.get(1)?.lines).toBeUndefined();
    expect(ring.get(20)?.lines).toHaveLength(2);
    expect(ring.messagesGone).toBeGreaterThan(10);
    expect(ring.linesGone).toBe(2 * ring.messagesGone);
    expect(ring.rowsGone).toBe(0);
  });

  it('lets the oldest rows go by number and by bytes', () => {
    const byNumber = new Ring({ maxRows: 5 });
    const byBytes = new Ring({ maxRowBytes: 10_000 });
    for (let i = 1; i <= 20; i++) {
      add(byNumber, ...exchange(`1.${i}`));
      add(byBytes, requestOf(`1.${i}`, { path: 'x'.repeat(100_000) }));
    }
    expect(byNumber.rows().map(({ n }) => n)).toEqual([16, 17, 18, 19, 20]);
    expect(byNumber.rowsGone).toBe(15);
    expect(byBytes.rows().length).toBeGreaterThan(2);
    expect(byBytes.rows().length).toBeLessThan(10);
  });

  it('shows no exchange whose beginning has gone', () => {
    const ring = new Ring({ maxLineBytes: 1_500 });
    add(ring, requestOf('1.1'), ...exchange('1.2'), ...exchange('1.3'), responseOf('1.1'));
    expect(ring.get(1)).toMatchObject({ row: { status: 200 }, lines: undefined });
  });

  it('keeps a stream bounded, its beginning and its end', () => {
    const ring = new Ring();
    add(ring, requestOf('1.1'));
    for (let sequence = 1; sequence <= 5_000; sequence++) {
      const { receiver, destination } = requestOf('1.1');
      const ends = { receiver, destination, direction: 'response', timestamp: '' } as const;
      const line = { stream: 'sse', id: '1.1', sequence, ...ends, data: '', dataSize: 0 } as const;
      ring.add(line, Buffer.from(JSON.stringify(line)));
    }
    const lines = ring.get(1)?.lines ?? [];
    expect(lines).toHaveLength(2_000);
    expect(String(lines[0])).toContain('GET');
    expect(String(lines.at(-1))).toContain('"sequence":5000');
    expect(ring.get(1)?.row.streamed).toBe(5_000);
    expect(ring.linesGone).toBe(3_001);
  });

  it('tells a reader that asks at any time of every row as it is', () => {
    const step = fc.record({
      id: fc.integer({ min: 1, max: 30 }),
      half: fc.boolean(),
      ends: fc.boolean(),
      asks: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 10 }),
        (steps, most, roomy) => {
          const endings = new Endings();
          const ring = new Ring({ maxRows: 10 }, endings);
          const seen = new Map<number, Row>();
          let version = 0;
          const askOnce = (): void => {
            let room = roomy;
            const found = ring.changedAfter(version, most, () => room-- > 0);
            expect(found.rows.length).toBeLessThanOrEqual(Math.min(most, roomy));
            version = found.version;
            for (const row of found.rows) seen.set(row.n, structuredClone(row));
          };
          for (const { id, half, ends, asks } of steps) {
            if (ends) endings.note({ [`1.${id}`]: 'reset' });
            else add(ring, half ? requestOf(`1.${id}`) : responseOf(`1.${id}`));
            if (asks) askOnce();
          }
          while (version < ring.version) askOnce();
          for (const row of ring.rows()) expect(seen.get(row.n)).toEqual(row);
        },
      ),
    );
  });
});

describe('a row', () => {
  const rowOf = (...messages: HttpMessage[]): Row | undefined => {
    const ring = new Ring();
    add(ring, ...messages);
    return ring.get(1)?.row;
  };

  it('of a response without its request knows when that began', () => {
    const row = rowOf(responseOf('1.100', { latencyMs: 40 }));
    expect(row).toMatchObject({ method: 'GET', path: '/items/1.100', response: true, at: Date.UTC(2026, 0, 1) + 60 });
    expect(row).not.toHaveProperty('request');
  });

  it('is not answered by an interim response', () => {
    expect(rowOf(requestOf('1.1'), responseOf('1.1', { statusCode: 103 }))).not.toHaveProperty('status');
  });

  it('says how it ended without a response, whichever was told first', () => {
    const endings = new Endings();
    const ring = new Ring({}, endings);
    endings.note({ '1.1': 'closed' });
    add(ring, requestOf('1.1'), requestOf('1.2'), requestOf('1.3'));
    const { version } = ring;
    endings.note({ '1.2': 'client CANCEL', '1.9': 'reset' });
    expect(ring.changedAfter(version, 9).rows.map(({ id }) => id)).toEqual(['1.2']);
    const endingsOf = () => ring.rows().map(({ ending }) => ending);
    expect(endingsOf()).toEqual(['connection closed', 'reset by the client with CANCEL', undefined]);
    add(ring, responseOf('1.2'));
    ring.end();
    endings.note({ '1.3': 'closed' });
    expect(endingsOf()).toEqual(['connection closed', undefined, undefined]);
  });

  it.each<[string, Partial<HttpRequest>, Partial<HttpResponse>]>([
    ['grpc', { headers: { 'content-type': 'application/grpc+proto' } }, {}],
    ['websocket', {}, { statusCode: 101, headers: { upgrade: 'WebSocket' } }],
    ['websocket', { method: 'CONNECT', protocol: 'websocket' }, {}],
    ['sse', {}, { headers: { 'content-type': 'text/event-stream;charset=utf-8' } }],
    ['http', { headers: { 'content-type': 'application/grpcx' } }, { headers: { upgrade: 'websocket' } }],
  ])('is %s by its head', (kind, request, response) => {
    expect(rowOf(...exchange('1.1', request, response))?.kind).toBe(kind);
  });

  it("has gRPC's own status, of the trailers or of the engine", () => {
    const grpc = { headers: { 'content-type': 'application/grpc' } };
    expect(rowOf(...exchange('1.1', grpc, { ...grpc, trailers: { 'grpc-status': '5' } }))?.grpcStatus).toBe(5);
    expect(rowOf(...exchange('1.1', grpc, { ...grpc, grpc: { status: 14 } }))?.grpcStatus).toBe(14);
  });

  it('says what is missing of it', () => {
    expect(rowOf(...exchange('1.1', {}, { incomplete: 'gap', bodyTruncated: true }))).toMatchObject({
      incomplete: 'gap',
      cut: true,
    });
  });
});
