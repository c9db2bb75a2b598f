// The oracle of the test of meshes: it says nothing of what is right, and something of each kind of wrong.

import { describe, expect, test } from 'vitest';
import type { HttpMessage } from '../dist/index.js';
// @ts-expect-error scripts have no types
import { CASES, PROXIES, WATCHERS } from '../interop/mesh/cases.mjs';
// @ts-expect-error scripts have no types
import { bootstrap } from '../interop/mesh/envoy.mjs';
// @ts-expect-error scripts have no types
import * as oracle from '../interop/mesh/judge.mjs';
// @ts-expect-error scripts have no types
import { lines } from '../interop/mesh/lines.mjs';
// @ts-expect-error scripts have no types
import { chosenFor } from '../interop/mesh/watch.mjs';

const server = { ip: '10.0.0.3', port: 8080 };
const client = { ip: '10.0.0.4', port: 40_000 };
const proxy = { ip: '127.0.0.6', port: 50_000 };

/** A client whose requests are seen before the proxy and after it, and one behind NAT. */
const cases = [
  {
    name: 'permissive',
    holds: [20],
    seen: {
      here: [
        { from: client.ip, to: '10.0.0.3:8080', version: '1.1', isSplit: true },
        { from: proxy.ip, to: '10.0.0.3:8080', version: '1.1' },
      ],
    },
  },
  {
    name: 'copied',
    holds: [0],
    seen: { here: [{ from: client.ip, to: '10.0.0.3:8080', version: '1.1', isCopied: true }] },
  },
  { name: 'elsewhere', holds: [0], seen: { there: [] } },
];
const asked = (name: string) => ({ case: name, method: 'POST', path: `/${name}/1?hold=20`, sent: `by ${name}` });
const records = cases.map(({ name }) => {
  const { path, ...one } = asked(name);
  return { ...one, path, status: 200, ms: 30, got: path, body: 'answer' };
});
const applied = records.map(({ path }) => ({ path, heldMs: 21 }));
const counters = { joinedConnections: 1, natCopies: 1, dropped: 0, notHttpStreams: 3 };
const relay = { event: 'relay', connection: '10.0.0.3:8080 - 10.0.0.4:40000', copy: '10.0.0.3:8080 - 127.0.0.6:50000' };
const log = [{ event: 'nat-copy' }, relay, { message: 'capture stopped' }];

function exchange(id: string, name: string, destination: typeof client, latencyMs: number): HttpMessage[] {
  const { method, path, sent } = asked(name);
  const both = { id, receiver: server, destination, timestamp: '', httpVersion: '1.1' };
  return [
    { ...both, direction: 'request', method, path, headers: {}, body: sent, bodySize: sent.length },
    {
      ...both,
      direction: 'response',
      statusCode: 200,
      headers: { 'x-got': path },
      body: 'answer',
      bodySize: 6,
      request: { method, path },
      latencyMs,
    },
  ];
}

const truth = (): HttpMessage[] => [
  ...exchange('1.1', 'permissive', client, 28),
  ...exchange('2.1', 'permissive', proxy, 25),
  ...exchange('3.1', 'copied', client, 22),
];
const altered = (at: number, change: Partial<Record<keyof HttpMessage, unknown>>): HttpMessage[] =>
  truth().map((message, index) => (index === at ? ({ ...message, ...change } as HttpMessage) : message));
const judge = (seen: object): string[] => [
  ...oracle.judge('here', { cases, records, applied, seen: { messages: truth(), counters, log, ...seen } }),
];

describe('the oracle', () => {
  test('says nothing of what is right', () => expect(judge({})).toEqual([]));

  test.each<[string, HttpMessage[]]>([
    ['an exchange that is missing', truth().slice(2)],
    ['a request that is missing', truth().slice(1)],
    ['a response that is missing', truth().toSpliced(3, 1)],
    ['an exchange once more', [...truth(), ...exchange('4.1', 'copied', client, 22)]],
    ['a message that comes twice', [...truth(), ...truth().slice(0, 1)]],
    ['a message of what is seen elsewhere', [...truth(), ...exchange('4.1', 'elsewhere', client, 22)]],
    ['a message that no client sent', [...truth(), ...exchange('4.1', 'other', client, 22)]],
    ['a response without its request', altered(1, { request: undefined })],
    ['an id that is not its request’s', altered(1, { id: '1.9' })],
    ['the proxy as the receiver', altered(0, { receiver: { ip: '127.0.0.1', port: 15_001 } })],
    ['the proxy as the receiver of both', altered(0, { receiver: proxy }).map((one) => ({ ...one, receiver: proxy }))],
    ['another client', altered(2, { destination: client })],
    ['another version', altered(4, { httpVersion: '2.0' })],
    ['another status', altered(1, { statusCode: 404 })],
    ['the body of another request', altered(0, { body: 'by other' })],
    ['the answer to another request', altered(1, { headers: { 'x-got': '/other' } })],
    ['another body', altered(1, { body: '' })],
    ['a gap', altered(1, { gapBytes: 1 })],
    ['an end that is not one', altered(0, { incomplete: 'stopped' })],
    ['no latency', altered(1, { latencyMs: undefined })],
    ['a latency longer than the client waited', altered(1, { latencyMs: 31.1 })],
    ['a latency shorter than the application took', altered(3, { latencyMs: 19.9 })],
    ['a proxy that took longer than its client', altered(3, { latencyMs: 29.1 })],
  ])('complains of %s', (_, messages) => expect(judge({ messages })).not.toEqual([]));

  test.each<[string, object]>([
    ['a gap', { counters: { ...counters, gaps: 1 } }],
    ['answers without requests', { counters: { ...counters, unpairedResponses: 1 } }],
    ['bytes that were passed over', { counters: { ...counters, passedOverBytes: 1 } }],
    ['halves that were not joined', { counters: { ...counters, joinedConnections: 0 } }],
    ['halves that were joined to others', { counters: { ...counters, joinedConnections: 2 } }],
    ['copies that are not counted', { counters: { ...counters, natCopies: 0 } }],
    ['copies that the log does not say', { log: [relay] }],
    ['what is sent on and the log does not say it', { log: [{ event: 'nat-copy' }] }],
    ['what it takes for sent on', { log: [...log, { ...relay, copy: '10.0.0.3:8080 - 10.0.0.9:1' }] }],
    ['what it takes for copies', { counters: { ...counters, natCopies: 2 }, log: [...log, { event: 'nat-copy' }] }],
  ])('complains of %s', (_, seen) => expect(judge(seen)).toHaveLength(Object.keys(seen).length));

  test('says what clients and applications say themselves', () => {
    const unsaid = (said: object) => [...oracle.unsaid(cases, { records, applied, ...said })];
    expect(unsaid({})).toEqual([]);
    expect(unsaid({ records: records.slice(1) })).toHaveLength(1);
    expect(unsaid({ records: [{ ...records[0], status: 503 }, ...records.slice(1)] })).toHaveLength(1);
    expect(unsaid({ applied: applied.slice(1) })).toHaveLength(1);
  });
});

test('a situation names watchers that there are, and asks over paths of its own', () => {
  const names = WATCHERS.map(({ name }: { name: string }) => name);
  const situations = CASES as { name: string; seen: object; besides?: object }[];
  for (const { seen, besides = {} } of situations)
    expect(names).toEqual(expect.arrayContaining([...Object.keys(seen), ...Object.keys(besides)]));
  expect(new Set(situations.map(({ name }) => name)).size).toBe(situations.length);
});

test('what the watchers of pods are given is what the injector chooses', () => {
  const ofPods = (WATCHERS as { pod?: object; chosen: string[] }[]).filter(({ pod }) => pod !== undefined);
  expect(ofPods.map(({ pod }) => chosenFor(pod))).toEqual(ofPods.map(({ chosen }) => chosen));
});

test('each cluster that a proxy sends to is one that it has', () => {
  for (const proxy of PROXIES) {
    const { listeners, clusters } = bootstrap({ name: proxy.on, folder: '/' }, proxy).static_resources;
    const used = [...JSON.stringify(listeners).matchAll(/"cluster":"([^"]+)"/g)].map(([, name]) => name);
    expect(clusters.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(used));
  }
});

test('lines are handed on once they are whole', () => {
  const read: unknown[] = [];
  const take = lines((line: unknown) => read.push(line));
  for (const text of ['{"a":', '1}\n{"b"', ':2}\n', '3']) take(text);
  expect(read).toEqual([{ a: 1 }, { b: 2 }]);
});
