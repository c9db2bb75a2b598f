import { describe, expect, it } from 'vitest';
import { Rooms } from '../../ts/rooms';

const KIB = 1024;

describe('rooms', () => {
  it('are used again, by batches that fit', () => {
    const rooms = new Rooms();
    const small = rooms.take(1);
    expect(rooms.take(256 * KIB)).not.toBe(small);
    rooms.giveBack(small);
    expect(rooms.take(small.length + 1)).not.toBe(small);
    expect(rooms.take(small.length)).toBe(small);
  });

  it.each([0, 1, 384 * KIB, 384 * KIB + 1, 2048 * KIB, 2048 * KIB + 1, 9000 * KIB])(
    'have %i bytes when asked to',
    (bytes) => {
      expect(new Rooms().take(bytes).length).toBeGreaterThanOrEqual(bytes);
    },
  );

  it('are not kept without bound, neither in number nor in size', () => {
    const rooms = new Rooms();
    const taken = Array.from({ length: 10 }, () => rooms.take(1));
    const huge = rooms.take(9000 * KIB);
    for (const room of [...taken, huge]) rooms.giveBack(room);
    const again = new Set(Array.from({ length: 10 }, () => rooms.take(1)));
    expect(taken.filter((room) => again.has(room))).toHaveLength(4);
    expect(again.has(huge)).toBe(false);
  });
});
