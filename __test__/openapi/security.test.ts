/** Credentials of requests as the `security` of operations: what is known of them, and nothing else. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from '../../ts/openapi/document.js';
import type { Requirement } from '../../ts/openapi/security.js';
import { infer, linesOf, mergeInto, type Shown } from './exchanges.js';
import { operationsOf } from './lints.js';

type Fields = Record<string, string>;

const asked = (headers: Fields = {}, status = 200, path = '/a'): Shown => ({ path, headers, status });
const securityOf = (document: Document): unknown =>
  operationsOf(document).find(([where]) => where === 'GET /a')?.[1].security;
const inferred = (...shown: Shown[]): unknown => securityOf(infer(linesOf(shown)).document);

const HIDDEN = { authorization: '[REDACTED]' };
const BEARER = { authorization: 'Bearer abc' };
const BASIC = { authorization: 'basic YTpi' };
const KEY = { 'x-api-key': '[REDACTED]' };

describe('of an inferred operation', () => {
  it.each<[string, Shown[], unknown]>([
    ['a value that is hidden', [asked(HIDDEN)], [{ authorization: [] }]],
    ['a scheme in any case', [asked(BEARER), asked(BASIC)], [{ basicAuth: [] }, { bearerAuth: [] }]],
    ['a scheme that is not registered', [asked({ authorization: 'Token abc' })], [{ authorization: [] }]],
    ['a word that is a scheme, and all of the value', [asked({ authorization: 'Basic' })], [{ authorization: [] }]],
    ['an API key', [asked(KEY)], [{ 'x-api-key': [] }]],
    ['both of them', [asked({ ...KEY, ...BEARER })], [{ bearerAuth: [], 'x-api-key': [] }]],
    ['an API key in the query', [asked({}, 200, '/a?api_key=[REDACTED]')], [{ 'query.api_key': [] }]],
    ['nothing', [asked()], []],
    ['credentials of some requests', [asked(), asked(BEARER)], [{ bearerAuth: [] }, {}]],
    [
      'a request without them that is not let in',
      [asked({}, 401), asked({}, 403), asked(BEARER)],
      [{ bearerAuth: [] }],
    ],
    ['a request without them that is sent elsewhere', [asked({}, 302), asked(BEARER)], [{ bearerAuth: [] }]],
    ['credentials that are not taken', [asked(BASIC, 401), asked(BEARER)], [{ bearerAuth: [] }]],
    ['a cookie', [asked({ cookie: '[REDACTED]' }), asked(BEARER)], [{ bearerAuth: [] }]],
    ['a cookie alone', [asked({ cookie: '[REDACTED]' })], undefined],
    ['a field that may be one', [asked({ 'x-auth-token': '1' }), asked(BEARER)], [{ bearerAuth: [] }]],
    ['a parameter that may be one', [asked({}, 200, '/a?sig=1')], undefined],
    ['a head of which a part is missing', [{ ...asked(), request: { headersTruncated: true } }], undefined],
    ['a request that is not seen', [{ ...asked(), request: { id: 'other' } }], undefined],
  ])('tells %s', (_, shown, security) => {
    expect(inferred(...shown)).toEqual(security);
  });

  it('names schemes once, those that are used, and never a value', () => {
    const { document } = infer(linesOf([asked(BEARER), asked({ ...HIDDEN, ...KEY }), asked(BASIC, 401)]));
    expect(document.components).toEqual({
      securitySchemes: {
        authorization: {
          ...{ type: 'apiKey', in: 'header', name: 'Authorization' },
          description: 'Credentials of a scheme that is not known.',
        },
        bearerAuth: { type: 'http', scheme: 'bearer' },
        'x-api-key': { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    });
    expect(JSON.stringify(document)).not.toMatch(/abc|YTpi/);
    expect(document.security).toEqual([]);
  });

  it('takes lines of others, in which a header field is no text', () => {
    expect(inferred({ ...asked(), request: { headers: { host: 'shop.test', authorization: 5 } } })).toEqual([
      { authorization: [] },
    ]);
  });
});

describe('of a document that is widened', () => {
  const documentWith = (security: unknown, securitySchemes: object = {}, common?: unknown): Document =>
    ({
      ...{ openapi: '3.1.0', info: { title: 'a', version: '1' } },
      ...(common === undefined ? {} : { security: common }),
      paths: { '/a': { get: { ...(security === undefined ? {} : { security }), responses: {} } } },
      components: { securitySchemes },
    }) as unknown as Document;
  const own = { token: { type: 'http', scheme: 'Bearer' } };
  const oauth = { login: { type: 'oauth2', flows: {} } };

  it.each<[string, Document, Shown, unknown]>([
    ['takes what is seen where it said nothing', documentWith(undefined), asked(BEARER), [{ bearerAuth: [] }]],
    ['names a scheme as the document does', documentWith(undefined, own), asked(BEARER), [{ token: [] }]],
    ['keeps what fits', documentWith([{ token: [] }], own), asked(BEARER), [{ token: [] }]],
    [
      'keeps scopes, where a token may be of OAuth',
      documentWith([{ login: ['a'] }], oauth),
      asked(BEARER),
      [{ login: ['a'] }],
    ],
    ['keeps what a hidden value may be', documentWith([{ token: [] }], own), asked(HIDDEN), [{ token: [] }]],
    ['adds a scheme', documentWith([{ token: [] }], own), asked(BASIC), [{ token: [] }, { basicAuth: [] }]],
    ['adds that nothing was needed', documentWith([{ token: [] }], own), asked(), [{ token: [] }, {}]],
    ['keeps it where that is not known', documentWith([{ token: [] }], own), asked({}, 401), [{ token: [] }]],
    ['adds a scheme to nothing', documentWith([]), asked(BEARER), [{ bearerAuth: [] }, {}]],
    ['keeps nothing', documentWith([]), asked(), []],
    ['keeps what no head shows', documentWith([{ m: [] }], { m: { type: 'mutualTLS' } }), asked(), [{ m: [] }]],
    [
      'keeps a key of another name',
      documentWith([{ k: [] }], { k: { type: 'apiKey', in: 'header', name: 'X-Tenant' } }),
      ...([asked(), [{ k: [] }]] as const),
    ],
    [
      'adds that a cookie is not needed',
      documentWith([{ c: [] }], { c: { type: 'apiKey', in: 'cookie', name: 'sid' } }),
      ...([asked(), [{ c: [] }, {}]] as const),
    ],
    ['leaves to the document what fits', documentWith(undefined, own, [{ token: [] }]), asked(BEARER), undefined],
    ['says what does not', documentWith(undefined, own, [{ token: [] }]), asked(), [{ token: [] }, {}]],
  ])('%s', (_, document, shown, security) => {
    expect(securityOf(mergeInto(document, linesOf([shown])))).toEqual(security);
  });

  it('keeps schemes, and gives another name to one whose name is taken', () => {
    const bearerAuth = { type: 'apiKey', in: 'header', name: 'X-Token' };
    const { components } = mergeInto(documentWith(undefined, { bearerAuth }), linesOf([asked(BEARER)]));
    expect(components).toEqual({
      securitySchemes: { bearerAuth, bearerAuth2: { type: 'http', scheme: 'bearer' } },
    });
  });

  it('has new operations as those of the document are', () => {
    const document = documentWith(undefined, own, [{ token: [] }]);
    const lines = linesOf([
      asked(BEARER, 200, '/b'),
      asked({}, 200, '/c'),
      asked({}, 401, '/d'),
      asked({}, 200, '/d/1'),
    ]);
    const widened = mergeInto({ ...document, tags: [{ name: 'b', description: 'mine' }] }, lines);
    expect(operationsOf(widened).map(([where, { security }]) => [where, security])).toEqual([
      ['GET /a', undefined],
      ['GET /b', undefined],
      ['GET /c', [{ token: [] }, {}]],
      ['GET /d', undefined],
      ['GET /d/{id}', [{ token: [] }, {}]],
    ]);
    expect((widened.tags as { name: string; description: string }[]).map(({ name }) => name)).toEqual(['b', 'c', 'd']);
    expect(widened.tags?.[0]).toEqual({ name: 'b', description: 'mine' });
  });

  it('fits each request that was served, of any runs, and does not change by one that it has', () => {
    const fields = fc.constantFrom<Fields>({}, HIDDEN, BEARER, BASIC, KEY, { ...KEY, ...BEARER }, { cookie: 'a=b' });
    const run = fc.array(
      fc.record({
        path: fc.constantFrom('/a', '/b'),
        headers: fields,
        status: fc.constantFrom(200, 302, 401, 403, 500),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 4 }), (runs) => {
        const [first = [], ...others] = runs;
        let document = infer(linesOf(first)).document;
        for (const each of others) document = mergeInto(document, linesOf(each));
        for (const { path, headers, status } of runs.flat()) {
          const operation = operationsOf(document).find(([where]) => where === `GET ${path}`);
          expect(isLetIn(operation?.[1].security, headers, status)).toBe(true);
        }
        for (const each of runs) expect(mergeInto(document, linesOf(each))).toEqual(document);
      }),
    );
  });
});

/** True if nothing is known of the request, or it has all that an alternative asks for. */
function isLetIn(security: readonly Requirement[] | undefined, headers: Fields, status: number): boolean {
  const scheme = headers.authorization?.split(' ')[0]?.toLowerCase();
  const key = headers['x-api-key'];
  if (scheme === undefined && key === undefined)
    return headers.cookie !== undefined || status !== 200 || security?.length === 0 || hasEmpty(security);
  if (status === 401) return true;
  return (security ?? []).some(
    (each) =>
      Object.keys(each).length > 0 &&
      Object.keys(each).every((name) =>
        name === 'x-api-key' ? key !== undefined : name === 'authorization' ? scheme !== undefined : isOf(name, scheme),
      ),
  );
}

/** A hidden value may be of any scheme. */
function isOf(name: string, scheme: string | undefined): boolean {
  return scheme === '[redacted]' || name === `${scheme}Auth`;
}

function hasEmpty(security: readonly Requirement[] | undefined): boolean {
  return security?.some((each) => Object.keys(each).length === 0) === true;
}
