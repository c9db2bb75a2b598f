/**
 * An exchange as an entry of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Pure. Where HAR has no word for
 * what is known, a field of our own begins with `_`; what is not known is -1 where HAR allows it.
 */

import { authorityOf, HOST, percentEncoded } from '../../exchange/authority';
import { type Ending, lastedMs } from '../../exchange/endings';
import { endpointText } from '../../exchange/endpoints';
import type { Exchange } from '../../exchange/pairing';
import { schemeOf } from '../../exchange/scheme';
import { timesOf, uploadMsOf } from '../../exchange/times';
import type { HttpMessage } from '../../types';
import { type HarMessage, LARGE_TEXT, lengthOf } from './large-text';
import { PAGE_ID } from './pages';
import type { SocketMessage } from './sockets';

/** Of a query, a form, the cookies: more of them are no help, and each takes many times its bytes. The text is there as well. */
const MAX_PAIRS = 1_024;

/** The media type in a HAR of a content whose type is not known; Chromium's word. */
const UNKNOWN_TYPE = 'x-unknown';

/** Facts of an exchange beside its messages. */
export interface About {
  /** The messages inside its WebSocket, if it is one. */
  inside?: SocketMessage[] | undefined;
  /** How it ended without a response, and when. */
  ending?: Pick<Ending, 'words' | 'atMicros'> | undefined;
  /** Of its trace. */
  page?: string | undefined;
}

export function entryOf(
  { request, interim, response }: Exchange<HarMessage>,
  { inside, ending, page = PAGE_ID }: About = {},
): object {
  const first = firstOf({ request, interim, response });
  const isSocket = inside !== undefined;
  const timings = response === undefined ? timingsUntil(ending, request) : timingsOf(request, response);
  return {
    pageref: page,
    startedDateTime: startOf(first, response?.latencyMs),
    // HAR wants the sum of the timings that are known.
    time: timings.send + timings.wait + timings.receive,
    request: request === undefined ? unseenOf(first, isSocket) : requestOf(request, isSocket),
    response: response === undefined ? noResponse(ending) : responseOf(response),
    cache: {},
    timings: { blocked: -1, dns: -1, connect: -1, ...timings, ssl: -1 },
    serverIPAddress: first.receiver.ip,
    connection: endpointText(first.destination),
    _id: first.id,
    ...(first.tls === undefined ? {} : { _tls: first.tls }),
    ...(interim.length === 0 ? {} : { _interim: interim.map(interimOf) }),
    ...(inside === undefined ? {} : { _resourceType: 'websocket', _webSocketMessages: inside }),
  };
}

/** The `startedDateTime` of its entry. */
export function startedAtOf(exchange: Exchange<HarMessage>): string {
  return startOf(firstOf(exchange), exchange.response?.latencyMs);
}

function firstOf({ request, interim, response }: Exchange<HarMessage>): HarMessage {
  const first = request ?? response ?? interim[0];
  if (first === undefined) throw new Error('an exchange of nothing');
  return first;
}

interface Timings {
  send: number;
  wait: number;
  receive: number;
  comment?: string;
}

/** Of an exchange without a response: until its end, if it is known when that was. */
function timingsUntil(ending: About['ending'], request: HttpMessage | undefined): Timings {
  const sentMs = request?.durationMs ?? 0;
  const isTimed = request !== undefined && request.timestampUnknown !== true;
  const lasted = isTimed ? lastedMs(ending, Date.parse(request.timestamp)) : undefined;
  if (lasted === undefined) return { send: sentMs, wait: 0, receive: 0, comment: 'not measured' };
  return {
    ...split(lasted, sentMs),
    receive: 0,
    comment: `no response: wait is the time until the exchange ended${request?.incomplete === undefined ? '' : ', or a part of its upload'}`,
  };
}

/** The time that was not sent in is waited for. */
function split(ms: number, sentMs: number): Pick<Timings, 'send' | 'wait'> {
  const send = Math.min(sentMs, ms);
  return { send, wait: Math.round((ms - send) * 1_000) / 1_000 };
}

/** HAR does not allow -1 for these three, so a comment says what is not known. */
function timingsOf(request: HttpMessage | undefined, response: HttpMessage): Timings {
  const sentMs = request?.durationMs ?? 0;
  const times = timesOf(response, request === undefined ? undefined : uploadMsOf(request));
  const { uploadMs: send = sentMs, serverMs: wait = 0, uploadAndServerMs, downloadMs: receive, answeredEarly } = times;
  if (answeredEarly) return { send, wait, receive, comment: 'the response began before the request ended' };
  if (uploadAndServerMs !== undefined) {
    const comment = 'the request was not seen whole: wait may be a part of its upload';
    return { ...split(uploadAndServerMs, sentMs), receive, comment };
  }
  return { send, wait, receive, ...(times.serverMs === undefined ? { comment: 'not measured' } : {}) };
}

/** A response without its request: when that began follows from the latency. */
function startOf(first: HttpMessage, latencyMs: number | undefined): string {
  if (first.direction === 'request' || latencyMs === undefined) return first.timestamp;
  return new Date(Date.parse(first.timestamp) - Math.round(latencyMs)).toISOString();
}

/** From its answer. */
function unseenOf(answer: HttpMessage, isSocket: boolean): object {
  const { method = '', path = '/' } = answer.request ?? {};
  const url = urlOf(path, undefined, answer, isSocket);
  return {
    method,
    url,
    httpVersion: '',
    cookies: [],
    headers: [],
    queryString: queryOf(url),
    headersSize: -1,
    bodySize: -1,
    comment: 'the request was not seen',
  };
}

function requestOf(request: HarMessage, isSocket: boolean): object {
  const { method = '', path = '', httpVersion, headers, bodySize } = request;
  const url = urlOf(path, headers.host, request, isSocket);
  const type = headers['content-type'] ?? '';
  const text = textOf(request) ?? '';
  return {
    method,
    url,
    httpVersion: `HTTP/${httpVersion}`,
    cookies: cookiesOf(headers.cookie),
    headers: pairsOf(headers),
    queryString: queryOf(url),
    headersSize: -1,
    bodySize,
    ...(bodySize === 0
      ? {}
      : {
          postData: {
            mimeType: type,
            ...paramsOf(type, request.bodyTruncated === true || request.large !== undefined ? undefined : text),
            text,
            ...encodingOf(request, '_encoding'),
          },
        }),
    ...asidesOf(request),
  };
}

function responseOf(response: HarMessage): object {
  const { statusCode = 0, reason = '', httpVersion, headers, bodySize } = response;
  const text = textOf(response);
  const size = contentSizeOf(response);
  return {
    status: statusCode,
    statusText: reason,
    httpVersion: `HTTP/${httpVersion}`,
    cookies: setCookiesOf(headers['set-cookie']),
    headers: pairsOf(headers),
    content: {
      size,
      ...compressionOf(response, size),
      mimeType: headers['content-type'] ?? UNKNOWN_TYPE,
      ...(text === undefined ? {} : { text }),
      ...encodingOf(response, 'encoding'),
    },
    redirectURL: headers.location ?? '',
    headersSize: -1,
    bodySize,
    ...asidesOf(response),
  };
}

/** As Chromium writes it down. */
function noResponse(ending: About['ending']): object {
  return {
    status: 0,
    statusText: '',
    httpVersion: '',
    cookies: [],
    headers: [],
    content: { size: 0, mimeType: UNKNOWN_TYPE },
    redirectURL: '',
    headersSize: -1,
    bodySize: -1,
    _error: ending === undefined ? 'no response was seen' : `no response: ${ending.words}`,
  };
}

function interimOf({ timestamp, statusCode, reason, headers }: HttpMessage): object {
  return { timestamp, status: statusCode, statusText: reason ?? '', headers: pairsOf(headers) };
}

/** In whichever charset it was sent. */
function textOf({ body, bodyText, large }: HarMessage): string | undefined {
  return large === undefined ? (bodyText ?? body) : LARGE_TEXT;
}

/** How `text` stands for the bytes; of a body that is left out, that it is. */
function encodingOf({ body, bodyText, bodyEncoding }: HttpMessage, field: string): object {
  if (bodyText !== undefined) return {};
  if (bodyEncoding === 'base64') return { [field]: 'base64' };
  return body === undefined ? { comment: 'a binary body, left out' } : {};
}

/** Bytes once content-codings are removed, or as many of them as are here; of text in another charset, as it stands here. */
function contentSizeOf(message: HarMessage): number {
  const { body, bodyText, bodyEncoding, bodyDecoded, bodySize, large } = message;
  const text = body ?? bodyText;
  if (bodyDecoded === undefined || text === undefined) return bodySize;
  if (large === undefined) return Buffer.byteLength(text, bodyEncoding === 'base64' ? 'base64' : 'utf8');
  // Of base64 only the last characters have to be looked at.
  const tail = large.json.toString('latin1', large.json.length - 4);
  return bodyEncoding === 'base64'
    ? ((large.json.length - 4) / 4) * 3 + Buffer.byteLength(tail, 'base64')
    : lengthOf(large);
}

/** The bytes that the coding saved, if both sizes are those of all the bytes. */
function compressionOf({ body, bodyDecoded, bodyTruncated, bodySize }: HttpMessage, size: number): object {
  const known = body !== undefined && bodyDecoded !== undefined && bodyTruncated === undefined;
  return known ? { compression: size - bodySize } : {};
}

/**
 * Of a form: its fields. HAR has them beside the text (as browsers do, although its words are against it). If its text is not at
 * hand, they are left out: an empty list would say that the form is empty.
 */
function paramsOf(type: string, text: string | undefined): object {
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) return { params: [] };
  return text === undefined ? {} : { params: fieldsOf(text) };
}

/** The facts that HAR has no field for. */
function asidesOf({ incomplete, gapBytes, stallMs, bodyTruncated, trailers, grpc, grpcMessages }: HttpMessage): object {
  return {
    ...(grpc === undefined ? {} : { _grpc: { ...grpc, ...(grpcMessages && { messages: grpcMessages }) } }),
    ...(bodyTruncated === undefined ? {} : { _bodyTruncated: bodyTruncated }),
    ...(incomplete === undefined ? {} : { _incomplete: incomplete }),
    ...(gapBytes === undefined ? {} : { _gapBytes: gapBytes }),
    ...(stallMs === undefined ? {} : { _stallMs: stallMs }),
    ...(trailers === undefined ? {} : { _trailers: pairsOf(trailers) }),
  };
}

function pairsOf(fields: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(fields).map(([name, value]) => ({ name, value }));
}

function cookiesOf(field: string | undefined): { name: string; value: string }[] {
  if (field === undefined || !field.includes('=')) return [];
  return field.split(';', MAX_PAIRS).map(cookieOf);
}

/** Without `=` it has no name. */
function cookieOf(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=');
  return { name: pair.slice(0, Math.max(0, at)).trim(), value: pair.slice(at + 1).trim() };
}

function attributeOf(text: string): [string, string] {
  const { name, value } = cookieOf(text);
  return text.includes('=') ? [name.toLowerCase(), value] : [value.toLowerCase(), ''];
}

/** The comma of a date (RFC 6265 §4.1.1), also as some servers write it. */
const EXPIRES = /;\s*expires\s*=\s*[a-z]{3,9},\s*\d/i;
/** A date that all readers read as the same time. */
const DATE = /^[a-z]{3}, \d\d[ -][a-z]{3}[ -]\d{4} \d\d:\d\d:\d\d GMT$/i;

/**
 * Several Set-Cookie fields are joined by commas, and a comma may stand in the value of one: only if there is none beside that
 * of one date it is one cookie for sure. Others are told among the headers only.
 */
function setCookiesOf(field: string | undefined): object[] {
  if (field === undefined || field.replace(EXPIRES, ';').includes(',')) return [];
  const [pair = '', ...attributes] = field.split(';', MAX_PAIRS);
  const { name, value } = cookieOf(pair);
  // RFC 6265 §5.2: without a name it is no cookie; §5.3: of several attributes with one name the last counts.
  if (name === '') return [];
  const given = new Map(attributes.map(attributeOf));
  const [path, domain, expires = ''] = [given.get('path'), given.get('domain'), given.get('expires')];
  // `Max-Age` would win (§4.1.2.2).
  const isDated = DATE.test(expires) && !given.has('max-age') && !Number.isNaN(Date.parse(expires));
  return [
    {
      ...{ name, value },
      ...(path === undefined ? {} : { path }),
      ...(domain === undefined ? {} : { domain }),
      ...(isDated ? { expires: new Date(expires).toISOString() } : {}),
      httpOnly: given.has('httponly'),
      secure: given.has('secure'),
    },
  ];
}

/** The target URI (RFC 9110 §7.1), of a WebSocket as Chromium writes it. The path is not normalised: what was asked for is what is told. */
function urlOf(target: string, host: string | undefined, message: HttpMessage, isSocket: boolean): string {
  const authority = authorityOf(host, message);
  if (/^https?:\/\//i.test(target)) return encoded(isSocket ? target.replace(/^http/i, 'ws') : target);
  const scheme = schemeOf(message);
  const front = `${isSocket ? scheme.replace('http', 'ws') : scheme}://`;
  // OPTIONS * is about the server; CONNECT names no path but another authority.
  if (target === '*') return front + authority;
  if (target.startsWith('/')) return encoded(front + authority + target);
  return HOST.test(target) ? front + target : encoded(`${front}${authority}/${target}`);
}

/** Only what no URI may hold is changed (RFC 3986 §2). */
function encoded(url: string): string {
  return url.replace(/[^\x21-\x7e]|["<>\\^`{|}]|%(?![\da-f]{2})/giu, percentEncoded);
}

function queryOf(url: string): { name: string; value: string }[] {
  const at = url.indexOf('?');
  return at === -1 ? [] : fieldsOf(url.slice(at + 1).split('#', 1)[0] ?? '');
}

/** As forms are encoded (WHATWG URL, application/x-www-form-urlencoded). */
function fieldsOf(text: string): { name: string; value: string }[] {
  const front = text.split('&', MAX_PAIRS).join('&');
  return [...new URLSearchParams(front)].map(([name, value]) => ({ name, value }));
}
