// The oracle: what the sniffer showed on one hop against what the client wrote down and what the server said that it saw.
import { gunzipSync } from 'node:zlib';
import { uploadOf } from './cases.mjs';
import { answered, sha256 } from './content.mjs';
import { isLeftCoded } from './losses.mjs';

/** The end of a cut message, by name. Over HTTP/2 its sender may end the stream and so contradict its Content-Length. */
const CUT_BY = ['closed', 'reset', 'malformed'];
const NO_BODY = [204, 304];
/** Bad Request, Request Timeout. */
const TO_NOTHING = [400, 408];

export const idIn = (target) => /^\/([^/]+)\//.exec(target ?? '')?.[1];

/** The body that was shown, as bytes. */
export function bytesOf({ body = '', bodyEncoding }) {
  return Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8');
}

/** The content of the answer to an exchange. */
function contentOf(exchange, status) {
  if (exchange.method === 'HEAD' || exchange.kind === 'status' || NO_BODY.includes(status)) return Buffer.alloc(0);
  return exchange.kind === 'echo' ? uploadOf(exchange) : answered(exchange.id, exchange.size);
}

/**
 * True if a message is the server's answer to a connection that was closed, or left alone, before a request came: undici opens a
 * connection to have it at hand, and HAProxy answers 400 when that is closed again.
 */
const isAnswerToNothing = ({ direction, request, statusCode, destination }, messages) =>
  direction === 'response' &&
  request === undefined &&
  TO_NOTHING.includes(statusCode) &&
  messages.filter((message) => message.destination.port === destination.port).length === 1;

/** A message that went over the wire whole. */
function* judgeWhole(message, content) {
  for (const flag of ['bodyTruncated', 'incomplete', 'gapBytes'])
    if (message[flag] !== undefined) yield `${message.direction}: is whole and has ${flag} ${message[flag]}`;
  const { headers } = message;
  let bytes = bytesOf(message);
  if (message.bodyDecoded === undefined && bytes.length !== message.bodySize)
    yield `${message.direction}: bodySize ${message.bodySize}, body ${bytes.length}`;
  if (isLeftCoded(message)) bytes = gunzipSync(bytes);
  if (!bytes.equals(content))
    yield `${message.direction}: body of ${bytes.length} bytes is not the one of ${content.length}`;
  const length = headers['content-length'];
  const counts = headers['transfer-encoding'] === undefined && content.length > 0;
  if (counts && length !== undefined && Number(length) !== message.bodySize)
    yield `${message.direction}: content-length ${length}, bodySize ${message.bodySize}, no flag`;
}

/** A message that was cut, perhaps after its end: flagged if it is shorter than it says, and else not. */
function* judgeCut(message, content, isChunked) {
  const { headers, bodySize, bodyTruncated, incomplete } = message;
  const bytes = bytesOf(message);
  if (!bytes.equals(content.subarray(0, bytes.length))) yield `${message.direction}: cut body is none of its own`;
  if (isChunked && !(bodyTruncated && CUT_BY.includes(incomplete)))
    yield `${message.direction}: no last chunk, flags ${bodyTruncated} ${incomplete}`;
  if (headers['content-length'] === undefined) return;
  const isCut = bodySize < Number(headers['content-length']);
  if (isCut && !(bodyTruncated && CUT_BY.includes(incomplete)))
    yield `${message.direction}: ${bodySize} of ${headers['content-length']} bytes, flags ${bodyTruncated} ${incomplete}`;
  if (!isCut && (bodyTruncated || incomplete)) yield `${message.direction}: is whole and has a flag (${incomplete})`;
}

function* judgeRequest(request, exchange, { behind }) {
  const upload = uploadOf(exchange) ?? Buffer.alloc(0);
  if (request.method !== exchange.method) yield `request: method ${request.method}`;
  if (request.path !== exchange.target) yield `request: path ${request.path}`;
  const version = exchange.version ?? exchange.speaks;
  if (version && !behind && request.httpVersion !== version) yield `request: version ${request.httpVersion}`;
  yield* exchange.abort === 'upload'
    ? judgeCut(request, upload, exchange.chunked && !behind)
    : judgeWhole(request, upload);
}

function* judgeResponse(response, request, exchange, record, { behind }) {
  const { headers, statusCode } = response;
  // The server's own word on a request that broke off.
  if (exchange.abort === 'upload' && headers['x-got'] === undefined) return;
  if (response.id !== request.id) yield `response: id ${response.id}, request ${request.id}`;
  if (headers['x-got'] !== exchange.id) yield `response: x-got ${headers['x-got']}`;
  if (record.status !== undefined && !behind && statusCode !== record.status)
    yield `response: status ${statusCode}, the client got ${record.status}`;
  if (!(response.latencyMs >= 0)) yield `response: latencyMs ${response.latencyMs}`;
  const content = contentOf(exchange, statusCode);
  yield* exchange.abort ? judgeCut(response, content) : judgeWhole(response, content);
  if (exchange.abort) return;
  const upload = uploadOf(exchange) ?? Buffer.alloc(0);
  if (headers['x-got-sha256'] !== undefined && headers['x-got-sha256'] !== sha256(upload))
    yield 'the server got another body than was sent';
  if (content.length > 0 && headers['x-sha256'] !== sha256(content))
    yield 'the server sent another body than was meant';
}

/** Judges what the client itself saw, before the sniffer is judged. */
function* judgeClient(record, exchange) {
  if (record === undefined) yield 'client: no record';
  else if (record.error !== undefined) yield `client: ${record.error}`;
  else if (!record.aborted) {
    if (record.got !== exchange.id) yield `client: x-got ${record.got}`;
    const content = contentOf(exchange, record.status);
    if (record.sha256 !== sha256(content)) yield `client: got ${record.length} bytes, ${content.length} were meant`;
  }
}

function* judgeExchange(exchange, record, messages, hop) {
  const requests = messages.filter(({ direction }) => direction === 'request');
  const responses = messages.filter(({ direction, statusCode }) => direction === 'response' && statusCode >= 200);
  // An upgrade that is agreed to begins with 101.
  const isSwitch = ({ statusCode }) => statusCode === 101;
  const switched = requests[0]?.headers.upgrade && messages.some(isSwitch) ? 1 : 0;
  const interim = messages.length - requests.length - responses.length - switched;
  // A proxy may never pass on what a client broke off, and its answer may be its own.
  const least = exchange.abort && hop.behind ? 0 : 1;
  if (requests.length > 1 || requests.length < least) yield `${requests.length} requests`;
  const leastResponses = exchange.abort ? 0 : 1;
  if (responses.length > 1 || responses.length < leastResponses) yield `${responses.length} responses`;
  const [[request], [response]] = [requests, responses];
  if (interim > 0 && request?.headers.expect === undefined) yield `${interim} interim responses`;
  if (request) yield* judgeRequest(request, exchange, hop);
  if (request && response) yield* judgeResponse(response, request, exchange, record, hop);
}

/**
 * `messages` of one hop; `exchanges` are all that went over it, `records` those of the clients by id. Returns complaints:
 * `{ id, text }`, the id undefined if it belongs to no exchange.
 */
export function compare(messages, exchanges, records, hop) {
  const byId = new Map(exchanges.map(({ id }) => [id, []]));
  const complaints = [];
  for (const message of messages) {
    const id = idIn(message.direction === 'request' ? message.path : message.request?.path);
    if (byId.has(id)) byId.get(id).push(message);
    else if (!isAnswerToNothing(message, messages))
      complaints.push({ id, text: `unknown ${message.direction} ${message.path ?? message.statusCode}` });
  }
  for (const exchange of exchanges) {
    const { id } = exchange;
    const record = records.get(id);
    const found = [
      ...(hop.behind ? [] : judgeClient(record, exchange)),
      ...judgeExchange(exchange, record ?? {}, byId.get(id), hop),
    ];
    for (const text of found) complaints.push({ id, text });
  }
  return complaints;
}
