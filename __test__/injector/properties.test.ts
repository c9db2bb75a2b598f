// Any pod: it keeps all that it had, gets the sidecar once and at the right place, and stays what the schemas of Kubernetes
// say a pod is. Any review: 200 and allowed, or no review at all; a patch only for a pod.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BadReview } from '../../ts/injector/review';
import { pod as anyPod } from './arbitrary-pods';
import { INJECTED } from './pods';
import { type Answered, ask, type Json, patched, reviewOf, send } from './rig';
import { type Checked, canValidate, complaints, NATIVE_VERSIONS, VERSIONS } from './schemas';

const ASKED = fc.record({ native: fc.boolean(), production: fc.boolean() });
const toJson = (value: unknown) => JSON.parse(JSON.stringify(value));

/** Whether everything of `before` is in `after`; lists may have got one more, `changed` keys another value. */
function keeps(before: unknown, after: unknown, changed: readonly string[]): boolean {
  if (Array.isArray(before)) {
    const rest = (after as unknown[]).filter((each) => !`${(each as Json | null)?.name}`.startsWith('tcp-sniffer'));
    return isDeepStrictEqual(rest, before);
  }
  if (typeof before !== 'object' || before === null) return before === after;
  return Object.entries(before).every(
    ([key, value]) =>
      changed.includes(key) || (Object.hasOwn(after as Json, key) && keeps(value, (after as Json)[key], changed)),
  );
}

describe('any pod', () => {
  it('keeps all that it had, and gets the sidecar once', () => {
    let injected = 0;
    fc.assert(
      fc.property(anyPod, ASKED, (given, asked) => {
        const pod = toJson(given);
        const answered = ask(pod, asked);
        expect(answered.response.allowed).toBe(true);
        expect(answered.counters.skipped.internal_error).toBe(0);
        expect(answered.counters.skipped.unreadable_pod).toBe(0);
        if (answered.operations.length === 0) return;
        injected++;
        const after = patched(pod, answered.operations);
        expect(keeps(pod, after, ['tcp-sniffer/status', 'terminationGracePeriodSeconds'])).toBe(true);
        expect(after.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
          pod.spec.terminationGracePeriodSeconds ?? 1,
        );
        const { containers, initContainers = [] } = after.spec;
        const native = initContainers[0]?.name === 'tcp-sniffer';
        expect(native || containers.at(-1).name === 'tcp-sniffer').toBe(true);
        expect([...containers, ...initContainers].filter(({ name }) => name === 'tcp-sniffer')).toHaveLength(1);
        expect(ask(after, asked).operations).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
    expect(injected).toBeGreaterThan(200);
  });
});

describe.runIf(canValidate())('schemas of Kubernetes', () => {
  const checked: Checked[] = [];
  beforeAll(() => {
    const add = (pod: unknown, { operations }: Answered, native: boolean) => {
      if (operations.length > 0)
        checked.push({ pod: toJson(patched(pod, operations)), versions: native ? NATIVE_VERSIONS : VERSIONS });
    };
    for (const { pod, name: _, ...asked } of INJECTED) {
      // Pods have had resources of their own since 1.32.
      if (!('resources' in (pod.spec as Json))) add(pod, ask(pod, asked), asked.native !== false);
    }
    for (const pod of fc.sample(anyPod, 400).map(toJson)) {
      for (const native of [true, false]) add(pod, ask(pod, { native }), native);
    }
  });

  it('take what comes out', { timeout: 120_000 }, () => {
    expect(checked.length).toBeGreaterThan(50);
    expect(complaints(checked)).toEqual([]);
  });

  it('refuse what is wrong', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      spec: { containers: [{ name: 'web', env: [{ name: 'A', value: 1 }], typo: 1 }] },
    };
    expect(complaints([{ pod, versions: ['1.37'] }])).toHaveLength(2);
  });
});

describe('any review', () => {
  /** 200 and allowed, with a patch only where there was a pod to patch. */
  function check(body: Buffer): 'refused' | 'allowed' | 'patched' {
    let answered: Answered;
    try {
      answered = send(body);
    } catch (error) {
      expect(error).toBeInstanceOf(BadReview);
      return 'refused';
    }
    expect(answered.response.allowed).toBe(true);
    const request = JSON.parse(body.toString()).request;
    expect(answered.response.uid).toBe(request.uid);
    if (answered.response.patch === undefined) return 'allowed';
    // The patch applies, to what was sent.
    expect(patched(request.object, answered.operations).spec.containers.length).toBeGreaterThan(0);
    return 'patched';
  }

  it('of any JSON at any place', () => {
    const seen = { refused: 0, allowed: 0, patched: 0 };
    const places = placesOf(reviewOf(INJECTED.find(({ name }) => name === 'all-annotations')?.pod));
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (place, value) => {
        const whole = reviewOf(structuredClone(INJECTED.find(({ name }) => name === 'all-annotations')?.pod));
        seen[check(Buffer.from(JSON.stringify(put(whole, place, value))))]++;
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  });

  it('of any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => check(Buffer.from(bytes)) === 'refused'));
    fc.assert(fc.property(fc.json(), (text) => check(Buffer.from(text)) === 'refused'));
  });

  it('that was cut or changed on the way', () => {
    const good = Buffer.from(JSON.stringify(reviewOf(INJECTED[0]?.pod)));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bad = cut ? good.subarray(0, at) : Buffer.from(good);
        if (!cut) bad[at] = byte;
        const outcome = check(bad);
        if (cut) expect(outcome).toBe('refused');
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['namespace', 'name'])('with a %s as long as all of it: what is logged stays short', (field) => {
    const { response, log } = ask(INJECTED[0]?.pod, { request: { [field]: 'x'.repeat(1_000_000) } });
    expect(response.allowed).toBe(true);
    expect(JSON.stringify(log).length).toBeLessThan(1_000);
  });

  it('that is nested deep is answered before anybody walks it', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = JSON.stringify(reviewOf({ spec: { containers: [{ name: 'web', x: 'DEEP' }] } })).replace(
      '"DEEP"',
      deep,
    );
    const { response, counters } = send(Buffer.from(body));
    expect(response).toMatchObject({ uid: expect.any(String), allowed: true });
    expect(response.patch).toBeUndefined();
    expect(counters.skipped.too_large).toBe(1);
    expect(check(Buffer.from(deep))).toBe('refused');
  });
});

/** Every place in a JSON value, as the way to it. */
function placesOf(value: unknown, way: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [way];
  return [way, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...way, key]))];
}

function put(whole: unknown, [key, ...way]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(whole) ? [...whole] : { ...(whole as Json) }) as Json;
  copy[key] = put(copy[key], way, value);
  return copy;
}
