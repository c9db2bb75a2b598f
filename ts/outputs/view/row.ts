/** Messages of one exchange to the row that stands for it. Pure. Texts of the wire are cut: a row is bounded. */

import { endpointText } from '../../exchange/endpoints';
import { isFinal } from '../../exchange/pairing';
import { grpcStatusOf, isGrpc } from '../../filter/grpc';
import { keysOf, requestIdOf } from '../../trace/keys';
import type { HttpMessage, StreamMessage } from '../../types';
import type { Kind, Row } from './shapes';

/** Characters of a path or another text of the wire that a row keeps; the exchange itself has all of it. */
const MAX_PATH = 1_024;
const MAX_TEXT = 256;

export function isStreamLine(line: HttpMessage | StreamMessage): line is StreamMessage {
  return (line as Partial<StreamMessage>).stream !== undefined;
}

/** The row of an exchange whose first message this is. */
export function newRow(n: number, message: HttpMessage): Row {
  const { id, destination, receiver, httpVersion } = message;
  const row: Row = {
    n,
    id,
    at: beginOf(message),
    kind: 'http',
    client: endpointText(destination),
    server: endpointText(receiver),
    version: httpVersion,
  };
  addTo(row, message);
  return row;
}

/** Writes into the row all that a further message of its exchange says. */
export function addTo(row: Row, message: HttpMessage): void {
  const { direction, headers, incomplete, bodyTruncated, headersTruncated, headersIncomplete, tls } = message;
  if (incomplete !== undefined) row.incomplete = incomplete;
  if (bodyTruncated === true || headersTruncated === true || headersIncomplete === true) row.cut = true;
  if (tls !== undefined) row.tls = true;
  const { streamedMessages } = message;
  const keys = message.timestampUnknown === true ? undefined : keysIn(message);
  // The request says more than its response.
  if (keys !== undefined && (direction === 'request' || row.keys === undefined)) row.keys = keys;
  if (streamedMessages !== undefined) row.streamed = Math.max(row.streamed ?? 0, streamedMessages);
  if (direction === 'request') {
    row.request = true;
    row.at = Date.parse(message.timestamp);
    row.requestSize = message.bodySize;
    setTexts(row, message.method, message.path);
    if (headers.host !== undefined) row.host = headers.host.slice(0, MAX_TEXT);
    if (message.durationMs !== undefined) row.upload = message.durationMs;
  } else if (isFinal(message)) addResponse(row, message);
  else setTexts(row, message.request?.method, message.request?.path);
  row.kind = kindOf(row, message);
}

function keysIn({ direction, headers }: HttpMessage): Row['keys'] {
  if (direction === 'request') return keysOf(headers);
  const id = requestIdOf(headers);
  return id === undefined ? undefined : { named: 'x-request-id', trace: id, request: id };
}

function addResponse(row: Row, message: HttpMessage): void {
  row.response = true;
  delete row.ending;
  delete row.endedAt;
  row.size = message.bodySize;
  const grpcStatus = grpcStatusOf(message);
  if (grpcStatus !== undefined) row.grpcStatus = grpcStatus;
  if (message.statusCode !== undefined) row.status = message.statusCode;
  const type = message.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type) row.type = type.slice(0, MAX_TEXT);
  if (message.latencyMs !== undefined) row.latency = message.latencyMs;
  if (message.waitMs !== undefined) row.wait = message.waitMs;
  if (message.durationMs !== undefined) row.download = message.durationMs;
  setTexts(row, message.request?.method, message.request?.path);
}

function setTexts(row: Row, method: string | undefined, path: string | undefined): void {
  if (row.method === undefined && method !== undefined) row.method = method.slice(0, MAX_TEXT);
  if (row.path === undefined && path !== undefined) row.path = path.slice(0, MAX_PATH);
}

/** Of a response without its request: when that began follows from the latency. */
function beginOf({ direction, timestamp, latencyMs }: HttpMessage): number {
  const at = Date.parse(timestamp);
  return direction === 'response' && latencyMs !== undefined ? at - latencyMs : at;
}

function kindOf(row: Row, message: HttpMessage): Kind {
  if (row.kind !== 'http') return row.kind;
  const { headers, protocol, statusCode } = message;
  if (isGrpc(message)) return 'grpc';
  if (protocol === 'websocket') return 'websocket';
  if (statusCode === 101 && headers.upgrade?.toLowerCase() === 'websocket') return 'websocket';
  return /^text\/event-stream\b/i.test(headers['content-type'] ?? '') ? 'sse' : 'http';
}

/** Memory that a row takes, as far as it is known: its texts, and so much for all the rest. */
const ROW_BYTES = 400;

/** And its keys, on top of their texts. */
const KEYS_BYTES = 160;

export function bytesOf({ id, method, host, path, type, client, server, ending, keys }: Row): number {
  const { trace, span, parent, request } = keys ?? {};
  const texts = [id, method, host, path, type, client, server, ending, trace, span, parent, request];
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), ROW_BYTES + (keys === undefined ? 0 : KEYS_BYTES));
}
