/** Rows of the table of options: where messages go. */

import type { OtlpEncoding } from '../../types';
import { checkBatch, parseBatch } from '../batch';
import {
  checkBoolean,
  checkContentType,
  checkMessageListener,
  checkOutputFile,
  checkOutputUrl,
  checkStreamListener,
  checkToken,
  integer,
  oneOf,
} from '../checks';
import { checkFileRotation, parseFileRotation } from '../file-rotation';
import { checkKafkaUrl } from '../kafka';
import { MAX_OUTPUT_CONCURRENCY, MAX_TIMER_MS } from '../limits';
import type { Option } from '../option';
import { checkOtlpUrl } from '../otlp';
import { boolean, number, size, text } from '../texts';
import { checkView, checkViewToken, parseView } from '../view';

const OTLP_ENCODINGS: readonly OtlpEncoding[] = ['protobuf', 'json'];

export const OUTPUTS = {
  /** Absolute http(s) URL that gets a POST for each message; https in production. */
  outputUrl: {
    check: checkOutputUrl,
    parse: text,
    argument: 'url',
    topic: 'outputs',
    help: 'POST each message to this URL (token: OUTPUT_URL_AUTH_TOKEN)',
    output: 'http',
    annotation:
      "absolute http or https URL without user and password; https in production. If it is not the injector's URL, the injector's token is left out, with a warning",
  },
  /** Bearer token of those POSTs. Default: the variable `OUTPUT_URL_AUTH_TOKEN`. */
  outputUrlAuthToken: { check: checkToken },
  /** POSTs at one time, each on a connection of its own that is used again, 1–256. Default 8. */
  outputConcurrency: {
    check: integer(1, MAX_OUTPUT_CONCURRENCY),
    default: 8,
    parse: number,
    argument: 'count',
    topic: 'outputs',
    help: 'POSTs at one time',
  },
  /** A POST that has no answer after this time has failed, in ms. Default 10 000. */
  outputTimeoutMs: {
    check: integer(1, MAX_TIMER_MS),
    default: 10_000,
    parse: number,
    argument: 'ms',
    topic: 'outputs',
    help: 'a POST without an answer after so long has failed',
  },
  /** Messages that wait for their POST, at most; live the oldest messages are dropped first. Default 100 000. */
  outputMaxWaitingMessages: {
    check: integer(1),
    // Half a minute of a busy service, and a small part of the sidecar's 512 MiB.
    default: 100_000,
    parse: number,
    argument: 'count',
    topic: 'outputs',
    help: 'messages that may wait for their POST',
  },
  /** Bytes of messages that wait for their POST or are on their way, at most. Default 33 554 432 (32 MiB). */
  outputMaxWaitingBytes: {
    check: integer(1),
    default: 33_554_432,
    parse: size,
    argument: 'bytes',
    topic: 'outputs',
    help: 'bytes of messages that may wait',
  },
  /** Several messages in a POST, as NDJSON or a JSON array; parts that are left out have their defaults. Default: one message in each POST. */
  outputBatch: {
    check: checkBatch,
    parse: parseBatch,
    argument: 'parts',
    topic: 'outputs',
    help: 'POST batches: true, or e.g. maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip,format=json-array',
    annotation:
      '`true`, `false`, or parts such as `maxMessages=500,maxDelayMs=200,gzip,format=json-array`: several messages in a POST',
  },
  /** The `Content-Type` of those POSTs, if the receiver needs another type. Default: the type of the body. */
  outputContentType: {
    check: checkContentType,
    parse: text,
    argument: 'type',
    topic: 'outputs',
    help: 'Content-Type of the POSTs; default: the type of the body',
    annotation:
      '`Content-Type` of the POSTs, if the receiver needs another type than `application/json` or `application/x-ndjson`',
  },
  /** Base URL of an OTLP/HTTP receiver: a span for each exchange is sent to its `/v1/traces`. */
  outputOtlp: {
    check: checkOtlpUrl,
    parse: text,
    argument: 'url',
    topic: 'outputs',
    help: 'send a span for each exchange to this OTLP/HTTP receiver, e.g. http://collector:4318 (headers: OTEL_EXPORTER_OTLP_HEADERS)',
    output: 'otlp',
    annotation:
      'absolute http or https URL of an OTLP/HTTP receiver, without user and password: a span for each exchange is sent there',
  },
  /** How spans are encoded: `'protobuf'` or `'json'`. Default `'protobuf'`. */
  otlpEncoding: {
    check: oneOf(OTLP_ENCODINGS),
    default: 'protobuf',
    parse: text,
    argument: 'how',
    topic: 'outputs',
    help: 'encoding of spans: protobuf or json',
    annotation: '`protobuf` or `json`',
  },
  /** Puts bodies that are text into spans, up to 1 MiB each. Default false. */
  otlpBodies: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'outputs',
    help: 'put bodies that are text into spans',
    annotation: '`true` or `false`: bodies that are text in spans',
  },
  /** Brokers and a topic of Kafka, which gets a record for each message: `kafka://host:9092[,host:9092…]/topic`, `kafkas:` with TLS. */
  outputKafka: {
    check: checkKafkaUrl,
    parse: text,
    argument: 'url',
    topic: 'outputs',
    help: 'send a record for each message to this topic of Kafka, e.g. kafka://broker:9092/http?compression=gzip (user: KAFKA_USERNAME, KAFKA_PASSWORD)',
    output: 'kafka',
    annotation:
      '`kafka://host:9092[,host:9092…]/topic`, `kafkas:` with TLS, `?sasl=…` with a user: each message is a record there',
  },
  /** A JSON line for each message on stdout. Default false. */
  outputStdout: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'outputs',
    help: 'JSON lines on stdout, a line for each exchange in a terminal; the default if no output is named',
    output: 'stdout',
    annotation: '`true` or `false`',
  },
  /**
   * Appends the JSON lines to this file, which only its owner may read, and begins another file as `outputFileRotation` says. The folder
   * must exist.
   */
  outputFile: {
    check: checkOutputFile,
    parse: text,
    argument: 'file',
    topic: 'outputs',
    help: 'append JSON lines to this file, which is rotated',
    output: 'file',
    // The sidecar's file system takes no files.
    annotation: false,
  },
  /** When that file is finished, and how finished files are kept. Without this option: at 100 MiB, and 10 finished files are kept. */
  outputFileRotation: {
    check: checkFileRotation,
    parse: parseFileRotation,
    argument: 'parts',
    topic: 'outputs',
    help: 'rotation of that file, e.g. maxBytes=100MiB,maxAgeMs=3600000,maxFiles=10,compression=gzip',
    annotation: false,
  },
  /** Writes exchanges as HAR 1.2 into this file; an existing HAR is overwritten when the capture is open. */
  harFile: {
    check: checkOutputFile,
    parse: text,
    flag: '--har',
    argument: 'file',
    topic: 'outputs',
    help: 'write exchanges as HAR 1.2 to this file; an existing HAR is overwritten',
    output: 'har',
    annotation: false,
  },
  /**
   * Serves a page with every exchange when it comes, on 127.0.0.1; `true` is any free port. Its address, with the token that opens it,
   * is logged at each level. Default: none.
   */
  view: {
    check: checkView,
    parse: parseView,
    variable: 'VIEW_PORT',
    argument: 'port',
    optionalArgument: true,
    topic: 'outputs',
    help: 'serve a page with every exchange when it comes; on 127.0.0.1, on any free port or this port',
    output: 'view',
    // A user who may make pods would open a door into them.
    annotation: false,
  },
  /** The token that opens that page, for an address that other machines reach. Default: the variable `VIEW_TOKEN`. */
  viewToken: { check: checkViewToken },
  /** Writes exchanges into an HTML file that shows them by itself, at the end; an existing page is overwritten. */
  htmlFile: {
    check: checkOutputFile,
    parse: text,
    flag: '--html',
    argument: 'file',
    topic: 'outputs',
    help: 'write a page with the exchanges to this file at the end; an existing page is overwritten',
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
} as const satisfies Record<string, Option>;
