/** Rows of CSV: what a reader of RFC 4180 gets back, and that no spreadsheet takes a field for a formula. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, HEADER, rowOf } from '../../ts/command/formats/csv';
import { printable } from '../../ts/command/terminal/text';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';

const REQUEST: HttpRequest = {
  id: '1.1',
  receiver: { ip: '2001:db8::1', port: 80 },
  destination: { ip: '10.0.0.9', port: 40_000 },
  direction: 'request',
  timestamp: '2024-05-17T14:03:00.136Z',
  httpVersion: '1.1',
  headers: { host: 'h', accept: '*/*' },
  method: 'GET',
  path: '/',
  body: 'secret',
  bodySize: 6,
};
const { id, receiver, destination, timestamp, httpVersion, headers } = REQUEST;
const RESPONSE: HttpResponse = {
  ...{ id, receiver, destination, timestamp, httpVersion, headers },
  direction: 'response',
  statusCode: 200,
  bodySize: 14,
  request: { method: 'GET', path: '/' },
  latencyMs: 12.5,
  waitMs: 11.25,
  grpc: { status: 0, statusName: 'OK' },
};

/** The records of a file, by the grammar of RFC 4180 §2. */
function recordsOf(text: string): string[][] {
  const records: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let record: string[] = [];
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (found === null) throw new Error('no CSV');
    record.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}

const row = (request?: HttpMessage, response?: HttpMessage): string =>
  rowOf({
    ...(request && { request: factsOf(request) }),
    interim: [],
    ...(response && { response: factsOf(response) }),
  });

describe('a row', () => {
  it('has a field for each column of the header', () => {
    expect(HEADER).toBe(
      'time,client,server,method,host,path,status,grpc_status,wait_ms,latency_ms,request_bytes,response_bytes,id\r\n',
    );
    expect(row(REQUEST, RESPONSE)).toBe(
      '2024-05-17T14:03:00.136Z,10.0.0.9:40000,[2001:db8::1]:80,GET,h,/,200,0,11.25,12.5,6,14,1.1\r\n',
    );
  });

  it('leaves empty what was not seen', () => {
    expect(row(REQUEST)).toBe('2024-05-17T14:03:00.136Z,10.0.0.9:40000,[2001:db8::1]:80,GET,h,/,,,,,6,,1.1\r\n');
    const { request: _, latencyMs: __, waitMs: ___, grpc: ____, ...alone } = RESPONSE;
    expect(row(undefined, alone)).toBe(
      '2024-05-17T14:03:00.136Z,10.0.0.9:40000,[2001:db8::1]:80,,,,200,,,,,14,1.1\r\n',
    );
    expect(row({ ...REQUEST, timestampUnknown: true })).toMatch(/^,10\.0\.0\.9/);
  });

  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'=+-@\'",; \r\n\ta1é茶＝\x1b\x7f\x9b\u202e'), maxLength: 12 }),
    fc.string({ unit: 'grapheme' }),
  );

  it('comes back from a reader as it was sent, with its controls as escapes, and is no formula', () => {
    fc.assert(
      fc.property(text, text, text, (method, host, path) => {
        const [record = []] = recordsOf(row({ ...REQUEST, method, path, headers: { host } }, RESPONSE));
        expect(record.length).toBe(13);
        const texts = [record[3], record[4], record[5]] as string[];
        for (const each of texts) expect(each).not.toMatch(/^[=+\-@\uff1d\uff0b\uff0d\uff20]/);
        expect(texts.map((each) => each.replace(/^'/, '').replaceAll('\\x3b', ';'))).toEqual(
          [method, host, path].map(printable),
        );
      }),
    );
  });

  it('has no formula either where a semicolon separates fields, and nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(text, text, text, (method, host, path) => {
        const written = row({ ...REQUEST, method, path, headers: { host } }, RESPONSE);
        expect(written.slice(0, -2)).not.toMatch(/\p{C}/u);
        expect(written).not.toMatch(/;["'=+\-@ \uff1d\uff0b\uff0d\uff20]/);
      }),
    );
    expect(row({ ...REQUEST, path: '/a;b=c;=1+1' })).toContain('/a;b=c\\x3b=1+1,');
  });
});
