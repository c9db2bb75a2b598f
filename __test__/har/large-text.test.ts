/** Large bodies go into a HAR as the JSON text that they are: the same document as by way of strings. */

import { describe, expect, it } from 'vitest';
import { LARGE_TEXT_BYTES, parseLargeLine } from '../../ts/exchange/lines';
import type { Exchange } from '../../ts/exchange/pairing';
import { entryOf } from '../../ts/outputs/har/entry';
import { type HarMessage, lengthOf, withLargeTexts } from '../../ts/outputs/har/large-text';
import type { HttpMessage } from '../../ts/types';
import { Random } from '../differential/random';

/** Long enough with this body. */
const REPEATS = LARGE_TEXT_BYTES;

/** As the engine writes it: the body after the head's fields, its size after that. */
function line(message: object, body: object, more: object = {}): Buffer {
  const parts = [message, body, { bodySize: 7 }, more].map((part) => JSON.stringify(part).slice(1, -1));
  return Buffer.from(`{${parts.filter((part) => part !== '').join(',')}}`);
}

const ENDS = {
  httpVersion: '1.1',
  timestamp: '2024-05-17T08:30:00.002Z',
  receiver: { ip: '10.0.0.5', port: 8080 },
  destination: { ip: '10.0.0.9', port: 40_000 },
};
const request = (headers: object, body: object, more?: object): Buffer =>
  line({ id: '1.1', ...ENDS, direction: 'request', method: 'POST', path: '/', headers }, body, more);
const response = (headers: object, body: object, more?: object): Buffer =>
  line({ id: '1.1', ...ENDS, direction: 'response', statusCode: 200, headers }, body, more);

/** The entry by way of strings, and the entry with large texts. */
function bothWays(lines: { request?: Buffer; response?: Buffer }): { plain: unknown; large: unknown; texts: number } {
  const plain: Exchange<HarMessage> = { interim: [] };
  const large: Exchange<HarMessage> = { interim: [] };
  const texts = [];
  for (const half of ['request', 'response'] as const) {
    const bytes = lines[half];
    if (bytes === undefined) continue;
    plain[half] = JSON.parse(bytes.toString()) as HttpMessage;
    const { message, largeText: json } = parseLargeLine(bytes) ?? expect.fail('it is JSON');
    if (json !== undefined) {
      const text = { json };
      texts.push(text);
      large[half] = { ...message, large: text };
    } else large[half] = message;
  }
  const pieces = withLargeTexts(JSON.stringify(entryOf(large)), texts);
  return {
    plain: JSON.parse(JSON.stringify(entryOf(plain))),
    large: JSON.parse(pieces.map((piece) => piece.toString()).join('')),
    texts: texts.length,
  };
}

describe('a large body', () => {
  it.each([
    ['plain', 'x'],
    ['NULs', '\0'],
    ['quotes and backslashes', '"\\'],
    ['its own end', '","bodySize":7'],
    ['its own beginning', '},"body":"'],
    ['the member behind it', '"bodyText":"x","body'],
    ['every control character', String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code))],
    ['characters of all lengths', 'aä€😀\u2028'],
  ])('of %s', (_name, unit) => {
    const text = unit.repeat(Math.ceil(REPEATS / unit.length));
    const headers = { 'content-type': 'text/plain', body: '},"body":"', bodytext: ',"bodyText":"' };
    for (const body of [
      { body: text },
      { body: text, bodyDecoded: 'gzip' },
      { bodyEncoding: 'binary', bodyText: text, bodyCharset: 'latin1', bodyDecoded: 'gzip' },
    ]) {
      for (const lines of [
        { request: request(headers, body), response: response(headers, body, { trailers: { a: 'b' } }) },
        { request: request({}, body) },
        { response: response({}, body) },
        { request: request(headers, { body: 'small' }), response: response(headers, body) },
        { request: request(headers, body), response: response(headers, { body: '' }) },
      ]) {
        const { plain, large, texts } = bothWays(lines);
        expect(texts).toBeGreaterThan(0);
        expect(large).toEqual(plain);
      }
    }
  });

  it.each([0, 1, 2, 3])('in base64, with %i bytes more than a multiple of three', (more) => {
    const body = Buffer.alloc(REPEATS + more, 'a').toString('base64');
    const { plain, large, texts } = bothWays({
      response: response({}, { body, bodyEncoding: 'base64', bodyDecoded: 'gzip' }),
    });
    expect(texts).toBe(1);
    expect(large).toEqual(plain);
  });

  it('counts what its text stands for', () => {
    const random = new Random(5);
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: random.upTo(40) }, () =>
        random.pick(['a', 'ä', '€', '😀', '\n', '\0', '"', '\\', 'u', '/']),
      ).join('');
      const json = Buffer.from(JSON.stringify(text).slice(1, -1));
      expect(lengthOf({ json }), JSON.stringify(text)).toBe(Buffer.byteLength(text));
    }
  });

  it('of a form has no parameters beside its text', () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const { large, texts } = bothWays({ request: request(type, { body: 'a=b&'.repeat(REPEATS) }) });
    expect(texts).toBe(1);
    expect(Object.keys((large as { request: { postData: object } }).request.postData)).toEqual(['mimeType', 'text']);
  });
});

describe('a line', () => {
  it('with a large head and a small body is read as any other', () => {
    const bytes = request({ cookie: 'x'.repeat(2 * LARGE_TEXT_BYTES) }, { body: 'small' });
    expect(parseLargeLine(bytes)).toEqual({ message: JSON.parse(bytes.toString()) });
  });

  it('with a large message of gRPC is read as any other, whatever names are in it', () => {
    const big = 'x'.repeat(LARGE_TEXT_BYTES);
    for (const json of [
      { a: {}, body: big, bodyB: 1 },
      { a: 1, bodyText: big, bodyB: 1 },
    ]) {
      const bytes = request({}, { bodyEncoding: 'binary' }, { grpcMessages: [{ size: 1, json }] });
      expect(parseLargeLine(bytes)).toEqual({ message: JSON.parse(bytes.toString()) });
    }
  });

  it.each(['{"a":', `{"headers":{},"body":"${'x'.repeat(LARGE_TEXT_BYTES)}","bodySize":`])(
    'that is no JSON is none',
    (text) => {
      expect(parseLargeLine(Buffer.from(text))).toBeUndefined();
    },
  );

  it('in another order is read whole', () => {
    const text = `{"body":"${'x'.repeat(LARGE_TEXT_BYTES)}","headers":{}}`;
    expect(parseLargeLine(Buffer.from(text))?.message.body).toHaveLength(LARGE_TEXT_BYTES);
  });
});

describe('queries, forms and cookies', () => {
  it('are told up to a number', () => {
    const headers = { cookie: 'a=b; '.repeat(50_000), host: 'h' };
    const bytes = line(
      { id: '1', ...ENDS, direction: 'request', method: 'GET', path: `/?${'&a'.repeat(50_000)}`, headers },
      { body: '' },
    );
    const entry = entryOf({ request: JSON.parse(bytes.toString()), interim: [] });
    expect(JSON.stringify(entry).length).toBeLessThan(2 * bytes.length);
  });
});
