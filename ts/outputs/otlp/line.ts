/**
 * A line of the engine as the facts that spans are made of. All texts are those of JSON strings, with their escapes, bytes as
 * characters: those that go into JSON are not escaped again, and no objects are made of headers that no span has.
 */

import { Members } from '../../exchange/members';

/** A timestamp's first 19 characters, and what they mean: many lines share them. */
const second = { text: '', ms: 0 };
const SECOND_CHARS = 'YYYY-MM-DDTHH:MM:SS'.length;

export class MessageLine {
  id = '';
  isRequest = false;
  /** A response whose request is known: what is said of the request here is not read. */
  isAnswer = false;
  /** It is a message of a stream (WebSocket, SSE, gRPC) and not one of HTTP. */
  isStreamed = false;
  timestampMs = 0;
  serverIp = '';
  serverPort = 0;
  clientIp = '';
  clientPort = 0;
  /** `''` if it is not known, as all texts. */
  method = '';
  target = '';
  statusCode = 0;
  httpVersion = '';
  /** Of a response whose request was seen. */
  answersMethod = '';
  answersTarget = '';
  latencyMs = Number.NaN;
  durationMs = 0;
  scheme = '';
  tls: true | undefined;
  incomplete = '';
  isTruncated = false;
  errorCode = '';
  proxiedIp = '';
  proxiedPort = 0;
  rpcService = '';
  rpcMethod = '';
  rpcStatus = Number.NaN;
  rpcStatusName = '';
  host = '';
  userAgent = '';
  traceparent = '';
  tracestate = '';
  forwarded = '';
  forwardedFor = '';
  forwardedProto = '';
  forwardedHost = '';
  body = '';
  bodyText = '';
  bodyEncoding = '';
  readonly #members = new Members();
  readonly #isAsked: (id: string) => boolean;
  #end = 0;

  /** `isAsked`: true if the request with this id is known, so that of its response only the answer is read. */
  constructor(isAsked: (id: string) => boolean) {
    this.#isAsked = isAsked;
  }

  /** The line between the two in the text, which is the bytes as characters; false if it is no message. */
  read(bytes: Uint8Array, text: string, at: number, end: number): boolean {
    this.#clear();
    this.#end = end;
    const members = this.#members;
    try {
      members.begin(bytes, text, at);
      while (members.next()) this.#readMember(members);
    } catch {
      return false;
    }
    return this.id !== '' && !Number.isNaN(this.timestampMs);
  }

  /** Names of the same length in one place: a look at the length rules out nearly all. */
  #readMember(members: Members): void {
    switch (members.nameLength) {
      case 2:
        if (members.is('id')) this.id = members.string();
        break;
      case 3:
        if (members.is('tls')) this.tls = true;
        break;
      case 4:
        if (members.is('path')) this.target = members.string();
        else if (members.is('body')) this.body = members.longString(this.#end);
        else if (members.is('grpc')) this.#readGrpc(members);
        break;
      case 6:
        if (members.is('method')) this.method = members.string();
        else if (members.is('scheme')) this.scheme = members.string();
        else if (members.is('stream')) this.isStreamed = true;
        break;
      case 7:
        if (members.is('headers') && this.isRequest) this.#readHeaders(members);
        else if (members.is('request') && !this.isAnswer) this.#readAnswered(members);
        else if (members.is('proxied')) this.#readProxied(members);
        break;
      case 8:
        if (members.is('receiver')) {
          if (!this.isAnswer) [this.serverIp, this.serverPort] = endpointOf(members);
        } else if (members.is('bodyText')) this.bodyText = members.longString(this.#end);
        break;
      case 9:
        if (members.is('timestamp')) this.timestampMs = msOf(members.string());
        else if (members.is('direction')) {
          this.isRequest = members.string() === 'request';
          this.isAnswer = !this.isRequest && this.#isAsked(this.id);
        } else if (members.is('latencyMs')) this.latencyMs = members.number();
        else if (members.is('errorCode')) this.errorCode = members.string();
        break;
      case 10:
        if (members.is('statusCode')) this.statusCode = members.number();
        else if (members.is('durationMs')) this.durationMs = members.number();
        else if (members.is('incomplete')) this.incomplete = members.string();
        break;
      case 11:
        if (members.is('destination')) {
          if (!this.isAnswer) [this.clientIp, this.clientPort] = endpointOf(members);
        } else if (members.is('httpVersion')) this.httpVersion = members.string();
        break;
      case 12:
        if (members.is('bodyEncoding')) this.bodyEncoding = members.string();
        break;
      case 13:
        if (members.is('bodyTruncated')) this.isTruncated = true;
        break;
    }
  }

  #readHeaders(fields: Members): void {
    if (!fields.enter()) return;
    while (fields.next()) {
      switch (fields.nameLength) {
        case 4:
          if (fields.is('host')) this.host = fields.string();
          break;
        case 9:
          if (fields.is('forwarded')) this.forwarded = fields.string();
          break;
        case 10:
          if (fields.is('user-agent')) this.userAgent = fields.string();
          else if (fields.is('tracestate')) this.tracestate = fields.string();
          break;
        case 11:
          if (fields.is('traceparent')) this.traceparent = fields.string();
          break;
        case 15:
          if (fields.is('x-forwarded-for')) this.forwardedFor = fields.string();
          break;
        case 16:
          if (fields.is('x-forwarded-host')) this.forwardedHost = fields.string();
          break;
        case 17:
          if (fields.is('x-forwarded-proto')) this.forwardedProto = fields.string();
          break;
      }
    }
    fields.leave();
  }

  #readAnswered(parts: Members): void {
    if (!parts.enter()) return;
    while (parts.next()) {
      if (parts.is('method')) this.answersMethod = parts.string();
      else if (parts.is('path')) this.answersTarget = parts.string();
    }
    parts.leave();
  }

  #readProxied(parts: Members): void {
    if (!parts.enter()) return;
    while (parts.next()) if (parts.is('source')) [this.proxiedIp, this.proxiedPort] = endpointOf(parts);
    parts.leave();
  }

  #readGrpc(parts: Members): void {
    if (!parts.enter()) return;
    while (parts.next()) {
      if (parts.is('service')) this.rpcService = parts.string();
      else if (parts.is('method')) this.rpcMethod = parts.string();
      else if (parts.is('status')) this.rpcStatus = parts.number();
      else if (parts.is('statusName')) this.rpcStatusName = parts.string();
    }
    parts.leave();
  }

  #clear(): void {
    this.id = '';
    this.tls = undefined;
    this.isStreamed = this.isTruncated = this.isRequest = this.isAnswer = false;
    this.method = this.target = this.answersMethod = this.answersTarget = '';
    this.httpVersion = this.scheme = this.incomplete = this.errorCode = '';
    this.host = this.userAgent = this.traceparent = this.tracestate = '';
    this.forwarded = this.forwardedFor = this.forwardedProto = this.forwardedHost = '';
    this.proxiedIp = this.rpcService = this.rpcMethod = this.rpcStatusName = '';
    this.body = this.bodyText = this.bodyEncoding = '';
    this.statusCode = this.durationMs = this.proxiedPort = 0;
    this.timestampMs = this.latencyMs = this.rpcStatus = Number.NaN;
  }
}

function endpointOf(parts: Members): [ip: string, port: number] {
  let ip = '';
  let port = 0;
  if (!parts.enter()) return [ip, port];
  while (parts.next()) {
    if (parts.is('ip')) ip = parts.string();
    else if (parts.is('port')) port = parts.number();
  }
  parts.leave();
  return [ip, port];
}

/** `2024-05-17T08:30:00.002Z`, as the engine writes all of them. */
function msOf(timestamp: string): number {
  if (second.text.length !== SECOND_CHARS || !timestamp.startsWith(second.text)) {
    second.text = timestamp.slice(0, SECOND_CHARS);
    second.ms = Date.parse(`${second.text}Z`);
  }
  return second.ms + Number(timestamp.slice(SECOND_CHARS + 1, -1));
}
