/** Whole messages that tests change as they need. */

import type { HttpRequest, HttpResponse } from '../ts/types';

export const REQUEST: HttpRequest = {
  id: '1.1',
  timestamp: '2024-05-17T08:30:00.000Z',
  direction: 'request',
  receiver: { ip: '10.0.0.5', port: 8080 },
  destination: { ip: '10.0.0.9', port: 40_000 },
  httpVersion: '1.1',
  headers: {},
  method: 'GET',
  path: '/',
  body: '',
  bodySize: 0,
};

const { id, timestamp, receiver, destination, httpVersion, headers, body, bodySize } = REQUEST;
/** Both directions have these fields. */
export const EITHER = { id, timestamp, receiver, destination, httpVersion, headers, body, bodySize };

export const RESPONSE: HttpResponse = {
  ...EITHER,
  direction: 'response',
  statusCode: 200,
  request: { method: 'GET', path: '/' },
};
