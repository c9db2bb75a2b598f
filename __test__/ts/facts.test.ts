import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Facts } from '../../ts/exchange/facts';
import { MAX_EXCHANGES } from '../../ts/exchange/pairing';
import { Traffic } from '../../ts/exchange/traffic';
import { rig } from './setup/rig';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-facts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PEERS = '{"ip":"10.0.0.5","port":80},"destination":{"ip":"10.0.0.9","port":4000}';
const START = Date.UTC(2024, 4, 17);
const PAIRED = 32;
const HERE = 64;
const OTHER = 2;

type Row = readonly number[];

/** As `src/delivery/facts/mod.rs` writes it: of connection 7, with these targets. */
function table(rows: readonly Row[], targets: readonly string[], others = ''): Buffer {
  const asked = targets.map((target) => `${target}\n`).join('');
  const head = [1, targets.length, PEERS.length, Buffer.byteLength(asked)];
  const records = [head, ...rows].map((row) => Float64Array.from({ length: 8 }, (_, index) => row[index] ?? 0));
  const bytes = Buffer.concat([
    ...records.map(({ buffer }) => Buffer.from(buffer)),
    Buffer.from(Float64Array.of(7, PEERS.length).buffer),
    Buffer.from(PEERS + asked + others),
  ]);
  const room = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(room);
  return room;
}

const request = (exchange: number, target = 0, word = 0, bytes = 0): Row => [
  ...[word, 65_536 * target, exchange, START + exchange, bytes, Number.NaN, Number.NaN, Number.NaN],
];
const response = (exchange: number, target: number, flags: number, status = 200, incomplete = 0): Row => [
  ...[1 + flags + 4 * incomplete + 256 * status, 65_536 * target, exchange, START + exchange, 10, 1, 6, 5],
];
const line = (exchange: number, fields: object): string =>
  JSON.stringify({ id: `7.${exchange}`, timestamp: new Date(START).toISOString(), ...fields });

function trafficOf(...tables: [rows: readonly Row[], targets: readonly string[], others?: string][]): Traffic {
  const traffic = new Traffic();
  for (const each of tables) traffic.readFacts(table(...each), each[0].length);
  traffic.end();
  return traffic;
}
const counts = (traffic: Traffic) =>
  [...traffic.found()].map(({ server, method, template, stats }) => [
    ...[server.name, method, template, stats.exchanges, stats.unanswered],
  ]);

describe('facts', () => {
  it('say what a record says', () => {
    const rows = [request(1, 1, PAIRED, 3), response(1, 0, PAIRED + HERE, 503, 7), [OTHER, 0, 2, 3]];
    const facts = new Facts(table(rows, ['GET\t/a', 'POST\t/é\th:1'], '{}{a}'), 3);
    expect([facts.numberOf(0), facts.peersOf(0)]).toEqual([7, PEERS]);
    expect(facts.targets).toEqual([
      { method: 'GET', path: '/a', host: undefined },
      { method: 'POST', path: '/é', host: 'h:1' },
    ]);
    expect([0, 1, 2].map((message) => [facts.isResponse(message), facts.isOther(message)])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
    expect([facts.isPaired(0), facts.targetOf(0), facts.bodySizeOf(0), facts.atMsOf(0)]).toEqual([
      true,
      1,
      3,
      START + 1,
    ]);
    expect([facts.durationMsOf(0), facts.latencyMsOf(0), facts.waitMsOf(0)]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect([facts.isHere(1), facts.statusOf(1), facts.incompleteOf(1)]).toEqual([true, 503, 'reset']);
    expect([facts.durationMsOf(1), facts.latencyMsOf(1), facts.waitMsOf(1)]).toEqual([1, 6, 5]);
    expect(facts.other(2).toString()).toBe('{a}');
  });
});

describe('traffic by facts', () => {
  it('pairs what is in one table, in two, and in a line', () => {
    const asked = ['GET\t/a/1\th', 'GET\t/a/2\th', 'GET\t/b'];
    const odd = line(4, {
      ...{ direction: 'response', statusCode: 200, bodySize: 1, request: { method: 'GET', path: '/b' }, latencyMs: 2 },
      ...JSON.parse(`{"receiver":${PEERS}}`),
    });
    const traffic = trafficOf(
      [[request(1, 0, PAIRED), request(2, 1), response(1, 0, PAIRED + HERE), request(3, 1), request(4, 2)], asked],
      [[response(2, 0, PAIRED, 500), [OTHER, 0, 0, odd.length]], ['GET\t/a/2'], odd],
    );
    expect(counts(traffic)).toEqual([
      ['h:80', 'GET', '/a/:id', 3, 1],
      ['h:80', 'GET', '/b', 1, 0],
    ]);
    const { requests, responses, exchanges, unanswered, classes, firstMs, lastMs } = traffic;
    expect({ requests, responses, exchanges, unanswered }).toEqual({
      ...{ requests: 4, responses: 3, exchanges: 3, unanswered: 1 },
    });
    expect([...classes]).toEqual([
      ['2xx', 2],
      ['5xx', 1],
    ]);
    expect([firstMs, lastMs]).toEqual([START, START + 4]);
  });

  it('counts responses alone, and interim ones not at all', () => {
    const traffic = trafficOf([[response(1, 0, 0), response(2, 0, PAIRED, 100), response(3, 0, 0, 0)], ['GET\t/a']]);
    expect([traffic.responses, traffic.exchanges, ...traffic.classes]).toEqual([1, 0, ['2xx', 1]]);
  });

  it('lets the oldest go when too many wait, those of a table among them', () => {
    const asked = ['GET\t/old\th', 'GET\t/new\th'];
    const traffic = new Traffic();
    const waiting = Array.from({ length: MAX_EXCHANGES }, (_, index) => request(index));
    for (let start = 0; start < waiting.length; start += 1_000) {
      const rows = waiting.slice(start, start + 1_000);
      traffic.readFacts(table(rows, asked), rows.length);
    }
    expect(traffic.unanswered).toBe(0);
    const rows = [request(20_000, 1, PAIRED), request(20_001, 1, PAIRED), response(20_000, 0, PAIRED + HERE)];
    traffic.readFacts(table([...rows, response(20_001, 1, PAIRED + HERE)], asked), 4);
    expect(traffic.unanswered).toBe(2);
    traffic.end();
    expect(counts(traffic)).toEqual([
      ['h:80', 'GET', '/old', MAX_EXCHANGES, MAX_EXCHANGES],
      ['h:80', 'GET', '/new', 2, 0],
    ]);
  });

  it('goes on after a table that breaks off, as if it had none of it any more', () => {
    const traffic = new Traffic();
    const broken: Row[] = Array.from({ length: 1_000 }, (_, index) => request(index, 0, PAIRED));
    // Of a request that is not there.
    broken.push(response(1_000, 2_000, PAIRED + HERE));
    for (let n = 0; n <= MAX_EXCHANGES / 1_000; n++)
      expect(() => traffic.readFacts(table(broken, ['GET\t/broken\th']), broken.length)).toThrow(TypeError);
    traffic.readFacts(table([request(20_000)], ['GET\t/next\th']), 1);
    traffic.readFacts(table([response(20_000, 0, PAIRED)], ['GET\t/next']), 1);
    traffic.end();
    expect(traffic.unanswered).toBe(0);
    expect(counts(traffic)).toEqual([
      ['h:80', 'GET', '/broken', 0, 0],
      ['h:80', 'GET', '/next', 1, 0],
    ]);
  });
});

describe('a session', () => {
  const seen = () => {
    const tables: number[] = [];
    const observe = vi.fn();
    const observeFacts = (bytes: Buffer, messages: number): void => {
      tables.push(bytes.length, messages);
    };
    return { tables, observe, observeFacts };
  };
  const config = { outputStdout: true };

  it('asks for facts where nothing else looks at the lines, and gives their credit back', async () => {
    const { tables, observe, observeFacts } = seen();
    const made = rig(config, { stdoutIsOurs: true, observe, observeFacts });
    await made.sniffer.start();
    const { sniffer, capture } = made;
    expect(capture.factsWanted).toBe(true);
    const bytes = table([request(1)], ['GET\t/a']);
    capture.facts(bytes, 1);
    capture.batch({ id: '1.1' });
    await sniffer.stop();
    expect(tables).toEqual([bytes.length, 1]);
    expect(observe).not.toHaveBeenCalled();
    expect([capture.factsReleased, capture.released]).toEqual([1, 1]);
  });

  it.each([
    ['another output', { ...config, outputFile: join(folder, 'lines') }, {}],
    ['a filter', { ...config, filter: 'not status=200' }, {}],
    ['a listener', { ...config, onHttpMessage: () => {} }, {}],
    ['another stdout', config, { stdoutIsOurs: false }],
    ['lines that are rewritten', config, { rewrite: (lines: Buffer) => ({ lines, messages: 1 }) }],
  ])('takes lines where there is %s', async (_, given, deps) => {
    const { observe, observeFacts } = seen();
    const made = rig(given, { stdoutIsOurs: true, observe, observeFacts, ...deps });
    await made.sniffer.start();
    const { sniffer, capture } = made;
    expect(capture.factsWanted).toBe(false);
    capture.batch({ id: '1.1' });
    await sniffer.stop();
    expect(observe).toHaveBeenCalledOnce();
  });

  it('goes on where facts cannot be read, and says so', async () => {
    const observeFacts = (): void => {
      throw new Error('no');
    };
    const made = rig(config, { stdoutIsOurs: true, observeFacts });
    await made.sniffer.start();
    const { sniffer, capture, log } = made;
    capture.facts(table([request(1)], ['GET\t/a']), 1);
    await sniffer.stop();
    expect(capture.factsReleased).toBe(1);
    expect(JSON.stringify(log.lines)).toContain('messages are missing in what is counted');
  });
});
