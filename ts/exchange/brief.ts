/**
 * The facts of a line that statistics need, read without the rest of it: bodies and headers are most of a line, and to make objects
 * of them would cost more than the engine takes for all that it does. In: a line of a batch. Out: a few facts.
 *
 * That relies on the order in which the engine writes members (`src/encode/mod.rs`), and on JSON: within a string a quote is
 * escaped, so that `,"bodySize":` stands in no body. A line that is not like that is parsed as a whole.
 */

import type { Endpoint, HttpMessage } from '../types';
import { isOfStream, PIECE_BYTES, parseLine, pieceEnd } from './lines';

export interface Peers {
  server: Endpoint;
  client: Endpoint;
}

export interface Brief {
  id: string;
  /** When it began, in ms since the epoch; NaN if that is not known. */
  atMs: number;
  direction: 'request' | 'response';
  /** The JSON of its two endpoints: the same for all messages of a connection. `peersOf` reads it. */
  peers: string;
  method?: string | undefined;
  path?: string | undefined;
  host?: string | undefined;
  statusCode?: number | undefined;
  bodySize: number;
  request?: { method: string; path: string } | undefined;
  latencyMs?: number | undefined;
  waitMs?: number | undefined;
  durationMs?: number | undefined;
  incomplete?: HttpMessage['incomplete'];
  grpc?: GrpcCall | undefined;
}

/** Of a message of gRPC: the call, and on a response how it ended. */
export interface GrpcCall {
  service: string;
  method: string;
  /** 0 is OK. */
  status?: number;
  statusName?: string;
}

type WithGrpc = HttpMessage & { grpc?: GrpcCall };

/** Of each line of a batch that is one. */
export function eachBrief(lines: Buffer, take: (brief: Brief) => void): void {
  for (let start = 0; start < lines.length; ) {
    const end = pieceEnd(lines, start, PIECE_BYTES);
    const text =
      end - start > PIECE_BYTES ? withoutBody(lines.subarray(start, end)) : lines.toString('utf8', start, end);
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf('\n', from);
      const to = newline === -1 ? text.length : newline;
      const brief = read(text, from, to) ?? fromLine(text.slice(from, to));
      if (brief !== undefined) take(brief);
      from = to + 1;
    }
    start = end;
  }
}

/** Of a line that is not as the engine writes messages. */
function fromLine(line: string): Brief | undefined {
  return isOfStream(line) ? undefined : fromMessage(parseLine(line));
}

/** As the engine writes it. */
const PEERS = /^\{"ip":"([\d.a-f:]+)","port":(\d+)\},"destination":\{"ip":"([\d.a-f:]+)","port":(\d+)\}$/;

/** The endpoints of `peers`. */
export function peersOf(peers: string): Peers {
  const [, serverIp, serverPort, clientIp, clientPort] = PEERS.exec(peers) ?? [];
  if (serverIp !== undefined && clientIp !== undefined)
    return { server: { ip: serverIp, port: Number(serverPort) }, client: { ip: clientIp, port: Number(clientPort) } };
  const { receiver, destination } = JSON.parse(`{"receiver":${peers}}`) as HttpMessage;
  return { server: receiver, client: destination };
}

const ID = '{"id":"'.length;
const TIMESTAMP = '","timestamp":"'.length;
const TIME = '2024-05-17T14:02:58.006Z'.length;
const DIRECTION = '","direction":"'.length;
const REQUEST = 'request","receiver":'.length;
const RESPONSE = 'response","receiver":'.length;
const METHOD = ',"method":"'.length;
const PATH = ',"path":"'.length;
const STATUS = ',"statusCode":'.length;
const VERSION = ',"httpVersion":"'.length;
const HEADERS = ',"headers":{'.length;
const HOST = '"host":"';
const BODY = '},"body';
const BODY_SIZE = ',"bodySize":';
const NO_BODY = ',"body":"","bodySize":0}';

const unitOf = (character: string): number => character.charCodeAt(0);
const QUOTE = unitOf('"');
const POINT = unitOf('.');
const ZERO = unitOf('0');
const OPENING = unitOf('{');
const CLOSING = unitOf('}');

/** A line as bytes: what is before its body, and after it. */
function withoutBody(line: Buffer): string {
  const body = line.indexOf(BODY);
  const size = body === -1 ? -1 : line.indexOf(BODY_SIZE, body);
  if (size === -1) return line.toString();
  return `${line.toString('utf8', 0, body + 1)}${line.toString('utf8', size)}`;
}

/**
 * The line from `from` to `to`; `undefined` if it is not what the engine writes. The names of members are told apart by the
 * letters in which they differ: V8 compares texts a hundred times slower than characters.
 */
function read(text: string, from: number, to: number): Brief | undefined {
  const idEnd = text.indexOf('"', from + ID);
  const timeAt = idEnd + TIMESTAMP;
  const directionAt = timeAt + TIME + DIRECTION;
  const isRequest = text[directionAt + 2] === 'q';
  const peersAt = directionAt + (isRequest ? REQUEST : RESPONSE);
  if (text[idEnd + 3] !== 't' || text[directionAt] !== 'r' || text.charCodeAt(peersAt) !== OPENING) return undefined;
  const peersEnd = text.indexOf('}', text.indexOf('}', peersAt) + 1) + 1;
  if (peersEnd <= peersAt || peersEnd >= to) return undefined;
  const hasNoBody = text.slice(to - NO_BODY.length, to) === NO_BODY;
  const sizeAt = hasNoBody ? to - NO_BODY.length : text.indexOf(BODY_SIZE, peersEnd);
  // As the name of a field it would have text after it.
  if (sizeAt === -1 || sizeAt >= to || text.charCodeAt(sizeAt + BODY_SIZE.length) === QUOTE) return undefined;
  const brief: Brief = {
    id: text.slice(from + ID, idEnd),
    atMs: timeOf(text, timeAt),
    direction: isRequest ? 'request' : 'response',
    peers: text.slice(peersAt, peersEnd),
    method: undefined,
    path: undefined,
    host: undefined,
    statusCode: undefined,
    bodySize: 0,
    request: undefined,
    latencyMs: undefined,
    waitMs: undefined,
    durationMs: undefined,
    incomplete: undefined,
    grpc: undefined,
  };
  if (isRequest) {
    if (!readRequest(text, peersEnd, sizeAt, brief)) return undefined;
  } else if (text[peersEnd + 2] === 's') brief.statusCode = numberAt(text, peersEnd + STATUS);
  // A member that is not where the engine writes it may stand elsewhere in a line that passed another tool.
  else return undefined;
  if (hasNoBody) return brief;
  const start = sizeAt + BODY_SIZE.length;
  brief.bodySize = numberAt(text, start);
  const isRead = readEnd(text, numberEnd(text, start), to, brief) || readNested(text.slice(sizeAt, to), brief);
  return isRead ? brief : undefined;
}

function readRequest(text: string, start: number, sizeAt: number, brief: Brief): boolean {
  let at = start;
  if (text[at + 2] !== 'm') return false;
  const methodEnd = text.indexOf('"', at + METHOD);
  brief.method = text.slice(at + METHOD, methodEnd);
  // A method with an escape in it is read by the parser of whole lines.
  if (brief.method.includes('\\')) return false;
  at = methodEnd + 1;
  if (text[at + 2] !== 'p') return false;
  const pathEnd = text.indexOf('"', at + PATH);
  brief.path = text.slice(at + PATH, pathEnd);
  if (brief.path.includes('\\')) return false;
  at = pathEnd + 1;
  if (text[at + 2] !== 'h' || text[at + 3] !== 't') return false;
  const first = text.indexOf('"', at + VERSION) + 1 + HEADERS;
  // In most requests it is the first field.
  const isFirst = text[first + 1] === 'h' && text.slice(first, first + HOST.length) === HOST;
  const hostAt = isFirst ? first : text.indexOf(HOST, first);
  // Not one of the trailers, nor one of the next line.
  if (hostAt === -1 || hostAt > sizeAt) return true;
  brief.host = text.slice(hostAt + HOST.length, text.indexOf('"', hostAt + HOST.length));
  return !brief.host.includes('\\');
}

const TRUNCATED = ',"bodyTruncated":true'.length;
const INCOMPLETE = ',"incomplete":"'.length;
const GAP_BYTES = ',"gapBytes":'.length;
const ANSWERED = ',"request":{"method":"'.length;
const ANSWERED_PATH = '","path":"'.length;
const LATENCY = ',"latencyMs":'.length;
const WAIT = ',"waitMs":'.length;
const DURATION = ',"durationMs":'.length;

/** The members after the body's size; false if there are others. */
function readEnd(text: string, start: number, to: number, brief: Brief): boolean {
  for (let at = start; ; ) {
    if (text.charCodeAt(at) === CLOSING) return at === to - 1;
    switch (text[at + 2]) {
      case 'b':
        at += TRUNCATED;
        break;
      case 'i': {
        const end = text.indexOf('"', at + INCOMPLETE);
        brief.incomplete = text.slice(at + INCOMPLETE, end) as HttpMessage['incomplete'];
        at = end + 1;
        break;
      }
      case 'g':
        if (text[at + 3] !== 'a') return false;
        at = numberEnd(text, at + GAP_BYTES);
        break;
      case 'r': {
        const end = text.indexOf('"', at + ANSWERED);
        const path = end + ANSWERED_PATH;
        const pathEnd = text.indexOf('"', path);
        // A quote that is escaped does not end it.
        if (text.charCodeAt(pathEnd + 1) !== CLOSING) return false;
        brief.request = { method: text.slice(at + ANSWERED, end), path: text.slice(path, pathEnd) };
        if (brief.request.method.includes('\\') || brief.request.path.includes('\\')) return false;
        at = pathEnd + 2;
        break;
      }
      case 'l':
        brief.latencyMs = numberAt(text, at + LATENCY);
        at = numberEnd(text, at + LATENCY);
        break;
      case 'w':
        brief.waitMs = numberAt(text, at + WAIT);
        at = numberEnd(text, at + WAIT);
        break;
      case 'd':
        brief.durationMs = numberAt(text, at + DURATION);
        at = numberEnd(text, at + DURATION);
        break;
      default:
        return false;
    }
  }
}

/** The same where members stand between, some of which hold names of others' choice. */
function readNested(end: string, brief: Brief): boolean {
  try {
    const { incomplete, request, latencyMs, waitMs, durationMs, grpc, timestampUnknown } = JSON.parse(
      `{${end.slice(1)}`,
    ) as WithGrpc;
    Object.assign(brief, { incomplete, request, latencyMs, waitMs, durationMs, grpc });
    if (timestampUnknown === true) brief.atMs = Number.NaN;
    return true;
  } catch {
    return false;
  }
}

/** A number without sign and exponent: the engine writes no others. */
function numberAt(text: string, start: number): number {
  let value = 0;
  let divisor = 0;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === POINT) divisor = 1;
    else if (unit >= ZERO && unit <= ZERO + 9) {
      value = value * 10 + (unit - ZERO);
      divisor *= 10;
    } else break;
  }
  return divisor > 1 ? value / divisor : value;
}

function numberEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== POINT && (unit < ZERO || unit > ZERO + 9)) break;
  }
  return at;
}

const MINUTE_UNITS = '2024-05-17T14:02'.length;
const MINUTE = { text: '', ms: 0 };

/** Of an ISO time with milliseconds, UTC. Those of a minute have their beginning in common. */
function timeOf(text: string, at: number): number {
  const minute = text.slice(at, at + MINUTE_UNITS);
  if (minute !== MINUTE.text) {
    // A text of its own: a slice would keep the lines that it was taken from.
    MINUTE.text = Buffer.from(minute).toString();
    MINUTE.ms = Date.parse(`${MINUTE.text}:00.000Z`);
  }
  return MINUTE.ms + Math.round(numberAt(text, at + MINUTE_UNITS + 1) * 1000);
}

function fromMessage(message: HttpMessage | undefined): Brief | undefined {
  if (typeof message?.id !== 'string') return undefined;
  const { id, timestamp, timestampUnknown, direction, receiver, destination, headers } = message;
  const { method, path, statusCode, bodySize, request, latencyMs, waitMs, durationMs, incomplete, grpc } =
    message as WithGrpc;
  return {
    id,
    atMs: timestampUnknown === true ? Number.NaN : Date.parse(timestamp),
    direction,
    peers: `${JSON.stringify(receiver)},"destination":${JSON.stringify(destination)}`,
    ...{ method, path, host: headers?.host, statusCode, bodySize, request, latencyMs, waitMs, durationMs },
    ...{ incomplete, grpc },
  };
}
