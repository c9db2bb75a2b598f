/**
 * Hands on what surrounds a trigger, and nothing else. In: lines, as they come. Out: the exchanges that were under way at some time from
 * `beforeMs` before a trigger until `afterMs` after it, whole, and the messages inside streams that passed then; each once. A trigger is
 * an exchange of which the filter is true, at the time of its last packet, or a call of `trigger()`.
 *
 * All times are those of packets: a savefile says the same whenever it is read, and live a message that was held up on its way here
 * still belongs to its own time. A clock is needed for calls, and for requests that nothing comes after.
 */

import type { Endings } from '../exchange/endings';
import { lineEnd, parseLine } from '../exchange/lines';
import { isFinal } from '../exchange/pairing';
import { PATIENCE_MS } from '../exchange/unanswered';
import type { Filter } from '../filter';
import type { HttpMessage } from '../types';
import { CaptureClock, type Span } from './clock';
import { type Line, Memory, type MemoryOptions, type Remembered } from './memory';
import { Waiting } from './waiting';
import { Windows } from './windows';

/** Lines that go together, unless one is longer: as much as a batch of the engine. */
export const PIECE_BYTES = 256 * 1024;

export interface TriggerOptions extends Omit<MemoryOptions, 'onForget'> {
  /** Without it only calls are triggers. */
  readonly filter?: Filter | undefined;
  readonly afterMs: number;
  /** Of exchanges that are over without a response. */
  readonly endings?: Pick<Endings, 'of'> | undefined;
  /** The time now, in ms since the epoch, where packets have it too; a savefile has a time of its own. */
  readonly wallMs?: (() => number) | undefined;
  /** A window begins: it is the first trigger for some time. */
  onWindow(fields: { id?: string; at: string; messages: number; isCut: boolean }): void;
}

/** Whole lines. */
export interface Piece {
  readonly lines: Buffer;
  readonly messages: number;
}

/** A line as far as it is looked at here; of a stream there is no status. */
type Message = HttpMessage & { stream?: string };

export class Trigger {
  readonly #options: TriggerOptions;
  readonly #memory: Memory;
  readonly #windows = new Windows();
  readonly #clock = new CaptureClock();
  /** Exchanges that cannot be judged until their other half comes, by id, the oldest first. */
  readonly #unjudged = new Map<string, Remembered>();
  /** Before that it is not known of any of them that nothing comes. */
  #overdueMs = Number.POSITIVE_INFINITY;
  /** Exchanges that are over without a response, in the order of their ends; not all that came until then is read yet. */
  readonly #ends: { readonly id: string; readonly atMs: number }[] = [];
  readonly #waiting = new Waiting();
  #order = 0;
  /** How many triggers there were. */
  triggers = 0;
  /** Windows of which a part was not in memory any more. */
  windowsCut = 0;
  /** Exchanges that were judged without a message of theirs, which had gone. */
  judgedInPart = 0;
  /** Messages that were lost since an error came between. */
  failed = 0;

  constructor(options: TriggerOptions) {
    this.#options = options;
    const { patienceMs } = options;
    this.#memory = new Memory({
      ...options,
      // It has to be here yet when it is known that nothing answers it.
      patienceMs: Math.max(patienceMs, PATIENCE_MS),
      onForget: (remembered) => {
        if (this.#unjudged.get(remembered.key) === remembered) this.#unjudged.delete(remembered.key);
      },
    });
  }

  /** The messages of the ledger that have come and are not delivered, and how many bytes they take. */
  counters(): Record<string, number> {
    const { untriggered, evicted, messages, bytes } = this.#memory;
    return {
      triggers: this.triggers,
      untriggered,
      triggerEvicted: evicted,
      triggerWindowsCut: this.windowsCut,
      triggerJudgedInPart: this.judgedInPart,
      triggerFailed: this.failed,
      triggerHeldMessages: messages + this.#waiting.size,
      triggerHeldBytes: bytes,
    };
  }

  /**
   * Takes whole lines. The bytes are not needed any more once `next` has returned nothing, or `keep` was called. Lines that an error loses are
   * counted, and the next are read all the same.
   * @throws the first error
   */
  take(lines: Buffer): void {
    let failure: { error: unknown } | undefined;
    for (let start = 0; start < lines.length; ) {
      const end = lineEnd(lines, start);
      const line = { order: this.#order++, bytes: lines.subarray(start, end) };
      const known = this.#known;
      try {
        this.#read(line);
      } catch (error) {
        this.failed += known + 1 - this.#known;
        failure ??= { error };
      }
      start = end;
    }
    if (failure !== undefined) throw failure.error;
    this.look();
  }

  /** The messages that are here, or of which it is said why they are not. */
  get #known(): number {
    const { messages, untriggered, evicted } = this.#memory;
    return messages + untriggered + evicted + this.#waiting.size + this.failed;
  }

  /** These exchanges are over without a response, by `endings`; their requests may come later. */
  unanswered(ids: readonly string[]): void {
    for (const id of ids) {
      const exchange = this.#memory.find(id);
      if (exchange !== undefined) this.#awaitEnd(exchange);
    }
    this.look();
  }

  /** Time has passed: judges the requests that nothing has answered for long, and forgets what is old. */
  look(): void {
    const sure = this.#clock.sure;
    const nowMs = Math.max(sure, this.#options.wallMs?.() ?? sure);
    this.#endUntil(nowMs);
    this.#judgeOverdue(nowMs);
    this.#memory.keepBounds(sure);
  }

  /** True if `look` should be called after a while, even if nothing comes. */
  get needsLook(): boolean {
    return this.#options.wallMs !== undefined && this.#unjudged.size > 0;
  }

  /** A trigger now. */
  trigger(): void {
    this.#fire(this.#options.wallMs?.() ?? this.#clock.last);
  }

  /** Nothing more comes. Of a savefile what has no response by now has none; live it may have been on its way. */
  end(): void {
    this.#endUntil(Number.POSITIVE_INFINITY);
    if (this.#options.wallMs === undefined) {
      for (const unjudged of this.#unjudged.values()) this.#judgeAsItIs(unjudged, this.#clock.last);
    }
    this.#unjudged.clear();
    this.#memory.clear();
  }

  /** The piece to be delivered next; `undefined` if nothing waits. The bytes belong to the caller. */
  next(): Piece | undefined {
    const lines: Buffer[] = [];
    let bytes = 0;
    for (let { first } = this.#waiting; first !== undefined; first = this.#waiting.first) {
      if (lines.length > 0 && bytes + first.bytes.length > PIECE_BYTES) break;
      this.#waiting.remove(first);
      lines.push(first.bytes);
      bytes += first.bytes.length;
      if (!first.isOfBatch) this.#memory.countDelivered(first.bytes.length);
    }
    if (lines.length === 0) return undefined;
    try {
      return { lines: Buffer.concat(lines), messages: lines.length };
    } catch (error) {
      // There was no memory for it.
      this.failed += lines.length;
      throw error;
    }
  }

  /** True if `next` returns something. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** The batch is about to be overwritten. */
  keep(): void {
    let failure: { error: unknown } | undefined;
    for (const line of this.#waiting.ofBatch()) {
      try {
        line.bytes = copied(line.bytes);
        line.isOfBatch = false;
        this.#memory.countWaiting(line.bytes.length);
      } catch (error) {
        // It would say what comes in its place.
        this.#waiting.remove(line);
        this.failed++;
        failure ??= { error };
      }
    }
    this.#memory.keepBounds(this.#clock.sure);
    if (failure !== undefined) throw failure.error;
  }

  /** True if the pieces that wait for their delivery take all the memory: to wait any longer loses new lines. */
  get isFull(): boolean {
    return this.#memory.isFull;
  }

  #read(line: Line): void {
    const message = parseLine(line.bytes) as Message | undefined;
    if (typeof message?.id !== 'string' || typeof message.timestamp !== 'string') {
      // No message at all: every output counts it by itself.
      this.#deliver(line);
      return;
    }
    const span = this.#clock.note(message);
    if (message.stream !== undefined) this.#readOfStream(message.id, line, span);
    else this.#readOfExchange(message, line, span);
    this.look();
  }

  #readOfStream(id: string, line: Line, span: Span): void {
    if (!this.#windows.overlaps(span.begin, span.end)) {
      // One by itself: no id is like that.
      const alone = this.#memory.begin(`of stream ${line.order}`);
      alone.isRequestSeen = true;
      alone.isResponseSeen = true;
      alone.passed(span);
      this.#memory.add(alone, copyOf(line));
      this.#memory.place(alone, line.order);
      return;
    }
    const exchange = this.#memory.find(id);
    if (exchange?.isWanted === false) {
      if (exchange.isCut && this.#windows.cut(span.begin, span.end)) this.windowsCut++;
      this.#deliverAll(this.#memory.take(exchange));
    }
    this.#deliver(line);
  }

  #readOfExchange(message: HttpMessage, line: Line, span: Span): void {
    const { id } = message;
    const exchange = this.#memory.find(id) ?? this.#memory.begin(id);
    exchange.passed(span);
    // If its request is not here any more, that still says when the exchange began.
    exchange.begin = Math.min(exchange.begin, span.begin - (message.latencyMs ?? 0));
    if (exchange.isWanted) this.#deliver(line);
    else this.#memory.add(exchange, copyOf(line));
    if (message.direction === 'request' || isFinal(message)) {
      note(exchange, message);
      if (!exchange.isJudged) this.#judge(exchange, message, line);
    }
    this.#awaitEnd(exchange);
    if (exchange.isJudged) this.#unjudged.delete(id);
    this.#memory.place(exchange, line.order);
    const { begin, underWayUntil, isWanted, isCut } = exchange;
    if (isWanted || !this.#windows.overlaps(begin, underWayUntil)) return;
    if (isCut && this.#windows.cut(begin, underWayUntil)) this.windowsCut++;
    this.#deliverAll(this.#memory.take(exchange));
  }

  #judge(exchange: Remembered, message: HttpMessage, line: Line): void {
    const { filter } = this.#options;
    const verdict = filter === undefined ? false : this.#verdict(filter, exchange, message);
    if (verdict !== undefined) {
      exchange.isJudged = true;
      exchange.request = undefined;
      exchange.response = undefined;
      if (verdict) this.#fire(exchange.end, exchange);
      return;
    }
    const kept = exchange.isWanted ? copied(line.bytes) : (exchange.lines.at(-1)?.bytes ?? line.bytes);
    if (exchange.isWanted) this.#memory.keepForJudge(exchange, kept);
    exchange[message.direction] = kept;
    this.#unjudged.set(exchange.key, exchange);
    this.#overdueMs = Math.min(this.#overdueMs, exchange.end + PATIENCE_MS);
  }

  /** `undefined` as long as the other half may tell. */
  #verdict(filter: Filter, exchange: Remembered, message: HttpMessage): boolean | undefined {
    const isRequest = message.direction === 'request';
    const other = isRequest ? exchange.response : exchange.request;
    // Most responses are enough to tell: then their requests are not read again.
    const isAlone = isRequest || message.request === undefined;
    const early = isAlone && other !== undefined ? undefined : filter.decide({ [message.direction]: message });
    if (early !== undefined || !exchange.isWhole) return early;
    const half = other === undefined ? undefined : parseLine(other);
    if (half === undefined) {
      this.judgedInPart++;
      return filter.matches({ [message.direction]: message });
    }
    return filter.matches(isRequest ? { request: message, response: half } : { request: half, response: message });
  }

  #judgeOverdue(nowMs: number): void {
    // Each message asks, and to find the first one takes longer.
    if (!(this.#overdueMs <= nowMs)) return;
    this.#overdueMs = Number.POSITIVE_INFINITY;
    for (const [id, unjudged] of this.#unjudged) {
      const knownMs = unjudged.end + PATIENCE_MS;
      if (!(knownMs <= nowMs)) {
        this.#overdueMs = knownMs;
        break;
      }
      this.#unjudged.delete(id);
      this.#judgeAsItIs(unjudged, knownMs);
    }
  }

  /** Its other half may still tell, unless it is a trigger already. */
  #judgeAsItIs(exchange: Remembered, atMs: number): void {
    const [request, response] = [exchange.request, exchange.response].map((line) => line && parseLine(line));
    if (this.#options.filter?.matches({ request, response }) !== true) return;
    exchange.isJudged = true;
    exchange.request = undefined;
    exchange.response = undefined;
    this.#fire(atMs, exchange);
  }

  /** How an exchange ends may be known before the messages that came until then. */
  #awaitEnd(exchange: Remembered): void {
    if (exchange.isWhole || !exchange.isRequestSeen) return;
    const ending = this.#options.endings?.of(exchange.key);
    if (ending === undefined) return;
    const atMs = Math.max(exchange.end, (ending.atMicros ?? 0) / 1_000);
    // It is awaited already.
    if (atMs === exchange.overMs) return;
    exchange.overMs = atMs;
    // Mostly they come in their order.
    const after = this.#ends.findLastIndex((end) => end.atMs <= atMs);
    this.#ends.splice(after + 1, 0, { id: exchange.key, atMs });
  }

  /** Exchanges that were over by then without a response are under way no longer. */
  #endUntil(nowMs: number): void {
    for (let [first] = this.#ends; first !== undefined && first.atMs <= nowMs; [first] = this.#ends) {
      this.#ends.shift();
      const exchange = this.#memory.find(first.id);
      if (exchange === undefined) continue;
      exchange.isOver = true;
      exchange.end = Math.max(exchange.end, first.atMs);
      if (this.#unjudged.delete(first.id)) this.#judgeAsItIs(exchange, exchange.end);
      exchange.isJudged = true;
      this.#memory.place(exchange, this.#order);
    }
  }

  #fire(atMs: number, exchange?: Remembered): void {
    const { beforeMs, afterMs, onWindow } = this.#options;
    this.triggers++;
    const { wantedCut } = this.#memory;
    const lines = exchange === undefined || exchange.isWanted ? [] : this.#memory.take(exchange);
    const from = this.#windows.add(atMs - beforeMs, atMs + afterMs);
    if (from !== undefined) lines.push(...this.#memory.want(this.#windows));
    lines.sort((a, b) => a.order - b.order);
    this.#deliverAll(lines);
    const isCut = this.#memory.wantedCut > wantedCut || (from !== undefined && from <= this.#memory.forgottenUntil);
    if (isCut) {
      this.windowsCut++;
      this.#windows.cut(atMs, atMs);
    }
    // Others go on.
    if (from !== atMs - beforeMs) return;
    const id = exchange === undefined ? {} : { id: exchange.key };
    onWindow({ ...id, at: timeText(atMs), messages: lines.length, isCut });
  }

  /** Before the batch is overwritten its lines are delivered, or copied. */
  #deliver({ bytes }: Line): void {
    this.#waiting.push(bytes, true);
  }

  #deliverAll(lines: readonly Line[]): void {
    for (const { bytes } of lines) this.#waiting.push(bytes, false);
  }
}

function note(exchange: Remembered, message: HttpMessage): void {
  if (message.direction === 'request') exchange.isRequestSeen = true;
  else {
    exchange.isResponseSeen = true;
    // A response may be complete before its request; if that was not seen it says so by what it lacks.
    exchange.isRequestSeen ||= message.request === undefined;
  }
}

function copyOf({ order, bytes }: Line): Line {
  return { order, bytes: copied(bytes) };
}

/** Memory of its own: a part of something larger would keep all of that. */
function copied(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Far from any time of a packet there is no date. */
function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms}` : date.toISOString();
}
