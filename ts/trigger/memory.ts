/**
 * The memory in case a trigger comes: exchanges as the lines of their messages, bounded in bytes. In: lines, and the time.
 * Out: those that a window wants. A line that leaves in another way is counted here. Knows nothing of triggers.
 */

import type { Span } from './clock';
import { Order, Ordered } from './order';
import type { Windows } from './windows';

/** Counted for each line beside its bytes: the objects that hold it, and its share of the exchange. */
export const OVERHEAD_BYTES = 512;
/** Exchanges that went before their end, of which more may come, some 100 bytes each; past it the oldest is forgotten. */
export const MAX_GONE = 10_000;

export interface Line {
  /** Of all lines that came. */
  readonly order: number;
  /** With its line feed. */
  readonly bytes: Buffer;
}

/** The messages of an exchange, or one message of a stream. */
export class Remembered extends Ordered<Remembered> {
  readonly key: string;
  /** Those that are not handed on. */
  lines: Line[] = [];
  begin = Number.POSITIVE_INFINITY;
  end = Number.NEGATIVE_INFINITY;
  isRequestSeen = false;
  isResponseSeen = false;
  /** When it is over without a response, if that is known. */
  overMs = Number.POSITIVE_INFINITY;
  /** That time has come. */
  isOver = false;
  isWanted = false;
  isJudged = false;
  /** Lines of it went before it was wanted. */
  isCut = false;
  /** The line of a message, as long as it may be needed to judge the exchange. */
  request: Buffer | undefined;
  response: Buffer | undefined;
  /** As it is counted in the memory. */
  bytes = 0;
  /** The order of its last line. */
  lastOrder = 0;

  constructor(key: string) {
    super();
    this.key = key;
  }

  get isWhole(): boolean {
    return this.isRequestSeen && (this.isResponseSeen || this.isOver);
  }

  get underWayUntil(): number {
    return this.isWhole ? this.end : this.overMs;
  }

  passed({ begin, end }: Span): void {
    this.begin = Math.min(this.begin, begin);
    this.end = Math.max(this.end, end);
  }
}

type Known = Pick<Remembered, 'isRequestSeen' | 'isResponseSeen' | 'isWanted' | 'isJudged' | 'isCut'>;

export interface MemoryOptions {
  readonly maxBytes: number;
  /** How long what is whole is remembered. */
  readonly beforeMs: number;
  /** How long an exchange is that waits for its response, or for its request. */
  readonly patienceMs: number;
  /** It is not waited for any more. */
  onForget(remembered: Remembered): void;
}

export class Memory {
  readonly #options: MemoryOptions;
  /** Of these and the next the entry that got no line for longest is first. Not wanted so far. */
  readonly #open = new Order<Remembered>();
  readonly #whole = new Order<Remembered>();
  /** Wanted, and more of it is to come. */
  readonly #followed = new Order<Remembered>();
  /** Those of which more is to come. */
  readonly #byId = new Map<string, Remembered>();
  /** By id: what is known of those whose lines went before they were whole. */
  #gone = new Map<string, Known>();
  /** The same, of longer ago. */
  #goneBefore = new Map<string, Known>();
  /** Of lines that wait for their delivery: they count all the same. */
  #waitingBytes = 0;
  bytes = 0;
  /** Messages that are remembered. */
  messages = 0;
  /** Messages that nothing asked for as long as they were remembered. */
  untriggered = 0;
  /** Messages that had to go before that, for want of memory. */
  evicted = 0;
  /** Exchanges that were wanted after lines of theirs had gone. */
  wantedCut = 0;
  /** Of what is not remembered any more: its latest time. */
  forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  /** The exchange that more of has come, as long as it is not whole. */
  find(id: string): Remembered | undefined {
    return this.#byId.get(id);
  }

  begin(id: string): Remembered {
    const fresh = new Remembered(id);
    const known = this.#gone.get(id) ?? this.#goneBefore.get(id);
    this.#gone.delete(id);
    this.#goneBefore.delete(id);
    return known === undefined ? fresh : Object.assign(fresh, known);
  }

  /** Takes a line of it: a copy that nothing else holds. */
  add(remembered: Remembered, line: Line): void {
    remembered.lines.push(line);
    this.messages++;
    this.#count(remembered, line.bytes.length);
  }

  /** Keeps the line of an exchange that is handed on, as long as it is not judged. */
  keepForJudge(remembered: Remembered, line: Buffer): void {
    this.#count(remembered, line.length);
  }

  /** Puts it where it belongs after something of it has come. */
  place(remembered: Remembered, order: number): void {
    const { key, isWanted, isWhole } = remembered;
    remembered.lastOrder = order;
    this.#remove(remembered);
    if (isWhole) {
      remembered.request = undefined;
      remembered.response = undefined;
      if (isWanted) this.#release(remembered);
      else this.#whole.push(remembered);
    } else {
      (isWanted ? this.#followed : this.#open).push(remembered);
      this.#byId.set(key, remembered);
    }
  }

  /** The lines of all that a window wants. They count until they are delivered. */
  want(windows: Windows): Line[] {
    const lines: Line[] = [];
    for (const open of this.#open.items()) {
      if (windows.overlaps(open.begin, open.underWayUntil)) lines.push(...this.take(open));
    }
    for (const whole of this.#whole.items()) {
      if (windows.overlaps(whole.begin, whole.underWayUntil)) lines.push(...this.take(whole));
    }
    return lines.sort((a, b) => a.order - b.order);
  }

  /** The lines of one, which is wanted from now on. */
  take(remembered: Remembered): Line[] {
    const { key, lines, isJudged, request, response } = remembered;
    const wasOpen = remembered.order === this.#open;
    remembered.isWanted = true;
    if (remembered.isCut) this.wantedCut++;
    remembered.lines = [];
    this.messages -= lines.length;
    this.#release(remembered);
    for (const { bytes } of lines) this.countWaiting(bytes.length);
    this.#remove(remembered);
    if (wasOpen) {
      this.#followed.push(remembered);
      this.#byId.set(key, remembered);
    }
    if (!remembered.isWhole && !isJudged) {
      for (const line of [request, response]) if (line !== undefined) this.#count(remembered, line.length);
    }
    return lines;
  }

  /** A line waits for its delivery. */
  countWaiting(bytes: number): void {
    this.#waitingBytes += bytes + OVERHEAD_BYTES;
    this.bytes += bytes + OVERHEAD_BYTES;
  }

  /** It is delivered. */
  countDelivered(bytes: number): void {
    this.#waitingBytes -= bytes + OVERHEAD_BYTES;
    this.bytes -= bytes + OVERHEAD_BYTES;
  }

  /** True if the lines that wait take more than all that there may be. */
  get isFull(): boolean {
    return this.#waitingBytes > this.#options.maxBytes;
  }

  /** Forgets what is too old at this time, and what there is no memory for. */
  keepBounds(nowMs: number): void {
    const { beforeMs, patienceMs, maxBytes } = this.#options;
    this.#forgetOld(this.#whole, nowMs - beforeMs);
    const sinceMs = nowMs - Math.max(beforeMs, patienceMs);
    this.#forgetOld(this.#open, sinceMs);
    this.#forgetOld(this.#followed, sinceMs);
    while (this.bytes > maxBytes) {
      const oldest = this.#oldest();
      if (oldest === undefined) break;
      // It was under way yet.
      if (!oldest.isWhole && oldest.lines.length > 0) this.forgottenUntil = Math.max(this.forgottenUntil, nowMs);
      this.evicted += this.#forget(oldest);
    }
  }

  #forgetOld(all: Order<Remembered>, sinceMs: number): void {
    for (let { first } = all; first !== undefined && first.end < sinceMs; first = all.first) {
      this.untriggered += this.#forget(first);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const all of [this.#open, this.#whole, this.#followed]) this.#forgetOld(all, Number.POSITIVE_INFINITY);
  }

  #oldest(): Remembered | undefined {
    const [open, whole] = [this.#open.first, this.#whole.first];
    if (open !== undefined && whole !== undefined) return open.lastOrder < whole.lastOrder ? open : whole;
    return open ?? whole ?? this.#followed.first;
  }

  /** Returns how many messages that were. */
  #forget(remembered: Remembered): number {
    const { key, lines, isWhole, end, isRequestSeen, isResponseSeen, isWanted, isJudged } = remembered;
    this.#remove(remembered);
    this.#release(remembered);
    this.messages -= lines.length;
    if (lines.length > 0) this.forgottenUntil = Math.max(this.forgottenUntil, end);
    this.#options.onForget(remembered);
    if (!isWhole) {
      if (this.#gone.size >= MAX_GONE / 2) {
        this.#goneBefore = this.#gone;
        this.#gone = new Map();
      }
      const isCut = remembered.isCut || lines.length > 0;
      this.#gone.set(key, { isRequestSeen, isResponseSeen, isWanted, isJudged, isCut });
    }
    return lines.length;
  }

  /** An entry that is whole may have the same key: ids of lines that are read are not always unique. */
  #remove(remembered: Remembered): void {
    remembered.order?.remove(remembered);
    if (this.#byId.get(remembered.key) === remembered) this.#byId.delete(remembered.key);
  }

  #count(remembered: Remembered, bytes: number): void {
    remembered.bytes += bytes + OVERHEAD_BYTES;
    this.bytes += bytes + OVERHEAD_BYTES;
  }

  #release(remembered: Remembered): void {
    this.bytes -= remembered.bytes;
    remembered.bytes = 0;
  }
}
