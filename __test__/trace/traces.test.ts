/** Traces: exchanges of several hops, joined by the fields of their requests; the tree says where the time went. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Grouping } from '../../ts/trace/grouping';
import type { Hop } from '../../ts/trace/hop';
import { keysOf } from '../../ts/trace/keys';
import { Traces } from '../../ts/trace/traces';
import { type Node, treesOf } from '../../ts/trace/tree';
import { Tape } from '../incidents/tape.js';
import { runCli } from '../live/harness.js';
import { BEGIN_MS, PORTS, shop } from './shop.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-traces-'));
afterAll(() => rmSync(folder, { recursive: true }));

function savefileOf(name: string, bytes: Buffer): string {
  const file = join(folder, `${name}.pcap`);
  writeFileSync(file, bytes);
  return file;
}

const run = async (file: string, ...flags: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runCli(['--ports', PORTS, '--read', file, ...flags], { env: { TZ: 'UTC' } });
  expect(code, stderr).toBe(0);
  return stdout;
};

const all = (nodes: readonly Node[]): Node[] => nodes.flatMap((node) => [node, ...all(node.children)]);
const nodeOf = (nodes: readonly Node[], path: string): Node => all(nodes).find(({ hop }) => hop.path === path) as Node;

async function tracesOf(savefile: Buffer, name: string): Promise<Traces> {
  const traces = new Traces();
  traces.read(Buffer.from(await run(savefileOf(name, savefile), '--json', '--log-level', 'warn')));
  traces.end();
  return traces;
}

describe('an incident with one slow call', () => {
  it('each hop has the time that its service logged, within a millisecond', async () => {
    const { savefile, log } = shop();
    const traces = await tracesOf(savefile, 'incident');
    expect(log).not.toHaveLength(0);
    for (const { trace, self } of log) {
      const hops = traces.find(trace)?.hops ?? [];
      const trees = treesOf(hops);
      expect(all(trees)).toHaveLength(self.size);
      for (const [path, ms] of self) expect(Math.abs((nodeOf(trees, path).selfMs ?? -9) - ms), path).toBeLessThan(1);
    }
  });

  it('the slowest trace is first, and its tree names the call', async () => {
    const { savefile, log } = shop();
    const file = savefileOf('slowest', savefile);
    const out = await run(file, '--traces');
    const [head, titles, root, first] = out.split('\n');
    expect(head).toMatch(`trace ${log[17]?.trace} (traceparent): 9 exchanges, 1.8`);
    expect(titles).toMatch(/^ {7}at {6}all {5}self {2}status$/);
    expect(root).toMatch(/^ {6}0µs +1\.8\ds +\d\.\d+ms {2}200 {5}GET \/order\/17 on pod-3000:3000$/);
    expect(first).toMatch(/ {2}200 {5}└ GET \/stock\/17\/0 on pod-3001:3001$/);
    expect(out).toMatch(/^most of it: GET \/stock\/17\/3 on pod-3001:3001, 1\.80s itself, 9\d%$/m);
    expect(out).toMatch(/^traces: 40, of which the 10 slowest are shown$/m);
    expect(out).toMatch(/^exchanges without traceparent, B3 and x-request-id: 40$/m);
    const one = await run(file, '--trace', `${log[3]?.requestId}`);
    expect(one).toMatch(new RegExp(`^trace ${log[3]?.trace} `));
    expect(one.match(/^trace /gm)).toHaveLength(1);
    expect(await run(file, '--trace', 'no-such')).toBe('no exchange has the trace no-such\n');
  });

  it('on one host, where addresses say nothing, that is said of calls that several callers fit', async () => {
    const { savefile, log } = shop({ orders: 3, oneHost: true });
    const traces = await tracesOf(savefile, 'one-host');
    const trees = treesOf(traces.find(`${log[0]?.trace}`)?.hops ?? []);
    expect(trees.map(({ hop }) => hop.path)).toEqual(['/order/0']);
    expect(nodeOf(trees, '/price/0').isUncertain).toBe(true);
    expect(nodeOf(trees, '/stock/0/0').isUncertain).toBe(false);
    // Only of the one around it is it not known if that waited for it.
    const doubtful = all(trees).filter(({ isSelfUncertain }) => isSelfUncertain);
    expect(doubtful.map(({ hop }) => hop.path)).toEqual(['/coupon/0']);
    expect(Math.abs((nodeOf(trees, '/order/0').selfMs ?? -9) - (log[0]?.self.get('/order/0') ?? 0))).toBeLessThan(1);
    expect(await run(join(folder, 'one-host.pcap'), '--traces')).toMatch(
      / 18\.\dms\? {2}200 .*coupon.*\n.* └ GET \/price\/0 on \S+ \?$/m,
    );
  });

  it.each([
    ['client-fin', 'connection closed by the client'],
    ['client-reset', 'connection reset by the client'],
    ['server-fin', 'connection closed by the server'],
  ] as const)('an exchange that was left by %s ends then, and how it ended is told', async (ending, words) => {
    const tape = new Tape();
    const put = (server: string, from: string, path: string, atMs: number, answerMs: number | undefined): void =>
      tape.add({
        ...{ client: { ip: from, port: 20_000 + atMs }, server: { ip: server, port: 3_000 }, atMs: BEGIN_MS + atMs },
        request: `GET ${path} HTTP/1.1\r\nHost: shop\r\ntraceparent: 00-${'a'.repeat(32)}-${'1'.repeat(16)}-01\r\n\r\n`,
        response: answerMs === undefined ? [] : [[BEGIN_MS + answerMs, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n']],
        ...{
          endMs: BEGIN_MS + (answerMs ?? atMs + 250),
          ending,
        },
      });
    put('10.0.0.1', '10.0.9.9', '/report', 0, 900);
    put('10.0.0.2', '10.0.0.1', '/left', 10, undefined);
    put('10.0.0.3', '10.0.0.1', '/instead', 270, 800);
    const out = await run(savefileOf(`left by ${ending}`, tape.savefile()), '--traces');
    expect(out).toMatch(/ 900\.?ms +120\.?ms +200 +GET \/report on shop:3000$/m);
    expect(out).toMatch(new RegExp(` 250\\.?ms +- +none +└ GET /left on shop:3000, ${words}$`, 'm'));
    expect(out).toMatch(/ 530\.?ms +530\.?ms +200 +└ GET \/instead on shop:3000$/m);
    expect(out).not.toContain('self with ?');
  });

  it('clocks that contradict each other are told, and the times of their own are right', async () => {
    const { savefile, log } = shop({ orders: 2, slow: 9, skewMs: 250 });
    const traces = await tracesOf(savefile, 'skew');
    const [logged] = log;
    const trees = treesOf(traces.find(`${logged?.trace}`)?.hops ?? []);
    expect(all(trees)).toHaveLength(logged?.self.size ?? 0);
    expect(nodeOf(trees, '/stock/0/0').skewMs).toBeGreaterThan(240);
    expect(nodeOf(trees, '/coupon/0').skewMs).toBe(0);
    const out = await run(join(folder, 'skew.pcap'), '--traces');
    expect(out).toMatch(
      /^GET \/stock\/0\/0 on pod-3001:3001 began 2\d\dms before its caller: the clocks differ, or its caller was not captured$/m,
    );
  });
});

describe('the command', () => {
  it.each([
    [['--traces', '--format', 'json'], '--format leaves no place'],
    [['--trace', 'a', '--no-output-stdout'], '--no-output-stdout leaves no place'],
    [['--trace', 'a', '--trace', 'b'], '--trace is given twice'],
  ])('%j: refused', async (flags, words) => {
    const { code, stderr } = await runCli(['--ports', '80', '--read', 'x.pcap', ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe('the keys of a request', () => {
  const [T, S, P] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', '05e3ac9a4f6e3b90'];
  it.each<[string, Record<string, string>, object | undefined]>([
    ['W3C', { traceparent: `00-${T}-${S}-01` }, { named: 'traceparent', trace: T, span: S }],
    ['B3 in one field', { b3: `${T}-${S}-1-${P}` }, { named: 'B3', trace: T, span: S, parent: P }],
    [
      'B3 in several',
      { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-parentspanid': P },
      { named: 'B3', span: S, parent: P },
    ],
    ['B3 of 64 bits', { b3: `${T.slice(16)}-${S}` }, { named: 'B3', trace: T.slice(16).padStart(32, '0'), span: S }],
    [
      'B3 of 64 bits in several',
      { 'x-b3-traceid': T.slice(16) },
      { named: 'B3', trace: T.slice(16).padStart(32, '0') },
    ],
    ['B3 of zeros', { b3: `${'0'.repeat(16)}-${S}-1` }, undefined],
    ['both', { traceparent: `00-${T}-${S}-01`, b3: `${T}-${S}-1-${P}` }, { named: 'traceparent', span: S, parent: P }],
    ['an id', { 'x-request-id': 'r1' }, { named: 'x-request-id', trace: 'r1', request: 'r1' }],
    ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-${S}-01` }, undefined],
    ['a trace twice', { traceparent: `00-${T}-${S}-01, 00-${T}-${P}-01` }, undefined],
    ['B3 that denies', { b3: '0' }, undefined],
    ['what is hidden', { 'x-request-id': '[REDACTED]' }, undefined],
    ['an id that is none', { 'x-request-id': 'x'.repeat(129) }, undefined],
  ])('%s', (_, fields, keys) => {
    if (keys === undefined) expect(keysOf(fields)).toBeUndefined();
    else expect(keysOf(fields)).toMatchObject(keys);
  });
});

describe('an exchange', () => {
  const hop = (path: string, clientIp: string, serverIp: string, atMs: number, allMs: number): Hop => ({
    ...{ point: '', keys: { named: 'traceparent', trace: 'a' }, method: 'GET', path, server: serverIp, outcome: '200' },
    ...{ clientIp, clientPort: 1, serverIp, serverPort: 80, atMs, allMs, uploadMs: 0, waitMs: allMs, isFailed: false },
  });

  it('is within no shorter one, however close their beginnings and ends are', () => {
    for (const atMs of [1_000, 1_001]) {
      const hops = [hop('/', '192.168.7.20', '10.9.0.1', 1_000, 7.9), hop('/pay', '10.9.0.1', '10.9.0.4', atMs, 7.1)];
      const trees = treesOf(hops);
      expect(trees.map((node) => [node.hop.path, node.isUncertain])).toEqual([['/', false]]);
      expect(trees[0]?.selfMs).toBeCloseTo(0.8);
    }
  });
});

describe('what is kept', () => {
  const line = (n: number, headers: object, direction: 'request' | 'response', ms = 0): string =>
    `${JSON.stringify({
      id: `1.${n}`,
      direction,
      timestamp: new Date(n * 10 + ms).toISOString(),
      receiver: { ip: '10.0.0.1', port: 80 },
      destination: { ip: '10.0.0.2', port: 4_000 },
      headers,
      bodySize: 0,
      ...(direction === 'request'
        ? { method: 'GET', path: `/${n}` }
        : { statusCode: 200, request: { method: 'GET', path: `/${n}` }, latencyMs: ms, waitMs: ms }),
    })}\n`;
  const exchange = (n: number, headers: object, ms = 5): Buffer =>
    Buffer.from(line(n, headers, 'request') + line(n, {}, 'response', ms));

  it('is bounded; the slowest of those that go are kept, and the one that is asked for', () => {
    for (const only of [undefined, 'id-1']) {
      const traces = new Traces({ maxHops: 100, only });
      for (let n = 0; n < 1_000; n++) traces.read(exchange(n, { 'x-request-id': `id-${n}` }, n === 500 ? 900 : 5));
      traces.end();
      expect(traces.slowest()[0]?.id).toBe('id-500');
      expect(traces.count).toBe(1_000);
      expect(traces.judgedEarly).toBe(900);
      expect(traces.find('id-1')?.hops.length).toBe(only === undefined ? undefined : 1);
    }
  });

  it('is judged by what each input saw, as their clocks may be hours apart', () => {
    const HOUR_MS = 3_600_000;
    const grouping = new Grouping({ maxHops: 2, most: 1 });
    const hop = (trace: string, point: string, atMs: number, allMs: number): Hop => ({
      ...{
        keys: { named: 'traceparent', trace },
        method: 'GET',
        path: '/',
        server: 'x',
        outcome: '200',
        isFailed: false,
      },
      ...{ serverIp: '10.0.0.1', serverPort: 80, clientIp: '10.0.0.2', clientPort: 4_000, uploadMs: 0, waitMs: allMs },
      ...{ point, atMs, allMs },
    });
    grouping.add(hop('slow', '1', 0, 900));
    for (let n = 0; n < 5; n++) {
      grouping.add(hop(`apart-${n}`, '1', 1_000 * n, 12));
      grouping.add(hop(`apart-${n}`, '2', HOUR_MS + 1_000 * n, 10));
    }
    grouping.add(hop('last', '1', 9_000, 1));
    grouping.add(hop('last', '1', 9_001, 1));
    expect(grouping.judgedEarly).toBe(6);
    expect(grouping.all.map(({ id }) => id)).toEqual(['slow', 'last']);
  });

  it('is a trace, whether a hop writes its id of 64 bits with 16 digits or with 32', () => {
    const [id, span] = ['64fe8b2a57d3eff7', 'e457b5a2e4d86bd1'];
    const padded = id.padStart(32, '0');
    const traces = new Traces();
    traces.read(exchange(1, { b3: `${id}-${span}` }));
    traces.read(exchange(2, { 'x-b3-traceid': padded, 'x-b3-spanid': span }));
    traces.read(exchange(3, { traceparent: `00-${padded}-${span}-01` }));
    traces.end();
    expect(traces.count).toBe(1);
    for (const asked of [id, padded, id.toUpperCase()]) expect(traces.find(asked)?.hops.length).toBe(3);
  });

  it('of an id that all requests have is bounded too, and the rest is counted', () => {
    const traces = new Traces();
    for (let n = 0; n < 1_500; n++) traces.read(exchange(n, { 'x-request-id': '-' }));
    traces.end();
    expect(traces.find('-')).toMatchObject({ more: 500, hops: { length: 1_000 } });
    expect(all(treesOf(traces.find('-')?.hops ?? []))).toHaveLength(1_000);
  });

  it('ids beside a trace that is full find nothing, but for the one that is asked for', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'1'.repeat(16)}-01`;
    for (const only of [undefined, 'r-1400']) {
      const traces = new Traces({ only });
      for (let n = 0; n < 1_500; n++) traces.read(exchange(n, { traceparent, 'x-request-id': `r-${n}` }));
      traces.end();
      const found = Array.from({ length: 1_500 }, (_, n) => n).filter((n) => traces.find(`r-${n}`) !== undefined);
      expect(found).toEqual([...Array(1_000).keys(), ...(only === undefined ? [] : [1_400])]);
      expect(traces.find('a'.repeat(32))).toMatchObject({ more: 500, hops: { length: 1_000 } });
    }
  });

  it('an id that stands beside two traces joins neither', () => {
    const trace = (digit: string): object => ({
      traceparent: `00-${digit.repeat(32)}-${'1'.repeat(16)}-01`,
      'x-request-id': 'same',
    });
    const traces = new Traces();
    for (const [n, headers] of [trace('a'), trace('b'), { 'x-request-id': 'same' }].entries())
      traces.read(exchange(n, headers));
    traces.end();
    expect(['a', 'b'].map((digit) => traces.find(digit.repeat(32))?.hops.length)).toEqual([1, 1]);
    expect(traces.find('same')?.hops.length).toBe(1);
  });

  it('a request without a response is a hop without times', () => {
    const traces = new Traces();
    traces.read(Buffer.from(line(1, { 'x-request-id': 'r' }, 'request')));
    traces.end();
    expect(treesOf(traces.find('r')?.hops ?? [])).toMatchObject([{ hop: { outcome: 'none' }, selfMs: undefined }]);
  });
});
