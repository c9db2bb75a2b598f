/**
 * The exchanges that are wanted, of all that pass. In: batches of lines. Out: the lines of wanted exchanges, each exchange's in
 * their order; those that cannot be judged yet wait, bounded. Messages inside an exchange (`stream`) go the way of their exchange.
 */

import type { Filter } from '../filter';
import type { HttpMessage } from '../types';
import { lineEnd, parseLine } from './lines';
import { isFinal } from './pairing';
import { PATIENCE_MS } from './unanswered';

/** Exchanges that wait for what tells if they are wanted; past it the oldest is judged as it is. */
export const MAX_UNJUDGED = 10_000;
/** Memory of the messages that wait so, as far as it is known. */
export const MAX_UNJUDGED_BYTES = 24 * 1024 * 1024;
/** Exchanges whose verdict is remembered for what is still to come of them, some 200 bytes each; past it the oldest is forgotten. */
const MAX_FOLLOWED = 100_000;

/** Of a message that waits: its line, and the object that was made of it. */
const MEMORY_PER_BYTE = 3;
const OVERHEAD_BYTES = 512;

/** Whole lines. The bytes are those of the batch that came in, or belong to the caller alone. */
interface Chosen {
  readonly lines: Buffer;
  readonly messages: number;
}

export interface SelectionOptions {
  filter?: Filter | undefined;
  /** More exchanges are not wanted. */
  maxExchanges?: number | undefined;
  /** Called once, when so many are out whole. */
  onEnough?(): void;
  /** Called for each exchange without a response so far that is not wanted. */
  onLeftOut?(id: string): void;
  /** True if time passes by itself: an exchange that matches as it is is wanted after 30 s without a response. */
  live: boolean;
  now(): number;
}

/** An exchange from its first message on, as long as more of it may come. */
interface Followed {
  /** `undefined`: not known yet. */
  verdict: boolean | undefined;
  /** It was judged without what was missing. */
  asItWas: boolean;
  /** As long as there is no verdict. */
  request: HttpMessage | undefined;
  /** The final one, likewise. */
  response: HttpMessage | undefined;
  isRequestSeen: boolean;
  isResponseSeen: boolean;
  /** Messages of a stream may follow: a WebSocket, a tunnel. */
  goesOn: boolean;
  /** Lines that wait for the verdict. */
  waiting: Buffer[];
  bytes: number;
  isFinished: boolean;
  readonly sinceMs: number;
}

/** A line as far as it is looked at here; those of a stream have no status. */
type Message = HttpMessage & { stream?: string };

export class Selection {
  readonly #options: SelectionOptions;
  readonly #followed = new Map<string, Followed>();
  /** Of these, in the order in which they began: those without a verdict. */
  readonly #unjudged = new Map<string, Followed>();
  /** Of these: those that have not waited for long. */
  readonly #patient = new Map<string, Followed>();
  #unjudgedBytes = 0;
  /** Wanted, and not out whole. */
  #unfinished = 0;
  #isEnough = false;
  #out: Buffer[] = [];
  /** Exchanges that matched, up to the limit. */
  wanted = 0;
  /** Messages that were not wanted. */
  filtered = 0;
  /** Exchanges that were judged before their end, since too many waited. */
  judgedEarly = 0;

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** The lines of it, and of those that waited, that are known to be wanted. */
  select<Batch extends Chosen>(batch: Batch): Batch | Chosen {
    // The rest of a batch that failed has been overwritten.
    this.#out = [];
    const { lines } = batch;
    const waited = this.#unjudged.size;
    let count = 0;
    for (let start = 0; start < lines.length; count++) {
      const end = lineEnd(lines, start);
      this.#take(lines.subarray(start, end));
      start = end;
    }
    this.#judgeOverdue();
    const out = this.#out.splice(0);
    if (waited === 0 && out.length === count) return batch;
    // Of its own: the batch's bytes are overwritten.
    return { lines: Buffer.concat(out), messages: out.length };
  }

  /** It is not wanted, as far as is known. */
  leavesOut(id: string): boolean {
    return this.#followed.get(id)?.verdict === false;
  }

  /** Nothing more comes: those that wait, as they are. */
  rest(): Chosen {
    this.#out = [];
    for (const [id, followed] of this.#unjudged) this.#judgeAsItIs(id, followed);
    const out = this.#out.splice(0);
    return { lines: Buffer.concat(out), messages: out.length };
  }

  /** One line with its line feed. */
  #take(line: Buffer): void {
    const message = parseLine(line) as Message | undefined;
    if (typeof message?.id !== 'string') {
      // No message at all: every output counts it by itself.
      this.#out.push(line);
      return;
    }
    const { id } = message;
    const inStream = message.stream !== undefined;
    // Of a stream that began before the capture there is nothing to judge by.
    const followed = this.#followed.get(id) ?? (inStream ? undefined : this.#follow(id));
    if (followed === undefined) this.filtered++;
    else if (inStream) this.#pass(id, followed, line);
    else {
      note(followed, message);
      // The messages of it that were left out do not come again: its response is judged alone.
      const again = followed.asItWas && followed.verdict === false && followed.response !== undefined;
      if (followed.verdict === undefined || again) this.#judge(id, followed);
      this.#pass(id, followed, line);
      this.#forgetWhole(id, followed);
    }
  }

  #follow(id: string): Followed {
    const followed: Followed = {
      verdict: undefined,
      asItWas: false,
      request: undefined,
      response: undefined,
      isRequestSeen: false,
      isResponseSeen: false,
      goesOn: false,
      waiting: [],
      bytes: 0,
      isFinished: false,
      sinceMs: this.#options.now(),
    };
    this.#followed.set(id, followed);
    if (this.#followed.size > MAX_FOLLOWED) {
      const [oldest] = this.#followed;
      if (oldest !== undefined) this.#forget(...oldest);
    }
    return followed;
  }

  #pass(id: string, followed: Followed, line: Buffer): void {
    if (followed.verdict === undefined) this.#wait(id, followed, line);
    else if (followed.verdict) this.#out.push(line);
    else this.filtered++;
  }

  #judge(id: string, followed: Followed): void {
    const { request, response, asItWas } = followed;
    const { filter } = this.#options;
    const verdict = asItWas ? this.#matches(followed) : filter === undefined || filter.decide({ request, response });
    if (verdict !== undefined) this.#settle(id, followed, verdict);
  }

  #wait(id: string, followed: Followed, line: Buffer): void {
    const bytes = OVERHEAD_BYTES + MEMORY_PER_BYTE * line.length;
    followed.waiting.push(Buffer.from(line));
    followed.bytes += bytes;
    this.#unjudgedBytes += bytes;
    if (!this.#unjudged.has(id)) {
      this.#unjudged.set(id, followed);
      if (this.#options.live) this.#patient.set(id, followed);
    }
    while (this.#unjudged.size > MAX_UNJUDGED || this.#unjudgedBytes > MAX_UNJUDGED_BYTES) {
      const [oldest] = this.#unjudged;
      if (oldest === undefined) break;
      this.judgedEarly++;
      this.#judgeAsItIs(...oldest);
    }
  }

  #judgeAsItIs(id: string, followed: Followed): void {
    followed.asItWas = true;
    this.#settle(id, followed, this.#matches(followed));
    this.#forgetWhole(id, followed);
  }

  #matches({ request, response }: Followed): boolean {
    return this.#options.filter?.matches({ request, response }) ?? true;
  }

  /** Live, who asks for what has no response does not wait for the end of the capture. */
  #judgeOverdue(): void {
    const overdueMs = this.#options.now() - PATIENCE_MS;
    for (const [id, followed] of this.#patient) {
      if (followed.sinceMs > overdueMs) break;
      this.#patient.delete(id);
      if (this.#matches(followed)) this.#judgeAsItIs(id, followed);
    }
  }

  #settle(id: string, followed: Followed, matches: boolean): void {
    const { maxExchanges = Number.POSITIVE_INFINITY } = this.#options;
    followed.verdict = matches && this.wanted < maxExchanges;
    if (followed.verdict) {
      this.wanted++;
      this.#unfinished++;
      for (const line of followed.waiting) this.#out.push(line);
    } else {
      this.filtered += followed.waiting.length;
      if (!followed.isResponseSeen) this.#options.onLeftOut?.(id);
    }
    this.#unjudged.delete(id);
    this.#patient.delete(id);
    this.#unjudgedBytes -= followed.bytes;
    followed.bytes = 0;
    followed.waiting = [];
    followed.request = undefined;
    followed.response = undefined;
  }

  /** Keeps nothing of an exchange of which all has come, unless it goes on as a stream. */
  #forgetWhole(id: string, followed: Followed): void {
    const { isRequestSeen, isResponseSeen, verdict, goesOn } = followed;
    if (!isRequestSeen || !isResponseSeen || verdict === undefined) return;
    if (goesOn) this.#finish(followed);
    else this.#forget(id, followed);
  }

  #forget(id: string, followed: Followed): void {
    if (followed.verdict === undefined) {
      this.judgedEarly++;
      this.#settle(id, followed, this.#matches(followed));
    }
    this.#followed.delete(id);
    this.#finish(followed);
  }

  /** Nothing more of it is waited for. */
  #finish(followed: Followed): void {
    if (followed.verdict !== true || followed.isFinished) return;
    followed.isFinished = true;
    this.#unfinished--;
    const { maxExchanges = Number.POSITIVE_INFINITY, onEnough } = this.#options;
    if (this.#isEnough || this.wanted < maxExchanges || this.#unfinished > 0) return;
    this.#isEnough = true;
    onEnough?.();
  }
}

function note(followed: Followed, message: HttpMessage): void {
  if (message.direction === 'request') {
    followed.request = message;
    followed.isRequestSeen = true;
    followed.goesOn ||= message.method === 'CONNECT' || message.protocol !== undefined;
  } else if (isFinal(message)) {
    followed.response = message;
    followed.isResponseSeen = true;
    // A response may be complete before its request; if that was not seen it says so by what it lacks.
    followed.isRequestSeen ||= message.request === undefined;
    followed.goesOn ||= message.statusCode === 101 || message.request?.method === 'CONNECT';
  }
}
