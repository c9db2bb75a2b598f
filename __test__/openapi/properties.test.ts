/** Of any traffic the document is valid, and every exchange fits it; after a merge those of both runs do. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checked, infer, linesOf, mergeInto, type Shown } from './exchanges.js';
import { lintsOf } from './lints.js';

const NAMES = [
  'id',
  'name',
  'items',
  'total',
  'line_1',
  'x',
  '__proto__',
  'constructor',
  '$ref',
  'type',
  '2024-05-17',
  'd41d8cd98f00',
];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -0, 1.5, 1e300, '', 'a', '2024-05-17', '2024-02-30', '[REDACTED]'),
  fc.constantFrom<unknown>('2024-05-17T14:02:58Z', '0b5a0f6e-59f4-4bd0-8a2c-4b7c2a9c6f11'),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string(),
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('orders', 'items', 'a', 'b', '17', '18', 'user1234', 'report-7.pdf', '2024-05-17', ''),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{id}', ':id', ':date', '%7Bid%7D', '%61', '%7', 'a%2Fb', 'é', 'x:idea', '..', '1-2'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6, unit: 'binary' }).map((text) => text.replace(/[/?#\s]/g, '')) },
);
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const text = fc.oneof(
  fc.constantFrom('17', '-1', '007', '1.5', '1e5', 'true', '', '[REDACTED]', '2024-05-17', 'a,b', '%zz'),
  fc.string().map(encodeURIComponentSafely),
);
const query = fc
  .array(
    fc.tuple(fc.constantFrom('page', 'ids', 'ids[]', 'q[]', 'filter[a]', 'q', '__proto__', '123456', 'A.b'), text),
    {
      maxLength: 4,
    },
  )
  .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join('&'));
/** `statuses`: of 404 alone no endpoint is made, so that a later run may find it documented without. */
const exchangeOf = (statuses: readonly number[]): fc.Arbitrary<Shown> =>
  fc.record(
    {
      method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'PURGE', 'get'),
      path: fc.tuple(path, query).map(([front, back]) => (back === '' ? front : `${front}?${back}`)),
      status: fc.constantFrom(...statuses),
      asked: json,
      answered: json,
      host: fc.constantFrom('shop.test', 'shop.test:8080', 'other.test', 'bad host{}', '1.2.3.4.5'),
      headers: fc.constantFrom<Record<string, string>>(
        { 'x-tenant': 'a' },
        { 'x-tenant': '5', 'x-forwarded-for': '1' },
        { 'content-type': 'text/csv' },
        { authorization: '[REDACTED]', 'x-api-key': 'k' },
        { authorization: 'Basic YTpi' },
      ),
    },
    { requiredKeys: ['method', 'path', 'status'] },
  );
const form = fc.record({
  method: fc.constant('POST'),
  path: fc.constant('/forms'),
  status: fc.constant(200),
  form: query,
});
const STATUSES = [200, 201, 204, 400, 500, 599];
const trafficOf = (statuses: readonly number[]): fc.Arbitrary<Shown[]> =>
  fc.array(fc.oneof({ weight: 5, arbitrary: exchangeOf(statuses) }, { weight: 1, arbitrary: form }), { maxLength: 20 });
const traffic = trafficOf(STATUSES);

function encodeURIComponentSafely(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, ''));
}

const validator = import('@seriousme/openapi-schema-validator').then(({ Validator }) => new Validator());

async function complaintsOf(document: object): Promise<unknown> {
  const { valid, errors } = await (await validator).validate(JSON.parse(JSON.stringify(document)));
  return valid ? lintsOf(document) : errors;
}

const RUNS = Number(process.env.RUNS ?? 60);
const TIMEOUT_MS = RUNS * 2_000;

describe('an inferred document', () => {
  it(
    'is valid, and every exchange that it came from fits',
    async () => {
      await fc.assert(
        fc.asyncProperty(trafficOf([...STATUSES, 404, 404, 405]), async (shown) => {
          const lines = linesOf(shown);
          const { document } = infer(lines);
          expect(await complaintsOf(document)).toEqual([]);
          expect((await checked(document, lines)).findings).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'fits the exchanges of both runs after a merge',
    async () => {
      await fc.assert(
        fc.asyncProperty(traffic, traffic, traffic, async (first, second, third) => {
          const runs = [first, second, third].map(linesOf);
          const [one, two, three] = runs as [Buffer, Buffer, Buffer];
          const document = mergeInto(mergeInto(infer(one).document, two), three);
          expect(await complaintsOf(document)).toEqual([]);
          for (const lines of runs) expect((await checked(document, lines)).findings).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'fits with hardly any memory too, and says where it was cut',
    async () => {
      await fc.assert(
        fc.asyncProperty(traffic, traffic, fc.integer({ min: 0, max: 30 }), async (first, second, schemas) => {
          const [one, two] = [linesOf(first), linesOf(second)];
          const { document } = infer(one, { schemas });
          expect((await checked(document, one)).findings).toEqual([]);
          const both = mergeInto(document, two);
          for (const lines of [one, two]) expect((await checked(both, lines)).findings).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
