// The last look at a patch: whatever a mistake in making it could do to a pod must be seen here.

import { describe, expect, it } from 'vitest';
import type { Operation } from '../../ts/injector/patch-operation';
import type { Pod } from '../../ts/injector/pod';
import { verifyPatch } from '../../ts/injector/verify';

const pod: Pod = {
  metadata: { annotations: { 'a/b': 'c' } },
  spec: {
    containers: [{ name: 'web', args: ['x'], env: [{ name: 'a', value: '1' }] }],
    initContainers: [{ name: 'first' }],
    terminationGracePeriodSeconds: 5,
  },
};
const sidecar = { name: 'tcp-sniffer' };
const good: Operation = { op: 'add', path: '/spec/containers/-', value: sidecar };

it('takes what adds the sidecar, at either end', () => {
  verifyPatch(pod, [good]);
  verifyPatch(pod, [{ op: 'add', path: '/spec/initContainers/0', value: sidecar }]);
  verifyPatch(pod, [good, { op: 'add', path: '/spec/containers/0/env/-', value: { name: 'b', value: '2' } }]);
  verifyPatch(pod, [good, { op: 'replace', path: '/spec/containers/0/env/0/value', value: '2' }]);
  verifyPatch(pod, [good, { op: 'replace', path: '/spec/terminationGracePeriodSeconds', value: 9 }]);
});

describe('refuses', () => {
  const cases: [string, Operation[]][] = [
    ['no sidecar', []],
    ['a name that is there already', [good, { op: 'add', path: '/spec/containers/-', value: { name: 'first' } }]],
    ['two', [good, { op: 'add', path: '/spec/initContainers/0', value: sidecar }]],
    ['a parent that is not there', [good, { op: 'add', path: '/metadata/labels/x', value: 'y' }]],
    ['a test that does not hold', [{ op: 'test', path: '/spec/containers/0/name', value: 'other' }, good]],
    [
      'annotations that take the place of others',
      [good, { op: 'add', path: '/metadata/annotations', value: { x: 'y' } }],
    ],
    ['a list that takes the place of another', [{ op: 'add', path: '/spec/containers', value: [sidecar] }]],
    ['a container in between', [good, { op: 'add', path: '/spec/containers/1', value: { name: 'other' } }, good]],
    ['another variable', [good, { op: 'add', path: '/spec/containers/0/env', value: [] }]],
    ['another argument', [good, { op: 'add', path: '/spec/containers/0/args/0', value: 'y' }]],
    ['a value of another type', [good, { op: 'add', path: '/metadata/annotations/x', value: 1 }]],
    ['a container without a name', [good, { op: 'add', path: '/spec/containers/-', value: {} }]],
    ['another grace period unasked', [good, { op: 'add', path: '/spec/terminationGracePeriodSeconds', value: 9 }]],
  ];
  it.each(cases)('%s', (_, operations) => {
    expect(() => verifyPatch(pod, operations)).toThrow();
  });
});
