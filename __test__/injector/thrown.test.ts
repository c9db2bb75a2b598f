// For any throw, anywhere: a review is answered with `allowed: true`, a probe with a status, and the process goes on.

import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer } from '../../ts/http-server/server';
import { createCa, createLeaf } from '../../ts/injector/certificates/issue';
import { createCounters } from '../../ts/injector/counters';
import { type Reviewer, review } from '../../ts/injector/review';
import { WebhookServer } from '../../ts/injector/server';
import { clientOf } from './client';
import { INJECTED } from './pods';
import { freePorts } from './process';
import { configOf, type LogLine, logInto, reviewOf } from './rig';

const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('get');
    },
    getPrototypeOf: () => {
      throw new Error('getPrototypeOf');
    },
  },
);
const THROWN: [string, unknown][] = [
  ['an error', new Error('broken')],
  ['a text', 'broken'],
  ['nothing', undefined],
  ['null', null],
  ['a symbol', Symbol('broken')],
  ['an object without a prototype', Object.create(null)],
  ['a proxy whose every trap throws', hostile],
];

const closing: (() => Promise<unknown>)[] = [];
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
process.on('uncaughtExceptionMonitor', (error) => unhandled.push(error));
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  expect(unhandled).toEqual([]);
});

const BODY = Buffer.from(JSON.stringify(reviewOf(INJECTED[0]?.pod)));

describe.each(THROWN)('%s', (kind, thrown) => {
  const thrower = () => {
    throw thrown;
  };

  function reviewer(more: Partial<Reviewer>): Reviewer & { lines: LogLine[] } {
    const lines: LogLine[] = [];
    return {
      config: configOf(),
      production: false,
      log: logInto(lines),
      counters: createCounters(),
      nativeAvailable: () => true,
      lines,
      ...more,
    };
  }

  it('by what decides: the pod is left as it is, with a warning and an error in the log', () => {
    const asked = reviewer({ nativeAvailable: thrower });
    const { response } = review(BODY, 'any', asked);
    expect(response).toEqual({
      uid: expect.any(String),
      allowed: true,
      warnings: [expect.stringContaining('internal_error')],
    });
    expect(asked.counters.skipped.internal_error).toBe(1);
    if (kind === 'an error') {
      expect(asked.lines).toContainEqual(expect.objectContaining({ level: 'error', error: 'Error: broken' }));
    }
  });

  it('by the log: the answer is as ever', () => {
    const log = { debug: thrower, info: thrower, warn: thrower, error: thrower };
    expect(review(BODY, 'any', reviewer({ log })).response.patch).toBeTruthy();
    expect(review(BODY, 'any', reviewer({ log, nativeAvailable: thrower })).response.allowed).toBe(true);
  });

  it('by the handler of a request: 500, and the next one is answered', async () => {
    const [port] = await freePorts();
    const ca = createCa(Date.now());
    const counters = createCounters();
    let throws = true;
    const told: unknown[] = [];
    const answer = () => (throws ? thrower() : { fine: true });
    const onThrown = (error: unknown) => {
      told.push(error);
      throw error;
    };
    const options = { port, counters, answer, answerTooLong: answer, onThrown };
    const server = new WebhookServer(options, createLeaf(ca, ['127.0.0.1'], Date.now()));
    await server.listen();
    closing.push(() => server.close(100));
    const client = clientOf(port, ca.cert, false);
    expect(await client.post(BODY)).toEqual({ status: 500, text: 'the injector failed\n' });
    expect(told).toHaveLength(1);
    expect(Object.is(told[0], thrown)).toBe(true);
    expect(counters.refused[500]).toBe(1);
    throws = false;
    expect(await client.post(BODY)).toEqual({ status: 200, text: '{"fine":true}' });
  });

  it('by what a probe or a scrape asks: 500', async () => {
    const [port] = await freePorts();
    const server = new MetricsServer({ port, host: '', text: thrower, isHealthy: thrower, isReady: thrower });
    await server.listen();
    closing.push(() => server.close());
    for (const path of ['/metrics', '/healthz', '/readyz']) expect(await statusOf(port, path)).toBe(500);
    expect(await statusOf(port, '/')).toBe(404);
  });
});

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
