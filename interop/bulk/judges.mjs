// Judges of what the sniffers show in a bulk run: `take` is called with each message, `complaints(told)` at the end with the words of the
// client.
import { answerOf, Fold, messageOf } from './content.mjs';
import { Faults } from './faults.mjs';

export const bytesOf = (text, encoding) => Buffer.from(text ?? '', encoding === 'base64' ? 'base64' : 'utf8');
const isBinaryMessage = { websocket: ({ opcode }) => opcode === 'binary', sse: () => false, grpc: () => true };
export const CONTROL = ['ping', 'pong', 'close'];

/** One stream, an echo: in each direction that has messages, those that the client told, in order. */
export class StreamJudge {
  #faults = new Faults();
  #folds = { request: new Fold(), response: new Fold() };
  #last = { request: 0, response: 0 };
  #ids = new Set();
  #heads = 0;
  shown = 0;

  constructor(kind) {
    this.kind = kind;
  }

  take(message) {
    this.#ids.add(message.id);
    if (message.stream === undefined) {
      this.#heads++;
      return;
    }
    const { direction, sequence, data, dataEncoding, dataSize, truncated, gapBytes } = message;
    if (sequence !== ++this.#last[direction])
      this.#faults.add('a sequence that is not the next', `${direction} ${sequence}`);
    this.#last[direction] = sequence;
    if (message.stream !== this.kind) this.#faults.add('another kind of stream', message.stream);
    if (CONTROL.includes(message.opcode)) return;
    const bytes = bytesOf(data, dataEncoding);
    if (truncated || gapBytes || bytes.length !== dataSize)
      this.#faults.add(
        'not whole',
        `${direction} ${sequence}, ${bytes.length} of ${dataSize}, ${truncated} ${gapBytes}`,
      );
    this.#folds[direction].add(bytes, isBinaryMessage[this.kind](message));
    this.shown++;
  }

  complaints({ sent, got }) {
    const told = { request: this.kind === 'sse' ? new Fold().end() : sent, response: got };
    if (JSON.stringify(sent) !== JSON.stringify(got))
      this.#faults.add('the client got other messages', `${got.count} of ${sent.count}`);
    for (const [direction, fold] of Object.entries(this.#folds)) {
      const { count, sha256 } = fold.end();
      if (count !== told[direction].count)
        this.#faults.add(`a wrong number of messages`, `${direction}: ${count} of ${told[direction].count}`);
      else if (sha256 !== told[direction].sha256) this.#faults.add('other bytes or another order', direction);
    }
    if (this.#heads !== 2)
      this.#faults.add('messages beside the stream', `${this.#heads} and not a request and a response`);
    if (this.#ids.size !== 1) this.#faults.add('ids', `${this.#ids.size} for one exchange`);
    return this.#faults.list();
  }
}

/**
 * `count` exchanges: a request and its response with the same id, once each, bodies byte for byte. `hasBodies`: of requests. `upgrades`: the
 * first of a connection has a 101, and all that follows is of HTTP/2.
 */
export class ExchangeJudge {
  #faults = new Faults();
  #idOf = new Map();
  #answered = new Set();
  #switches = 0;
  #ofHttp1 = 0;
  shown = 0;

  constructor(count, { hasBodies = true, upgrades = false } = {}) {
    this.count = count;
    this.upgrades = upgrades;
    this.sent = (n) => (hasBodies ? messageOf(n).bytes : Buffer.alloc(0));
  }

  take(message) {
    this.shown++;
    const { direction, id, path, headers, body, bodyEncoding, bodySize, bodyTruncated, incomplete, gapBytes } = message;
    const isRequest = direction === 'request';
    if (this.upgrades && message.httpVersion !== '2.0') this.#ofHttp1++;
    if (this.upgrades && message.statusCode === 101) {
      this.#switches++;
      return;
    }
    const n = Number(isRequest ? path?.slice(1) : headers['x-number']);
    if (!Number.isInteger(n) || n < 0 || n >= this.count)
      return this.#faults.add('of no exchange', `${direction} ${path ?? headers['x-number']}`);
    if (isRequest) {
      if (this.#idOf.has(n)) this.#faults.add('a request twice', n);
      this.#idOf.set(n, id);
    } else {
      if (this.#answered.has(n)) this.#faults.add('a response twice', n);
      this.#answered.add(n);
      if (this.#idOf.get(n) !== id || message.request?.path !== `/${n}`)
        this.#faults.add('a response of another request', n);
      if (Number(headers['x-got']) !== this.sent(n).length) this.#faults.add('the server got another body', n);
    }
    const bytes = bytesOf(body, bodyEncoding);
    const meant = isRequest ? this.sent(n) : answerOf(n);
    if (!bytes.equals(meant) || bodySize !== meant.length)
      this.#faults.add('another body', `${direction} ${n}: ${bodySize} of ${meant.length}`);
    if (bodyTruncated || incomplete || gapBytes)
      this.#faults.add('a flag', `${direction} ${n}: ${incomplete} ${gapBytes}`);
  }

  complaints({ right }) {
    if (right !== this.count)
      this.#faults.add('the client itself was not content', `${right} of ${this.count} were right`);
    if (this.#idOf.size !== this.count) this.#faults.add('requests', `${this.#idOf.size} of ${this.count}`);
    if (this.upgrades && (this.#switches === 0 || this.#ofHttp1 !== 2 * this.#switches))
      this.#faults.add('no upgrade', `${this.#switches} of 101, ${this.#ofHttp1} messages of HTTP/1`);
    if (this.#answered.size !== this.count) this.#faults.add('responses', `${this.#answered.size} of ${this.count}`);
    return this.#faults.list();
  }
}
