import { describe, expect, it } from 'vitest';
import { pieceEnd } from '../../ts/exchange/lines';
import { CallbackOutput } from '../../ts/outputs/callback/output';
import type { HttpMessage } from '../../ts/types';

const line = (body: string) => `${JSON.stringify({ body })}\n`;
const batchOf = (bodies: string[]) => ({ lines: Buffer.from(bodies.map(line).join('')), messages: bodies.length });

describe('callback output', () => {
  it('gives every line of a batch that is converted in pieces, in order and whole', () => {
    // Around and over the size of a piece, with characters of several bytes at every place of a piece's end.
    const bodies = Array.from({ length: 400 }, (_, n) => 'ä€😀x'.repeat((n * n * 7) % 4_000));
    const seen: unknown[] = [];
    const output = new CallbackOutput({
      listeners: {
        wanted: () => true,
        streams: { wanted: () => false, dispatch: () => {} },
        dispatch: (message: HttpMessage) => seen.push(message.body),
        errors: () => 0,
      },
      log: { write: () => {} } as never,
      now: () => 0,
    });
    output.write(batchOf(bodies));
    expect(seen).toEqual(bodies);
    expect(output.stats()).toMatchObject({ accepted: 400, delivered: 400, dropped: 0 });
  });

  it('hands nothing more once nobody listens', () => {
    let left = 3;
    const output = new CallbackOutput({
      listeners: {
        wanted: () => left > 0,
        dispatch: () => left--,
        streams: { wanted: () => false, dispatch: () => {} },
        errors: () => 0,
      },
      log: { write: () => {} } as never,
      now: () => 0,
    });
    output.write(batchOf(Array.from({ length: 1_000 }, (_, n) => `${n}`.repeat(100))));
    expect(output.stats()).toMatchObject({ accepted: 3, delivered: 3 });
  });
});

describe('pieceEnd', () => {
  it.each([
    ['all that is left', 0, 20, 12],
    ['exactly the limit', 0, 12, 12],
    ['whole lines under the limit', 0, 11, 7],
    ['whole lines up to the limit', 0, 7, 7],
    ['one line that is longer', 0, 2, 3],
    ['from the middle', 3, 5, 7],
  ])('%s', (_name, start, limit, end) => {
    expect(pieceEnd(Buffer.from('aa\nbbb\ncccc\n'), start, limit)).toBe(end);
  });

  it('ends where the bytes end when the last line has no end', () => {
    expect(pieceEnd(Buffer.from('aa\nbbbbbb'), 3, 2)).toBe(9);
  });
});
