/** Values of fields: a value that nearly all messages had, and that nearly all have another value in place of, is told; nothing else is. */

import { describe, expect, it } from 'vitest';
import { Captures } from '../../ts/compare/captures.js';
import { type Differences, differencesOf, MIN_VALUES, type ValueDifference } from '../../ts/compare/differences.js';
import { MAX_NAMES } from '../../ts/compare/endpoint.js';
import { MAX_KEPT_NAMES, MAX_KEPT_UNITS, MAX_VALUE_UNITS, MAX_VALUES, Room, Values } from '../../ts/compare/values.js';
import { STRICT_NAMES } from '../../ts/config/strict.js';
import { Random } from '../differential/random.js';

type Fields = Record<string, string>;

const START_MS = Date.UTC(2024, 4, 17);
const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };

/** As many exchanges of one endpoint, each with the fields that are made for it. */
function capture(
  exchanges: number,
  fieldsOf: (n: number) => { request?: Fields; response?: Fields; statusCode?: number },
): Buffer {
  const lines = Array.from({ length: exchanges }, (_, n) => {
    const { request = {}, response = {}, statusCode = 200 } = fieldsOf(n);
    const shared = {
      ...ENDS,
      id: `${n}.1`,
      timestamp: new Date(START_MS + n).toISOString(),
      httpVersion: '1.1',
      bodySize: 0,
    };
    const asked = {
      ...shared,
      direction: 'request',
      method: 'GET',
      path: '/',
      headers: { host: 'shop.test', ...request },
    };
    const times = { latencyMs: 5, waitMs: 5, request: { method: 'GET', path: '/' } };
    return [asked, { ...shared, direction: 'response', statusCode, headers: response, ...times }];
  });
  return Buffer.from(
    lines
      .flat()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
}

function compared(a: Buffer, b: Buffer): Differences {
  const captures = new Captures();
  for (const lines of [a, b]) {
    captures.read(lines);
    captures.end();
  }
  return differencesOf(captures);
}

const told = ({ changes }: Differences): string[] =>
  changes.flatMap(({ differences }) =>
    differences.map((each) => {
      if (!('values' in each)) return `${each.what}`;
      const { what, name, values, hits, of } = each as ValueDifference;
      return `${what} ${name}: ${values.join(' -> ')} (${hits.join(' ')} of ${of.join(' ')})`;
    }),
  );

const of = (name: string, make: (n: number) => string, exchanges = 60): Buffer =>
  capture(exchanges, (n) => ({ response: { [name]: make(n) } }));

describe('a value that was stable, and is another one now', () => {
  it('is told, of requests and of responses', () => {
    const before = capture(60, () => ({
      request: { accept: '*/*' },
      response: { server: 'nginx/1.24', vary: 'accept' },
    }));
    const after = capture(80, () => ({
      request: { accept: 'text/html' },
      response: { server: 'nginx/1.25', vary: 'accept' },
    }));
    const found = compared(before, after);
    expect(told(found)).toEqual([
      'request-value accept: */* -> text/html (60 80 of 60 80)',
      'response-value server: nginx/1.24 -> nginx/1.25 (60 80 of 60 80)',
    ]);
    expect(found.changes[0]?.kind).toBe('changed');
  });

  it('may have been another one in a few messages', () => {
    const few =
      (value: string) =>
      (n: number): string =>
        n % 50 === 7 ? 'other' : value;
    expect(
      told(compared(of('cache-control', few('no-store'), 200), of('cache-control', few('max-age=60'), 200))),
    ).toEqual(['response-value cache-control: no-store -> max-age=60 (196 196 of 200 200)']);
  });

  it('of an endpoint whose paths are only found to be the same later is told as well', () => {
    const paths = (server: string): Buffer =>
      Buffer.from(
        capture(400, () => ({ response: { server } }))
          .toString()
          .split('\n')
          .map((line, at) =>
            line.replaceAll(
              '"path":"/"',
              `"path":"/u/${'abcdefghij'[(at >> 1) % 10]}${'klmnopqrst'[(at >> 1) % 9]}${'uvwxyzabcd'[(at >> 1) % 7]}"`,
            ),
          )
          .join('\n'),
      );
    const { changes, more } = compared(paths('a'), paths('b'));
    expect([changes.length, changes[0]?.at.template, more]).toEqual([1, '/u/:id', 0]);
    expect(told({ changes } as unknown as Differences)).toEqual(['response-value server: a -> b (400 400 of 400 400)']);
  });
});

describe('nothing is told', () => {
  const hex = (n: number): string => n.toString(16).padStart(8, '0');

  it.each<[string, Buffer, Buffer]>([
    ['of the same value', of('server', () => 'a'), of('server', () => 'a')],
    ['of values that vary in the first one', of('etag', hex), of('etag', () => 'b')],
    ['of values that vary in the second one', of('etag', () => 'a'), of('etag', hex)],
    ['of one that nine of ten have', of('x-node', (n) => (n % 10 === 0 ? 'b' : 'a')), of('x-node', () => 'b')],
    [
      'of a share that is other than it was',
      of('x-node', (n) => (n % 3 ? 'a' : 'b')),
      of('x-node', (n) => (n % 3 ? 'b' : 'a')),
    ],
    ['of too few messages', of('server', () => 'a', MIN_VALUES - 1), of('server', () => 'b', MIN_VALUES - 1)],
    [
      'of times, also where all messages are of one second',
      of('date', () => 'Fri, 17 May 2024 14:00:00 GMT'),
      of('date', () => 'Fri, 17 May 2024 15:00:00 GMT'),
    ],
    ['of ids of requests and of clients', of('x-request-id', () => 'a'), of('x-request-id', () => 'b')],
    ['of what is hidden', of('x-tenant', () => '[REDACTED]'), of('x-tenant', () => 'b')],
    [
      'of failures, whose fields are other ones',
      capture(60, () => ({ response: { server: 'a' }, statusCode: 404 })),
      capture(60, () => ({ response: { server: 'b' }, statusCode: 404 })),
    ],
  ])('%s', (_, a, b) => {
    expect(told(compared(a, b))).toEqual([]);
  });

  it('of a field that is secret by its name', () => {
    for (const name of [...STRICT_NAMES.redactHeaders, 'x-my-session', 'x-company-token', 'x-webhook-signature'])
      expect(
        told(
          compared(
            of(name, () => 'first'),
            of(name, () => 'second'),
          ),
        ),
        name,
      ).toEqual([]);
  });

  it('of values by chance: 400 pairs of captures, with fields of which a value is rare', () => {
    let alarms = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const random = new Random(seed);
      const fields = (): { response: Fields } => ({
        response: Object.fromEntries(
          [0.5, 0.1, 0.05, 0.02].map((share, n) => [`x-${n}`, random.chance(share) ? 'b' : 'a']),
        ),
      });
      if (compared(capture(40, fields), capture(40, fields)).changes.length > 0) alarms++;
    }
    expect(alarms).toBe(0);
  });
});

describe('limits', () => {
  it('a value that is too long is counted, not compared, and that is said', () => {
    const long = (letter: string): Buffer => of('x-policy', () => letter.repeat(MAX_VALUE_UNITS + 1));
    const found = compared(long('a'), long('b'));
    expect([told(found), found.more]).toEqual([[], 1]);
    const exact = (letter: string): Buffer => of('x-policy', () => letter.repeat(MAX_VALUE_UNITS));
    expect(told(compared(exact('a'), exact('b')))).toHaveLength(1);
  });

  it('the first few values of a field are told apart, the others are counted', () => {
    const values = new Values();
    const room = new Room();
    for (let n = 0; n < 1_000; n++) expect(values.add(`${n}`, room)).toBe(true);
    expect([values.count, values.hits(`${MAX_VALUES - 1}`), values.hits(`${MAX_VALUES}`)]).toEqual([1_000, 1, 0]);
    expect(values.stable).toBeUndefined();
  });

  it('of all fields together so much is kept', () => {
    const room = new Room();
    let kept = 0;
    for (let n = 0; ; n++) {
      if (!new Values().add(`${n}`.padEnd(MAX_VALUE_UNITS), room)) break;
      kept += MAX_VALUE_UNITS;
    }
    expect(kept).toBe(MAX_KEPT_UNITS);
  });

  it('of all endpoints together so many names are kept, and what has more is told', () => {
    const captures = new Captures();
    const hostile = (servers: number): Buffer => {
      const messages = Array.from({ length: 10 * servers }, (_, n) => {
        const fields = Object.fromEntries(Array.from({ length: MAX_NAMES }, (_, at) => [`x-${n}-${at}`, 'value']));
        const path = `/${'abcdefghij'[n % 10]}`;
        const shared = {
          ...{ ...ENDS, receiver: { ip: '10.0.0.5', port: 1_000 + Math.floor(n / 10) }, id: `${n}.1` },
          ...{ timestamp: new Date(START_MS + n).toISOString(), headers: fields },
        };
        return [
          { ...shared, direction: 'request', method: 'GET', path },
          { ...shared, direction: 'response', statusCode: 200, request: { method: 'GET', path } },
        ];
      });
      return Buffer.from(
        messages
          .flat()
          .map((each) => `${JSON.stringify(each)}\n`)
          .join(''),
      );
    };
    for (const lines of [hostile(60), hostile(60)]) {
      captures.read(lines);
      captures.end();
    }
    const endpoints = [...captures.found()].map(({ stats }) => stats);
    const sizes = endpoints.flatMap(({ sides: [{ names }] }) => [names.request.size, names.response.size]);
    expect(endpoints).toHaveLength(600);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(MAX_KEPT_NAMES);
    expect(differencesOf(captures).more).toBeGreaterThan(300);
    const after = endpoints.filter(({ hasMore }) => !hasMore).map(({ sides: [a, b] }) => [a.names, b.names]);
    for (const [a, b] of after) expect(a).toEqual(b);
  });

  it('values of endpoints that become one take the room of one', () => {
    const room = new Room();
    const all = new Values();
    for (let n = 0; n < 100_000; n++) {
      const one = new Values();
      expect(one.add(n % 2 === 0 ? 'a'.repeat(MAX_VALUE_UNITS) : `${n % 11}`, room)).toBe(true);
      all.takeOver(one, room);
    }
    expect([all.count, all.hits('a'.repeat(MAX_VALUE_UNITS))]).toEqual([100_000, 50_000]);
  });
});
