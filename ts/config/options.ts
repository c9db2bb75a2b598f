/**
 * The table of options. A row is all that there is to say of an option: types, validation, flags, variables, the engine's
 * options, annotations and the tables of the documentation are made of it. The comment above a row is the public
 * documentation of its field. The order is that of the help, of the documentation and of the checks.
 */

import type { BinaryBodies, LogLevel, OtlpEncoding } from '../types';
import { checkBatch, parseBatch } from './batch';
import {
  checkBoolean,
  checkContentType,
  checkFileName,
  checkLogger,
  checkMessageListener,
  checkOutputUrl,
  checkPath,
  checkPaths,
  checkPorts,
  checkSampleRate,
  checkStreamListener,
  checkToken,
  integer,
  name,
  names,
  oneOf,
} from './checks';
import { checkFields } from './fields';
import { checkFileRotation, parseFileRotation } from './file-rotation';
import { checkExpression, checkFilters, parseFilters } from './filters';
import { checkKafkaUrl } from './kafka';
import {
  MAX_OUTPUT_CONCURRENCY,
  MAX_PORT,
  MAX_READ_TIMEOUT_MS,
  MAX_RING_BUFFER_BYTES,
  MAX_SNAPLEN_BYTES,
  MAX_TIMER_MS,
  MIN_PORT,
  MIN_READ_TIMEOUT_MS,
  MIN_RING_BUFFER_BYTES,
  MIN_SNAPLEN_BYTES,
  MIN_STATS_INTERVAL_MS,
} from './limits';
import type { Option } from './option';
import { checkOtlpUrl } from './otlp';
import { checkRedactBody, checkRedactHeaders, DEFAULT_REDACTED_HEADERS, parseRedactHeaders } from './redaction';
import { REDACT_PRESETS } from './strict';
import { boolean, list, number, paths, ports, size, text } from './texts';
import { checkView, checkViewToken, parseView } from './view';

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

const OTLP_ENCODINGS: readonly OtlpEncoding[] = ['protobuf', 'json'];

const BINARY_BODIES: readonly BinaryBodies[] = ['omit', 'base64'];

export const OPTIONS = {
  /** Server ports, 1–65535, at least one. The capture filter is built from them. */
  ports: {
    check: checkPorts,
    required: true,
    parse: ports,
    argument: 'list',
    help: 'server ports, e.g. 8080,8443 or 8000-8100',
    repeatable: ',',
    engine: true,
    annotation:
      'server ports, `8080,8443` or `8000-8100`; else those of the injector; else the TCP ports that the containers and native sidecars (init containers with `restartPolicy: Always`) declare',
  },
  /** Name of the interface; `''` is the first one that is up and not a loopback. Default `''`. */
  interface: {
    check: name('the name of an interface'),
    default: '',
    parse: text,
    short: '-i',
    argument: 'name',
    help: 'interface; default: the first one that is up and not a loopback',
    engine: true,
    annotation: 'name of an interface, at most 15 characters; empty is the first that is up and not a loopback',
  },
  /** A savefile (pcap, pcapng; gzip, zstd) to read in place of an interface; `-` is stdin. */
  pcapFile: {
    check: checkPath,
    parse: text,
    flag: '--read',
    short: '-r',
    variable: false,
    argument: 'file',
    help: "read it in place of an interface: a savefile, JSON lines, a folder, '*.pcap'; '-' is stdin; repeatable",
    emptyMeans: '',
    engine: true,
  },
  /** Absolute http(s) URL that gets a POST for each message; https in production. */
  outputUrl: {
    check: checkOutputUrl,
    parse: text,
    argument: 'url',
    help: 'POST each message to this URL (token: OUTPUT_URL_AUTH_TOKEN)',
    output: 'http',
    annotation:
      "absolute http or https URL without user and password; https in production. Where it is not the injector's URL the injector's token is left out, with a warning",
  },
  /** Bearer token of those POSTs. Default: the variable `OUTPUT_URL_AUTH_TOKEN`. */
  outputUrlAuthToken: { check: checkToken },
  /** POSTs at one time, each on a connection of its own that is used again, 1–256. Default 8. */
  outputConcurrency: {
    check: integer(1, MAX_OUTPUT_CONCURRENCY),
    default: 8,
    parse: number,
    argument: 'count',
    help: 'POSTs at one time',
  },
  /** A POST that has no answer after so many ms has failed. Default 10 000. */
  outputTimeoutMs: {
    check: integer(1, MAX_TIMER_MS),
    default: 10_000,
    parse: number,
    argument: 'ms',
    help: 'a POST without an answer after so long has failed',
  },
  /** Messages that wait for their POST, at most; live the oldest go first. Default 100 000. */
  outputMaxWaitingMessages: {
    check: integer(1),
    // Half a minute of a busy service, and a small part of the sidecar's 512 MiB.
    default: 100_000,
    parse: number,
    argument: 'count',
    help: 'messages that may wait for their POST',
  },
  /** Bytes of messages that wait for their POST or are on their way, at most. Default 33 554 432 (32 MiB). */
  outputMaxWaitingBytes: {
    check: integer(1),
    default: 33_554_432,
    parse: size,
    argument: 'bytes',
    help: 'bytes of messages that may wait',
  },
  /** Several messages a POST, as NDJSON or a JSON array; what is left out of it has its default. Default: one message a POST. */
  outputBatch: {
    check: checkBatch,
    parse: parseBatch,
    argument: 'parts',
    help: 'POST batches: true, or e.g. maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip,format=json-array',
    annotation:
      '`true`, `false`, or parts such as `maxMessages=500,maxDelayMs=200,gzip,format=json-array`: several messages a POST',
  },
  /** The `Content-Type` of those POSTs, where the receiver wants another one. Default: what the body is. */
  outputContentType: {
    check: checkContentType,
    parse: text,
    argument: 'type',
    help: 'Content-Type of the POSTs; default: what the body is',
    annotation:
      '`Content-Type` of the POSTs, where the receiver wants another one than `application/json` or `application/x-ndjson`',
  },
  /** Base URL of an OTLP/HTTP receiver: a span an exchange is sent to its `/v1/traces`. */
  outputOtlp: {
    check: checkOtlpUrl,
    parse: text,
    argument: 'url',
    help: 'send a span an exchange to this OTLP/HTTP receiver, e.g. http://collector:4318 (headers: OTEL_EXPORTER_OTLP_HEADERS)',
    output: 'otlp',
    annotation:
      'absolute http or https URL of an OTLP/HTTP receiver, without user and password: a span an exchange is sent there',
  },
  /** How spans are encoded: `'protobuf'` or `'json'`. Default `'protobuf'`. */
  otlpEncoding: {
    check: oneOf(OTLP_ENCODINGS),
    default: 'protobuf',
    parse: text,
    argument: 'how',
    help: 'encoding of spans: protobuf or json',
    annotation: '`protobuf` or `json`',
  },
  /** Puts bodies that are text into spans, up to 1 MiB each. Default false. */
  otlpBodies: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    help: 'put bodies that are text into spans',
    annotation: '`true` or `false`: bodies that are text in spans',
  },
  /** Brokers and a topic of Kafka, which gets a record a message: `kafka://host:9092[,host:9092…]/topic`, `kafkas:` with TLS. */
  outputKafka: {
    check: checkKafkaUrl,
    parse: text,
    argument: 'url',
    help: 'send a record a message to this topic of Kafka, e.g. kafka://broker:9092/http?compression=gzip (user: KAFKA_USERNAME, KAFKA_PASSWORD)',
    output: 'kafka',
    // The image of the sidecar does not hold the client.
    annotation: false,
  },
  /** One JSON line a message on stdout. Default false. */
  outputStdout: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    help: 'JSON lines on stdout, a line an exchange in a terminal; the default where no output is named',
    output: 'stdout',
    annotation: '`true` or `false`',
  },
  /**
   * Appends the JSON lines to this file, which only its owner may read, and begins another one as `outputFileRotation` says. The folder
   * must be there.
   */
  outputFile: {
    check: checkFileName,
    parse: text,
    argument: 'file',
    help: 'append JSON lines to this file, which is rotated',
    output: 'file',
    // The sidecar's file system takes no files.
    annotation: false,
  },
  /** When that file is finished and what becomes of it: without it at 100 MiB, and 10 finished files are kept. */
  outputFileRotation: {
    check: checkFileRotation,
    parse: parseFileRotation,
    argument: 'parts',
    help: 'rotation of that file, e.g. maxBytes=100MiB,maxAgeMs=3600000,maxFiles=10,compression=gzip',
    annotation: false,
  },
  /** Writes exchanges as HAR 1.2 into this file; one that is there is overwritten when the capture is open. */
  harFile: {
    check: checkFileName,
    parse: text,
    flag: '--har',
    argument: 'file',
    help: 'write exchanges as HAR 1.2 to this file; one that is there is overwritten',
    output: 'har',
    annotation: false,
  },
  /**
   * Serves a page with every exchange as it comes, on 127.0.0.1; `true` is any free port. Its address, with the token that opens it,
   * is logged at each level. Default: none.
   */
  view: {
    check: checkView,
    parse: parseView,
    variable: 'VIEW_PORT',
    argument: 'port',
    optionalArgument: true,
    help: 'serve a page with every exchange as it comes, on 127.0.0.1 and any free port or this one',
    output: 'view',
    // Whoever may make pods would open a door into them.
    annotation: false,
  },
  /** The token that opens that page, for an address that other machines reach. Default: the variable `VIEW_TOKEN`. */
  viewToken: { check: checkViewToken },
  /** Writes exchanges into one HTML file that shows them by itself, at the end; one that is there is overwritten. */
  htmlFile: {
    check: checkFileName,
    parse: text,
    flag: '--html',
    argument: 'file',
    help: 'write a page with the exchanges to this file at the end; one that is there is overwritten',
    output: 'html',
    annotation: false,
  },
  /**
   * Gets each message, as if it were a `message` listener: a promise that it returns is not awaited. The object is
   * shared with the listeners.
   */
  onHttpMessage: { check: checkMessageListener, output: 'callback' },
  /** Gets each message inside a stream, as if it were a `streamMessage` listener. */
  onStreamMessage: { check: checkStreamListener, output: 'callback' },
  /**
   * Hands on what passes inside long exchanges as it passes: the messages of WebSockets, and Server-Sent Events. The exchange
   * itself comes as without it. Default false.
   */
  streamMessages: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    help: 'hand on WebSocket messages and server-sent events as they pass',
    engine: true,
  },
  /** Looks into tunnels (VXLAN, Geneve, GRE, IP in IP and others) and reports the addresses inside. Default true. */
  decapsulate: {
    check: checkBoolean,
    default: true,
    parse: boolean,
    help: 'look into tunnels: VXLAN, Geneve, GRE, IP in IP; off: --no-decapsulate',
    engine: true,
  },
  /**
   * Key logs of the service's own TLS (RFC 9850): files and folders of files, followed as they appear, grow and are rotated. `[]`
   * reads TLS with what comes by `addTlsKeys`; without it TLS is not read. Default: none.
   */
  tlsKeylog: {
    check: checkPaths,
    parse: paths,
    argument: 'paths',
    help: 'read TLS by these key logs (SSLKEYLOGFILE), files or folders: a,b; repeatable',
    repeatable: ';',
    emptyMeans: [],
    engine: true,
    annotation: false,
  },
  /** How long records of TLS wait for their keys, in ms; of a savefile only where it is a pipe. Default 10 000. */
  tlsKeyWaitMs: {
    check: integer(0, MAX_TIMER_MS),
    // Node writes the keys after the data, by hundreds of ms in a busy process.
    default: 10_000,
    parse: number,
    argument: 'ms',
    help: 'how long records of TLS wait for their keys',
    engine: true,
  },
  /** Share of the connections that is processed, 0–1. Default 1. */
  sampleRate: {
    check: checkSampleRate,
    default: 1,
    parse: number,
    argument: 'share',
    help: 'share of the connections that is processed, 0-1',
    engine: true,
    annotation: '0–1',
  },
  /** Bytes of each body that are kept, and of its content once it is decoded. Default 1 048 576. */
  maxBodySize: {
    check: integer(1),
    default: 1_048_576,
    parse: size,
    argument: 'bytes',
    help: 'bytes of each body that are kept',
    engine: true,
    annotation: 'bytes, or as `64KiB`, `1MiB`',
  },
  /** Removes content-codings (gzip, deflate, br, zstd) from bodies, and shows text of any charset. Default true. */
  decodeBody: {
    check: checkBoolean,
    default: true,
    parse: boolean,
    help: 'remove gzip, deflate, br and zstd from bodies, show text of any charset; off: --no-decode-body',
    engine: true,
  },
  /** What becomes of bodies that are not UTF-8: `'omit'` leaves them out, `'base64'` shows them so. Default `'omit'`. */
  binaryBodies: {
    check: oneOf(BINARY_BODIES),
    default: 'omit',
    parse: text,
    argument: 'how',
    help: 'bodies that are not UTF-8: omit or base64',
    engine: true,
  },
  /**
   * A file with a FileDescriptorSet (`protoc --include_imports --descriptor_set_out=FILE`): gRPC messages of the services in it are
   * shown as JSON. It is read once, at the start. Default: none.
   */
  protoDescriptors: {
    check: checkFileName,
    parse: text,
    argument: 'file',
    help: 'show gRPC messages as JSON by this FileDescriptorSet (protoc --descriptor_set_out)',
    engine: true,
    // A file of the container, where the pod cannot put it.
    annotation: false,
  },
  /** Connections at one time; past it the least recently active one goes. Default 10 000. */
  maxConcurrentConnections: {
    check: integer(1),
    default: 10_000,
    parse: number,
    argument: 'count',
    help: 'connections at one time',
    engine: true,
  },
  /** A connection without new data for so many ms is dropped. Default 300 000. */
  connectionIdleTimeoutMs: {
    check: integer(1),
    default: 300_000,
    parse: number,
    argument: 'ms',
    help: 'drop a connection without data for so long',
    engine: true,
  },
  /**
   * Names whose values are hidden beside those of `redactHeaders`, `redactQuery` and `redactBody`: with `'strict'` common ones of
   * credentials and payment data, which docs/privacy.md lists. Default `'default'`.
   */
  redact: {
    check: oneOf(REDACT_PRESETS),
    default: 'default',
    parse: text,
    argument: 'preset',
    help: 'strict: hide common names of credentials in headers, queries and bodies',
    annotation:
      '`default`, or `strict`: common names of credentials and payment data are hidden in headers, queries and bodies',
  },
  /**
   * Headers whose values become `[REDACTED]` in every output, any case: names in place of the default, or each with `+` before it
   * beside the default; `[]` turns it off. Default authorization, cookie.
   */
  redactHeaders: {
    check: checkRedactHeaders,
    default: DEFAULT_REDACTED_HEADERS,
    parse: parseRedactHeaders,
    argument: 'names',
    help: 'headers whose values are hidden: a,b in place of authorization,cookie; +a,+b beside them; none',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
    annotation:
      'names: `+a,+b` beside authorization and cookie, `a,b` in their place; `none` turns redaction off; empty counts as unset',
  },
  /** Query parameters whose values become `[REDACTED]` in `path` and in fields that hold URLs, any case. Default none. */
  redactQuery: {
    check: names('query parameter', (each) => each !== ''),
    default: [],
    parse: list,
    argument: 'names',
    help: 'query parameters whose values are hidden in paths, e.g. a,b',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
  },
  /**
   * Members of JSON, at any depth, and form fields whose values become `[REDACTED]` in bodies, any case; `api_key`, `api-key` and
   * `apiKey` are one name. Default none.
   */
  redactBody: {
    check: checkRedactBody,
    default: [],
    parse: list,
    argument: 'names',
    help: 'JSON members and form fields whose values are hidden in bodies, e.g. a,b',
    emptyMeans: [],
    engine: true,
    annotation: 'names of JSON members and form fields, `password,apiKey`: their values are hidden in bodies',
  },
  /**
   * The fields that a message has, of those that are known of it: `id`, `timestamp`, `direction`, `receiver`, `destination` always, others
   * only if they are named here. Not of a `StreamMessage`. See docs/privacy.md. Default: all.
   */
  fields: {
    check: checkFields,
    parse: list,
    argument: 'names',
    help: 'the only fields that messages have beside id, timestamp and both ends, e.g. method,path,statusCode',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
    annotation:
      'names of the only fields that messages have beside those that say which it is, `method,path,statusCode`',
  },
  /**
   * Only exchanges of which this expression is true come out, both halves: `status=5xx and path=/orders`. Messages wait, bounded,
   * until it is known; `include` and `exclude` are decided before that. The language: docs/filters.md. Default: all.
   */
  filter: {
    check: checkExpression,
    parse: text,
    argument: 'expression',
    help: "only such exchanges, e.g. 'status=5xx and path=/orders'; repeated: all must be true",
    repeatable: 'and',
    secret: true,
  },
  /** The capture stops by itself after so many exchanges. Default: none. */
  maxExchanges: {
    check: integer(1),
    parse: number,
    flag: '--count',
    variable: false,
    argument: 'number',
    help: 'stop after so many exchanges',
  },
  /** Only exchanges that match one of these come out, both halves. Default: all. */
  include: {
    check: checkFilters,
    default: [],
    parse: parseFilters,
    argument: 'filter',
    help: 'only such exchanges, e.g. method=POST,path=/api/*,status=5xx,header=x-debug; repeatable',
    repeatable: ';',
    secret: true,
    engine: true,
  },
  /** Exchanges that match one of these do not come out, neither half. Default: none. */
  exclude: {
    check: checkFilters,
    default: [],
    parse: parseFilters,
    argument: 'filter',
    help: 'no such exchanges; repeatable',
    repeatable: ';',
    secret: true,
    engine: true,
  },
  /** What `stop()` lets outputs take to get rid of what waits, in ms; the rest is counted and dropped. Default 10 000. */
  drainTimeoutMs: {
    check: integer(0, MAX_TIMER_MS),
    // Well inside the 30 s that Kubernetes gives a pod.
    default: 10_000,
    parse: number,
    argument: 'ms',
    help: 'what outputs may take at stop',
  },
  /**
   * SIGTERM and SIGINT stop the sniffer; when it is drained the signal takes its course, a second one at once. Default
   * false: a library leaves the signals to its host. The command has handlers of its own.
   */
  handleSignals: { check: checkBoolean, default: false },
  /** Serves the counters on this port: `/metrics`, `/healthz`, `/readyz`. Default: none. */
  metricsPort: {
    check: integer(MIN_PORT, MAX_PORT),
    parse: number,
    argument: 'port',
    help: 'serve /metrics, /healthz and /readyz there',
  },
  /** The address for that port; `''` is every address, which Prometheus and the kubelet need. Default `''`. */
  metricsHost: {
    check: name('an address'),
    default: '',
    parse: text,
    argument: 'address',
    help: 'the address for that; default: every one',
  },
  /** Lowest level that is logged, on stderr. Default `'info'`. */
  logLevel: {
    check: oneOf(LOG_LEVELS),
    default: 'info',
    parse: text,
    argument: 'level',
    help: 'silent, error, warn, info, debug',
  },
  /**
   * Gets the lines of the log that `logLevel` lets through, with their fields, in place of stderr; a logger of pino is one. Default:
   * none.
   */
  logger: { check: checkLogger },
  /** Bytes that the engine holds back at one time over all connections. Default 41 943 040 (40 MiB). */
  maxBufferedBytes: {
    check: integer(1),
    default: 41_943_040,
    parse: size,
    argument: 'bytes',
    help: 'bytes held back over all connections',
    engine: true,
  },
  /** Bytes captured of each packet, 68–262 144. Offloading makes packets larger than the MTU. Default 262 144. */
  snaplenBytes: {
    check: integer(MIN_SNAPLEN_BYTES, MAX_SNAPLEN_BYTES),
    default: MAX_SNAPLEN_BYTES,
    parse: size,
    argument: 'bytes',
    help: 'bytes captured of each packet',
    engine: true,
  },
  /** Bytes of the kernel's ring. Default 33 554 432 (32 MiB). */
  ringBufferBytes: {
    check: integer(MIN_RING_BUFFER_BYTES, MAX_RING_BUFFER_BYTES),
    default: 33_554_432,
    parse: size,
    argument: 'bytes',
    help: "size of the kernel's ring",
    engine: true,
  },
  /** How long the kernel may gather packets before it hands them over, 1–1000 ms. Default 50. */
  readTimeoutMs: {
    check: integer(MIN_READ_TIMEOUT_MS, MAX_READ_TIMEOUT_MS),
    default: 50,
    parse: number,
    argument: 'ms',
    help: 'how long the kernel may gather packets',
    engine: true,
  },
  /** Puts the interface into promiscuous mode. Default false. */
  promiscuous: { check: checkBoolean, default: false, parse: boolean, help: 'promiscuous mode', engine: true },
  /** How often the counters are logged and the event `stats` comes, in ms. Default 60 000. */
  statsIntervalMs: {
    check: integer(MIN_STATS_INTERVAL_MS),
    default: 60_000,
    parse: number,
    argument: 'ms',
    help: 'how often the counters are logged',
    engine: true,
  },
} as const satisfies Record<string, Option>;
