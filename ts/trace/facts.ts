/** Messages to the few facts that are kept of them until their exchange is whole. */

import { endpointText } from '../exchange/endpoints';
import { outcomeOf } from '../exchange/outcome';
import { ownText } from '../exchange/routes';
import type { HttpMessage } from '../types';
import { type Answered, type Asked, pointOf } from './hop';
import { keysOf, requestIdOf } from './keys';

/** Of a path or a host: more is not shown. */
const MAX_TEXT_UNITS = 256;

/** `place`: of a request, in the order in which the messages of all points were whole. */
export function askedOf(
  { id, timestamp, timestampUnknown, receiver, destination, headers, ...rest }: HttpMessage,
  place?: number,
): Asked {
  const { method = '-', path = '-' } = rest.request ?? rest;
  const host = rest.direction === 'request' ? headers.host?.toLowerCase().replace(/:\d*$/, '') : undefined;
  return {
    point: pointOf(id),
    atMs: timestampUnknown === true ? Number.NaN : Date.parse(timestamp) - Math.round(rest.latencyMs ?? 0),
    method: short(method),
    path: short(path),
    server: host ? `${short(host)}:${receiver.port}` : endpointText(receiver),
    serverIp: receiver.ip,
    serverPort: receiver.port,
    clientIp: destination.ip,
    clientPort: destination.port,
    keys: rest.direction === 'request' ? keysOf(headers) : undefined,
    asked: place,
  };
}

export function answeredOf(message: HttpMessage, place: number): Answered {
  const { text, statusCode } = outcomeOf(message);
  const { headers, latencyMs, waitMs, durationMs = 0 } = message;
  return {
    asked: askedOf(message),
    answered: place,
    requestId: requestIdOf(headers),
    outcome: text,
    isFailed: statusCode >= 500,
    ...{ latencyMs, waitMs, durationMs },
  };
}

function short(text: string): string {
  return text.length <= MAX_TEXT_UNITS ? text : ownText(text.slice(0, MAX_TEXT_UNITS));
}
