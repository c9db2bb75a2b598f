/** Exchanges for the tests of expressions: those of fixtures/shop.jsonl, and some made by hand. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exchange } from '../../ts/filter';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';

const FIXTURES = join(__dirname, '../../fixtures');

interface Both extends Exchange {
  request?: HttpRequest;
  response?: HttpResponse;
}

export function exchangesOf(fixture: string): Map<string, Both> {
  const exchanges = new Map<string, Both>();
  for (const line of readFileSync(join(FIXTURES, `${fixture}.jsonl`), 'utf8')
    .trim()
    .split('\n')) {
    const message = JSON.parse(line) as HttpMessage;
    const exchange = exchanges.get(message.id) ?? {};
    exchanges.set(message.id, { ...exchange, [message.direction]: message });
  }
  return exchanges;
}

const ENDS = { receiver: { ip: '10.0.0.5', port: 8080 }, destination: { ip: '10.0.0.9', port: 40_312 } };

export function request(fields: Partial<HttpRequest> = {}): HttpRequest {
  return {
    ...ENDS,
    id: '1.1',
    direction: 'request',
    timestamp: '2024-05-17T14:03:00.000Z',
    httpVersion: '1.1',
    headers: { host: 'Shop.test:8080' },
    method: 'GET',
    path: '/orders?day=1',
    body: '',
    bodySize: 0,
    ...fields,
  };
}

export function response(fields: Partial<HttpResponse> = {}): HttpResponse {
  return {
    ...ENDS,
    id: '1.1',
    direction: 'response',
    timestamp: '2024-05-17T14:03:00.100Z',
    httpVersion: '1.1',
    headers: { 'content-type': 'text/plain' },
    statusCode: 200,
    body: 'hello',
    bodySize: 5,
    request: { method: 'GET', path: '/orders?day=1' },
    latencyMs: 100,
    waitMs: 90,
    durationMs: 50,
    ...fields,
  };
}
