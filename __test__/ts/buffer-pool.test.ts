import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../ts/run/buffer-pool';

const KIB = 1024;

describe('buffers', () => {
  it('are used again, by batches that fit', () => {
    const pool = new BufferPool();
    const small = pool.lend(1);
    expect(pool.lend(256 * KIB).buffer === small.buffer).toBe(false);
    small.letGo();
    expect(pool.lend(small.buffer.length + 1).buffer === small.buffer).toBe(false);
    expect(pool.lend(small.buffer.length).buffer === small.buffer).toBe(true);
  });

  it.each([0, 1, 384 * KIB, 384 * KIB + 1, 2048 * KIB, 2048 * KIB + 1, 9000 * KIB])(
    'have %i bytes when asked to',
    (bytes) => {
      expect(new BufferPool().lend(bytes).buffer.length).toBeGreaterThanOrEqual(bytes);
    },
  );

  it('are not used again before each holder has let go', () => {
    const pool = new BufferPool();
    const loan = pool.lend(6000 * KIB);
    const [first, second] = [loan.keep(), loan.keep()];
    loan.letGo();
    first();
    first();
    expect(pool.lend(6000 * KIB).buffer === loan.buffer).toBe(false);
    second();
    // Another large batch fits, though it is a little larger.
    expect(pool.lend(6100 * KIB).buffer === loan.buffer).toBe(true);
  });

  it('that are not used are bounded in number and in bytes', () => {
    const pool = new BufferPool();
    const small = Array.from({ length: 10 }, () => pool.lend(1));
    for (const loan of small) loan.letGo();
    const again = new Set(Array.from({ length: 10 }, () => pool.lend(1).buffer));
    expect(small.filter(({ buffer }) => again.has(buffer))).toHaveLength(4);
    const large = [7000, 7000, 20_000].map((kib) => pool.lend(kib * KIB));
    for (const loan of large) loan.letGo();
    const lent = new Set([20_000, 7000, 7000].map((kib) => pool.lend(kib * KIB).buffer));
    expect(large.map(({ buffer }) => lent.has(buffer))).toEqual([true, true, false]);
  });
});
