/**
 * Figures in the prose of documents that are a default of an option or a cap in the code. They stand here once more, each as the
 * name of what it comes from: if that changes, the sentence is not found any more. Other figures in documents were measured, and
 * name the command.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OPTIONS } from '../ts/config/options';

const ROOT = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/**
 * By document, with `{option}` for its default, `{path NAME}` for a constant, and `{node}` for the oldest Node. The name tells the unit,
 * unless one of *size*, *time*, *count*, *seconds* or *minutes* follows. A list of names is written with `and`.
 */
const SENTENCES: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    'Linux, Node {node} or later',
    'Exit code {ts/run/exit-codes.ts SUCCESS} is success, {ts/run/exit-codes.ts BAD_CONFIG} a bad configuration, {ts/run/exit-codes.ts FAILED} a failure',
    'The values of {redactHeaders} become',
  ],
  'SECURITY.md': [
    'the first {src/engine/outlet.rs TEXT_SAMPLE_BYTES} bytes of its first word',
    'up to {src/engine/outlet.rs BINARY_SAMPLE_BYTES} bytes if it begins with bytes that are not text',
  ],
  'docs/comparing.md': [
    'values of more than {ts/compare/values.ts MAX_VALUE_UNITS} characters',
    'of each {ts/compare/endpoint.ts MAX_OUTCOMES} statuses and {ts/compare/endpoint.ts MAX_NAMES} names of fields',
    'of a field the first {ts/compare/values.ts MAX_VALUES} values',
  ],
  'docs/content.md': [
    'windows of up to {src/content/flowing.rs MAX_BROTLI_WINDOW_BYTES} (RFC 7932)',
    'windows of up to {src/content/zstd/mod.rs MAX_WINDOW_BYTES} (RFC 9659)',
    'is cut, over {src/protobuf/json.rs MAX_JSON_MESSAGE_BYTES}, not of its type',
    'in the {src/batch.rs MAX_BATCH_BYTES} of a batch, in the {src/delivery/queue.rs MAX_QUEUE_BYTES} that a live capture',
    '| {src/delivery/finish.rs MAX_RATIO} times its coded bytes and',
    'beyond {src/delivery/finish.rs REGULAR_RATIO} times and {src/delivery/finish.rs REGULAR_BYTES}, of all bodies together',
    '| {src/delivery/finish.rs SURPLUS_BYTES_PER_SECOND} a second |',
    'twice its bytes and {src/encode/body.rs ESCAPE_ALLOWANCE_BYTES}',
    'twice their bytes and {src/encode/fields.rs ESCAPE_ALLOWANCE_BYTES}',
  ],
  'docs/deployment.md': [
    'An output that takes longer than {drainTimeoutMs seconds} loses the rest',
    'so many reviews over {ts/injector/exchange.ts SMALL_BODY_BYTES} come at one time that a review waits for its turn for {ts/injector/server.ts LARGE_WAIT_MS}',
  ],
  'docs/filters.md': [
    'At most {ts/exchange/selection.ts MAX_UNJUDGED} exchanges or {ts/exchange/selection.ts MAX_UNJUDGED_BYTES} wait',
  ],
  'docs/injector.md': [
    'annotations over {ts/injector/sizes.ts MAX_ANNOTATION_BYTES}',
    'about the same owner once in {ts/injector/owner-events.ts REPEAT_MS minutes}. It sends at most {ts/injector/owner-events.ts BURST} events at once',
    '| 413 | the same, of more than {ts/injector/exchange.ts MAX_BODY_BYTES} |',
    'A review of more than {ts/injector/exchange.ts MAX_BODY_BYTES}, of more than {ts/injector/json-bounds.ts MAX_TOKENS} values',
    'reads the first {ts/injector/review-head.ts HEAD_BYTES}',
    'Reviews of up to {ts/injector/exchange.ts SMALL_BODY_BYTES}, which nearly all pods have',
    'Of larger reviews {ts/injector/server.ts LARGE_PLACES} are read at a time, and the others wait: for {ts/injector/server.ts LARGE_WAIT_MS}',
    'a review that was read for {ts/injector/server.ts LARGE_READ_MS} and is not whole',
    '{ts/injector/server.ts HANDSHAKE_TIMEOUT_MS} for TLS, {ts/injector/server.ts HEADERS_TIMEOUT_MS} for the head',
    '{ts/injector/server.ts REQUEST_TIMEOUT_MS} for the request, {ts/injector/server.ts ANSWER_TIMEOUT_MS} without progress of the answer',
    'kept open after an answer | 128 | {ts/injector/server.ts KEEP_ALIVE_TIMEOUT_MS} |',
    'no whole head of a request yet | 64 | {ts/http-server/server.ts REQUEST_TIMEOUT_MS} |',
    'probes, scrapes | 32, 8 | {ts/http-server/routes.ts ANSWER_TIMEOUT_MS} without progress',
    'It signs only {ts/injector/certificates/plan.ts TRUST_MS minutes} later',
  ],
  'docs/openapi.md': ['Of a body over {ts/openapi/validators.ts MAX_ALL_UNITS size} only the first misfit is reported'],
  'docs/outputs.md': [
    "at the engine's queue ({src/delivery/queue.rs MAX_QUEUE_BYTES})",
    '| {ts/outputs/iterator/readers.ts MAX_READER_BYTES} for each reader |',
    'written to the descriptor | {ts/outputs/stdout/output.ts MAX_STDOUT_WAITING_BYTES} |',
    'written to the file | {ts/outputs/file/output.ts MAX_FILE_WAITING_BYTES} |',
    '| {ts/outputs/har/output.ts MAX_HAR_WAITING_BYTES} of exchanges for the disk',
    'and {ts/exchange/pairing.ts MAX_EXCHANGES} exchanges or {ts/exchange/pairing.ts MAX_BYTES} until they are whole',
    'at most {ts/outputs/delivery/http-client.ts MAX_ANSWER_BYTES} are read, for at most a second',
    'Up to {ts/outputs/delivery/delivery.ts MAX_RETRYING} messages may wait in this way',
    '`outputMaxWaitingMessages` ({outputMaxWaitingMessages}) and `outputMaxWaitingBytes` ({outputMaxWaitingBytes} over all messages',
    'bodies that are text, up to {ts/outputs/otlp/attributes.ts MAX_BODY_BYTES} of each',
    'in pieces of at most {ts/outputs/stdout/output.ts PIPE_BUF_BYTES count} bytes (PIPE_BUF)',
    'Meanwhile {ts/outputs/file/output.ts MAX_FILE_WAITING_BYTES} of lines wait',
    'up to {ts/outputs/iterator/readers.ts MAX_READER_BYTES} of messages wait for it',
    'The same signal within {ts/run/signals.ts SAME_SIGNAL_MS} counts once',
  ],
  'docs/parsing.md': [
    'more than {src/protocol/http1/malformed.rs MAX_FIELDS} fields, or a head over {src/protocol/http1/malformed.rs MAX_HEAD_BYTES}',
    'held up to the answer ({src/protocol/http1/pending_stream.rs MAX_PENDING_BYTES})',
    'or after {src/protocol/http1/exchange.rs REST_MICROS} of silence',
    'over {src/flow/mod.rs HOLE_TIMEOUT_MS} in a savefile',
    'a header block over {src/protocol/http2/block.rs MAX_BLOCK_BYTES}, in more than {src/protocol/http2/block.rs MAX_BLOCK_FRAMES} frames',
  ],
  'docs/reading.md': ['is longer than {ts/command/inputs/lines.ts MAX_LINE_BYTES}, or has fields'],
  'docs/streams.md': [
    'up to {src/engine/pending_lines.rs MAX_LINES} lines a connection',
    'when {ts/outputs/har/sockets.ts MAX_SOCKETS} of them are open or their messages take {ts/outputs/har/sockets.ts MAX_SOCKET_BYTES}',
    'beyond {src/protocol/websocket/pickup.rs MAX_KEPT_BYTES} or {src/protocol/websocket/pickup.rs MAX_KEPT_PIECES} packets of a side',
    'windows of up to {src/content/zstd/mod.rs MAX_WINDOW_BYTES} (RFC 9659)',
    '| {src/protocol/event_stream/parser.rs MAX_VALUE_BYTES} each | cut',
    '{src/content/history.rs REGULAR_RATIO} times the bytes always; beyond it {src/content/history.rs SURPLUS_BYTES_PER_SECOND} a second',
    'and {src/content/history.rs MAX_SURPLUS_BYTES} at once',
  ],
  'docs/terminal.md': [
    'if it took at least {ts/exchange/slow.ts MIN_SLOW_MS}',
    'beyond {ts/exchange/slow.ts MAX_ENDPOINTS} endpoints, an exchange is slow if it took {ts/exchange/slow.ts SLOW_MS}',
    'an array of more than {ts/command/terminal/pretty.ts MAX_ENTRIES} entries is folded to its first {ts/command/terminal/pretty.ts SHOWN_ENTRIES}',
    'is shown up to {ts/command/terminal/verbose.ts MAX_ROWS} rows',
    'lines wait as JSON lines do, {ts/outputs/stdout/output.ts MAX_STDOUT_WAITING_BYTES},',
    'Up to {ts/exchange/pairing.ts MAX_EXCHANGES} exchanges, or {ts/exchange/pairing.ts MAX_BYTES} of memory, wait for their other half',
    'are listed up to {ts/outputs/har/entry.ts MAX_PAIRS} pairs',
  ],
  'docs/tls.md': [
    'two files of {ts/keylog/preload.ts MAX_FILE_BYTES} for each process and thread',
    'how long records wait for keys that come after them, {tlsKeyWaitMs}',
    'or longer than {src/source/savefile/mod.rs MAX_READ_TWICE_BYTES}, these blocks',
  ],
  'docs/trigger.md': [
    '(`--before`, {triggerBeforeMs})',
    '(`--after`, {triggerAfterMs})',
    '(`--trigger-memory`, {triggerMemoryBytes}, from',
    'Each counts as its bytes and {ts/trigger/memory.ts OVERHEAD_BYTES count} more',
    'in pieces of {ts/trigger/trigger.ts PIECE_BYTES}',
  ],
  'docs/troubleshooting.md': [
    'Logged on a terminal after {ts/command/ports-hint.ts HINT_AFTER_MS}',
    'more than {src/flow/halves.rs MAX_HALVES} SYNs without an answer',
    'or over {src/protocol/http2/block.rs MAX_BLOCK_BYTES}; more than {src/protocol/http2/streams.rs MAX_OPEN_STREAMS} open streams',
  ],
  'docs/view.md': [
    'slowest traces of the last {ts/trace/grouping.ts MAX_HOPS} exchanges',
    'It has the first {ts/outputs/view/document.ts MAX_BODY} characters of each body',
    'the last {ts/outputs/view/ring.ts MAX_ROWS} exchanges (at most {ts/outputs/view/ring.ts MAX_ROW_BYTES} of them)',
    'the messages of the last exchanges, {ts/outputs/view/ring.ts MAX_LINE_BYTES}',
  ],
};

const MEASURES: Readonly<Record<string, (value: number) => string>> = {
  count: (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ' '),
  size(value) {
    const power = [3, 2, 1].find((exponent) => value % 1024 ** exponent === 0);
    return power === undefined ? String(value) : `${value / 1024 ** power} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
  },
  time: (ms) => (ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`),
  seconds: (ms) => `${ms / 1_000} seconds`,
  minutes: (ms) => `${ms / 60_000} minutes`,
};

function measureOf(name: string): string {
  if (/(?:^|_)MS$|Ms$/.test(name)) return 'time';
  return /(?:^|_)BYTES(?:_PER_SECOND)?$|Bytes$/.test(name) ? 'size' : 'count';
}

/** Only of figures that are written out, as all of these are. */
function constant(path: string, name: string): number {
  const found = new RegExp(`\\bconst ${name}(?:: \\w+)? = ([\\d_ *+<()-]+);`).exec(read(path))?.[1];
  if (found === undefined) throw new Error(`${path} has no figure ${name}`);
  return Number(new Function(`return ${found}`)());
}

/** A figure, or a list of names. */
function figure(place: string): string {
  if (place === 'node') return JSON.parse(read('package.json')).engines.node.replace('>=', '');
  const [first = '', ...rest] = place.split(' ');
  const isOption = !first.includes('/');
  const name = isOption ? first : (rest.shift() ?? '');
  const value = isOption ? (OPTIONS as Record<string, { default?: unknown }>)[name]?.default : constant(first, name);
  if (Array.isArray(value)) return value.map((each) => `\`${each}\``).join(' and ');
  if (typeof value !== 'number') throw new Error(`no figure: {${place}}`);
  if (name.endsWith('_MICROS')) return (MEASURES.time as (ms: number) => string)(value / 1_000);
  return (MEASURES[rest[0] ?? measureOf(name)] as (value: number) => string)(value);
}

describe('figures of the code that documents repeat', () => {
  test.each(Object.entries(SENTENCES))('in %s', (file, sentences) => {
    const text = read(file).replace(/\s+/g, ' ');
    const missing = sentences.map((sentence) => sentence.replace(/\{([^}]+)\}/g, (_, place: string) => figure(place)));
    expect(missing.filter((sentence) => !text.includes(sentence))).toEqual([]);
  });
});
