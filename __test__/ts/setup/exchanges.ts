// Messages of exchanges, as the engine makes them.

import type { HttpMessage, HttpRequest, HttpResponse } from '../../../ts/types';

const START = Date.UTC(2024, 4, 17);
const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };
const COMMON = { ...ENDS, httpVersion: '1.1', headers: { host: 'h' }, body: '', bodySize: 0 };
let ids = 0;

export function request(path: string, atMs = 0, change: object = {}): HttpRequest {
  const timestamp = new Date(START + atMs).toISOString();
  return { ...COMMON, id: `1.${++ids}`, direction: 'request', timestamp, method: 'GET', path, ...change };
}

/** The members in the order in which the engine writes them. */
export function response(to: HttpMessage, waitMs = 5, change: object = {}): HttpResponse {
  const { id, receiver, destination, method = '', path = '' } = to;
  const timestamp = new Date(Date.parse(to.timestamp) + waitMs).toISOString();
  const answered = { request: { method, path }, latencyMs: waitMs, waitMs };
  const ends = { receiver, destination };
  return { ...COMMON, ...ends, id, direction: 'response', timestamp, statusCode: 200, ...answered, ...change };
}
