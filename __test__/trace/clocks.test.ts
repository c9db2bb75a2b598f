/** Capture points whose clocks differ: the hops say by how much, the tree is that of one clock, and what contradicts it is said. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Alignment, aligned } from '../../ts/trace/alignment';
import { type Bound, boundsOf, copiesOf } from '../../ts/trace/bounds';
import { clocksOf } from '../../ts/trace/clocks';
import type { Hop } from '../../ts/trace/hop';
import { Traces } from '../../ts/trace/traces';
import { inOrder, type Node, treesOf } from '../../ts/trace/tree';
import { runCli } from '../live/harness.js';
import { type FleetOptions, fleet, HOSTS, type Host, type Logged, PORTS, retried } from './fleet.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-clocks-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;

function filesOf(options: FleetOptions): { files: string[]; nameOf: Record<Host, string>; log: Logged[] } {
  const { savefiles, log } = fleet(options);
  made++;
  const named = HOSTS.map((host): [Host, string] => [host, join(folder, `${made}-${host}.pcap`)]);
  for (const [host, file] of named) writeFileSync(file, savefiles[host]);
  return { files: named.map(([, file]) => file), nameOf: Object.fromEntries(named) as Record<Host, string>, log };
}

const run = async (files: readonly string[], ...flags: string[]): Promise<string> => {
  const args = ['--ports', PORTS, '--log-level', 'warn', ...files.flatMap((file) => ['--read', file]), ...flags];
  const { code, stdout, stderr } = await runCli(args, { env: { TZ: 'UTC' } });
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};

async function readFrom(files: readonly string[]): Promise<{ traces: Traces; alignment: Alignment }> {
  const traces = new Traces();
  traces.read(Buffer.from(await run(files, '--json')));
  traces.end();
  return { traces, alignment: aligned(traces.all) };
}

const nodesOf = (traces: Traces, trace: string): Node[] =>
  [...inOrder(treesOf(traces.find(trace)?.hops ?? []))].map(({ node }) => node);

/** In the order of their first packets. */
const inTime = ({ ahead }: FleetOptions): Host[] => [...HOSTS].sort((a, b) => ahead[a] - ahead[b]);

describe('three hosts whose clocks differ', () => {
  const AHEAD = { edge: 0, orders: 3_217.4, stock: -812.6 };

  it.each(['all', 'served'] as const)('that capture %s: the offsets are found', async (sees) => {
    const options: FleetOptions = { ahead: AHEAD, sees, delayMs: 1 };
    const { alignment } = await readFrom(filesOf(options).files);
    const order = inTime(options);
    expect(alignment.disagreements).toEqual([]);
    expect(alignment.contradictions).toEqual([]);
    expect(alignment.clocks.map(({ point }) => point)).toEqual(['2', '3']);
    for (const { point, reference, offsetMs, slackMs, hops } of alignment.clocks) {
      const [one, other] = [order[Number(point) - 1] as Host, order[Number(reference) - 1] as Host];
      expect(Math.abs(offsetMs - (AHEAD[one] - AHEAD[other]))).toBeLessThanOrEqual(slackMs);
      expect(hops).toBeGreaterThanOrEqual(30);
    }
    if (sees === 'all') for (const { slackMs } of alignment.clocks) expect(slackMs).toBeLessThan(2);
  });

  it('each hop is there once, below its caller, with the time that its service logged, within a millisecond', async () => {
    const { files, log } = filesOf({ ahead: AHEAD });
    const { traces, alignment } = await readFrom(files);
    expect(alignment.seenTwice).toHaveLength(30 * 4);
    for (const { trace, self } of log) {
      const nodes = nodesOf(traces, trace);
      expect(nodes.map(({ hop }) => hop.path).sort()).toEqual([...self.keys()].sort());
      for (const { hop, selfMs = -9, isUncertain, skewMs } of nodes) {
        expect(Math.abs(selfMs - (self.get(hop.path) ?? 0)), hop.path).toBeLessThan(1);
        expect([isUncertain, skewMs]).toEqual([false, 0]);
      }
      const [root, order] = nodes;
      expect([root?.children.length, order?.hop.path.startsWith('/order/'), order?.children.length]).toEqual([
        1,
        true,
        3,
      ]);
    }
  });

  it('the command says the offsets, and shows the slowest trace as that of one clock', async () => {
    const { files, nameOf, log } = filesOf({ ahead: AHEAD });
    const out = await run(files, '--traces');
    expect(out).toMatch(new RegExp(`^trace ${log[17]?.trace} \\(traceparent\\): 5 exchanges, 9\\d\\dms`));
    expect(out).toMatch(/^most of it: GET \/stock\/17\/1 on stock:3001, 900ms itself, 9\d%$/m);
    const words = out.replace(/\n {4}/g, ' ');
    expect(words).toContain('exchanges that several inputs have, shown once: 120');
    expect(words).toMatch(
      new RegExp(
        `^clock of ${nameOf.orders}: 4\\.03s ahead of that of ${nameOf.stock}, give or take (?:\\d+µs|\\d\\.\\d+ms), by \\d+ exchanges that both have; times are set right$`,
        'm',
      ),
    );
    expect(words).toMatch(new RegExp(`^clock of ${nameOf.edge}: 81\\dms ahead of that of ${nameOf.stock}, `, 'm'));
    expect(words).not.toMatch(/contradict|no offset|does not fit|began/);
    const one = await run(files, '--trace', log[3]?.trace ?? '');
    expect(one).toContain('clock of');
    expect(one.match(/^trace /gm)).toHaveLength(1);
  });

  it('a call that no offset makes fit is said, with both hops, and moves nothing', async () => {
    const { files, nameOf, log } = filesOf({ ahead: AHEAD, sees: 'served', later: new Set([5]) });
    const words = (await run(files, '--traces')).replace(/\n {4}/g, ' ');
    expect(words.match(/no offset makes .*$/gm)).toEqual([
      expect.stringMatching(
        `no offset makes GET /stock/5/2 on stock:3001 \\(${nameOf.stock}\\) fit within GET /order/5 on orders:3000 \\(${nameOf.orders}\\): it takes 3\\d\\dms longer; it goes on after that, or another exchange called it`,
      ),
    ]);
    const { traces } = await readFrom(files);
    for (const { hop, selfMs = -9 } of nodesOf(traces, log[4]?.trace ?? ''))
      if (hop.path.startsWith('/stock')) expect(Math.abs(selfMs - (log[4]?.self.get(hop.path) ?? 0))).toBeLessThan(1);
    expect(await run(files, '--trace', log[4]?.trace ?? '')).not.toContain('no offset');
  });

  it('with the same clock nothing is moved, and each exchange is there once', async () => {
    const { files, log } = filesOf({ ahead: { edge: 0, orders: 0, stock: 0 } });
    const { traces, alignment } = await readFrom(files);
    expect(alignment.clocks.map(({ offsetMs }) => offsetMs)).toEqual([0, 0]);
    expect(alignment.contradictions).toEqual([]);
    for (const { trace, self } of log) expect(nodesOf(traces, trace)).toHaveLength(self.size);
  });

  it('one capture of all hosts says nothing of clocks', async () => {
    const { files } = filesOf({ ahead: { edge: 0, orders: 0, stock: 0 } });
    const [edge = ''] = files;
    expect(await run([edge], '--traces')).not.toMatch(/clock|inputs/);
  });
});

describe('two replicas whose clocks are right', () => {
  it('of which one is asked again in place of the other: nothing is moved, nothing is said', async () => {
    const files = Object.entries(retried()).map(([name, savefile]): string => {
      const file = join(folder, `retried-${name}.pcap`);
      writeFileSync(file, savefile);
      return file;
    });
    const { traces, alignment } = await readFrom(files);
    expect(traces.all.map(({ hops }) => hops.length)).toEqual([2, 2, 2, 2, 2]);
    expect([alignment.clocks, alignment.disagreements, alignment.contradictions]).toEqual([[], [], []]);
    expect(await run(files, '--traces')).not.toContain('clock');
  });
});

describe('the same span at two points', () => {
  const keys = { named: 'traceparent', trace: 't', span: 's' } as const;
  const addresses = { serverIp: '10.1.0.2', serverPort: 80, clientIp: '10.0.8.9', clientPort: 40_000 };
  const common = { keys, method: 'GET', path: '/', server: 'x', outcome: '200', isFailed: false, uploadMs: 0 };
  const outer: Hop = { ...common, ...addresses, point: '1', atMs: 1_000, waitMs: 100, allMs: 101 };
  /** A proxy on another host, whose clock is 500 ms ahead, hands it on. */
  const behind = { serverIp: '10.2.0.3', serverPort: 3_000, clientIp: '10.1.0.2', clientPort: 50_000 };
  const inner: Hop = { ...common, ...behind, point: '2', atMs: 1_502, waitMs: 90, allMs: 92 };
  const bounds = (...hops: Hop[]): Bound[] => [...boundsOf(copiesOf(hops))];

  it('is a request that was handed on, which counts as a call does', () => {
    const [first] = bounds(outer, inner);
    expect(first).toMatchObject({ leastMs: 491, mostMs: 503, isSame: false });
    expect([first?.outer, first?.inner]).toEqual([outer, inner]);
    expect(bounds(inner, outer)[0]).toEqual(first);
  });

  it.each<[string, Partial<Hop>]>([
    ['another server was asked by the same client', { clientIp: outer.clientIp }],
    ['the same server was asked by the same client again', { ...addresses, clientPort: 40_001 }],
    ['the other one was answered otherwise', { clientIp: '10.1.0.9', outcome: '503' }],
  ])('is not, if %s', (_, differs) => {
    expect(bounds(outer, { ...inner, ...differs })).toEqual([]);
  });

  it('is not, if of either one a point saw the response later than the server of the other', () => {
    const others = { ...inner, clientIp: '10.1.0.9' };
    const seenByClient: Hop = { ...outer, point: '3', waitMs: 130, allMs: 131 };
    const seenByProxy: Hop = { ...others, point: '4', waitMs: 120, allMs: 121 };
    const both = bounds(outer, seenByClient, others, seenByProxy);
    expect(both.map(({ isSame }) => isSame)).toEqual([true, true]);
  });
});

describe('bounds', () => {
  const hop = (point: string): never => ({ point }) as never;
  const bound = (outer: string, inner: string, leastMs: number, mostMs: number, isSame = true): Bound => ({
    ...{ outer: hop(outer), inner: hop(inner), leastMs, mostMs, isSame },
  });

  it('of hops in either direction hold the offset between them, if a minority of them is wrong', () => {
    const trip = fc.record({
      isForth: fc.boolean(),
      there: fc.double({ min: 0, max: 20, noNaN: true }),
      back: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    const offset = fc.double({ min: -1e5, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(offset, fc.array(trip, { minLength: 3, maxLength: 30 }), fc.nat(9), (aheadMs, trips, wrong) => {
        const bounds = trips.map(({ isForth, there, back }) =>
          isForth
            ? bound('1', '2', aheadMs - back, aheadMs + there)
            : bound('2', '1', -aheadMs - back, -aheadMs + there),
        );
        const few = Math.min(wrong, Math.ceil(trips.length / 2) - 1);
        const lies = Array.from({ length: few }, (_, n) => bound('1', '2', 2e6 + n * 100, 2e6 + n * 100 + 1));
        const { clocks, disagreements, contradictions } = clocksOf([...lies, ...bounds]);
        expect(disagreements).toEqual([]);
        expect(clocks).toMatchObject([{ point: '2', reference: '1', hops: trips.length }]);
        const [{ offsetMs = Number.NaN, slackMs = Number.NaN } = {}] = clocks;
        expect(Math.abs(offsetMs - aheadMs)).toBeLessThanOrEqual(slackMs + 1e-6);
        expect(contradictions.map((each) => each.bound)).toEqual(lies);
      }),
    );
  });

  it('that have no majority align nothing, which is said', () => {
    const { clocks, disagreements } = clocksOf([bound('1', '2', 5, 6), bound('1', '2', 50, 60)]);
    expect([clocks, disagreements]).toEqual([[], [{ a: '1', b: '2', bounds: 2, agreeing: 1 }]]);
  });

  it('of the same exchange count more than those of calls, which are held against them', () => {
    const calls = Array.from({ length: 9 }, () => bound('1', '2', 300, 310, false));
    const { clocks, contradictions } = clocksOf([bound('1', '2', 100, 102), ...calls]);
    expect(clocks).toMatchObject([{ offsetMs: 101, slackMs: 1, hops: 1, isSame: true }]);
    expect(contradictions).toHaveLength(9);
    expect(contradictions[0]).toMatchObject({ byMs: 199, isEarly: false, isNever: false });
  });

  it('lead through as many points as there are hops', () => {
    const chain = Array.from({ length: 30_000 }, (_, n) =>
      bound(String(n), String(n + 1), 0.5 + n / 1e5, 1.5 + n / 1e5),
    );
    const { clocks } = clocksOf(chain.reverse());
    expect(clocks).toHaveLength(30_000);
    expect(clocks.at(-1)).toMatchObject({ point: '30000', reference: '0', hops: 1 });
    expect(clocks.at(-1)?.offsetMs).toBeCloseTo(30_000 + (30_000 * 29_999) / 2 / 1e5, 3);
  });

  it('that have a majority in two places leave open all between them', () => {
    const { clocks, contradictions } = clocksOf([
      ...[bound('1', '2', 50, 150), bound('1', '2', 50, 51), bound('1', '2', 149, 150)],
      ...[bound('3', '4', -1, 100), bound('3', '4', -1, 1), bound('3', '4', 99, 100)],
    ]);
    expect(clocks).toMatchObject([
      { point: '2', offsetMs: 100, slackMs: 50, hops: 2 },
      { point: '4', offsetMs: 0, slackMs: 100, hops: 2 },
    ]);
    expect(contradictions).toEqual([]);
  });

  it('lead from point to point, and points that have nothing in common stay apart', () => {
    const { clocks } = clocksOf([bound('1', '2', 9, 11), bound('2', '10', 19, 21), bound('3', '4', -6, -4)]);
    expect(clocks.map(({ point, reference, offsetMs, slackMs }) => [point, reference, offsetMs, slackMs])).toEqual([
      ['2', '1', 10, 1],
      ['4', '3', -5, 1],
      ['10', '1', 30, 2],
    ]);
  });
});
