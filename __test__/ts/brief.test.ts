import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Brief, eachBrief, peersOf } from '../../ts/exchange/brief';
import type { HttpMessage } from '../../ts/types';

afterEach(() => vi.restoreAllMocks());

function briefs(text: string): Brief[] {
  const found: Brief[] = [];
  eachBrief(Buffer.from(text), (brief) => found.push(brief));
  return found;
}

/** A brief, by the slow way. */
function expected(line: string): object {
  const message = JSON.parse(line) as HttpMessage & { grpc?: unknown };
  const { id, direction, method, path, headers, statusCode, bodySize, request, latencyMs, waitMs, durationMs } =
    message;
  const isRequest = direction === 'request';
  return {
    ...{ id, direction, atMs: message.timestampUnknown ? Number.NaN : Date.parse(message.timestamp) },
    ...(isRequest ? { method, path, host: headers.host } : { statusCode }),
    ...{ bodySize, request, latencyMs, waitMs, durationMs, incomplete: message.incomplete, grpc: message.grpc },
    peers: { server: message.receiver, client: message.destination },
  };
}

const EITHER_ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };

const told = ({ peers, ...brief }: Brief): object => ({ ...brief, peers: peersOf(peers) });

/** Among them what would be taken for a member if quotes were not looked at. */
const nasty = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom(
    '","bodySize":7',
    '},"body":"x',
    '"host":"evil"',
    '}',
    '\\',
    '\\"',
    '{"waitMs":5}',
    ',"request":{"method":"GET',
  ),
);
const ip = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((each) => each.toLowerCase()),
);
const endpoint = fc.record({ ip, port: fc.integer({ min: 1, max: 65_535 }) });
const fields = fc.dictionary(
  fc.oneof(fc.constantFrom('host', 'a', 'body', 'bodysize', 'xhost'), fc.stringMatching(/^[a-z-]{1,10}$/)),
  nasty,
  { maxKeys: 4 },
);
const ms = fc.integer({ min: 0, max: 1e9 }).map((micros) => micros / 1_000);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const incomplete = optional(fc.constantFrom('gap', 'closed', 'reset'));
const isoTime = fc.integer({ min: 0, max: 4e12 }).map((each) => new Date(each).toISOString());
const truncated = optional(fc.constant(true));

/** In the order in which the engine writes its members. */
const line = fc
  .record({
    ids: fc.tuple(fc.nat(), fc.nat()),
    time: isoTime,
    ends: fc.tuple(endpoint, endpoint),
    isRequest: fc.boolean(),
    start: fc.tuple(optional(nasty), optional(nasty), fc.integer({ min: 100, max: 999 })),
    headers: fields,
    body: fc.tuple(optional(nasty), fc.nat(), fc.constantFrom(0, 10, 50_000)),
    end: fc.record({ trailers: optional(fields), timestampUnknown: truncated, bodyTruncated: truncated, incomplete }),
    gapBytes: optional(fc.nat()),
    request: optional(fc.record({ method: nasty, path: nasty })),
    times: fc.record({ latencyMs: optional(ms), waitMs: optional(ms), durationMs: optional(ms) }),
    streamId: optional(fc.nat()),
    grpc: optional(fc.record({ service: nasty, method: nasty, status: fc.nat(16), messageCount: fc.nat() })),
    grpcMessages: optional(fc.constant([{ size: 5, json: { bodySize: 1, waitMs: 7, trailers: {} } }])),
  })
  .map(
    ({
      ids,
      time,
      ends,
      isRequest,
      start,
      headers,
      body,
      end,
      gapBytes,
      request,
      times,
      streamId,
      grpc,
      grpcMessages,
    }) =>
      JSON.stringify({
        ...{ id: ids.join('.'), timestamp: time, direction: isRequest ? 'request' : 'response' },
        ...{ receiver: ends[0], destination: ends[1] },
        ...(isRequest ? { method: start[0], path: start[1] } : { statusCode: start[2], reason: start[0] }),
        ...{ httpVersion: '1.1', headers },
        ...(body[0] === undefined ? { bodyEncoding: 'binary' } : { body: body[0] + 'x"\n'.repeat(body[2]) }),
        ...{ bodySize: body[1], ...end, gapBytes },
        ...(isRequest ? {} : { request, latencyMs: times.latencyMs, waitMs: times.waitMs }),
        ...{ durationMs: times.durationMs, streamId, grpc, grpcMessages },
      }),
  );

describe('a brief', () => {
  it.each(['websocket', 'sse', 'grpc'])('leaves out a message inside a stream: %s', (stream) => {
    const peer = { ip: '10.0.0.1', port: 80 };
    const start = { stream, id: '1.1', sequence: 1, receiver: peer, destination: peer };
    for (const data of ['', 'x'.repeat(100_000)]) {
      const line = {
        ...start,
        direction: 'request',
        timestamp: '2024-05-17T14:02:58.006Z',
        data,
        dataSize: data.length,
      };
      expect(briefs(`${JSON.stringify(line)}\n`)).toEqual([]);
    }
  });

  it.each(['\\', '"', 'a\\"b'])('reads escapes in the method of the request: %s', (method) => {
    const peer = { ip: '10.0.0.1', port: 80 };
    const of = {
      id: '1.1',
      timestamp: '2024-05-17T14:02:58.006Z',
      direction: 'response',
      receiver: peer,
      destination: peer,
    };
    const answer = { statusCode: 200, httpVersion: '1.1', headers: {}, bodyEncoding: 'binary', bodySize: 0 };
    const [brief] = briefs(`${JSON.stringify({ ...of, ...answer, request: { method, path: '/' } })}\n`);
    expect(brief?.request).toEqual({ method, path: '/' });
  });

  it('says what the whole message says, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        expect(briefs(`${lines.join('\n')}\n`).map(told)).toEqual(lines.map(expected));
      }),
      { numRuns: 300 },
    );
  });

  const REQUEST =
    '{"id":"1.2","timestamp":"2024-05-17T14:02:58.192Z","direction":"request","receiver":{"ip":"10.0.0.5","port":80},' +
    '"destination":{"ip":"10.0.0.9","port":40312},"method":"GET","path":"/a","httpVersion":"1.1","headers":{"a":"b","host":"h"},' +
    '"body":"","bodySize":0}';
  const RESPONSE =
    '{"id":"1.2","timestamp":"2024-05-17T14:02:58.195Z","direction":"response","receiver":{"ip":"10.0.0.5","port":80},' +
    '"destination":{"ip":"10.0.0.9","port":40312},"statusCode":200,"reason":"OK","httpVersion":"1.1","headers":{},"body":"{}",' +
    '"bodySize":2,"bodyTruncated":true,"incomplete":"gap","gapBytes":7,"request":{"method":"GET","path":"/a"},"latencyMs":3.462,' +
    '"waitMs":3.4,"durationMs":12}';

  it('is had of usual lines without parsing them', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const found = briefs(`${REQUEST}\n${RESPONSE}\n`);
    expect(parse).not.toHaveBeenCalled();
    expect(found.map(told)).toEqual([REQUEST, RESPONSE].map(expected));
  });

  it.each([
    ['method', 'request'],
    ['path', 'request'],
    ['statusCode', 'response'],
  ])('has %s that stands later than the engine writes it', (name, direction) => {
    const start = { id: '1.1', timestamp: '2024-05-17T14:02:58.006Z', direction, ...EITHER_ENDS };
    const own = direction === 'request' ? { method: 'GET', path: '/a' } : { statusCode: 200 };
    const { [name]: moved, ...rest } = own as Record<string, unknown>;
    const members = { headers: { host: 'h' }, body: '', bodySize: 0 };
    for (const line of [
      { ...start, ...rest, httpVersion: '1.1', [name]: moved, ...members },
      { ...start, ...rest, httpVersion: '1.1', ...members, [name]: moved },
      { ...start, ...rest, headers: { host: 'h' }, [name]: moved, httpVersion: '1.1', body: '', bodySize: 0 },
    ].map((message) => JSON.stringify(message)))
      expect(briefs(`${line}\n`).map(told)).toMatchObject([expected(line)]);
  });

  it('is had of members in another order, and not of what is no JSON', () => {
    const other = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(RESPONSE) as object).reverse()));
    expect(briefs(`${other}\n`).map(told)).toEqual([expected(RESPONSE)]);
    expect(briefs('null\n{"id":"1.1\n\n[1]\n')).toHaveLength(0);
    for (let cut = 1; cut < RESPONSE.length; cut++) briefs(`${RESPONSE.slice(0, cut)}\n`);
  });
});
