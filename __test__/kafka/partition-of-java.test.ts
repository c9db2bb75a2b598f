// The reference that the tests have for a key's partition, with the hashes that Kafka's own tests of it name.
import { expect, test } from 'vitest';
import { murmur2 } from './partition-of-java';

test.each([
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
])('murmur2 of %s', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
});
