// The oracle of the interop test: it says nothing of what is right, and something of each kind of wrong.

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { HttpMessage, HttpRequest, HttpResponse } from '../dist/index.js';
// @ts-expect-error scripts have no types
import * as cases from '../interop/cases.mjs';
// @ts-expect-error scripts have no types
import * as oracle from '../interop/compare.mjs';
// @ts-expect-error scripts have no types
import { answered, sha256 } from '../interop/content.mjs';
// @ts-expect-error scripts have no types
import { leftCoded, uncounted } from '../interop/losses.mjs';
// @ts-expect-error scripts have no types
import { compareProxied } from '../interop/proxied.mjs';
// @ts-expect-error scripts have no types
import { differences } from '../interop/same.mjs';
// @ts-expect-error scripts have no types
import { complaints, table, tally } from '../interop/table.mjs';

interface Complaint {
  id?: string;
  text: string;
}

const HOP = { port: 80 };
const client = { ip: '127.0.0.1', port: 40_000 };
const server = { ip: '127.0.0.1', port: 80 };

const GET = { id: 'raw.1', case: 'get', method: 'GET', kind: 'plain', size: 100, target: '/raw.1/plain/100' };
const GZIP = { id: 'raw.2', case: 'gzip', method: 'GET', kind: 'gzip', size: 900, target: '/raw.2/gzip/900' };
const POST = { ...GET, id: 'raw.3', method: 'POST', kind: 'echo', upload: 100, target: '/raw.3/echo/100' };
const CUT = { ...GET, id: 'raw.4', size: 5000, target: '/raw.4/plain/5000', abort: 'download' };
const EXCHANGES = [GET, GZIP, POST, CUT];

const base64 = (bytes: Buffer) => ({ body: bytes.toString('base64'), bodyEncoding: 'base64' });

/** The messages of a sniffer that sees everything. */
function truth(): HttpMessage[] {
  return EXCHANGES.flatMap((exchange, index): HttpMessage[] => {
    const both = { id: `1.${index}`, receiver: server, destination: client, timestamp: '', httpVersion: '1.1' };
    const upload: Buffer = cases.uploadOf(exchange) ?? Buffer.alloc(0);
    const content: Buffer = exchange.kind === 'echo' ? upload : answered(exchange.id, exchange.size);
    const { method, target: path } = exchange;
    const wire = exchange.kind === 'gzip' ? gzipSync(content) : content;
    const headers: Record<string, string> = {
      'x-got': exchange.id,
      'x-got-sha256': sha256(upload),
      'x-sha256': sha256(content),
      'content-length': String(wire.length),
      ...(exchange.kind === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    };
    const isCut = exchange === CUT;
    const shown = isCut ? content.subarray(0, 70) : content;
    return [
      { ...both, direction: 'request', method, path, headers: {}, ...base64(upload), bodySize: upload.length },
      {
        ...both,
        direction: 'response',
        statusCode: 200,
        request: { method, path },
        latencyMs: 1,
        headers,
        ...base64(shown),
        bodySize: isCut ? 70 : wire.length,
        ...(exchange.kind === 'gzip' ? { bodyDecoded: 'gzip' } : {}),
        ...(isCut ? { bodyTruncated: true as const, incomplete: 'closed' as const } : {}),
      },
    ];
  });
}

function records() {
  const whole = [GET, GZIP, POST].map((exchange) => {
    const content = exchange === POST ? cases.uploadOf(exchange) : answered(exchange.id, exchange.size);
    return { id: exchange.id, status: 200, got: exchange.id, length: content.length, sha256: sha256(content) };
  });
  return new Map([...whole, { id: CUT.id, status: 200, aborted: true }].map((record) => [record.id, record]));
}

const compare = (messages: HttpMessage[]): Complaint[] => oracle.compare(messages, EXCHANGES, records(), HOP);

/** The truth with one message altered; the third is the request for gzip, the fourth its answer. */
function altered(at: number, change: Partial<Record<keyof HttpMessage, unknown>>): HttpMessage[] {
  return truth().map((message, index) => (index === at ? ({ ...message, ...change } as HttpMessage) : message));
}

describe('the oracle', () => {
  test('says nothing of what is right', () => expect(compare(truth())).toEqual([]));

  test.each<[string, HttpMessage[]]>([
    ['a request that is missing', truth().slice(1)],
    ['a response that is missing', truth().toSpliced(1, 1)],
    ['a message that comes twice', [...truth(), ...truth().slice(0, 1)]],
    ['a response that comes twice', [...truth(), ...truth().slice(1, 2)]],
    ['a message that nobody sent', [...truth(), ...altered(0, { path: '/other.1/plain/1' }).slice(0, 1)]],
    ['a response without its request', altered(1, { request: undefined })],
    ['an id that is not its request’s', altered(1, { id: '1.9' })],
    ['the answer to another request', altered(1, { headers: { 'x-got': 'raw.2' } })],
    ['another status', altered(1, { statusCode: 404 })],
    ['another method', altered(0, { method: 'PUT' })],
    ['a byte of a request', altered(4, base64(Buffer.alloc(100)))],
    ['a byte of a response', altered(1, base64(Buffer.alloc(100)))],
    ['a body that is too short, unflagged', altered(1, { ...base64(answered(GET.id, 99)), bodySize: 99 })],
    ['a flag on what is whole', altered(1, { bodyTruncated: true, incomplete: 'gap' })],
    ['a flag on a request that is whole', altered(0, { incomplete: 'closed' })],
    ['a gap in what is whole', altered(1, { gapBytes: 1 })],
    ['a bodySize that is the content’s', altered(3, { bodySize: 900 })],
    ['a cut body without a flag', altered(7, { bodyTruncated: undefined, incomplete: undefined })],
    ['a cut body with another’s bytes', altered(7, base64(answered('raw.9', 70)))],
    ['no latency', altered(1, { latencyMs: undefined })],
    ['a negative latency', altered(1, { latencyMs: -0.1 })],
  ])('complains of %s', (_, messages) => expect(compare(messages)).not.toEqual([]));

  test('complains of a client that got something else', () => {
    const wrong = records().set(GET.id, { id: GET.id, status: 200, got: GET.id, length: 0, sha256: sha256('') });
    expect(oracle.compare(truth(), EXCHANGES, wrong, HOP)).toEqual([
      { id: GET.id, text: expect.stringContaining('client:') },
    ]);
  });

  test('an answer to a connection without a request is nobody’s fault', () => {
    const [, answer] = truth() as [HttpRequest, HttpResponse];
    const alone = { ...answer, statusCode: 400, request: undefined, destination: { ...client, port: 40_001 } };
    expect(compare([...truth(), alone])).toEqual([]);
  });
});

test('what is left coded is as much as is counted', () => {
  const left = altered(3, { bodyDecoded: undefined });
  expect(leftCoded('live', truth(), 0)).toEqual([]);
  expect(leftCoded('live', left, 1)).toEqual([]);
  expect(leftCoded('live', left, 0)).toHaveLength(1);
  expect(leftCoded('live', truth(), 1)).toHaveLength(1);
});

test('what is not shown is as much as is counted', () => {
  const seen = (queueDropped: number, dropped = 0) => ({ messages: truth(), counters: { queueDropped, dropped } });
  const all = truth().length;
  expect(uncounted('live', seen(0), all)).toEqual([]);
  expect(uncounted('live', seen(2), all + 2)).toEqual([]);
  expect(uncounted('live', seen(0), all + 1)).toHaveLength(1);
  expect(uncounted('live', seen(0, 7), all + 1)).toEqual([]);
});

describe('live against --read', () => {
  test('the same messages, with other ids and times', () => {
    const later = truth().map((message) => ({ ...message, id: `7${message.id}`, timestamp: 'later', latencyMs: 2 }));
    expect(differences(truth(), later)).toEqual([]);
  });

  test.each<[string, HttpMessage[]]>([
    ['one that is missing', truth().slice(0, -1)],
    ['one more', [...truth(), ...truth().slice(0, 1)]],
    ['another body', altered(1, { body: '' })],
    ['a flag', altered(1, { incomplete: 'gap' })],
    ['another order', truth().toReversed()],
  ])('complains of %s', (_, read) => expect(differences(truth(), read)).not.toEqual([]));
});

test('behind a PROXY header every message names both ends', () => {
  const front = { receiver: { ...server, port: 79 } };
  const source = { ip: '127.0.0.1', port: 50_000 };
  const before = truth().map((message) => ({ ...message, ...front, destination: source }));
  const proxied = { source, destination: { ip: '127.0.0.1', port: 79 } };
  const behind = truth().map((message) => ({ ...message, proxied }));
  const hop = { port: 80, behind: 79 };
  expect(compareProxied(behind, [...before, ...behind], hop)).toEqual([]);
  expect(compareProxied(truth(), [...before, ...behind], hop)).toHaveLength(truth().length);
});

test('the table counts exchanges, and what belongs to none', () => {
  const wrong = [
    { id: GET.id, text: 'one' },
    { id: GET.id, text: 'two' },
  ];
  const results = [
    { server: 'a', cells: [{ client: 'raw', exchanges: EXCHANGES, complaints: wrong }], others: ['lost'] },
    { server: 'b', skipped: 'NOT RUN' },
  ];
  expect(tally(results)).toEqual({ passed: 3, failed: 2 });
  expect(table(results, ['raw'])).toContain('1 of 4 failed');
  expect(complaints(results)).toEqual(['a: lost', 'a, raw: one', 'a, raw: two']);
});
