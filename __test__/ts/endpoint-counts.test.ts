// The counts by endpoint: bounded and only grows whatever the traffic.
import { describe, expect, it } from 'vitest';
import {
  BOUNDS_MS,
  EndpointTable,
  endpointOf,
  MAX_ENDPOINTS,
  MAX_HOSTS,
  MAX_LABEL_BYTES,
  MAX_OUTCOMES,
  MAX_WAITING,
} from '../../ts/exchange/endpoint-counts';
import { KNOWN_METHODS } from '../../ts/exchange/methods';
import { endpointsText } from '../../ts/run/endpoint-metrics';
import { request, response } from './setup/exchanges';

interface Options {
  byHost?: boolean;
  patienceMs?: number;
  now?: () => number;
}

function create({ byHost = false, patienceMs = 1_000, now = () => 0 }: Options = {}): EndpointTable {
  return new EndpointTable({ byHost, patienceMs, now });
}

function feed(table: EndpointTable, ...messages: object[]): void {
  table.read(Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join('')));
}

const asked = (path: string, change: object = {}, answer: object = {}): object[] => {
  const first = request(path, 0, change);
  return [first, response(first, 5, answer)];
};

const samples = (table: EndpointTable): string[] =>
  endpointsText(table)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
const samplesOf = (table: EndpointTable, name: string): string[] =>
  samples(table)
    .filter((line) => line.startsWith(`tcp_sniffer_${name}`))
    .map((line) => line.slice('tcp_sniffer_'.length));
const sum = (lines: readonly string[]): number =>
  lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
/** Words without a digit: no rule takes them for ids. */
const word = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');

/** An exchange as the engine writes it. */
function linesOf(id: string, path: string): string {
  const when = '"timestamp":"2024-05-17T00:00:00.000Z"';
  const ends = '"receiver":{"ip":"10.0.0.5","port":80},"destination":{"ip":"10.0.0.9","port":4000}';
  const rest = '"httpVersion":"1.1","headers":{"host":"h"},"body":""';
  const answered = `"request":{"method":"GET","path":"${path}"},"latencyMs":5.25`;
  return (
    `{"id":"${id}",${when},"direction":"request",${ends},"method":"GET","path":"${path}",${rest},"bodySize":0}\n` +
    `{"id":"${id}",${when},"direction":"response",${ends},"statusCode":200,${rest},"bodySize":1,${answered}}\n`
  );
}

describe('exchanges', () => {
  it('count by port, method, endpoint and status class', () => {
    const table = create();
    feed(
      table,
      ...asked('/orders/1'),
      ...asked('/orders/2?x=1'),
      ...asked('/orders/3', {}, { statusCode: 503 }),
      ...asked('/orders/4', {}, { statusCode: 404 }),
      ...asked('/orders', { method: 'POST' }, { statusCode: 201 }),
    );
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      'http_requests_total{port="80",method="GET",endpoint="/orders/:id",status="2xx"} 2',
      'http_requests_total{port="80",method="GET",endpoint="/orders/:id",status="5xx"} 1',
      'http_requests_total{port="80",method="GET",endpoint="/orders/:id",status="4xx"} 1',
      'http_requests_total{port="80",method="POST",endpoint="/orders",status="2xx"} 1',
    ]);
    expect(samplesOf(table, 'requests_in_flight')).toEqual(['requests_in_flight 0']);
  });

  it.each([
    [101, '1xx'],
    [399, '3xx'],
    [599, '5xx'],
    [600, 'other'],
    [999, 'other'],
    [2e9, 'other'],
    ['200', 'unknown'],
  ])('status %s is of class %s, and of none that HTTP does not have', (statusCode, status) => {
    const table = create();
    feed(table, ...asked('/a', {}, { statusCode }));
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      `http_requests_total{port="80",method="GET",endpoint="/a",status="${status}"} 1`,
    ]);
    expect(table.overLimit).toBe(0);
  });

  it('count once: interim responses do not, nor do messages inside streams', () => {
    const table = create();
    const first = request('/a');
    const interim = response(first, 1, { statusCode: 103 });
    feed(table, first, interim, { stream: 'sse', id: first.id, sequence: 1 }, response(first));
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      'http_requests_total{port="80",method="GET",endpoint="/a",status="2xx"} 1',
    ]);
  });

  it('count whose response is complete before their request, and such a request does not wait', () => {
    const table = create({ byHost: true });
    const first = request('/upload', 0, { method: 'POST' });
    feed(table, response(first, 5, { statusCode: 413 }), first);
    // The host is in the request.
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      'http_requests_total{host="unknown",port="80",method="POST",endpoint="/upload",status="4xx"} 1',
    ]);
    expect(table.waiting).toBe(0);
  });

  it('are not counted for a response of which it is not known what it answers', () => {
    const table = create();
    feed(table, response(request('/a'), 5, { request: undefined, latencyMs: undefined }));
    expect(samplesOf(table, 'http_requests_total')).toEqual([]);
  });

  it('of a known endpoint that are not found count for it; others say that there is none', () => {
    const table = create();
    feed(table, ...asked('/admin', {}, { statusCode: 404 }), ...asked('/a', {}, { statusCode: 405 }));
    feed(table, ...asked('/a'), ...asked('/a', {}, { statusCode: 404 }));
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      'http_requests_total{port="80",method="GET",endpoint="/a",status="2xx"} 1',
      'http_requests_total{port="80",method="GET",endpoint="/a",status="4xx"} 1',
      'http_requests_total{port="other",method="GET",endpoint="unmatched",status="4xx"} 2',
    ]);
    expect(table.overLimit).toBe(0);
  });

  it('of gRPC count by service, method and status', () => {
    const table = create();
    const call = { service: 'shop.Cart', method: 'Add' };
    const sent = { method: 'POST', grpc: call };
    const path = '/shop.Cart/Add';
    feed(table, ...asked(path, sent, { grpc: { ...call, status: 0, statusName: 'OK' } }));
    feed(table, ...asked(path, sent, { grpc: { ...call, status: 14, statusName: 'UNAVAILABLE' } }));
    feed(table, ...asked(path, sent, { grpc: { ...call, status: 4711 } }), ...asked(path, sent, { grpc: call }));
    // Of a proxy, which knows nothing of gRPC.
    feed(table, ...asked(path, sent, { statusCode: 502 }));
    feed(table, ...asked('/shop.Cart/Ad', { ...sent, grpc: { ...call, method: 'Ad' } }, { grpc: { status: 12 } }));
    expect(samplesOf(table, 'grpc_calls_total')).toEqual([
      ...['OK', 'UNAVAILABLE', 'other', 'missing', 'http_5xx'].map(
        (status) => `grpc_calls_total{port="80",service="shop.Cart",method="Add",status="${status}"} 1`,
      ),
      'grpc_calls_total{port="other",service="unmatched",method="unmatched",status="UNIMPLEMENTED"} 1',
    ]);
    expect(samplesOf(table, 'http_requests_total')).toEqual([]);
    expect(samplesOf(table, 'grpc_call_duration_seconds_count')).toHaveLength(6);
  });
});

describe('durations', () => {
  it('are those from the first packet of the request to the last of the response, in seconds', () => {
    const table = create();
    feed(table, ...asked('/a', {}, { latencyMs: 200.5, durationMs: 49.5 }));
    feed(table, ...asked('/a', {}, { latencyMs: 0.123 }), ...asked('/a', {}, { latencyMs: 60_000 }));
    const lines = samplesOf(table, 'http_request_duration_seconds');
    const buckets = lines.flatMap((line) => {
      const [, le, count] = /le="([^"]+)"\} (\d+)$/.exec(line) ?? [];
      return le === undefined ? [] : [[le, Number(count)]];
    });
    expect(buckets).toEqual([...BOUNDS_MS.map((ms) => [String(ms / 1_000), ms < 250 ? 1 : 2]), ['+Inf', 3]]);
    expect(lines.at(-2)).toMatch(/_sum\{[^}]+\} 60.250123$/);
    expect(lines.at(-1)).toMatch(/_count\{[^}]+\} 3$/);
  });

  it('are left out where they are not known', () => {
    const table = create();
    feed(table, ...asked('/a', {}, { incomplete: 'gap' }), ...asked('/a', {}, { latencyMs: undefined }));
    feed(table, ...asked('/a', {}, { incomplete: 'reset' }));
    expect(sum(samplesOf(table, 'http_requests_total'))).toBe(3);
    expect(sum(samplesOf(table, 'http_request_duration_seconds_count'))).toBe(1);
  });
});

describe('requests without a whole response', () => {
  it('are unfinished once they have waited long enough', () => {
    let ms = 0;
    const table = create({ now: () => ms });
    feed(table, request('/a/1'), request('/b'));
    expect(samplesOf(table, 'requests_in_flight')).toEqual(['requests_in_flight 2']);
    ms = 999;
    expect(samplesOf(table, 'http_requests_unfinished_total')).toEqual([]);
    ms = 1_000;
    expect(samplesOf(table, 'http_requests_unfinished_total')).toEqual([
      'http_requests_unfinished_total{port="80",method="GET",endpoint="/a/:id"} 1',
      'http_requests_unfinished_total{port="80",method="GET",endpoint="/b"} 1',
    ]);
    expect(table.waiting).toBe(0);
  });

  it('are forgotten beyond a limit, which is counted, and their responses count all the same', () => {
    const table = create();
    const first = request('/first');
    feed(table, first);
    for (let n = 0; n < MAX_WAITING; n++) feed(table, request('/a'));
    expect([table.waiting, table.forgotten]).toEqual([MAX_WAITING, 1]);
    feed(table, response(first));
    expect(samplesOf(table, 'http_requests_total')).toEqual([
      'http_requests_total{port="80",method="GET",endpoint="/first",status="2xx"} 1',
    ]);
  });
});

describe('whatever the traffic', () => {
  const MAX_REST = KNOWN_METHODS.size + 3;

  it('100 000 paths are so many endpoints and no more; each exchange is counted once', () => {
    const table = create();
    const series = (): number => samples(table).length;
    let before = 0;
    for (let n = 0; n < 100_000; n += 1_000) {
      const paths = Array.from({ length: 1_000 }, (_, each) => `/${word(n + each)}`);
      table.read(Buffer.from(paths.map((path, each) => linesOf(`1.${n + each}`, path)).join('')));
      if (n === 10_000) before = series();
    }
    expect(table.size).toBe(MAX_ENDPOINTS);
    expect(series()).toBe(before);
    expect(sum(samplesOf(table, 'http_requests_total'))).toBe(100_000);
    expect(samplesOf(table, 'endpoints_over_limit_total')).toEqual([
      `endpoints_over_limit_total ${100_000 - MAX_ENDPOINTS}`,
    ]);
    expect(samplesOf(table, 'http_requests_total').at(-1)).toBe(
      `http_requests_total{port="other",method="GET",endpoint="other",status="2xx"} ${100_000 - MAX_ENDPOINTS}`,
    );
  }, 60_000);

  it('ids in paths take no endpoints, nor do paths that no server has, methods, statuses, hosts and names of gRPC', () => {
    const table = create({ byHost: true });
    for (let n = 0; n < 2_000; n++) {
      const change = { method: `M${word(n)}`, headers: { host: `${word(n)}.example` } };
      feed(table, ...asked(`/orders/${n}`, {}, { statusCode: 100 + (n % 900) }));
      feed(table, ...asked(`/${word(n)}`, change, { statusCode: 404 }));
    }
    expect(samplesOf(table, 'endpoints ')).toEqual(['endpoints 1']);
    for (let n = 0; n < 2_000; n++) {
      const grpc = { service: word(n), method: 'x'.repeat(n), status: n };
      feed(table, ...asked('/a', { headers: { host: `${word(n)}.example` }, method: word(n) }));
      feed(table, ...asked('/', { grpc, method: 'POST' }, { grpc }));
    }
    const hosts = new Set([...endpointsText(table).matchAll(/host="([^"]*)"/g)].map(([, host]) => host));
    // And `other`.
    expect(hosts.size).toBe(MAX_HOSTS + 1);
    expect(table.size).toBeLessThanOrEqual(MAX_ENDPOINTS);
    expect([...table.entries()].length).toBeLessThanOrEqual(MAX_ENDPOINTS + 2 * MAX_REST);
    for (const { labels, byStatus } of table.entries()) {
      expect(byStatus.size).toBeLessThanOrEqual(28);
      for (const value of Object.values(labels))
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(MAX_LABEL_BYTES + 2);
    }
  });

  it('a scrape stays within some MiB, and each call is counted once, whatever the statuses and the lengths of names', () => {
    const table = create({ byHost: true });
    const LONG = 'n'.repeat(MAX_LABEL_BYTES - 3);
    const STATUSES = 17;
    for (let n = 0; n < MAX_ENDPOINTS; n++) {
      const call = { service: LONG + word(100 + n), method: LONG };
      const headers = { host: `${word(n % MAX_HOSTS)}.${LONG}`.slice(0, MAX_LABEL_BYTES) };
      const sent = { method: 'POST', grpc: call, headers };
      for (let status = 0; status < STATUSES; status++) feed(table, ...asked('/', sent, { grpc: { ...call, status } }));
    }
    const calls = samplesOf(table, 'grpc_calls_total');
    const apart = calls.filter((line) => !line.includes('status="other"'));
    expect(table.size).toBe(MAX_ENDPOINTS);
    expect(apart).toHaveLength(MAX_OUTCOMES);
    // At the most, beside those that are told apart, one for each endpoint.
    expect(calls.length).toBeLessThanOrEqual(MAX_OUTCOMES + MAX_ENDPOINTS);
    expect(sum(calls)).toBe(MAX_ENDPOINTS * STATUSES);
    expect(table.overLimit).toBe(sum(calls) - sum(apart));
    expect(Buffer.byteLength(endpointsText(table))).toBeLessThan(16 * 1024 * 1024);
  }, 60_000);

  it('a label is bounded in bytes, and no character of it is cut', () => {
    const table = create({ byHost: true });
    for (const letter of ['é', '€', '😀', '\ud800']) {
      for (let length = 60; length <= 70; length++) {
        const name = letter.repeat(length);
        const grpc = { service: name, method: name };
        feed(table, ...asked(`/a/${name.slice(0, 40)}/${name.slice(0, 40)}`), ...asked('/', { grpc }, { grpc }));
      }
    }
    for (const { labels } of table.entries()) {
      for (const value of Object.values(labels)) {
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(MAX_LABEL_BYTES + 2);
        expect(Buffer.from(value).toString()).toBe(value);
        // Bytes that were not well-formed come as so many replacement characters, but a whole one is never made into one.
        if (value.includes('\ufffd')) expect(value.replaceAll('\ufffd', '')).toMatch(/^[/a*]*$/);
      }
    }
    const names = [...table.entries()].map(({ labels: { service } }) => service);
    // 66 characters of 3 bytes are 198 bytes, 50 of 4 bytes would be 200.
    expect(names).toContain('€'.repeat(66));
    expect(names).not.toContain('€'.repeat(67));
    expect(names.filter((name) => name?.includes('😀'))).toEqual([]);
  });

  it('a known endpoint with a known status counts for it at the limit of statuses too', () => {
    const table = create();
    feed(table, ...asked('/first'));
    for (let n = 0; n < MAX_ENDPOINTS - 1; n++)
      for (let status = 0; status < 6; status++) {
        const grpc = { service: word(n), method: 'm' };
        feed(table, ...asked('/', { grpc }, { grpc: { ...grpc, status } }));
      }
    const { overLimit } = table;
    expect(overLimit).toBeGreaterThan(0);
    feed(table, ...asked('/first'), ...asked('/first', {}, { statusCode: 503 }));
    expect(samplesOf(table, 'http_requests_total').filter((line) => line.includes('"/first"'))).toEqual([
      'http_requests_total{port="80",method="GET",endpoint="/first",status="2xx"} 2',
      'http_requests_total{port="80",method="GET",endpoint="/first",status="other"} 1',
    ]);
    expect(table.overLimit).toBe(overLimit + 1);
  }, 60_000);

  it('labels are escaped, and no two series are the same', () => {
    const table = create({ byHost: true });
    const odd = [
      '/a"b',
      '/a\\b',
      '/a\nb',
      '/a\\nb',
      '/\ud800',
      '/\udfff',
      '/é😀',
      '/}{le="1"',
      '/ x',
      '//',
      '/',
      '*',
      'h:443',
      '',
    ];
    for (const path of odd) feed(table, ...asked(path, { headers: { host: `h${path}` } }));
    for (const path of odd) {
      const grpc = { service: path, method: path };
      feed(table, ...asked('/x', { method: 'POST', grpc }, { grpc }));
    }
    const names = samples(table).map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect(name).toMatch(/^[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})?$/);
    expect(Buffer.from(names.join()).toString()).toBe(names.join());
    expect(names).toContain(
      'tcp_sniffer_http_requests_total{host="unknown",port="80",method="GET",endpoint="/a\\"b",status="2xx"}',
    );
  });

  it('lines that no engine wrote are taken too', () => {
    const table = create({ byHost: true });
    for (const odd of [null, 1, 'x', [], {}, { length: 1 }]) {
      for (const name of [
        'request',
        'grpc',
        'statusCode',
        'latencyMs',
        'receiver',
        'headers',
        'incomplete',
        'path',
        'method',
      ]) {
        const first = request('/a', 0, { [name]: odd });
        feed(table, first, { ...response(first), [name]: odd });
        feed(table, { ...response(request('/b')), [name]: odd });
        feed(table, { ...response(request('/c')), grpc: { service: odd, method: odd, status: odd } });
      }
    }
    for (const line of samples(table)) expect(line).toMatch(/ \d+(\.\d+)?$/);
  });
});

describe('endpointOf', () => {
  it.each([
    ['/a/17?q=1', '/a/:id'],
    ['http://h/a/17', '/a/:id'],
    ['*', '*'],
    ['h:443', 'authority'],
    ['', 'unknown'],
    ['/', '/'],
  ])('%s is %s', (target, endpoint) => expect(endpointOf(target)).toBe(endpoint));

  it('is cut between segments', () => {
    const path = `/${Array(11).fill('some-long-name-of-a-segment').join('/')}`;
    const endpoint = endpointOf(path);
    expect(endpoint.length).toBeLessThanOrEqual(MAX_LABEL_BYTES + 2);
    expect(endpoint).toMatch(/^(\/some-long-name-of-a-segment)+\/\*$/);
  });
});
