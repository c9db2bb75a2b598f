// A pod that is left without a sidecar is a warning event on its owner: which, how often, and that it changes no answer.

import { describe, expect, it } from 'vitest';
import { createCounters } from '../../ts/injector/counters';
import type { ApiAnswer } from '../../ts/injector/kube-api';
import { BURST, OwnerEvents, REPEAT_MS } from '../../ts/injector/owner-events';
import { review } from '../../ts/injector/review';
import { configOf, type Json, type LogLine, logInto, reviewOf } from './rig';

const OWNER = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9', uid: '3f1c' };
const podOf = (annotations: Json, owners: Json[] = [{ ...OWNER, controller: true }]) => ({
  metadata: { labels: { 'tcp-sniffer/inject': 'true' }, annotations, ownerReferences: owners },
  spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] },
});
const TYPO = { 'tcp-sniffer/sample-rat': '0.1' };

/** An API server that keeps what it got, and answers when it is told to. */
function rig({ answer = async () => ({ status: 201, body: {} }) }: { answer?: () => Promise<ApiAnswer> } = {}) {
  const counters = createCounters();
  const log: LogLine[] = [];
  const sent: { method: string; path: string; body: Json }[] = [];
  let time = 1_000;
  const api = {
    send: (method: string, path: string, body?: unknown) => {
      sent.push({ method, path, body: body as Json });
      return answer();
    },
  };
  const events = new OwnerEvents({ api, log: logInto(log), counters, now: () => time });
  return {
    ...{ counters, log, sent, events },
    pass: (ms: number) => {
      time += ms;
    },
    ask: (pod: unknown, request: Json = {}) =>
      review(Buffer.from(JSON.stringify(reviewOf(pod, request))), 'any', {
        ...{ config: configOf(), production: false, log: logInto(log), counters },
        nativeAvailable: () => true,
        tellOwner: (...words) => events.tell(...words),
      }).response,
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('an event', () => {
  it('is on the controller of the pod, and says what the warning says', async () => {
    const { ask, sent, counters } = rig();
    const { allowed, warnings } = ask(
      podOf(TYPO, [
        { ...OWNER, name: 'other', uid: '9' },
        { ...OWNER, controller: true },
      ]),
    );
    await settled();
    expect(allowed).toBe(true);
    expect(warnings?.[0]).toMatch(/invalid_annotation.*sample-rat.*did you mean/);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/shop/events',
      body: {
        ...{ apiVersion: 'v1', kind: 'Event', type: 'Warning', reason: 'SidecarNotInjected', message: warnings?.[0] },
        metadata: { namespace: 'shop' },
        involvedObject: { ...OWNER, namespace: 'shop' },
        count: 1,
      },
    });
    expect(counters.events).toEqual({ sent: 1, failed: 0, repeated: 0, dropped: 0 });
  });

  it.each([
    ['of a pod that is injected', podOf({}), {}],
    ['of a pod without an owner: its warning is shown to who creates it', podOf(TYPO, []), {}],
    ['of an owner that is no controller', podOf(TYPO, [{ ...OWNER }]), {}],
    ['of an owner without a uid', podOf(TYPO, [{ ...OWNER, uid: '', controller: true }]), {}],
    ['of a dry run', podOf(TYPO), { dryRun: true }],
    [
      'of what needs no words',
      { ...podOf({}), metadata: { ...podOf({}).metadata, labels: { 'tcp-sniffer/inject': 'false' } } },
      {},
    ],
    ['in a namespace that is none', podOf(TYPO), { namespace: '../../secrets' }],
  ])('is not there %s', async (_, pod, request) => {
    const { ask, sent } = rig();
    expect(ask(pod, request).allowed).toBe(true);
    await settled();
    expect(sent).toEqual([]);
  });

  it('is not repeated for the next pods of the same owner, until some time has passed', async () => {
    const { ask, sent, counters, pass } = rig();
    for (let pods = 0; pods < 5; pods++) ask(podOf(TYPO));
    ask(podOf({ 'tcp-sniffer/ports': 'none' }));
    await settled();
    expect(sent).toHaveLength(2);
    expect(counters.events).toMatchObject({ repeated: 4 });
    pass(REPEAT_MS);
    ask(podOf(TYPO));
    await settled();
    expect(sent).toHaveLength(3);
  });
});

describe('a flood', () => {
  it('is cut to a burst and then one a second, and each event that is not sent is counted', async () => {
    const { events, sent, counters, pass } = rig();
    const tell = (from: number, to: number) => {
      for (let uid = from; uid < to; uid++) events.tell('shop', { ...OWNER, uid: `${uid}` }, 'words');
    };
    tell(0, 1_000);
    while (counters.events.sent < BURST) await settled();
    expect(counters.events).toEqual({ sent: BURST, failed: 0, repeated: 0, dropped: 1_000 - BURST });
    pass(3_000);
    tell(1_000, 2_000);
    while (counters.events.sent < BURST + 3) await settled();
    expect(sent).toHaveLength(BURST + 3);
  });

  it('of namespaces that are none takes no room from the others', async () => {
    const { events, sent, counters } = rig();
    for (let uid = 0; uid < BURST; uid++) events.tell('../../secrets', { ...OWNER, uid: `${uid}` }, 'words');
    for (let uid = 0; uid < BURST; uid++) events.tell('shop', { ...OWNER, uid: `${uid}` }, 'words');
    expect(counters.events.dropped).toBe(BURST);
    while (counters.events.sent < BURST) await settled();
    expect(new Set(sent.map(({ path }) => path))).toEqual(new Set(['/api/v1/namespaces/shop/events']));
  });

  it('against a full queue takes no token from what comes when the queue is free', async () => {
    let isFree = false;
    const waiting: (() => void)[] = [];
    const answer = async (): Promise<ApiAnswer> => {
      if (!isFree) await new Promise<void>((resolve) => waiting.push(resolve));
      return { status: 201, body: {} };
    };
    const { events, counters, pass } = rig({ answer });
    const tell = (from: number, to: number) => {
      for (let uid = from; uid < to; uid++) events.tell('shop', { ...OWNER, uid: `${uid}` }, 'words');
    };
    // One is under way, and as many wait as may.
    tell(0, BURST);
    pass(BURST * 1_000);
    tell(BURST, BURST + 1);
    tell(BURST + 1, 2 * BURST + 1);
    expect(counters.events.dropped).toBe(BURST);
    isFree = true;
    for (const free of waiting) free();
    while (counters.events.sent < BURST + 1) await settled();
    // All tokens but the one of the last that was taken.
    tell(2 * BURST + 1, 3 * BURST);
    expect(counters.events.dropped).toBe(BURST);
  });

  it('waits for a slow API server within a bound', () => {
    const { events, counters, pass, sent } = rig({ answer: () => new Promise(() => {}) });
    for (let uid = 0; uid < 1_000; uid++) {
      pass(1_000);
      events.tell('shop', { ...OWNER, uid: `${uid}` }, 'words');
    }
    expect(sent).toHaveLength(1);
    expect(counters.events.dropped).toBe(1_000 - BURST - 1);
  });

  it('of owners makes it forget no owner that was told a short while ago', async () => {
    const { events, counters, pass } = rig();
    const tell = async (uid: number, ms = 1_000) => {
      pass(ms);
      events.tell('shop', { ...OWNER, uid: `${uid}` }, 'words');
      await settled();
    };
    for (let uid = 1; uid < BURST; uid++) await tell(uid, 0);
    await tell(0);
    for (let uid = BURST; uid < BURST + REPEAT_MS / 1_000 - 1; uid++) await tell(uid);
    expect(counters.events).toMatchObject({ dropped: 0, repeated: 0 });
    await tell(0, 0);
    expect(counters.events.repeated).toBe(1);
    await tell(0);
    expect(counters.events.repeated).toBe(1);
  });
});

describe('an API server that takes no events', () => {
  it('is said once until it does, and changes no answer', async () => {
    let status = 403;
    const { ask, log, counters } = rig({ answer: async () => ({ status, body: {} }) });
    for (const name of ['a', 'b']) {
      expect(ask(podOf({ [`tcp-sniffer/${name}`]: '' })).allowed).toBe(true);
      await settled();
    }
    const said = () => log.filter(({ message }) => message === 'cannot create events');
    expect(said()).toEqual([expect.objectContaining({ level: 'warn', error: expect.stringMatching(/403/) })]);
    expect(counters.events).toEqual({ sent: 0, failed: 2, repeated: 0, dropped: 0 });
    status = 201;
    ask(podOf({ 'tcp-sniffer/a': '' }));
    await settled();
    expect(counters.events.sent).toBe(1);
    status = 500;
    ask(podOf({ 'tcp-sniffer/c': '' }));
    await settled();
    expect(said()).toHaveLength(2);
  });
});
