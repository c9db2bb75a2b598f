/** A comparison says: of what has changed, that, and of steady traffic nothing. */

import { describe, expect, it } from 'vitest';
import { Captures } from '../../ts/compare/captures.js';
import { ALPHA, type Differences, differencesOf, MIN_SHIFT } from '../../ts/compare/differences.js';
import { MAX_NAMES } from '../../ts/compare/endpoint.js';
import { MAX_SAMPLE } from '../../ts/compare/sample.js';
import { MAX_ROUTES } from '../../ts/exchange/servers.js';
import { Random } from '../differential/random.js';
import { type Chain, chainOf, linesOf, SHOP, type Shape } from './traffic.js';

const SEEDS = 150;

function compared(a: Buffer, b: Buffer): Differences & { captures: Captures } {
  const captures = new Captures();
  for (const lines of [a, b]) {
    captures.read(lines);
    captures.end();
  }
  return { ...differencesOf(captures), captures };
}

const changed = (path: string, change: Partial<Shape>): Shape[] =>
  SHOP.map((shape) => (shape.path === path ? { ...shape, ...change } : shape));

/** `slower GET /orders/:id: wait 0.5, wait 0.95` */
const told = ({ changes }: Differences): string[] =>
  changes.map(({ kind, at, differences }) => {
    const names = differences.map((each) => `${each.what} ${each.what === 'wait' ? each.quantile : each.name}`.trim());
    return `${kind} ${at.method} ${at.template}: ${names.sort().join(', ')}`;
  });

describe('two halves of the same traffic', () => {
  it('differ in nothing, but for as many as the level says', () => {
    let alarms = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed);
      if (compared(linesOf(random, 400), linesOf(random, 400)).changes.length > 0) alarms++;
    }
    // So many more than the level are less likely than 1 in 1 000.
    const expected = SEEDS * ALPHA;
    expect(alarms).toBeLessThanOrEqual(Math.floor(expected + 3.1 * Math.sqrt(expected) + 1));
  });

  it('differ in nothing however much longer one of them is', () => {
    const random = new Random(11);
    expect(told(compared(linesOf(random, 4_000), linesOf(random, 200)))).toEqual([]);
  });
});

describe('what has changed', () => {
  const random = new Random(21);
  const before = linesOf(random, 1_500);

  it('a slower endpoint is named, and nothing else', () => {
    const after = linesOf(random, 1_500, changed('/orders/17', { waitMs: 45 }));
    expect(told(compared(before, after))).toEqual(['slower GET /orders/:id: wait 0.5, wait 0.95']);
    expect(told(compared(after, before))).toEqual(['better GET /orders/:id: wait 0.5, wait 0.95']);
  });

  it('one below the threshold is not, however sure it is', () => {
    const few: Shape[] = [{ ...(SHOP[0] as Shape), failing: 0, fields: {} }];
    const slower = few.map((shape) => ({ ...shape, waitMs: shape.waitMs * (1 + MIN_SHIFT * 0.7) }));
    expect(told(compared(linesOf(random, 6_000, few), linesOf(random, 6_000, slower)))).toEqual([]);
  });

  it('statuses, new ones among them', () => {
    const after = linesOf(random, 1_500, changed('/products', { failing: 0.2 }));
    expect(told(compared(before, after))).toEqual(['failing GET /products: failed, outcome 200, outcome 503']);
  });

  it('fields that come, and fields that go', () => {
    const after = linesOf(random, 1_500, changed('/products', { fields: { etag: 0.5, age: 1 } }));
    expect(told(compared(before, after))).toEqual(['changed GET /products: response-header age, response-header vary']);
  });

  it('endpoints that come, and endpoints that go', () => {
    const after = linesOf(random, 1_500, changed('/orders', { path: '/baskets' }));
    expect(told(compared(before, after))).toEqual(['vanished POST /orders: ', 'new POST /baskets: ']);
  });

  it('the worst comes first', () => {
    const shapes = changed('/products', { failing: 0.5 }).map((shape) =>
      shape.path === '/orders/17' ? { ...shape, waitMs: 80 } : shape,
    );
    const kinds = compared(before, linesOf(random, 1_500, shapes)).changes.map(({ kind }) => kind);
    expect(kinds).toEqual(['failing', 'slower']);
  });
});

describe('an endpoint that waits for another one', () => {
  const random = new Random(41);
  const chain = (a: Chain, b: Chain): Differences => compared(chainOf(random, 300, a), chainOf(random, 300, b));
  const callers = ({ changes }: Differences): string[] =>
    changes.flatMap(({ at, callers: all }) => all.map((each) => `${each.at.template} with ${at.template}`));

  it.each([
    ['slower', 10, 100],
    ['better', 100, 10],
  ] as const)('is told below it: both %s', (kind, before, after) => {
    const found = chain({ calledMs: before, failing: 0 }, { calledMs: after, failing: 0 });
    expect(told(found)).toEqual([`${kind} GET /stock: wait 0.5, wait 0.95`]);
    expect(callers(found)).toEqual(['/front with /stock']);
  });

  it('fails by itself although the other one is faster', () => {
    const found = chain({ calledMs: 100, failing: 0 }, { calledMs: 10, failing: 0.3 });
    expect(told(found)).toEqual([
      'failing GET /front: failed, outcome 200, outcome 503',
      'better GET /stock: wait 0.5, wait 0.95',
    ]);
    expect(callers(found)).toEqual(['/front with /stock']);
  });

  it('fails no more although the other one is slower', () => {
    const found = chain({ calledMs: 10, failing: 0.3 }, { calledMs: 100, failing: 0 });
    expect(told(found)).toEqual([
      'slower GET /stock: wait 0.5, wait 0.95',
      'better GET /front: failed, outcome 200, outcome 503',
    ]);
    expect(callers(found)).toEqual(['/front with /stock']);
  });
});

describe('a request that is open at the end', () => {
  const before = linesOf(new Random(51), 300);
  const open = (timestamp: object): Buffer => {
    const ends = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };
    const request = { ...ends, ...timestamp, direction: 'request', method: 'GET', path: '/products', headers: {} };
    const lines = Array.from({ length: 100 }, (_, n) => `${JSON.stringify({ ...request, id: `${1_000 + n}.1` })}\n`);
    return Buffer.concat([Buffer.from(lines.join('')), before]);
  };
  const of = ({ captures: { facts } }: { captures: Captures }): number[] => [facts[1].underWay, facts[1].exchanges];

  it('has no response if it is old', () => {
    expect(of(compared(before, open({ timestamp: '2024-05-16T00:00:00.000Z' })))).toEqual([0, 400]);
  });

  it('is under way if it has no time', () => {
    const timestamp = '1970-01-01T00:00:00.000Z';
    expect(of(compared(before, open({ timestamp, timestampUnknown: true })))).toEqual([100, 300]);
  });
});

describe('limits', () => {
  it('a sample of many times is compared, and that is said', () => {
    const random = new Random(31);
    const one: Shape[] = [SHOP[0] as Shape];
    const { changes, sampled } = compared(linesOf(random, 2 * MAX_SAMPLE, one), linesOf(random, 2 * MAX_SAMPLE, one));
    expect([changes.length, sampled]).toEqual([0, 1]);
  });

  it('endpoints, names of fields: past the caps they are counted', () => {
    const word = (n: number): string => [...`${n}`].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    const shape: Shape = { method: 'GET', path: '/', weight: 1, waitMs: 5, failing: 0, fields: {} };
    const deep = Array.from({ length: MAX_ROUTES + 400 }, (_, n) => ({
      ...shape,
      path: `/${word(n % 40)}/${word(n % 41)}/${word(n % 43)}`,
    }));
    const many = deep.map((each) => linesOf(new Random(1), 1, [each]));
    const lines = Buffer.concat(many.map((line, n) => Buffer.from(line.toString().replaceAll('"0.1"', `"${n}.1"`))));
    const { captures } = compared(lines, lines);
    expect(captures.beyondRoutes).toBeGreaterThan(0);
    expect(captures.facts[0].beyond).toBeGreaterThan(0);
    expect(captures.facts[0].exchanges).toBe(deep.length);
    const fields = Object.fromEntries(Array.from({ length: MAX_NAMES + 1 }, (_, n) => [`x-${word(n)}`, 1]));
    const wide = linesOf(new Random(1), 20, [{ ...shape, fields }]);
    expect(compared(wide, wide).more).toBe(1);
  });
});
