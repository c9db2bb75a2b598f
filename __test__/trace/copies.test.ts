/** A call that two capture points see, with the fields of two kinds. */

import { expect, test } from 'vitest';
import { mergedOf } from '../../ts/trace/copies';
import { Grouping } from '../../ts/trace/grouping';
import type { Hop } from '../../ts/trace/hop';
import type { Named } from '../../ts/trace/keys';

const hopOf = (named: Named): Hop => ({ keys: { named, trace: 'a'.repeat(32) }, atMs: 0 }) as unknown as Hop;

test.each<[Named, Named]>([
  ['traceparent', 'B3'],
  ['B3', 'traceparent'],
])('is named by its traceparent: %s, then %s', (first, second) => {
  expect(mergedOf([hopOf(first), hopOf(second)]).keys.named).toBe('traceparent');
  const grouping = new Grouping();
  for (const named of [first, second]) grouping.add(hopOf(named));
  expect(grouping.all.map(({ named }) => named)).toEqual(['traceparent']);
});
