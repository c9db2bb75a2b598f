// The judges of a bulk run: they say nothing of what is right, and something of each kind of wrong.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
// @ts-expect-error scripts have no types
import { CallJudge } from '../interop/bulk/calls.mjs';
// @ts-expect-error scripts have no types
import { answerOf, foldOf, messageOf } from '../interop/bulk/content.mjs';
// @ts-expect-error scripts have no types
import { DamagedJudge } from '../interop/bulk/damaged.mjs';
// @ts-expect-error scripts have no types
import { ExchangeJudge, StreamJudge } from '../interop/bulk/judges.mjs';
// @ts-expect-error scripts have no types
import * as odd from '../interop/bulk/odd.mjs';

const COUNT = 12;
type Message = Record<string, unknown>;
type Alter = (messages: Message[]) => Message[];

const numbers = Array.from({ length: COUNT }, (_, n) => n);
const base64 = (bytes: Buffer) => bytes.toString('base64');

function complaintsOf(judge: typeof StreamJudge, messages: Message[], told: unknown): string[] {
  for (const message of messages) judge.take(message);
  return judge.complaints(told);
}

describe('a stream', () => {
  const told = { sent: foldOf(COUNT), got: foldOf(COUNT) };
  const inside = (direction: string): Message[] =>
    numbers.map((n) => {
      const { isBinary, bytes } = messageOf(n);
      const data = { data: base64(bytes), dataEncoding: 'base64', dataSize: bytes.length };
      return {
        stream: 'websocket',
        id: 'a',
        sequence: n + 1,
        direction,
        opcode: isBinary ? 'binary' : 'text',
        ...data,
      };
    });
  const truth = (): Message[] => [
    { id: 'a', direction: 'request' },
    { id: 'a', direction: 'response' },
    ...inside('request'),
    ...inside('response'),
  ];
  const complaints = (messages: Message[]) => complaintsOf(new StreamJudge('websocket'), messages, told);

  test('that is right', () => expect(complaints(truth())).toEqual([]));
  test.each<[string, Alter]>([
    ['one is missing', (all) => all.toSpliced(5, 1)],
    ['the last is missing', (all) => all.slice(0, -1)],
    ['one comes twice', (all) => [...all, all.at(-1) as Message]],
    ['two have changed places', (all) => all.toSpliced(4, 2, all[5] as Message, all[4] as Message)],
    ['a byte is another', (all) => all.with(7, { ...all[7], data: base64(Buffer.alloc(Number(all[7]?.dataSize))) })],
    ['text is binary', (all) => all.with(4, { ...all[4], opcode: 'binary' })],
    ['one is cut', (all) => all.with(4, { ...all[4], truncated: true })],
    ['another id', (all) => all.with(4, { ...all[4], id: 'b' })],
    ['another stream', (all) => all.with(4, { ...all[4], stream: 'sse' })],
    ['no response', (all) => all.toSpliced(1, 1)],
  ])('%s', (_, alter) => expect(complaints(alter(truth()))).not.toEqual([]));
  test('the client got less', () => {
    const messages = truth().slice(0, -1);
    expect(complaintsOf(new StreamJudge('websocket'), messages, { ...told, got: foldOf(COUNT - 1) })).not.toEqual([]);
  });
});

describe('exchanges', () => {
  const told = { right: COUNT };
  const truth = (): Message[] =>
    numbers.flatMap((n): Message[] => {
      const [sent, answer] = [messageOf(n).bytes as Buffer, answerOf(n) as Buffer];
      const path = `/${n}`;
      const headers = { 'x-number': `${n}`, 'x-got': `${sent.length}` };
      const body = (bytes: Buffer) => ({ body: base64(bytes), bodyEncoding: 'base64', bodySize: bytes.length });
      return [
        { id: `i${n}`, direction: 'request', path, headers: {}, ...body(sent) },
        { id: `i${n}`, direction: 'response', request: { path }, headers, ...body(answer) },
      ];
    });
  const complaints = (messages: Message[], said = told) => complaintsOf(new ExchangeJudge(COUNT), messages, said);

  test('that are right', () => expect(complaints(truth())).toEqual([]));
  test.each<[string, Alter]>([
    ['a request is missing', (all) => all.toSpliced(4, 1)],
    ['a response is missing', (all) => all.toSpliced(5, 1)],
    ['a request comes twice', (all) => [...all, all[4] as Message]],
    ['a response comes twice', (all) => [...all, all[5] as Message]],
    ['the answer of another', (all) => all.with(5, { ...all[5], id: 'i7' })],
    ['a body of another', (all) => all.with(5, { ...all[7], headers: all[5]?.headers, id: all[5]?.id })],
    ['a flag', (all) => all.with(5, { ...all[5], incomplete: 'closed' })],
    ['of nothing', (all) => [...all, { ...all[4], path: '/none' }]],
  ])('%s', (_, alter) => expect(complaints(alter(truth()))).not.toEqual([]));
  describe('after an upgrade', () => {
    const upgraded = (): Message[] => {
      const [first, answer, ...rest] = truth().map((message) => ({ ...message, httpVersion: '2.0' }));
      const ofHttp1 = { id: 'i0', httpVersion: '1.1' };
      return [
        { ...first, ...ofHttp1 },
        { ...ofHttp1, direction: 'response', statusCode: 101 },
        answer as Message,
        ...rest,
      ];
    };
    const found = (messages: Message[]) => complaintsOf(new ExchangeJudge(COUNT, { upgrades: true }), messages, told);

    test('that is right', () => expect(found(upgraded())).toEqual([]));
    test.each<[string, Alter]>([
      ['there was none', (all) => all.toSpliced(1, 1)],
      ['a request of HTTP/1 follows', (all) => all.with(5, { ...all[5], httpVersion: '1.1' })],
    ])('%s', (_, alter) => expect(found(alter(upgraded()))).not.toEqual([]));
  });
  test('the client was not content', () => expect(complaints(truth(), { right: COUNT - 1 })).not.toEqual([]));
  test('a body of a client that sends none', () =>
    expect(complaintsOf(new ExchangeJudge(COUNT, { hasBodies: false }), truth(), told)).not.toEqual([]));
});

describe('odd exchanges', () => {
  const told = { right: COUNT, pushed: 1 };
  const body = (bytes: Buffer) => ({ body: base64(bytes), bodyEncoding: 'base64', bodySize: bytes.length });
  const half = (n: number, direction: string, more: Message): Message => {
    const hasTrailers = odd.kindOf(n) === 'trailers' && { trailers: odd.trailersOf(n, direction) };
    const headers = { 'x-number': `${n}`, ...odd.fieldsOf(n, direction), ...(more.headers as object) };
    return { id: `i${n}`, direction, ...hasTrailers, ...more, headers };
  };
  const at = (kind: string) => numbers.find((n) => odd.kindOf(n) === kind) as number;
  const of = (n: number): Message[] => {
    const kind = odd.kindOf(n);
    const flag = (breaks: string) => (kind === breaks ? { incomplete: 'malformed', bodyTruncated: true } : {});
    const request = half(n, 'request', { path: `/${n}`, ...body(odd.requestBody(n)), ...flag('uploadBreaksOff') });
    if (kind === 'uploadBreaksOff') return [request];
    const answered = { request: { path: `/${n}` }, statusCode: odd.statusOf(n), ...body(odd.responseBody(n)) };
    const pushes = kind === 'push' && { headers: { 'x-pushes': '1' } };
    const response = half(n, 'response', { ...answered, ...pushes, ...flag('serverResets') });
    return kind === 'earlyHints'
      ? [request, { ...response, statusCode: 103, ...body(Buffer.alloc(0)) }, response]
      : [request, response];
  };
  const pushed = (): Message[] => {
    const [n, path] = [at('push'), `/pushed/${at('push')}`];
    return [
      { id: 'p', direction: 'request', path, headers: {}, ...body(Buffer.alloc(0)) },
      {
        id: 'p',
        direction: 'response',
        request: { path },
        statusCode: 200,
        headers: { 'x-number': `${n}` },
        ...body(answerOf(n)),
      },
    ];
  };
  const truth = () => [...numbers.flatMap(of), ...pushed()];
  const complaints = (messages: Message[], said = told) => complaintsOf(new odd.OddJudge(COUNT), messages, said);
  const altered =
    (kind: string, direction: string, more: Message): Alter =>
    (all) =>
      all.map((message) => {
        const isIt = message.direction === direction && message.id === `i${at(kind)}` && message.statusCode !== 103;
        return isIt ? { ...message, ...more } : message;
      });
  const cut = {
    incomplete: 'reset',
    errorCode: 'CANCEL',
    ...body(odd.responseBody(at('clientCancels')).subarray(0, 9)),
  };

  test('that are right', () => expect(complaints(truth())).toEqual([]));
  test('an answer that its client cuts', () =>
    expect(complaints(altered('clientCancels', 'response', cut)(truth()))).toEqual([]));
  test.each<[string, Alter]>([
    ['a response is missing', (all) => all.toSpliced(1, 1)],
    ['a request comes twice', (all) => [...all, all[0] as Message]],
    ['the pushed response is missing', (all) => all.slice(0, -1)],
    ['the hints are missing', (all) => all.filter(({ statusCode }) => statusCode !== 103)],
    ['another id', altered('plain', 'response', { id: 'x' })],
    ['no trailers', altered('trailers', 'request', { trailers: undefined })],
    ['another field', altered('largeFields', 'request', { headers: {} })],
    ['unknown fields', altered('plain', 'request', { unknownHeaders: 1 })],
    ['another status', altered('noContent', 'response', { statusCode: 200 })],
    ['another body', altered('echo', 'response', body(Buffer.from('x')))],
    ['a part without a flag', altered('clientCancels', 'response', { ...cut, incomplete: undefined })],
    ['a flag of a whole body', altered('plain', 'response', { incomplete: 'reset', errorCode: 'CANCEL' })],
    ['no flag of an upload that breaks off', altered('uploadBreaksOff', 'request', { incomplete: undefined })],
    ['of nothing', (all) => [...all, { ...all[0], path: '/none' }]],
  ])('%s', (_, alter) => expect(complaints(alter(truth()))).not.toEqual([]));
  test('the client got no push', () => expect(complaints(truth(), { ...told, pushed: 0 })).not.toEqual([]));
  test('the same messages have the same fingerprint', () => {
    const print = (messages: Message[]) => {
      const judge = new odd.OddJudge(COUNT);
      for (const message of messages) judge.take(message);
      return judge.fingerprint();
    };
    const other = truth().map((message) => ({ ...message, id: 'x', timestamp: 'now' }));
    expect(print(other.toReversed())).toBe(print(truth()));
    expect(print(altered('plain', 'request', { method: 'PUT' })(truth()))).not.toBe(print(truth()));
  });
});

describe('calls of gRPC', () => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const call = { call: '1', method: 'Chat', gzip: false, sent: ['a', 'b'].map(sum), got: ['c'].map(sum), code: 0 };
  const failed = { call: '2', method: 'Fail', gzip: true, sent: ['a'].map(sum), got: [], code: 5, message: 'nö' };
  const slow = { call: '3', method: 'Slow', gzip: false, sent: ['a'].map(sum), got: [], code: 4, message: 'late' };
  const records = [{ ...call, message: '' }, failed, slow];
  const part = (id: string, direction: string, sequence: number, text: string) => {
    return { stream: 'grpc', id, direction, sequence, data: base64(Buffer.from(text)) };
  };
  const half = (id: string, direction: string, grpc: object, texts: string[]): Message => ({
    id: `i${id}`,
    direction,
    headers: direction === 'request' ? { 'x-call': id } : {},
    grpc: { service: 'interop.v1.Everything', ...grpc },
    grpcMessages: texts.map((text) => ({ data: base64(Buffer.from(text)) })),
  });
  const truth = (): Message[] => [
    part('i1', 'request', 1, 'a'),
    part('i1', 'request', 2, 'b'),
    part('i1', 'response', 1, 'c'),
    half('1', 'request', { method: 'Chat' }, ['a', 'b']),
    half('1', 'response', { method: 'Chat', status: 0 }, ['c']),
    half('2', 'request', { method: 'Fail', encoding: 'gzip' }, []),
    half('2', 'response', { method: 'Fail', status: 5, statusMessage: 'nö' }, []),
    half('3', 'request', { method: 'Slow' }, []),
  ];
  /** Its last message is cut. */
  const cut = (id: string, method: string): Message[] => [
    { ...part(`i${id}`, 'request', 1, 'no'), truncated: true },
    {
      ...half(id, 'request', { method, encoding: 'gzip' }, []),
      incomplete: 'reset',
      grpcMessages: [{ truncated: true }],
    },
  ];
  const complaints = (messages: Message[]) => complaintsOf(new CallJudge(), messages, records);

  test('that are right', () => expect(complaints(truth())).toEqual([]));
  test('a request that the server resets in the middle of a message', () =>
    expect(complaints(truth().toSpliced(5, 1, ...cut('2', 'Fail')))).toEqual([]));
  test.each<[string, Alter]>([
    ['a message is missing', (all) => all.toSpliced(1, 1)],
    ['a message is another', (all) => all.with(2, part('i1', 'response', 1, 'd'))],
    ['a message is cut', (all) => all.with(2, { ...all[2], truncated: true })],
    ['a body is another', (all) => all.with(4, half('1', 'response', { method: 'Chat', status: 0 }, ['d']))],
    ['a status is another', (all) => all.with(4, half('1', 'response', { method: 'Chat', status: 2 }, ['c']))],
    ['a method is another', (all) => all.with(3, half('1', 'request', { method: 'Unary' }, ['a', 'b']))],
    ['a reason is another', (all) => all.with(6, half('2', 'response', { status: 5, statusMessage: 'no' }, []))],
    ['a status that was not told', (all) => [...all, half('3', 'response', { method: 'Slow', status: 1 }, [])]],
    ['a call is missing', (all) => all.slice(0, -1)],
    ['a response is missing', (all) => all.toSpliced(6, 1)],
    ['a call twice', (all) => [...all, half('3', 'request', { method: 'Slow' }, [])]],
    ['a flag', (all) => all.with(4, { ...all[4], incomplete: 'closed' })],
    ['a message of a request is cut', (all) => all.with(1, { ...all[1], truncated: true })],
    ['a message follows the cut one', (all) => all.toSpliced(5, 1, ...cut('2', 'Fail'), part('i2', 'request', 2, 'a'))],
  ])('%s', (_, alter) => expect(complaints(alter(truth()))).not.toEqual([]));
});

describe('a damaged savefile', () => {
  const inside = (n: number, more: object = {}): Message => {
    const { isBinary, bytes } = messageOf(n);
    const data = { data: base64(bytes), dataEncoding: 'base64', dataSize: bytes.length };
    return {
      stream: 'websocket',
      id: 'a',
      sequence: n + 1,
      direction: 'request',
      opcode: isBinary ? 'binary' : 'text',
      ...data,
      ...more,
    };
  };
  const half = (n: number): Message => {
    const bytes = messageOf(n).bytes as Buffer;
    return { direction: 'request', path: `/${n}`, headers: {}, body: base64(bytes), bodyEncoding: 'base64' };
  };
  const judged = (messages: Message[], counters: object = { gaps: 1 }) => {
    const judge = new DamagedJudge(COUNT);
    for (const message of messages) judge.take(message);
    return judge.complaints(1, counters, ['gaps']);
  };
  const missing = numbers.filter((n) => n !== 4).map((n) => inside(n));

  test('that is shown rightly', () => {
    expect(judged(missing)).toEqual([]);
    const beginning = messageOf(4).bytes.subarray(0, 5);
    expect(judged([inside(3), inside(4, { data: base64(beginning), truncated: true }), inside(5)])).toEqual([]);
    expect(judged([half(3), half(7)])).toEqual([]);
  });
  test.each<[string, Message[], object?]>([
    ['another message', [inside(3, { data: base64(Buffer.from('3 is another')) })]],
    ['another order', [inside(5), inside(4, { sequence: 7 })]],
    ['one twice', [inside(5), inside(5, { sequence: 7 })]],
    ['a cut one that is the beginning of none', [inside(3, { truncated: true, data: base64(Buffer.alloc(500, 'x')) })]],
    ['a number that goes back', [inside(5), inside(6, { sequence: 2 })]],
    ['no flag', [inside(0), inside(1)]],
    ['nothing that is told', missing, {}],
    ['another body', [{ ...half(3), body: base64(Buffer.from('x')) }]],
  ])('%s', (_, messages, counters) => expect(judged(messages, counters)).not.toEqual([]));
});
