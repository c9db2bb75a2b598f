import { describe, expect, it } from 'vitest';
import { Rooms } from '../../ts/run/rooms';

const KIB = 1024;

describe('rooms', () => {
  it('are used again, by batches that fit', () => {
    const rooms = new Rooms();
    const small = rooms.lend(1);
    expect(rooms.lend(256 * KIB).room === small.room).toBe(false);
    small.letGo();
    expect(rooms.lend(small.room.length + 1).room === small.room).toBe(false);
    expect(rooms.lend(small.room.length).room === small.room).toBe(true);
  });

  it.each([0, 1, 384 * KIB, 384 * KIB + 1, 2048 * KIB, 2048 * KIB + 1, 9000 * KIB])(
    'have %i bytes when asked to',
    (bytes) => {
      expect(new Rooms().lend(bytes).room.length).toBeGreaterThanOrEqual(bytes);
    },
  );

  it('are not used again before each holder has let go', () => {
    const rooms = new Rooms();
    const loan = rooms.lend(6000 * KIB);
    const [first, second] = [loan.keep(), loan.keep()];
    loan.letGo();
    first();
    first();
    expect(rooms.lend(6000 * KIB).room === loan.room).toBe(false);
    second();
    // Another large batch fits, though it is a little larger.
    expect(rooms.lend(6100 * KIB).room === loan.room).toBe(true);
  });

  it('that nobody uses are bounded in number and in bytes', () => {
    const rooms = new Rooms();
    const small = Array.from({ length: 10 }, () => rooms.lend(1));
    for (const loan of small) loan.letGo();
    const again = new Set(Array.from({ length: 10 }, () => rooms.lend(1).room));
    expect(small.filter(({ room }) => again.has(room))).toHaveLength(4);
    const large = [7000, 7000, 20_000].map((kib) => rooms.lend(kib * KIB));
    for (const loan of large) loan.letGo();
    const lent = new Set([20_000, 7000, 7000].map((kib) => rooms.lend(kib * KIB).room));
    expect(large.map(({ room }) => lent.has(room))).toEqual([true, true, false]);
  });
});
