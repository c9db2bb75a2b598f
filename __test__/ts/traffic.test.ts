import { describe, expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';
import { findingsOf } from '../../ts/exchange/findings';
import { MAX_VALUES } from '../../ts/exchange/routes';
import { MAX_ROUTES, MAX_SERVERS } from '../../ts/exchange/servers';
import { Traffic } from '../../ts/exchange/traffic';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';

const START = Date.UTC(2024, 4, 17);
const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };
const COMMON = { ...ENDS, httpVersion: '1.1', headers: { host: 'h' }, body: '', bodySize: 0 };
let ids = 0;

type Change<Message> = Partial<Message> & { grpc?: object };

function request(path: string, atMs = 0, change: Change<HttpRequest> = {}): HttpRequest {
  const timestamp = new Date(START + atMs).toISOString();
  return { ...COMMON, id: `1.${++ids}`, direction: 'request', timestamp, method: 'GET', path, ...change };
}

function response(to: HttpMessage, waitMs = 5, change: Change<HttpResponse> = {}): HttpResponse {
  const { id, receiver, destination, method = '', path = '' } = to;
  const timestamp = new Date(Date.parse(to.timestamp) + waitMs).toISOString();
  const ends = { receiver, destination };
  const answered = { request: { method, path }, latencyMs: waitMs, waitMs };
  return { ...COMMON, ...ends, id, direction: 'response', timestamp, statusCode: 200, ...answered, ...change };
}

function trafficOf(messages: readonly HttpMessage[]): Traffic {
  const traffic = new Traffic();
  traffic.read(Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join('')));
  traffic.end();
  return traffic;
}

const pairs = (paths: readonly string[]): HttpMessage[] =>
  paths.flatMap((path, index) => {
    const asked = request(path, index);
    return [asked, response(asked)];
  });
const counts = (traffic: Traffic): [string, number][] =>
  [...traffic.found()].map(({ template, stats }) => [template, stats.exchanges]);
/** Words without a digit: no rule takes them for ids. */
const word = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
const times = <T>(count: number, of: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => of(index));

describe('endpoints', () => {
  it('are told apart by server, method and template', () => {
    const other = { ...ENDS, receiver: { ip: '10.0.0.6', port: 81 } };
    const asked = [
      request('/a/1'),
      request('/a/2?x'),
      request('/a/3', 0, { method: 'PUT' }),
      request('/a/4', 0, other),
    ];
    const found = [...trafficOf(asked).found()].map(({ server, method, template, stats }) => [
      ...[server.name, method, template, stats.exchanges],
    ]);
    expect(found).toEqual([
      ['h:80', 'GET', '/a/:id', 2],
      ['h:80', 'PUT', '/a/:id', 1],
      ['h:81', 'GET', '/a/:id', 1],
    ]);
  });

  it('of many names become one, but for those that come often; nothing is lost of the counts', () => {
    const rare = times(400, (n) => `/users/${word(n)}/orders`);
    const traffic = trafficOf(pairs([...rare, ...times(100, () => '/users/aaa/orders')].sort()));
    const found = new Map(counts(traffic));
    expect(found.get('/users/:id/orders')).toBeGreaterThan(380);
    expect(found.get('/users/aaa/orders')).toBe(100);
    expect(found.size).toBeLessThan(20);
    expect([...found.values()].reduce((sum, each) => sum + each)).toBe(500);
    expect(traffic.servers[0]?.exchanges).toBe(500);
  });

  it('of a large interface stay apart: there each name comes again and again', () => {
    const names = times(200, (n) => `/api/${word(n)}`);
    expect(counts(trafficOf(pairs(times(20, () => names).flat()))).length).toBe(names.length);
    expect(MAX_VALUES).toBeGreaterThan(200);
    const few = times(60, (n) => `/shop/${word(n)}`);
    expect(counts(trafficOf(pairs(few)))).toEqual([['/shop/:id', 60]]);
  });

  it('and servers have a limit, beyond which they are counted together', () => {
    const deep = times(MAX_ROUTES + 300, (n) => `/${word(n % 40)}/${word(n % 41)}/${word(n % 43)}`);
    const many = trafficOf(pairs(deep));
    expect([...many.found()].length).toBe(MAX_ROUTES);
    expect(many.beyondRoutes).toBe(300);
    expect(many.beyond.exchanges).toBe(300);

    const hosts = times(MAX_SERVERS + 7, (n) => request('/', n, { headers: { host: `${word(n)}.test` } }));
    const traffic = trafficOf(hosts);
    expect([traffic.servers.length, traffic.beyondServers, traffic.beyond.exchanges]).toEqual([MAX_SERVERS, 7, 7]);
  });

  it('hold no more memory for more traffic', () => {
    const traffic = new Traffic();
    const lines = (from: number): Buffer =>
      Buffer.from(
        times(2_000, (n) => request(`/x/${word(from + n)}?q=${from}`, n, { id: `${from}.123456789012${n}` }))
          .map((each) => `${JSON.stringify(each)}\n`)
          .join(''),
      );
    for (let n = 0; n < 10; n++) traffic.read(lines(n * 2_000));
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let n = 10; n < 60; n++) traffic.read(lines(n * 2_000));
    global.gc?.();
    // 10 000 requests may wait for their responses; 100 000 came.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
    expect(traffic.unanswered).toBeGreaterThan(100_000);
  });
});

describe('exchanges', () => {
  it('are counted by how they ended, whichever half comes first', () => {
    const [ok, bad, missing, early, hung] = times(5, (n) => request(`/${n}`, n)) as [HttpMessage, ...HttpMessage[]];
    const traffic = trafficOf([
      ...[ok, bad as HttpMessage, missing as HttpMessage, hung as HttpMessage],
      ...[
        response(ok),
        response(bad as HttpMessage, 5, { statusCode: 503 }),
        response(missing as HttpMessage, 5, { statusCode: 404 }),
      ],
      ...[response(early as HttpMessage), early as HttpMessage, request('/late', 60_000)],
    ]);
    expect([traffic.requests, traffic.responses, traffic.exchanges, traffic.unanswered, traffic.underWay]).toEqual([
      6, 4, 4, 2, 1,
    ]);
    const [{ stats } = { stats: undefined }] = traffic.found();
    expect(stats).toMatchObject({ exchanges: 5, clientErrors: 1, serverErrors: 1, unanswered: 1, failed: 2 });
  });

  it('without a response are under way only if nothing is known of how they ended', () => {
    const [reset, closed, open] = times(3, (n) => request(`/${n}`, n)) as [HttpMessage, HttpMessage, HttpMessage];
    const endings = new Endings();
    const traffic = new Traffic(endings);
    // It may be told before its request comes.
    endings.note({ [reset.id]: 'client CANCEL' });
    traffic.read(Buffer.from([reset, closed, open].map((message) => `${JSON.stringify(message)}\n`).join('')));
    endings.note({ [closed.id]: 'closed', '9.9': 'reset' });
    traffic.end();
    expect([traffic.unanswered, traffic.underWay]).toEqual([3, 1]);
    expect(Object.fromEntries(traffic.ended)).toEqual({ 'reset by the client with CANCEL': 1, 'connection closed': 1 });
    const [{ stats } = { stats: undefined }] = traffic.found();
    expect(stats).toMatchObject({ exchanges: 3, failed: 2, unanswered: 3 });
  });

  it('whose request was dropped on the way are known by their response', () => {
    const asked = request('/lost/1');
    const traffic = trafficOf([response(asked)]);
    expect([...traffic.found()].map(({ server, template }) => [server.name, template])).toEqual([
      ['10.0.0.5:80', '/lost/:id'],
    ]);
  });

  it('of gRPC fail by their status', () => {
    const call = { service: 'shop.Cart', method: 'Add' };
    const answers = [0, 5, 14].map((status) => {
      const asked = request('/shop.Cart/Add', 0, { method: 'POST', grpc: call });
      return [asked, response(asked, 5, { grpc: { ...call, status, statusName: `S${status}` } })];
    });
    const [{ stats } = { stats: undefined }] = trafficOf(answers.flat()).found();
    expect(stats).toMatchObject({ isGrpc: true, exchanges: 3, clientErrors: 1, serverErrors: 1, failed: 1 });
    expect([...(stats?.grpcStatuses ?? [])]).toEqual([
      ['S0', 1],
      ['S5', 1],
      ['S14', 1],
    ]);
  });

  it('that were cut by us are no failures, those cut by others are', () => {
    const ended = (['gap', 'stopped', 'timeout', 'reset', 'closed'] as const).map((incomplete, n) => {
      const asked = request('/a', n);
      return [asked, response(asked, 5, { incomplete })];
    });
    const [{ stats } = { stats: undefined }] = trafficOf(ended.flat()).found();
    expect(stats).toMatchObject({ cut: 2, failed: 2 });
  });
});

describe('findings', () => {
  it('blame no server for a slow client', () => {
    const all = times(600, (n) => {
      const asked = request('/file', n * 100);
      return [asked, response(asked, 5, n >= 300 ? { durationMs: 4_000 } : { durationMs: 3 })];
    });
    const [finding] = findingsOf(trafficOf(all.flat()));
    expect(finding).toMatchObject({ kind: 'transfer', side: 'transport', onset: { fromMs: START + 30_000 } });
  });

  it('are none where nothing changes', () => {
    const all = times(600, (n) => {
      const asked = request(`/a/${n}`, n * 100);
      return [asked, response(asked, 5 + (n % 7), n % 200 === 0 ? { statusCode: 500 } : {})];
    });
    expect(findingsOf(trafficOf(all.flat()))).toEqual([]);
  });

  const fromWhere = ['127.0.0.1', '10.0.8.9'];
  it.each(fromWhere)(
    'find the innermost on one host, where some calls look like those of others, asked by %s',
    (ip) => {
      const host = { ip: '127.0.0.1', port: 9_000 };
      const [edge, orders, stock] = [80, 3_000, 3_001].map((port) => ({ ...host, port }));
      /** The request of each, how long after the first of them, and how long before its end it had its answer. */
      const hops = [
        { receiver: edge, destination: { ...host, ip }, path: '/checkout/7', apartMs: 0 },
        { receiver: orders, destination: host, path: '/checkout/7', apartMs: 5 },
        { receiver: stock, destination: host, path: '/stock/7', apartMs: 20 },
      ];
      const ended = times(600, (index) => {
        const waitMs = index < 400 ? 60 : 1_500 + ((index * 137) % 900);
        return hops.map(({ path, apartMs, ...ends }) => {
          const asked = request(path, index * 80 + apartMs, ends);
          return { atMs: index * 80 + waitMs - apartMs, messages: [asked, response(asked, waitMs - 2 * apartMs)] };
        });
      }).flat();
      const traffic = trafficOf(ended.sort((a, b) => a.atMs - b.atMs).flatMap(({ messages }) => messages));
      const [first, ...others] = findingsOf(traffic);
      expect(first?.at).toMatchObject({ template: '/stock/:id', server: { name: 'h:3001' } });
      expect(first?.callers.map(({ at }) => at.server.name)).toEqual(['h:3000', 'h:80']);
      expect(others).toEqual([]);
    },
  );

  it('name the server that hangs where those that wait for it answer with errors', () => {
    const [edge, stock] = [
      { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } },
      { receiver: { ip: '10.0.0.6', port: 3_001 }, destination: { ip: '10.0.0.5', port: 4_001 } },
    ];
    const all = times(600, (n) => {
      const [outer, inner] = [request('/checkout', n * 100, edge), request('/stock', n * 100 + 1, stock)];
      return n < 300
        ? [inner, response(inner), outer, response(outer, 8)]
        : [inner, outer, response(outer, 50, { statusCode: 504 })];
    });
    const [finding, ...others] = findingsOf(trafficOf(all.flat()));
    expect(finding).toMatchObject({ how: 'unanswered', side: 'server', at: { template: '/stock' } });
    expect(others).toEqual([]);
  });

  it('leave it open where those that wait for it are slow alone', () => {
    const [edge, stock] = [
      { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } },
      { receiver: { ip: '10.0.0.6', port: 3_001 }, destination: { ip: '10.0.0.5', port: 4_001 } },
    ];
    const all = times(600, (n) => {
      const [outer, inner] = [request('/checkout', n * 5_000, edge), request('/stock', n * 5_000 + 1, stock)];
      if (n < 300) return [inner, response(inner), outer, response(outer, 8)];
      // Half of them are never answered; asked again, the other half is.
      const again = request('/stock', n * 5_000 + 1_000, stock);
      return n % 2 === 0
        ? [inner, again, response(again, 3_000), outer, response(outer, 4_100)]
        : [inner, response(inner, 4_000), outer, response(outer, 4_100)];
    });
    const [finding] = findingsOf(trafficOf(all.flat()));
    expect(finding).toMatchObject({ how: 'unanswered', side: 'unknown', at: { template: '/stock' } });
    expect(finding?.callers).toHaveLength(1);
  });

  it('leave open who left where the messages do not say', () => {
    const all = times(600, (n) => {
      const asked = request('/a', n * 100);
      return n < 300 ? [asked, response(asked)] : [asked];
    });
    const [finding] = findingsOf(trafficOf(all.flat()));
    expect(finding).toMatchObject({ kind: 'failing', how: 'unanswered', side: 'unknown', client: undefined });
  });
});
