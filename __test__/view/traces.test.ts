// The page finds the same traces in its rows as the command does in all lines.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alignRows } from '../../ts/outputs/view/clocks';
import { Ring } from '../../ts/outputs/view/ring';
import { tracesIn } from '../../ts/page/hops';
import { type Alignment, aligned } from '../../ts/trace/alignment';
import type { Trace } from '../../ts/trace/grouping';
import type { Hop } from '../../ts/trace/hop';
import { Traces } from '../../ts/trace/traces';
import { inOrder, treesOf } from '../../ts/trace/tree';
import type { HttpMessage } from '../../ts/types';
import { requestOf, responseOf } from './rig';

const hex = (digits: number) => fc.constantFrom('a', 'b', 'c').map((digit) => digit.repeat(digits));
const fields = fc.oneof(
  fc.constant({}),
  fc.record({ traceparent: fc.tuple(hex(32), hex(16)).map(([trace, span]) => `00-${trace}-${span}-01`) }),
  fc.record({ 'x-b3-traceid': hex(32), 'x-b3-spanid': hex(16), 'x-b3-parentspanid': hex(16) }),
  fc.record({ 'x-request-id': fc.constantFrom('one', 'two', '[REDACTED]') }),
  fc.record({
    traceparent: hex(32).map((trace) => `00-${trace}-00f067aa0ba902b7-01`),
    'x-request-id': fc.constantFrom('one', 'two'),
  }),
);
const host = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::3');
const call = fc.record({
  asked: fields,
  answered: fields,
  client: host,
  server: host,
  begun: fc.nat(1_000),
  ms: fc.nat(300),
  waited: fc.double({ min: 0, max: 1, noNaN: true }),
  status: fc.constantFrom(200, 404, 503),
  grpc: fc.option(fc.constantFrom(0, 5, 14), { nil: undefined }),
  halves: fc.constantFrom('both', 'request', 'response'),
  unknown: fc.boolean(),
  path: fc.constantFrom('/a', '/b'),
  point: fc.constantFrom<string>('1', '2', '3/1', '__proto__', 'constructor'),
});

type Call = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

function messagesOf(id: string, each: Call): HttpMessage[] {
  const { asked, answered, client, server, begun, ms, waited, status, grpc, halves, unknown, path } = each;
  const time = (at: number): string => new Date(Date.UTC(2026, 0, 1) + at).toISOString();
  const ends = {
    receiver: { ip: server, port: 8080 },
    destination: { ip: client, port: 40_000 },
    ...(unknown ? { timestampUnknown: true as const } : {}),
  };
  const timing = unknown ? {} : { latencyMs: ms, waitMs: Math.round(ms * waited) };
  const request = requestOf(id, {
    ...ends,
    path,
    timestamp: time(begun),
    headers: { host: 'Shop.test:8080', ...asked },
  });
  const response = responseOf(id, {
    ...ends,
    ...timing,
    timestamp: time(begun + ms),
    request: { method: 'GET', path },
    headers: answered,
    statusCode: status,
    ...(grpc === undefined ? {} : { grpc: { status: grpc } }),
    durationMs: 3,
  });
  if (unknown) {
    delete (response as Partial<HttpMessage>).latencyMs;
    delete (response as Partial<HttpMessage>).waitMs;
  }
  return halves === 'both' ? [request, response] : [halves === 'request' ? request : response];
}

/** All that is shown of traces, without the order in which their exchanges came. */
function shownOf(traces: readonly Trace[]): unknown[] {
  const shown = traces.map(({ id, named, hops, firstMs, lastMs }) => {
    // Rows and lines are counted each by itself.
    const factsOf = ({ asked, answered, id: _, nearer, ...facts }: Hop) => ({
      ...facts,
      ...(nearer === undefined ? {} : { nearer: { ...nearer, asked: 0, answered: 0 } }),
    });
    const textOf = (hop: Hop): string => JSON.stringify(factsOf(hop));
    const inTime = [...hops].sort((a, b) => textOf(a).localeCompare(textOf(b)));
    const tree = [...inOrder(treesOf(inTime))].map(({ node, depth }) => {
      const { keys, ...facts } = factsOf(node.hop);
      return { ...facts, keys: { ...keys }, depth, selfMs: node.selfMs, isUncertain: node.isUncertain };
    });
    return { id, named, firstMs, lastMs, tree };
  });
  return JSON.parse(JSON.stringify(shown)).sort((a: Trace, b: Trace) => a.id.localeCompare(b.id));
}

const several = fc.array(call, { minLength: 1, maxLength: 12 });

it.each([
  ['', several.map((calls) => calls.map((each) => ({ ...each, point: '' })))],
  [', with several clocks', several],
])('whatever the fields say, and however little of an exchange there is%s', (_, all) => {
  fc.assert(
    fc.property(all, (calls) => {
      // The command sees an exchange when it ends, the page when it begins: which comes first may decide what it is joined to.
      const ordered = [...calls].sort((a, b) => Number(a.halves !== 'both') - Number(b.halves !== 'both'));
      const messages = ordered.flatMap((each, at) => messagesOf(`${each.point && `${each.point}/`}1.${at + 1}`, each));
      const lines = messages.map((message) => `${JSON.stringify(message)}\n`);
      const traces = new Traces();
      traces.read(Buffer.from(lines.join('')));
      traces.end();
      const ring = new Ring();
      for (const [at, message] of messages.entries()) ring.add(message, Buffer.from(lines[at] as string));
      const alignment = aligned(traces.all);
      const told: Alignment[] = [];
      const clocks = alignRows(ring, (found) => {
        told.push(found);
        return [];
      });
      const found = tracesIn(JSON.parse(JSON.stringify(ring.rows())), clocks, () => true);
      expect(shownOf(found)).toEqual(shownOf(traces.slowest()));
      expect(told.map((each) => each.clocks)).toEqual(clocks === undefined ? [] : [alignment.clocks]);
    }),
    { numRuns: 300 },
  );
});

it('shows those of which the filter shows an exchange', () => {
  const ring = new Ring();
  for (const [at, trace] of ['a', 'a', 'b'].entries()) {
    const message = requestOf(`1.${at}`, { headers: { traceparent: `00-${trace.repeat(32)}-00f067aa0ba902b7-01` } });
    ring.add(message, Buffer.from(JSON.stringify(message)));
  }
  const idsFor = (shown: number[]) =>
    tracesIn(ring.rows(), undefined, (n) => shown.includes(n)).map(({ id, hops }) => [id[0], hops.length]);
  expect(idsFor([2])).toEqual([['a', 2]]);
  expect(idsFor([1, 3]).sort()).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  expect(idsFor([])).toEqual([]);
});
