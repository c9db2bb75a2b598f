// A table of pods: the patch of each as it is committed (`npx vitest run -u` writes them anew), and that a second time
// changes nothing.

import { describe, expect, it } from 'vitest';
import { VERSION } from '../../ts/version';
import { INJECTED, SKIPPED } from './pods';
import { ask, patched, reasonOf } from './rig';

describe('injected', () => {
  it.each(INJECTED)('$name', async ({ name, pod, warns, ...asked }) => {
    const { response, operations, counters } = ask(pod, asked);
    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
    expect(counters.injected).toBe(1);
    if (warns === undefined) expect(response.warnings).toBeUndefined();
    else expect(response.warnings).toEqual([expect.stringMatching(warns)]);
    const golden = `${JSON.stringify(operations, null, 2)}\n`.replaceAll(VERSION, 'VERSION');
    await expect(golden).toMatchFileSnapshot(`golden/${name}.json`);
  });

  it.each(INJECTED)('$name, again', ({ pod, ...asked }) => {
    const { operations } = ask(pod, asked);
    const again = ask(patched(pod, operations), asked);
    expect(again.operations).toEqual([]);
    expect(reasonOf(again)).toBe('already_injected');
    expect(again.response.warnings).toBeUndefined();
  });
});

describe('left alone', () => {
  it.each(SKIPPED)('$name', ({ pod, reason, warns, name: _, ...asked }) => {
    const answered = ask(pod, asked);
    expect(answered.response.allowed).toBe(true);
    expect(answered.response.patch).toBeUndefined();
    expect(reasonOf(answered)).toBe(reason);
    expect(answered.log).toMatchObject([{ level: 'info', message: 'pod reviewed', result: 'skipped', reason }]);
    if (warns === undefined) expect(answered.response.warnings).toBeUndefined();
    else expect(answered.response.warnings).toEqual([expect.stringMatching(warns)]);
  });

  it.each([
    ['an update', { operation: 'UPDATE' }],
    ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }],
    ['a subresource', { subResource: 'ephemeralcontainers' }],
  ])('%s', (_, request) => {
    const answered = ask(INJECTED[0]?.pod, { request });
    expect(answered.response).toEqual({ uid: expect.any(String), allowed: true });
    expect(reasonOf(answered)).toBe('not_a_new_pod');
  });
});
