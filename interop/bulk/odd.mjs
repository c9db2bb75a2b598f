// Exchanges that use what HTTP/2 has besides a request and a response (peers/odd.mjs): the n-th is a function of n. And the judge of
// them.
import { createHash } from 'node:crypto';
import { answerOf, messageOf } from './content.mjs';
import { Faults } from './faults.mjs';
import { bytesOf } from './judges.mjs';

/** More than a window of flow control, so that a reset comes in the middle. */
const LARGE_BYTES = 300_000;
/** More than a frame: the block goes on in CONTINUATION. */
const LARGE_FIELD_BYTES = 24_000;

/** In turn. */
export const KINDS = [
  'trailers',
  'plain',
  'largeFields',
  'push',
  'clientCancels',
  'serverResets',
  'uploadBreaksOff',
  'uploadRefused',
  'earlyHints',
  'head',
  'noContent',
  'echo',
];
export const kindOf = (n) => KINDS[n % KINDS.length];

/** The last of a session: the server says GOAWAY and finishes what was asked. */
export const isLast = (n) => n % 500 === 499;
/** Before such an exchange a side changes the size of the table, to these in turn. */
const TABLE_EVERY = 50;
const TABLE_BYTES = [0, 4096, 100, 65_536, 0, 1000];
export const tableBytes = (n, offset) =>
  n % TABLE_EVERY === offset ? TABLE_BYTES[Math.floor(n / TABLE_EVERY) % TABLE_BYTES.length] : undefined;

const large = (n) => Buffer.alloc(LARGE_BYTES, `${n}\n`);
/** So much is sent of a body that breaks off: Node may end the stream before it resets it. */
const BROKEN_OFF_BYTES = 30_000;
const broken = (n) => large(n).subarray(0, BROKEN_OFF_BYTES);
/** By kind, the side that breaks off. */
const BREAKS_OFF = { uploadBreaksOff: 'request', serverResets: 'response' };
const EMPTY = Buffer.alloc(0);
const REQUEST_BODIES = {
  clientCancels: () => EMPTY,
  head: () => EMPTY,
  uploadBreaksOff: (n) => large(n).subarray(0, BROKEN_OFF_BYTES),
  uploadRefused: large,
};
const RESPONSE_BODIES = {
  clientCancels: large,
  serverResets: broken,
  head: () => EMPTY,
  noContent: () => EMPTY,
  uploadRefused: () => EMPTY,
  echo: (n) => messageOf(n).bytes,
};
export const requestBody = (n) => (REQUEST_BODIES[kindOf(n)] ?? ((number) => messageOf(number).bytes))(n);
export const responseBody = (n) => (RESPONSE_BODIES[kindOf(n)] ?? answerOf)(n);
const STATUS = { noContent: 204, uploadRefused: 413 };
export const statusOf = (n) => STATUS[kindOf(n)] ?? 200;

/** Letters that no table has, and that Huffman coding makes hardly shorter. */
function letters(n, side) {
  let text = '';
  for (let at = 0; text.length < LARGE_FIELD_BYTES; at++)
    text += createHash('sha256').update(`${side} ${n} ${at}`).digest('base64');
  return text;
}
/** Fields of a head besides x-number. `side`: request or response. */
export const fieldsOf = (n, side) => ({
  'x-turn': `${side} ${n % 30}`,
  ...(BREAKS_OFF[kindOf(n)] === side && { 'content-length': String(LARGE_BYTES) }),
  ...(kindOf(n) === 'largeFields' && { 'x-large': letters(n, side) }),
});
export const trailersOf = (n, side) => ({ 'x-tail': `${side} ${n}`, 'x-turn': `${n % 7}` });

/** The half of an exchange that may be cut by a reset, and the code of the reset. */
const CUT = {
  clientCancels: { response: ['CANCEL'] },
  serverResets: { response: ['INTERNAL_ERROR'] },
  uploadBreaksOff: { request: ['CANCEL'] },
  uploadRefused: { request: ['NO_ERROR', 'CANCEL', 'STREAM_CLOSED'] },
};

const isPushed = (path) => path?.startsWith('/pushed/') ?? false;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** A message as it is meant to be. */
function meantOf(n, direction, pushed) {
  if (pushed) return { body: direction === 'request' ? EMPTY : answerOf(n), status: 200, fields: {}, trailers: {} };
  return {
    body: direction === 'request' ? requestBody(n) : responseBody(n),
    status: statusOf(n),
    fields: fieldsOf(n, direction),
    trailers: kindOf(n) === 'trailers' ? trailersOf(n, direction) : {},
    codes: CUT[kindOf(n)]?.[direction],
    // If it was ended all the same.
    isMalformed: BREAKS_OFF[kindOf(n)] === direction,
  };
}

export class OddJudge {
  #faults = new Faults();
  /** The id of each message. */
  #seen = new Map();
  #hashes = [];
  /** Exchanges of which the response says that another is pushed. */
  #pushing = new Set();
  shown = 0;

  constructor(count) {
    this.count = count;
  }

  take(message) {
    this.shown++;
    const { id, timestamp, latencyMs, durationMs, stallMs, waitMs, ...same } = message;
    this.#hashes.push(sha256(JSON.stringify(same)));
    const { direction, statusCode, headers } = message;
    const path = direction === 'request' ? message.path : message.request?.path;
    const n = Number(path?.split('/').at(-1));
    if (!Number.isInteger(n) || n >= this.count) return this.#faults.add('of no exchange', `${direction} ${path}`);
    const isInterim = statusCode < 200;
    const key = `${isPushed(path) ? 'pushed ' : ''}${isInterim ? 'interim' : direction} ${n}`;
    if (this.#seen.has(key)) this.#faults.add('twice', key);
    this.#seen.set(key, id);
    if (headers['x-pushes'] === '1') this.#pushing.add(n);
    if (!isInterim) this.#judge(message, n, meantOf(n, direction, isPushed(path)));
  }

  #judge(message, n, { body, status, fields, trailers, codes, isMalformed }) {
    const { direction, headers, incomplete, errorCode, bodySize } = message;
    const fault = (kind, detail) => this.#faults.add(kind, `${kindOf(n)} ${direction} ${n}: ${detail}`);
    if (message.unknownHeaders || message.gapBytes) fault('a loss', `${message.unknownHeaders} ${message.gapBytes}`);
    for (const [name, value] of Object.entries(fields)) if (headers[name] !== value) fault('a field', name);
    if (direction === 'response' && (headers['x-number'] !== String(n) || message.statusCode !== status))
      fault('another response', `${message.statusCode} ${headers['x-number']}`);
    const bytes = bytesOf(message.body, message.bodyEncoding);
    if (bodySize !== bytes.length || !bytes.equals(body.subarray(0, bytes.length))) fault('another body', bodySize);
    if (incomplete === 'reset' && codes?.includes(errorCode)) return;
    if (incomplete !== (isMalformed ? 'malformed' : undefined)) fault('a flag', `${incomplete} ${errorCode}`);
    if (bytes.length !== body.length) fault('a part of a body', `${bodySize} of ${body.length}`);
    if (JSON.stringify(message.trailers ?? {}) !== JSON.stringify(trailers)) fault('trailers', n);
  }

  /** The same for the same messages, but for ids, times and order. */
  fingerprint = () => sha256(this.#hashes.toSorted().join());

  complaints({ right, pushed }) {
    const missing = (key) => this.#faults.add('missing', key);
    const expect = (...keys) => {
      const ids = keys.map((key) => this.#seen.get(key) ?? missing(key));
      if (new Set(ids).size > 1) this.#faults.add('another id', keys[0]);
      for (const key of keys) this.#seen.delete(key);
    };
    for (let n = 0; n < this.count; n++) {
      const kind = kindOf(n);
      if (kind === 'uploadBreaksOff') expect(`request ${n}`);
      else if (kind === 'earlyHints') expect(`request ${n}`, `interim ${n}`, `response ${n}`);
      else expect(`request ${n}`, `response ${n}`);
      if (this.#pushing.has(n)) expect(`pushed request ${n}`, `pushed response ${n}`);
    }
    for (const key of this.#seen.keys()) this.#faults.add('too much', key);
    if (right !== this.count || pushed !== this.#pushing.size)
      this.#faults.add('the client itself was not content', `${right} of ${this.count}, ${pushed} pushed`);
    return this.#faults.list();
  }
}
