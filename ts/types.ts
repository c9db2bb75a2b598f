/** The public shapes: what goes in, what comes out, what is counted. */

import type { EngineError } from './errors';
import type { EngineCounter } from './losses';

/** One end of a connection. */
export interface Endpoint {
  /** IPv4 in dotted form, IPv6 as in RFC 5952. */
  ip: string;
  /** 1–65535. */
  port: number;
}

/** The fields that requests and responses have in common. */
export interface MessageFields {
  /** Unique in a run; a request and its responses (also interim responses) share it. */
  id: string;
  /** The server's side: the endpoint whose port is in `ports`. */
  receiver: Endpoint;
  /** The peer: the client's side. */
  destination: Endpoint;
  /** `request` is client to server, `response` server to client. */
  direction: 'request' | 'response';
  /** ISO 8601, UTC, with milliseconds: of the packet that began the message. */
  timestamp: string;
  /** The savefile has no time for that packet (pcapng's Simple Packet Block): `timestamp` is 1970, and there is no `latencyMs`. */
  timestampUnknown?: true;
  /** As the start line says: `'1.0'`, `'1.1'`; some write `'2.0'` there too. `'2.0'` of HTTP/2, which has a `streamId`. */
  httpVersion: string;
  /** Names in lower case; repeated fields joined by `, ` (`cookie` by `; `); redacted values are `[REDACTED]`. */
  headers: Record<string, string>;
  /** The body without its framing and its content-codings, if it is UTF-8; `''` for an empty body. */
  body?: string;
  /** Bytes that are not UTF-8: `'base64'` if `body` is base64 (`binaryBodies`), `'binary'` if `body` is left out. */
  bodyEncoding?: string;
  /** The text of those bytes, if `content-type` says in which charset they are. */
  bodyText?: string;
  /** With `bodyText`: the charset, by its name in the WHATWG Encoding Standard, in lower case. */
  bodyCharset?: string;
  /** The content-codings that were removed, in the order in which they were applied: `'gzip'`, `'gzip, br'`. */
  bodyDecoded?: string;
  /**
   * By `redactBody`: `'values'`, values in the body or its text are replaced; `'rest'`, everything from some place on is replaced, since it could
   * not be parsed; `'all'`, the whole body is replaced.
   */
  bodyRedacted?: 'values' | 'rest' | 'all';
  /** Bytes of the body without its framing, still content-coded, kept or not. */
  bodySize: number;
  /** Bytes of the body or its content are missing: over `maxBodySize` or another bound, lost, or ended early. */
  bodyTruncated?: true;
  /** Text of `headers`, `trailers` or `reason` is missing: too many control characters, each of which takes six bytes in JSON. */
  headersTruncated?: true;
  /**
   * Why the message ended early; absent if only `maxBodySize` or `cpuLimitShare` cut it. `reset`: by a TCP reset, or by RST_STREAM
   * (`errorCode`); `malformed`: its end is in doubt, or HTTP/2 forbids its fields or its length. A message of HTTP/2 whose body
   * is as long as its Content-Length says has not ended early, even if its stream did.
   */
  incomplete?: 'gap' | 'closed' | 'reset' | 'evicted' | 'timeout' | 'stopped' | 'malformed';
  /** Bytes of this message that never arrived. */
  gapBytes?: number;
  /** Fields after the body, if there are any; as `headers`. */
  trailers?: Record<string, string>;
  /** Messages of several packets: from the first packet to the last, in ms: the upload, or the download. */
  durationMs?: number;
  /**
   * Of that at least so long, from 1 ms on, later bytes were there and earlier bytes were missing, since their segment was lost and sent again, or
   * was overtaken. Losses after the packets passed the capture are not in it.
   */
  stallMs?: number;
  /** Both ends of the connection that a proxy handed on, as its PROXY protocol prefix says. */
  proxied?: { source: Endpoint; destination: Endpoint };
  /** HTTP/2: the number of the stream on its connection. */
  streamId?: number;
  /** HTTP/2: the server began the exchange (server push). */
  pushed?: true;
  /** HTTP/2: why the stream was reset, by its name in RFC 9113 §7: `'CANCEL'`, `'INTERNAL_ERROR'`; other codes are `'UNKNOWN_ERROR'`. */
  errorCode?: string;
  /** HTTP/2: fields are missing, since they refer to fields that were sent before the capture or were lost. */
  headersIncomplete?: true;
  /** Event streams and gRPC, with `streamMessages`: how many of their messages came out by themselves. */
  streamedMessages?: number;
  /** HTTP/2: how many fields are missing, of `headers`, `trailers`, `method`, `path` and `statusCode` together. */
  unknownHeaders?: number;
  /**
   * Messages with `content-type: application/grpc`, `application/grpc-web` or `application/grpc-web-text`: the call, by the request's
   * path, and the number of gRPC messages that began in the body. Responses: the status with its name
   * (`5`, `'NOT_FOUND'`), from the trailers, the last frame of gRPC-Web, or a head without a body, and its text, percent-decoded.
   * `encoding` is `grpc-encoding`. Unknown values are left out: the call if the request was not seen, the number of messages
   * after a loss between two messages, the status if the call ended without a status.
   */
  grpc?: {
    service?: string;
    method?: string;
    status?: number;
    statusName?: string;
    statusMessage?: string;
    encoding?: string;
    messageCount?: number;
  };
  /**
   * The gRPC messages that begin in the kept part of the body (`maxBodySize`), up to 1 024: the size as sent, and the content,
   * decompressed: as JSON if `protoDescriptors` knows its type, else in base64. Both forms are left out if a message could not be
   * decompressed; `truncated`: its end is missing. The field is left out if there is no body, or if the body has a
   * `content-encoding` that is not removed.
   */
  grpcMessages?: GrpcMessage[];
  /**
   * The TLS in which it came, if `tlsKeylog` let it be read: the version, `'1.2'` or `'1.3'`, the suite's name in IANA's registry,
   * the name for which the client asked, the protocol that the server chose.
   */
  tls?: { version: string; cipher: string; serverName?: string; alpn?: string };
}

/** An HTTP request. */
export interface HttpRequest extends MessageFields {
  direction: 'request';
  /** Requests: the method as it was sent. HTTP/2: left out if it is not known (`headersIncomplete`). */
  method?: string;
  /** Requests: the request target as it was sent, with its query. HTTP/2: `:path`, left out if it is not known. */
  path?: string;
  /** HTTP/2 requests: `:scheme`. */
  scheme?: string;
  /** HTTP/2 requests: `:protocol` of an extended CONNECT, such as `'websocket'`. */
  protocol?: string;
  /** @hidden */
  statusCode?: undefined;
  /** @hidden */
  reason?: undefined;
  /** @hidden */
  request?: undefined;
  /** @hidden */
  latencyMs?: undefined;
  /** @hidden */
  waitMs?: undefined;
}

/** An HTTP response, interim or final. */
export interface HttpResponse extends MessageFields {
  direction: 'response';
  /** Responses: 100–999. HTTP/2: left out if it is not known. */
  statusCode?: number;
  /** Responses that have a reason phrase. */
  reason?: string;
  /** Responses whose request was seen: its method and its path. */
  request?: { method: string; path: string };
  /**
   * Responses whose request was seen: from the request's first packet to the response's first, in ms with µs precision.
   * Left out if the packets' clocks contradict that order.
   */
  latencyMs?: number;
  /**
   * Responses whose request was seen whole: from the request's last packet to the response's first, in ms: the time that the
   * server took. Left out if the response began first.
   */
  waitMs?: number;
  /** @hidden */
  method?: undefined;
  /** @hidden */
  path?: undefined;
  /** @hidden */
  scheme?: undefined;
  /** @hidden */
  protocol?: undefined;
}

/**
 * An HTTP message: the same shape in the event, the callback, the stdout line and the POST body. `direction` tells a request from a
 * response; a field that only the other has is `undefined`.
 */
export type HttpMessage = HttpRequest | HttpResponse;

/**
 * A field that `fields` may name. Other fields come by themselves: with `body` all fields that describe it, with `headers`, `trailers` and
 * the start line the marks that a part of them is missing, with `timestamp` the mark that it is not known.
 */
export type MessageField = Exclude<
  keyof HttpMessage,
  | 'timestampUnknown'
  | 'headersTruncated'
  | 'headersIncomplete'
  | 'unknownHeaders'
  | 'bodyEncoding'
  | 'bodyText'
  | 'bodyCharset'
  | 'bodyDecoded'
  | 'bodyRedacted'
  | 'bodyTruncated'
  | 'grpcMessages'
>;

/** One message of a gRPC body. */
export interface GrpcMessage {
  /** Bytes as they were sent. */
  size: number;
  compressed?: true;
  /** Base64. */
  data?: string;
  /** By `protoDescriptors`, in the JSON form of Protocol Buffers. */
  json?: unknown;
  truncated?: true;
}

/**
 * A message inside a long exchange, at the time it passes (`streamMessages`): the same shape in the event, the callback, the stdout line
 * and the POST body. `stream` tells it from an `HttpMessage`.
 */
export interface StreamMessage {
  /** The kind of its stream: a WebSocket, Server-Sent Events, a call of gRPC. */
  stream: 'websocket' | 'sse' | 'grpc';
  /** The `id` of its exchange: the request and the response that began the stream have the same `id`. */
  id: string;
  /** Counted from 1 on in each direction of the stream. A missing number belongs to a message that could not be read. */
  sequence: number;
  /** The server's side: the endpoint whose port is in `ports`. */
  receiver: Endpoint;
  /** The peer: the client's side. */
  destination: Endpoint;
  /** `request` is client to server, `response` server to client. */
  direction: 'request' | 'response';
  /** ISO 8601, UTC, with milliseconds: of the packet that began the message. */
  timestamp: string;
  /**
   * The content: text as it is, anything else in base64 (`dataEncoding`). For a close frame the reason. For gRPC `[REDACTED]` if
   * `redactBody` hides a value in `json`, or if no `json` could be made of a type that is known.
   */
  data: string;
  /** `data` is base64: for binary WebSocket messages and for gRPC, unless it is hidden; for other messages if the bytes are not UTF-8. */
  dataEncoding?: 'base64';
  /** Bytes of the decompressed message, kept or not; if the message ended early, or is compressed and cut, the bytes that are known. */
  dataSize: number;
  /** Bytes are missing in `data`: over `maxBodySize` or another bound, lost, or the stream ended within the message. */
  truncated?: true;
  /** Bytes of this message, as they were sent, that never arrived. */
  gapBytes?: number;
  /** WebSocket: what the message is. `ping`, `pong` and `close` are control frames. */
  opcode?: 'text' | 'binary' | 'ping' | 'pong' | 'close';
  /** WebSocket: the status code of a close frame, if it has a code (RFC 6455 §7.4). */
  closeCode?: number;
  /** Server-Sent Events: the event's type, if it is named. */
  event?: string;
  /** Server-Sent Events: the event's own `id` field. */
  eventId?: string;
  /** Server-Sent Events: how long a client should wait before it connects again, in ms. */
  retry?: number;
  /** gRPC: what was called. */
  grpc?: { service: string; method: string };
  /** gRPC: the message as JSON, if `protoDescriptors` knows its type. */
  json?: unknown;
  /** The savefile has no time for that packet (pcapng's Simple Packet Block): `timestamp` is 1970 then. */
  timestampUnknown?: true;
}

/** All parts that are given must match. */
export interface MessageFilter {
  /** Any case. */
  method?: string;
  /** The beginning of the request target, or with `*` in it a pattern for all of it. */
  path?: string;
  /** Three digits, `x` for any: `'404'`, `'5xx'`. */
  status?: string;
  /** A field of the request: `'name'` or `'name: value'`. */
  header?: string;
}

/** A batch is POSTed when it reaches one of these. */
export interface BatchOptions {
  /** Default 500. */
  maxMessages: number;
  /** Bytes of lines before compression; one message may be larger. Default 1 048 576. */
  maxBytes: number;
  /** How long a message waits for further messages, in ms. Default 1 000. */
  maxDelayMs: number;
  /** Compresses the bodies. Default false. */
  gzip: boolean;
  /** NDJSON, a line for each message; or a JSON array of messages, for receivers that do not accept lines. Default `'ndjson'`. */
  format: BatchFormat;
}

/** How several messages are one body. */
export type BatchFormat = 'ndjson' | 'json-array';

/** Where the page is served. */
export interface ViewOptions {
  /** 0–65535; 0, the default, is any free port. */
  port: number;
  /** The address. Default `'127.0.0.1'`; an address that other machines reach needs certificate, key, and `viewToken`. */
  host: string;
  /** File of a certificate and its chain (PEM). */
  certFile?: string;
  /** File of its key (PEM). */
  keyFile?: string;
}

/** The treatment of a body that is not text: left out, or shown as base64. */
export type BinaryBodies = 'omit' | 'base64';

/** Which common names are hidden in addition to the names that are set: authorization and cookie, or a long list. */
export type RedactPreset = 'default' | 'strict';

/** From nothing at all to everything. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Where log lines go in place of stderr. Neither a body nor a token is in them. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** For one run. */
export interface StartOptions {
  /**
   * If it is aborted, the run stops, as by `stop()`. If the run is not open by then, `start()` rejects with the signal's
   * reason.
   */
  signal?: AbortSignal | undefined;
}

/** `callback` is `onHttpMessage` and the listeners of `message` together, `iterator` is all readers of `messages()`, `file` is `outputFile`, `http` is `outputUrl`, `otlp` is `outputOtlp`, `kafka` is `outputKafka`. */
export type OutputName =
  | 'callback'
  | 'iterator'
  | 'stdout'
  | 'file'
  | 'http'
  | 'har'
  | 'html'
  | 'otlp'
  | 'kafka'
  | 'view';

/** How finished output files are compressed; zstd needs Node.js 22.15. */
export type FileCompression = 'none' | 'gzip' | 'zstd';

/** When an output file is finished and another file begins, and which finished files are kept. */
export interface FileRotation {
  /** Bytes of a file, at least 65 536; one line may be longer. Default 104 857 600 (100 MiB). */
  maxBytes: number;
  /** A file that is not empty is finished after this time, in ms; 0: only its size counts. Default 0. */
  maxAgeMs: number;
  /** Finished files that are kept; the oldest are removed. Default 10. */
  maxFiles: number;
  /** Of finished files. Default `'none'`. */
  compression: FileCompression;
}

/** How OTLP is encoded; Protocol Buffers are smaller and cost less. */
export type OtlpEncoding = 'protobuf' | 'json';

/** Why an output gave messages up; `OutputStats` says what each of them means. */
export type DropReason =
  | 'overflow'
  | 'failed'
  | 'rejected'
  | 'abandoned'
  | 'closed'
  | 'invalid'
  | 'unpaired'
  | 'streamed';

/** The outcome of the messages that reached an output. All but `errors` are counts of messages in this run. */
export interface OutputStats {
  /** = `delivered` + `dropped` + `waiting`. callback: only messages that had a listener; iterator: the messages of each reader. */
  accepted: number;
  /**
   * callback: handed to at least one listener; iterator: read; stdout, file: written; http, otlp: answered with 2xx; kafka: acknowledged; har, html: in the
   * file; view: on the page.
   */
  delivered: number;
  /** Given up, for the reasons in `droppedBy`. */
  dropped: number;
  /**
   * Reasons that did not occur are left out. `overflow`: the waiting line was full, or memory; of the page, its share of the time · `failed`: all attempts failed, or the disk took
   * nothing for too long · `rejected`: refused, and would be refused again ·
   * `abandoned`: not out in time at stop · `closed`: the reader went away, of stdout or of `messages()`, the disk took nothing · `invalid`: a line
   * that is not JSON · `unpaired`: it is not known to which request a response belongs, so it is not a span · `streamed`: a message of a
   * stream, which is not a span.
   */
  droppedBy: Partial<Record<DropReason, number>>;
  /** Taken and neither delivered nor dropped yet. */
  waiting: number;
  /** callback: throws and rejections of listeners; stdout, file, har: write errors; http, otlp, kafka: failed attempts. */
  errors: number;
}

/** Counters of this version's engine by their names; another version's may have others. */
export type EngineStats = Partial<Record<EngineCounter, number>> & Record<string, number>;

/** The loss ledger of the present run, or of the last run. */
export interface SnifferStats {
  /** The engine's counters by name, such as `received`, `dropped`, `gaps`, `requests`. Empty before the first start. */
  engine: EngineStats;
  /** By output; outputs that are not configured, or have no reader, are left out, except the callback. */
  outputs: Partial<Record<OutputName, OutputStats>> & { callback: OutputStats };
}

/** An exchange that ended without a response, of which none was lost. */
export interface UnansweredExchange {
  /** That of its request. */
  id: string;
  /** Its connection was closed or reset, or its stream of HTTP/2 was (RST_STREAM). */
  ended: 'closed' | 'reset' | 'streamReset';
  /** The side that did it first, if that was captured. */
  by?: 'client' | 'server';
  /** Of a stream: why, by its name in RFC 9113 §7, if that was captured. */
  errorCode?: string;
  /** When that was, as in messages, if it was captured. */
  timestamp?: string;
}

/** The events of a `Sniffer` and their arguments. */
export interface SnifferEvents {
  /** Each message, in the order of its stream. */
  message: [message: HttpMessage];
  /** Each message inside a stream, in the order of its stream (`streamMessages`). */
  streamMessage: [message: StreamMessage];
  /**
   * Each exchange that ended without a response, at once. That may be before the `message` of its request. With a `filter` it may be an exchange of
   * which no message comes, since the filter leaves it out later.
   */
  unanswered: [exchange: UnansweredExchange];
  /** Fatal, after start: the sniffer has stopped by itself. Without a listener it is only logged. */
  error: [error: EngineError];
  /** The ledger, every `statsIntervalMs` and at the end. */
  stats: [stats: SnifferStats];
  /** The whole savefile is delivered; the sniffer has stopped by itself. */
  end: [];
  /** The run is over, by `stop()` or by itself; everything that could be delivered is. The last event of a run. */
  stop: [];
}
