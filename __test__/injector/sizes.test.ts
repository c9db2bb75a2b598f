// A pod that only fits without the sidecar is left as it is: the bounds to the byte.

import { describe, expect, it } from 'vitest';
import { MAX_ANNOTATION_BYTES, MAX_POD_BYTES } from '../../ts/injector/sizes';
import { annotated, pod, web } from './parts';
import { ask, type Json, patched, reasonOf } from './rig';

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe('the whole pod', () => {
  const withText = (text: string, metadata: Json = {}) =>
    pod({ containers: [{ ...web, args: ['x'.repeat(1_000_000), text] }] }, metadata);
  const added = bytesOf(patched(withText(''), ask(withText('')).operations)) - bytesOf(withText(''));
  /** Injected, it has so many bytes. */
  const ofBytes = (bytes: number, metadata: Json = {}) =>
    withText('\u20ac'.padEnd(bytes - added - bytesOf(withText('')) - 2, 'x'), metadata);

  it('is injected if it is then as large as it may be', () => {
    const { operations } = ask(ofBytes(MAX_POD_BYTES));
    expect(bytesOf(patched(ofBytes(MAX_POD_BYTES), operations))).toBe(MAX_POD_BYTES);
  });

  it('is left alone if it would have one byte more', () => {
    const answered = ask(ofBytes(MAX_POD_BYTES + 1));
    expect(reasonOf(answered)).toBe('too_large');
    expect(answered.response).toMatchObject({ allowed: true, warnings: [expect.stringContaining('etcd')] });
  });

  it('is measured without its managed fields', () => {
    const managedFields = [{ manager: 'x'.repeat(100_000) }];
    expect(ask(ofBytes(MAX_POD_BYTES, { managedFields })).counters.injected).toBe(1);
  });
});

it('annotations: all that there may be, and one byte more', () => {
  const withText = (text: string) => annotated({ a: text, 'kubectl.kubernetes.io/default-container': 'web' });
  const after = patched(withText(''), ask(withText('')).operations) as { metadata: { annotations: Json } };
  const bytes = Object.entries(after.metadata.annotations).reduce((sum, pair) => sum + pair.join('').length, 0);
  const room = MAX_ANNOTATION_BYTES - bytes;
  expect(ask(withText('x'.repeat(room))).counters.injected).toBe(1);
  expect(reasonOf(ask(withText('x'.repeat(room + 1))))).toBe('too_large');
});
