import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { toCaptureOptions } from '../../ts/config/engine';
import { readCommandConfig } from '../../ts/config/env';
import { checkFilters, expressionsOf, MAX_FILTERS, parseFilters } from '../../ts/config/filters';
import { type Exchange, parseFilter } from '../../ts/filter';
import { isPathLike } from '../../ts/filter/patterns';
import { portRanges } from '../../ts/filter/ports';
import { request, response } from '../filter/exchanges';

describe('filters as text', () => {
  it.each([
    ['method=POST', [{ method: 'POST' }]],
    [
      'method=POST,path=/api/*,status=5xx,header=x-debug',
      [{ method: 'POST', path: '/api/*', status: '5xx', header: 'x-debug' }],
    ],
    ['path=/a; path=/b ;', [{ path: '/a' }, { path: '/b' }]],
    ['path=/a?x=1,2', [{ path: '/a?x=1,2' }]],
    ['header=accept: a, b, header=x', [{ header: 'x' }]],
    ['header=x-when: a:b, path=/', [{ header: 'x-when: a:b', path: '/' }]],
  ])('%j', (text, filters) => {
    expect(parseFilters(text)).toEqual(filters);
  });

  it.each([
    ['POST', 'a filter is made of method, path, status, header'],
    ['', 'a filter is made of method, path, status, header'],
    [' ; ', 'a filter is made of method, path, status, header'],
    ['stauts=5xx', 'did you mean status?'],
    ['method=GET,pth=/x', 'did you mean path?'],
  ])('refuses %j', (text, words) => {
    expect(() => parseFilters(text)).toThrow(words);
  });

  it('come from flags and variables, and no value is shown in a complaint', () => {
    const { config } = readCommandConfig(
      { ports: '1', include: 'path=/a;status=404' },
      { INCLUDE: 'path=/b', EXCLUDE: 'method=GET;path=/health', REDACT_QUERY: 'token, key' },
    );
    expect(config).toMatchObject({
      include: [{ path: '/a' }, { status: '404' }],
      exclude: [{ method: 'GET' }, { path: '/health' }],
      redactQuery: ['token', 'key'],
    });
    expect(() => readCommandConfig({ ports: '1', include: 'x=hunter2' }, {})).toThrow(/^--include: (?!.*hunter2)/);
  });
});

describe('filters in the config', () => {
  const check = (include: unknown) => validateConfig({ ports: [80], include }).include;

  it('reach the engine as they are', () => {
    const include = [{ method: 'get', path: '/a*', status: '5XX', header: 'x-a: b:c' }];
    const exclude = [{ status: '20x' }];
    const config = validateConfig({ ports: [80], include, exclude, redactQuery: ['Token', 'token', 'Key'] });
    expect(toCaptureOptions(config)).toMatchObject({ include, exclude, redactQuery: ['token', 'key'] });
    expect(toCaptureOptions(validateConfig({ ports: [80] }))).toMatchObject({
      include: [],
      exclude: [],
      redactQuery: [],
    });
  });

  it('parts that are undefined are left out', () => {
    expect(check([{ method: 'GET', path: undefined }])).toEqual([{ method: 'GET' }]);
  });

  it.each([
    [{ method: 'GET' }, 'an array of filters'],
    [[null], 'each must be an object'],
    [[{}], 'at least one of'],
    [[{ path: undefined }], 'at least one of'],
    [[{ methods: 'GET' }], 'did you mean method?'],
    [[{ method: 'A B' }], 'method must be a method'],
    [[{ path: '' }], 'path must be'],
    [[{ path: 5 }], 'path must be'],
    [[{ status: '5' }], 'status must be three digits'],
    [[{ status: '0xx' }], 'status must be'],
    [[{ status: 404 }], 'status must be'],
    [[{ header: ': x' }], 'header must be'],
    [[{ header: 'a b: x' }], 'header must be'],
    [[{ header: 'a: x\r\ny' }], 'header must be'],
  ])('refuses %j', (include, words) => {
    expect(() => check(include)).toThrow(words);
  });

  it('are as many as the engine can keep apart', () => {
    const some = (count: number) => Array.from({ length: count }, (_, n) => ({ path: `/${n}` }));
    const config = (include: number, exclude: number) => ({
      ports: [80],
      include: some(include),
      exclude: some(exclude),
    });
    expect(validateConfig(config(60, 3)).include).toHaveLength(60);
    expect(() => validateConfig(config(60, 4))).toThrow(`at most ${MAX_FILTERS}`);
  });
});

describe('filters as expressions', () => {
  it.each([
    ['method=GET,path=/a*', '', ['method="GET" and path="/a*"']],
    ['path=/a;status=5xx', '', ['(path="/a") or (status="5xx")']],
    ['', 'path=/a"b;method=GET', ['not (path="/a\\"b")', 'not (method="GET")']],
    ['header=x-a', 'header=x-a: b c', ['request.header="x-a"', 'not (request.header="x-a: b c")']],
    ['header=X-A: b*c.d', '', ['request.header~"^x-a: b\\*c\\.d$"']],
    ['header=if-match: "a*"', '', ['request.header~"^if-match: \\"a\\*\\"$"']],
    ['path=/a\\', 'header=x-a: 1\\', ['path~"(?s)^/a[\\\\]"', 'not (request.header~"^x-a: 1[\\\\]$")']],
  ])('%s; not %s', (include, exclude, expressions) => {
    const [wanted, unwanted] = [include, exclude].map((text) => (text === '' ? [] : parseFilters(text)));
    expect(expressionsOf(wanted ?? [], unwanted ?? [])).toEqual(expressions);
    expect(() => expressions.map((text) => parseFilter(text))).not.toThrow();
  });
});

describe('filters as expressions are of what the filters are of', () => {
  const signs = fc.constantFrom(...'"\'\\*.-?:()[]{}|^$+ a1&', 'é', '😀', '\u2028', '\t');
  const some = fc.string({ unit: signs, maxLength: 30 });
  const printable = fc.string({ unit: fc.constantFrom(...'"\'\\*.-?:()[]{}|^$+/a1&'), minLength: 1, maxLength: 30 });
  const holds = (key: 'include' | 'exclude', text: string, exchange: Exchange): boolean => {
    const filters = { include: [], exclude: [], [key]: checkFilters([JSON.parse(text)], key) };
    return expressionsOf(filters.include, filters.exclude).every((each) => parseFilter(each).matches(exchange));
  };

  it('of headers', () => {
    fc.assert(
      fc.property(some, fc.string({ unit: signs, minLength: 1, maxLength: 3 }), (value, more) => {
        const filter = JSON.stringify({ header: `X-a: ${value}` });
        const [own, other] = [value.trim(), `${value.trim()}${more}`].map(
          (each): Exchange => ({ request: request({ headers: { 'x-a': each } }), response: response() }),
        ) as [Exchange, Exchange];
        expect([holds('include', filter, own), holds('exclude', filter, own)]).toEqual([true, false]);
        expect([holds('include', filter, other), holds('exclude', filter, other)]).toEqual([false, true]);
      }),
    );
  });

  it('of paths', () => {
    fc.assert(
      fc.property(printable, some, (path, other) => {
        const filter = JSON.stringify({ path });
        for (const target of [path, path.replaceAll('*', other), `${path}${other}`, other]) {
          const exchange: Exchange = { request: request({ path: target }), response: response() };
          const isLike = isPathLike(path, target);
          expect([holds('include', filter, exchange), holds('exclude', filter, exchange)]).toEqual([isLike, !isLike]);
        }
      }),
    );
  });

  it('of methods and statuses', () => {
    const token = fc.string({ unit: fc.constantFrom(..."!#$%&'*+-.^_`|~aZ0"), minLength: 1, maxLength: 9 });
    const status = fc.stringMatching(/^[1-9xX][0-9xX]{2}$/);
    fc.assert(
      fc.property(token, status, (method, status) => {
        const statusCode = Number(status.toLowerCase().replaceAll('x', '1'));
        const exchange: Exchange = { request: request({ method }), response: response({ statusCode }) };
        const filter = JSON.stringify({ method, status });
        expect([holds('include', filter, exchange), holds('exclude', filter, exchange)]).toEqual([true, false]);
      }),
    );
  });

  it('or are too long, which is said of their own option', () => {
    const long = checkFilters([{ path: `/${'a'.repeat(5_000)}` }], 'include');
    expect(() => expressionsOf(long, [])).toThrow(/^include: .*the filter is longer than/);
    expect(() => expressionsOf([], long)).toThrow(/^exclude: .*the filter is longer than/);
  });
});

it('many ports are told as ranges where they are neighbours', () => {
  expect(portRanges([8080])).toEqual([8080]);
  expect(portRanges([8082, 8081, 8080])).toEqual([8082, 8081, 8080]);
  expect(portRanges([443, 8082, 8080, 8081, 80, 9001, 7000, 9000, 6000])).toEqual([
    80,
    443,
    6000,
    7000,
    '8080-8082',
    9000,
    9001,
  ]);
  expect(portRanges(Array.from({ length: 65_535 }, (_, index) => index + 1))).toEqual(['1-65535']);
});
