/** Rows of the table of options: what of the traffic becomes messages, and what they have. */

import type { BinaryBodies } from '../../types';
import { checkBoolean, checkFileName, checkKeyLogs, checkSampleRate, integer, names, oneOf } from '../checks';
import { checkFields } from '../fields';
import { checkExpression, checkFilters, parseFilters } from '../filters';
import { MAX_TIMER_MS, MAX_TRIGGER_MEMORY_BYTES, MAX_TRIGGER_MS, MIN_TRIGGER_MEMORY_BYTES } from '../limits';
import type { Option } from '../option';
import { checkRedactBody, checkRedactHeaders, DEFAULT_REDACTED_HEADERS, parseRedactHeaders } from '../redaction';
import { REDACT_PRESETS } from '../strict';
import { boolean, list, number, paths, size, text, time } from '../texts';
import { checkTrigger } from '../trigger';

const BINARY_BODIES: readonly BinaryBodies[] = ['omit', 'base64'];

export const MESSAGES = {
  /**
   * Hands on the messages inside long exchanges at the time they pass: the messages of WebSockets and of gRPC
   * calls, and Server-Sent Events. The exchange itself comes as without this option. Default false.
   */
  streamMessages: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'messages',
    help: 'hand on messages of WebSockets and gRPC, and server-sent events, at the time they pass',
    engine: true,
  },
  /** Looks into tunnels (VXLAN, Geneve, GRE, IP in IP and others) and reports the addresses inside. Default true. */
  decapsulate: {
    check: checkBoolean,
    default: true,
    parse: boolean,
    topic: 'reading',
    help: 'look into tunnels: VXLAN, Geneve, GRE, IP in IP; off: --no-decapsulate',
    engine: true,
    acts: 'on packets',
  },
  /**
   * Key logs of the service's own TLS (RFC 9850): files and folders of files, followed when they appear, grow and are rotated. `[]`
   * reads TLS with the lines that come by `addTlsKeys`; without it TLS is not read. Default: none.
   */
  tlsKeylog: {
    check: checkKeyLogs,
    parse: paths,
    argument: 'paths',
    topic: 'tls',
    help: 'read TLS by these key logs (SSLKEYLOGFILE), files or folders: a,b; repeatable',
    repeatable: ';',
    emptyMeans: [],
    engine: true,
    acts: 'on packets',
    annotation: false,
  },
  /** How long records of TLS wait for their keys, in ms; for a savefile only if it is a pipe. Default 10 000. */
  tlsKeyWaitMs: {
    check: integer(0, MAX_TIMER_MS),
    // Node writes the keys after the data, by hundreds of ms in a busy process.
    default: 10_000,
    parse: number,
    argument: 'ms',
    topic: 'tls',
    help: 'how long records of TLS wait for their keys',
    engine: true,
    acts: 'on packets',
  },
  /** Share of the connections that is processed, 0–1. Default 1. */
  sampleRate: {
    check: checkSampleRate,
    default: 1,
    parse: number,
    argument: 'share',
    topic: 'reading',
    help: 'share of the connections that is processed, 0-1',
    engine: true,
    acts: 'on messages',
    annotation: '0–1',
  },
  /** Bytes of each body that are kept, and of its decoded content. Default 1 048 576. */
  maxBodySize: {
    check: integer(1),
    default: 1_048_576,
    parse: size,
    argument: 'bytes',
    topic: 'messages',
    help: 'bytes of each body that are kept',
    engine: true,
    acts: 'on messages',
    annotation: 'bytes, or as `64KiB`, `1MiB`',
  },
  /** Removes content-codings (gzip, deflate, br, zstd) from bodies, and shows text of any charset. Default true. */
  decodeBody: {
    check: checkBoolean,
    default: true,
    parse: boolean,
    topic: 'messages',
    help: 'remove gzip, deflate, br and zstd from bodies, show text of any charset; off: --no-decode-body',
    engine: true,
    acts: 'on messages',
  },
  /** The treatment of bodies that are not UTF-8: `'omit'` leaves them out, `'base64'` shows them as base64. Default `'omit'`. */
  binaryBodies: {
    check: oneOf(BINARY_BODIES),
    default: 'omit',
    parse: text,
    argument: 'how',
    topic: 'messages',
    help: 'bodies that are not UTF-8: omit or base64',
    engine: true,
    acts: 'on messages',
  },
  /**
   * A file with a FileDescriptorSet (`protoc --include_imports --descriptor_set_out=FILE`): gRPC messages of the services in it are
   * shown as JSON. It is read once, at the start. Default: none.
   */
  protoDescriptors: {
    check: checkFileName,
    parse: text,
    argument: 'file',
    topic: 'messages',
    help: 'show gRPC messages as JSON by this FileDescriptorSet (protoc --descriptor_set_out)',
    engine: true,
    acts: 'on messages',
    // A file of the container, where the pod cannot put it.
    annotation: false,
  },
  /** Connections at one time; at this limit the least recently active connection is dropped. Default 10 000. */
  maxConcurrentConnections: {
    check: integer(1),
    default: 10_000,
    parse: number,
    argument: 'count',
    topic: 'limits',
    help: 'connections at one time',
    engine: true,
    acts: 'on packets',
  },
  /** A connection without new data for this time is dropped, in ms. Default 300 000. */
  connectionIdleTimeoutMs: {
    check: integer(1),
    default: 300_000,
    parse: number,
    argument: 'ms',
    topic: 'limits',
    help: 'drop a connection without data for so long',
    engine: true,
    acts: 'on packets',
  },
  /**
   * Names whose values are hidden, in addition to `redactHeaders`, `redactQuery` and `redactBody`: with `'strict'` common names of
   * credentials and payment data, which docs/privacy.md lists. Default `'default'`.
   */
  redact: {
    check: oneOf(REDACT_PRESETS),
    default: 'default',
    parse: text,
    argument: 'preset',
    topic: 'privacy',
    help: 'strict: hide common names of credentials in headers, queries and bodies',
    annotation:
      '`default`, or `strict`: common names of credentials and payment data are hidden in headers, queries and bodies',
    acts: 'on messages',
  },
  /**
   * Headers whose values become `[REDACTED]` in every output, any case: names in place of the default, or names with `+` before each
   * in addition to the default; `[]` turns redaction off. Default authorization, cookie.
   */
  redactHeaders: {
    check: checkRedactHeaders,
    default: DEFAULT_REDACTED_HEADERS,
    parse: parseRedactHeaders,
    argument: 'names',
    topic: 'privacy',
    help: 'headers whose values are hidden: a,b in place of authorization,cookie; +a,+b beside them; none',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
    acts: 'on messages',
    annotation:
      'names: `+a,+b` beside authorization and cookie, `a,b` in their place; `none` turns redaction off; empty counts as unset',
  },
  /** Query parameters whose values become `[REDACTED]` in `path` and in fields that hold URLs, any case. Default none. */
  redactQuery: {
    check: names('query parameter', (each) => each !== ''),
    default: [],
    parse: list,
    argument: 'names',
    topic: 'privacy',
    help: 'query parameters whose values are hidden in paths, e.g. a,b',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
    acts: 'on messages',
  },
  /**
   * Members of JSON, at any depth, and form fields whose values become `[REDACTED]` in bodies, any case; `api_key`, `api-key` and
   * `apiKey` are the same name. Default none.
   */
  redactBody: {
    check: checkRedactBody,
    default: [],
    parse: list,
    argument: 'names',
    topic: 'privacy',
    help: 'JSON members and form fields whose values are hidden in bodies, e.g. a,b',
    emptyMeans: [],
    engine: true,
    acts: 'on messages',
    annotation: 'names of JSON members and form fields, `password,apiKey`: their values are hidden in bodies',
  },
  /**
   * The fields that a message has: `id`, `timestamp`, `direction`, `receiver`, `destination` always, other known fields
   * only if they are named here. It does not apply to a `StreamMessage`. See docs/privacy.md. Default: all.
   */
  fields: {
    check: checkFields,
    parse: list,
    argument: 'names',
    topic: 'privacy',
    help: 'the only fields that messages have beside id, timestamp, direction and both ends, e.g. method,path,statusCode',
    emptyMeans: [],
    repeatable: ',',
    engine: true,
    acts: 'on messages',
    annotation:
      'names of the only fields that messages have beside the fields that identify them, `method,path,statusCode`',
  },
  /**
   * Only exchanges for which this expression is true come out, both halves: `status=5xx and path=/orders`. Messages wait, bounded,
   * until it is known; `include` and `exclude` are decided before that. The language: docs/filters.md. Default: all.
   */
  filter: {
    check: checkExpression,
    parse: text,
    argument: 'expression',
    topic: 'filters',
    help: "only such exchanges, e.g. 'status=5xx and path=/orders'; repeated: all must be true",
    repeatable: 'and',
    secret: true,
  },
  /**
   * Messages are kept in memory. Only the messages around an exchange for which this expression is true come out, or around a call of
   * `trigger()`; `'signal'`: only around such calls. In the command a SIGUSR2 is such a call. See docs/trigger.md. Default: none.
   */
  trigger: {
    check: checkTrigger,
    parse: text,
    argument: 'expression',
    topic: 'filters',
    help: "hand on only messages around such exchanges, e.g. 'status=5xx or latency>2s', and around SIGUSR2; signal: around SIGUSR2 only",
    repeatable: 'or',
    secret: true,
  },
  /** Messages from this time before a trigger on are handed on, in ms, up to an hour; needs `trigger`. Default 30 000. */
  triggerBeforeMs: {
    check: integer(0, MAX_TRIGGER_MS),
    default: 30_000,
    parse: time,
    flag: '--before',
    needs: 'trigger',
    argument: 'time',
    topic: 'filters',
    help: 'hand on from so long before a trigger, e.g. 30s',
  },
  /** Messages until this time after a trigger are handed on, in ms, up to an hour; needs `trigger`. Default 10 000. */
  triggerAfterMs: {
    check: integer(0, MAX_TRIGGER_MS),
    default: 10_000,
    parse: time,
    flag: '--after',
    needs: 'trigger',
    argument: 'time',
    topic: 'filters',
    help: 'until so long after a trigger, e.g. 10s',
  },
  /** Bytes of the messages that are kept for a trigger; at this limit the oldest messages are dropped and counted. Needs `trigger`. Default 33 554 432 (32 MiB). */
  triggerMemoryBytes: {
    check: integer(MIN_TRIGGER_MEMORY_BYTES, MAX_TRIGGER_MEMORY_BYTES),
    // 30 s of 1 000 messages a second of 600 bytes each.
    default: 33_554_432,
    parse: size,
    flag: '--trigger-memory',
    needs: 'trigger',
    argument: 'bytes',
    topic: 'limits',
    help: 'bytes of messages that are kept for a trigger',
  },
  /** The capture stops by itself after this number of exchanges. Default: none. */
  maxExchanges: {
    check: integer(1),
    parse: number,
    flag: '--count',
    variable: false,
    argument: 'number',
    topic: 'filters',
    help: 'stop after so many exchanges',
  },
  /** Only exchanges that match one of these filters come out, both halves. Default: all. */
  include: {
    check: checkFilters,
    default: [],
    parse: parseFilters,
    argument: 'filter',
    topic: 'filters',
    help: 'only such exchanges, e.g. method=POST,path=/api/*,status=5xx,header=x-debug; repeatable',
    repeatable: ';',
    secret: true,
    engine: true,
  },
  /** Exchanges that match one of these filters do not come out, neither half. Default: none. */
  exclude: {
    check: checkFilters,
    default: [],
    parse: parseFilters,
    argument: 'filter',
    topic: 'filters',
    help: 'no such exchanges; repeatable',
    repeatable: ';',
    secret: true,
    engine: true,
  },
} as const satisfies Record<string, Option>;
