/**
 * Lines in, spans out: a span an exchange, when both halves are there. Of a request only what its span will hold is kept, as it will
 * be sent. Halves that wait for the other half are bounded in number and in bytes; a request that has to go becomes a span that
 * says that no response was seen.
 */

import type { Ending, Endings } from '../../exchange/endings';
import { largeTextIn, PIECE_BYTES, pieceEnd } from '../../exchange/lines';
import { isFinal, Pairing, type ResponseFacts } from '../../exchange/pairing';
import { readTraceparent, type TraceContext } from '../../trace/traceparent';
import type { Packer, Sink } from '../delivery/packer';
import { type Parcel, parcelOf } from '../delivery/parcel';
import type { Batch } from '../output';
import type { WaitingLine } from '../waiting-line';
import {
  type AttributeOptions,
  cut,
  MAX_BODY_BYTES,
  type ResponseAttributes,
  requestAttributes,
  responseAttributes,
  rpcMethodAttributes,
  rpcName,
} from './attributes';
import type { Encoding, Envelope } from './encoding';
import { KEYS } from './keys';
import { MessageLine } from './line';
import { Peers } from './peers';

/** Receivers refuse requests of 4 MiB and more (gRPC's own limit, Fluent Bit's). */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024 - 64 * 1024;
/** Spans go to the waiting line in pieces of so much: what goes together is lost together. */
const CHUNK_BYTES = 128 * 1024;
/** Counted for each half that waits on top of its texts. */
const OVERHEAD_BYTES = 512;
/** Ids of requests whose span has gone without a response: a response that comes all the same is not a second span. */
const MAX_GONE = 10_000;
/** Connections with responses of which it is not known what they answer. */
const MAX_DOUBTS = 10_000;
/** How old the number of losses may be that a request is kept with. */
const LOSSES_AGE_MS = 1_000;

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** OTLP: it is known that the parent is in another process, and it is. */
const REMOTE_PARENT = 0x300;
/** W3C: of a trace that begins here. */
const SAMPLED = 0x01;
/** V8 copies shorter texts when it cuts them out of others. */
const MIN_CUT_CHARS = 13;

interface RequestHalf {
  name: string;
  attributes: string;
  rpcMethod: string;
  context: TraceContext | undefined;
  traceState: string;
  /** Its span is made. */
  isOver: boolean;
  startMicros: number;
  readonly durationMicros: number;
  /** When it came here. */
  readonly sinceMs: number;
  /** How much had been lost by then, at the most. */
  readonly losses: number;
}

interface ResponseHalf extends ResponseAttributes {
  readonly startMicros: number;
  readonly durationMicros: number;
  readonly latencyMicros: number;
  /** Of a response that came before its request, or without it: what is known of the request by it. */
  readonly request: RequestHalf | undefined;
}

export interface SpansOptions extends AttributeOptions {
  envelope: Envelope;
  maxMessages: number;
  maxBytes: number;
  /** A request that has waited for so long for its response has none. */
  patienceMs: number;
  /** Of exchanges that are over without a response. */
  endings?: Endings;
  /** How much of what was captured, or sent here, is lost so far: a response may be among it. */
  losses(): number;
  now(): number;
}

/** Why an exchange goes as it is. */
type Reason = 'whole' | 'waited' | 'limit' | 'end';

/** Of a response whose request was seen; what that was is not looked at. */
const ANSWERED = { method: '', path: '' };

const NO_RESPONSE = 'no_response';
const WORDS: Readonly<Record<Reason, string>> = {
  whole: '',
  waited: 'no response was seen in time',
  limit: 'no response was seen before too many requests waited for theirs',
  end: 'no response was seen before the capture ended',
};

export class SpansPacker implements Packer {
  readonly #options: SpansOptions;
  readonly #encoding: Encoding;
  readonly #line = new MessageLine((id) => this.#pairing.requestOf(id) !== undefined);
  readonly #pairing: Pairing<RequestHalf, ResponseHalf>;
  readonly #peers: Peers;
  readonly #gone = new Map<string, undefined>();
  /** By connection: when its last response came of which it is not known what it answers. */
  readonly #doubts = new Map<string, number>();
  #losses = 0;
  #lossesAtMs = Number.NEGATIVE_INFINITY;
  #reason: Reason = 'limit';
  /** Spans on their way to the sink. */
  #chunk: string[] = [];
  #chunkBytes = 0;
  #chunkMessages = 0;
  #held = 0;
  /** Those whose texts may be parts of the lines at hand. */
  #young: RequestHalf[] = [];
  #unpaired = 0;
  readonly #unwatch: (() => void) | undefined;

  constructor(options: SpansOptions) {
    this.#options = options;
    this.#encoding = options.encoding;
    this.#peers = new Peers(options.encoding);
    // Its span goes with what comes next.
    this.#unwatch = options.endings?.watch((id) => this.#pairing.settleUnanswered(id));
    this.#pairing = new Pairing({
      onExchange: ({ request, response }, messages, id) => this.#finish(id, request, response, messages),
    });
  }

  get held(): number {
    return this.#held;
  }

  add({ lines, messages }: Batch, sink: Sink): void {
    let left = messages;
    let streamed = 0;
    let invalid = 0;
    for (let start = 0; start < lines.length; ) {
      const end = pieceEnd(lines, start, PIECE_BYTES);
      const { bytes, text, isCut } = pieceOf(lines, start, end, this.#options.bodies);
      for (let from = 0; from < text.length; ) {
        const newline = text.indexOf('\n', from);
        left--;
        if (!this.#line.read(bytes, text, from, newline === -1 ? text.length : newline)) invalid++;
        else if (this.#line.isStreamed) streamed++;
        else {
          if (isCut) this.#line.isTruncated = true;
          this.#add(this.#line);
        }
        from = newline === -1 ? text.length : newline + 1;
        if (this.#chunkBytes >= CHUNK_BYTES) this.#push(sink);
      }
      start = end;
    }
    // Most are answered within the same lines, and need no memory of their own.
    for (const half of this.#young) if (!half.isOver) moveOut(half);
    this.#young = [];
    sink.drop('streamed', streamed);
    // Lines that were announced and are not there: the counts never part.
    sink.drop('invalid', invalid + left);
    this.tick(sink);
  }

  dueInMs(): number | undefined {
    const { patienceMs, now } = this.#options;
    const since = this.#pairing.oldestUnanswered?.request?.sinceMs;
    if (since === undefined || !Number.isFinite(patienceMs)) return undefined;
    return Math.max(0, since + patienceMs - now());
  }

  tick(sink: Sink): void {
    this.#reason = 'waited';
    while (this.dueInMs() === 0) this.#pairing.settleOldestUnanswered();
    this.#reason = 'limit';
    this.#push(sink);
  }

  flush(sink: Sink): void {
    this.#unwatch?.();
    this.#reason = 'end';
    while (this.#pairing.settleOldest()) if (this.#chunkBytes >= CHUNK_BYTES) this.#push(sink);
    this.#reason = 'limit';
    this.#push(sink);
  }

  clear(): number {
    const held = this.#held;
    while (this.#pairing.settleOldest());
    this.#chunk = [];
    this.#chunkBytes = this.#chunkMessages = this.#held = this.#unpaired = 0;
    return held;
  }

  take(line: WaitingLine, mostMessages = this.#options.maxMessages): Parcel | undefined {
    const { envelope, maxMessages, maxBytes } = this.#options;
    const mostBytes = Math.min(maxBytes, MAX_REQUEST_BYTES - envelope.overhead);
    const spans: Buffer[] = [];
    let [messages, records, bytes] = [0, 0, 0];
    while (
      messages < Math.min(maxMessages, mostMessages) &&
      (spans.length === 0 || bytes + line.frontBytes <= mostBytes)
    ) {
      const chunk = line.take(1, 0);
      if (chunk === undefined) break;
      spans.push(chunk.lines);
      messages += chunk.messages;
      records += chunk.records ?? 0;
      bytes += chunk.lines.length;
    }
    if (spans.length === 0) return undefined;
    return parcelOf({ body: envelope.wrap(spans), messages, records, bytes, own: true });
  }

  #add(line: MessageLine): void {
    const { statusCode } = line;
    // The span of its request has gone, and said that there is none.
    if (!line.isRequest && this.#gone.size > 0 && isFinalStatus(statusCode) && this.#gone.delete(line.id)) {
      this.#unpaired++;
      return;
    }
    this.#held++;
    const id = flat(line.id);
    if (line.isRequest) {
      const half = this.#requestHalf(line);
      this.#pairing.addRequest({ id }, half, half.attributes.length + OVERHEAD_BYTES);
      if (this.#options.endings?.of(id) !== undefined) this.#pairing.settleUnanswered(id);
    } else {
      const half = this.#responseHalf(line);
      const facts: ResponseFacts = { id, statusCode, direction: 'response' };
      if (line.answersMethod !== '') facts.request = ANSWERED;
      this.#pairing.addResponse(facts, half, half.attributes.length + OVERHEAD_BYTES);
    }
  }

  #requestHalf(line: MessageLine): RequestHalf {
    const { name, attributes, rpcMethod } = requestAttributes(line, this.#options, this.#peers);
    const context = line.traceparent === '' ? undefined : readTraceparent(line.traceparent);
    const half: RequestHalf = {
      name,
      attributes,
      rpcMethod,
      context,
      traceState: context === undefined ? '' : line.tracestate,
      isOver: false,
      startMicros: line.timestampMs * 1_000,
      durationMicros: Math.round(line.durationMs * 1_000),
      sinceMs: this.#options.now(),
      losses: this.#lossesNow(),
    };
    this.#young.push(half);
    return half;
  }

  #responseHalf(line: MessageLine): ResponseHalf {
    const { isError, isUnknownMethod, attributes } = responseAttributes(line, this.#options);
    const half = {
      isError,
      isUnknownMethod,
      attributes,
      startMicros: line.timestampMs * 1_000,
      durationMicros: Math.round(line.durationMs * 1_000),
      latencyMicros: Math.round(line.latencyMs * 1_000),
      request: undefined,
    };
    // Its request waits: the two are a span at once, and nothing of this line is kept.
    if (this.#pairing.requestOf(line.id) !== undefined || line.answersMethod === '') return half;
    line.method = line.answersMethod;
    line.target = line.answersTarget;
    line.body = line.bodyText = line.incomplete = '';
    line.isTruncated = false;
    const known = this.#requestHalf(line);
    known.startMicros = half.startMicros - (half.latencyMicros || 0);
    return { ...half, attributes: flat(attributes), request: known };
  }

  #finish(id: string, request: RequestHalf | undefined, response: ResponseHalf | undefined, messages: number): void {
    this.#held -= messages;
    const asked = request ?? response?.request;
    if (asked !== undefined) asked.isOver = true;
    if (asked === undefined) {
      // Nothing is known of the request: there is no such span.
      this.#unpaired += messages;
      if (response !== undefined) keep(this.#doubts, connectionOf(id), response.startMicros, MAX_DOUBTS);
      return;
    }
    const ending = response === undefined ? this.#options.endings?.of(id) : undefined;
    if (response === undefined) {
      if (ending === undefined && this.#mayBeAnswered(id, asked)) {
        this.#unpaired += messages;
        return;
      }
      keep(this.#gone, id, undefined, MAX_GONE);
    }
    const text = this.#span(asked, response, ending);
    this.#chunk.push(text);
    this.#chunkBytes += text.length;
    this.#chunkMessages += messages;
  }

  /** True if its response may be a response that was lost, or that could not be told to be its own: then it is no error. */
  #mayBeAnswered(id: string, { startMicros, losses }: RequestHalf): boolean {
    const doubt = this.#doubts.get(connectionOf(id));
    return (doubt !== undefined && doubt >= startMicros) || this.#options.losses() > losses;
  }

  #lossesNow(): number {
    const now = this.#options.now();
    if (now - this.#lossesAtMs >= LOSSES_AGE_MS) {
      this.#losses = this.#options.losses();
      this.#lossesAtMs = now;
    }
    return this.#losses;
  }

  #span(request: RequestHalf, response: ResponseHalf | undefined, ending: Ending | undefined): string {
    const encoding = this.#encoding;
    const { context, startMicros, rpcMethod } = request;
    let { name, attributes } = request;
    if (rpcMethod !== '') {
      const isKnown = response?.isUnknownMethod !== true;
      name = rpcName(rpcMethod, isKnown);
      attributes += rpcMethodAttributes(rpcMethod, isKnown, encoding);
    }
    attributes += response?.attributes ?? encoding.text(KEYS.errorType, ending?.type ?? NO_RESPONSE);
    return (
      encoding.span({
        traceId: context === undefined ? encoding.newId(TRACE_ID_BYTES) : encoding.id(context.traceId),
        spanId: encoding.newId(SPAN_ID_BYTES),
        parentId: context === undefined ? '' : encoding.id(context.parentId),
        flags: context === undefined ? SAMPLED : context.flags | REMOTE_PARENT,
        traceState: request.traceState,
        name,
        startMicros,
        endMicros: Math.max(endOf(request, response), ending?.atMicros ?? 0),
        attributes,
        isError: response?.isError ?? true,
        message: response === undefined ? (ending?.words ?? WORDS[this.#reason]) : '',
      }) + this.#options.envelope.separator
    );
  }

  #push(sink: Sink): void {
    sink.drop('unpaired', this.#unpaired);
    this.#unpaired = 0;
    if (this.#chunk.length === 0) return;
    sink.push({
      lines: Buffer.from(this.#chunk.join(''), 'latin1'),
      messages: this.#chunkMessages,
      records: this.#chunk.length,
    });
    this.#chunk = [];
    this.#chunkBytes = this.#chunkMessages = 0;
  }
}

/** An id is `connection.exchange`. */
function connectionOf(id: string): string {
  return id.slice(0, id.indexOf('.'));
}

/** The newest so many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}

/** Where clocks contradict each other there is no latency: a span does not end before it begins. */
function endOf({ startMicros, durationMicros }: RequestHalf, response: ResponseHalf | undefined): number {
  if (response === undefined) return startMicros + durationMicros;
  const { latencyMicros, durationMicros: answered } = response;
  const first = Number.isNaN(latencyMicros) ? response.startMicros : startMicros + latencyMicros;
  return Math.max(startMicros, first + answered);
}

function isFinalStatus(statusCode: number): boolean {
  return isFinal({ direction: 'response', statusCode });
}

const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** The same text in memory of its own: a text that was cut out of a piece keeps the whole piece. */
function flat(text: string): string {
  if (text.length < MIN_CUT_CHARS) return text;
  if (text.length > scratch.length) return Buffer.from(text, 'latin1').toString('latin1');
  return scratch.toString('latin1', 0, scratch.write(text, 'latin1'));
}

/** A half that waits longer than the lines that it came in must not keep them in memory. */
function moveOut(half: RequestHalf): void {
  half.name = flat(half.name);
  half.attributes = flat(half.attributes);
  half.rpcMethod = flat(half.rpcMethod);
  half.traceState = flat(half.traceState);
  const { context } = half;
  if (context === undefined) return;
  half.context = { ...context, traceId: flat(context.traceId), parentId: flat(context.parentId) };
}

interface Piece {
  bytes: Buffer;
  /** The same as characters. */
  text: string;
  /** A body that is to be sent is not there to its end. */
  isCut: boolean;
}

/** The body of a large line, where it is not asked for or is longer than what is sent, stays out. */
function pieceOf(lines: Buffer, start: number, end: number, bodies: boolean): Piece {
  const piece = lines.subarray(start, end);
  const large = piece.length > PIECE_BYTES ? largeTextIn(piece) : undefined;
  if (large === undefined || (bodies && large.length <= MAX_BODY_BYTES)) {
    return { bytes: piece, text: piece.toString('latin1'), isCut: false };
  }
  const from = large.byteOffset - piece.byteOffset;
  const front = bodies ? cut(large.toString('latin1', 0, MAX_BODY_BYTES + 1), MAX_BODY_BYTES) : '';
  const bytes = Buffer.concat([piece.subarray(0, from + front.length), piece.subarray(from + large.length)]);
  return { bytes, text: bytes.toString('latin1'), isCut: bodies };
}
