/** Batches in, HAR entries in a file out, as exchanges become whole. Live a slow disk makes nobody wait: the oldest go. */

import type { Endings } from '../../exchange/endings';
import { isOfStream, type Line, linesOf, parseLargeLine, parseStreamLine } from '../../exchange/lines';
import { type Exchange, Pairing } from '../../exchange/pairing';
import { LimitedLine, type Log } from '../../logger';
import type { OutputStats } from '../../types';
import { CountedQueue } from '../counted-queue';
import { type Batch, type Output, type Schedule, Tally } from '../output';
import { type About, entryOf, startedAtOf } from './entry';
import type { HarFile } from './file';
import { type HarMessage, type LargeText, withLargeTexts } from './large-text';
import { MAX_TRACE_PAGES, type Page, type Pages } from './pages';
import { Sockets } from './sockets';

/** Memory of the entries that wait for a slow disk, live; a string may take two bytes a character. */
export const MAX_HAR_WAITING_BYTES = 16 * 1024 * 1024;
/** The bytes that are handed to the disk at one time; the last entry may go beyond them. */
const CHUNK_BYTES = 1024 * 1024;
/** Counted for each message and each entry on top of its texts. */
const OVERHEAD_BYTES = 512;
const BYTES_PER_CHARACTER = 2;
const SLOW_DISK = 'the disk is slower than the traffic: the oldest waiting exchanges were dropped from the HAR file';
const OUTSIDE =
  'messages inside WebSockets are not in the HAR: their exchanges did not come, or were written when too many were open';

export interface HarOptions {
  file: Pick<HarFile, 'begin' | 'append' | 'repair' | 'close'>;
  /** Messages inside WebSockets come after their exchanges. */
  streams: boolean;
  /** How exchanges ended that have no response; absent: nothing is known of it. */
  endings?: Endings;
  /** A page for each trace; absent: one for all. */
  pages?: Pages | undefined;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  /** Said where entries are dropped, since they come faster than they are written. */
  slow?: string;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** Called once, when the file takes nothing any more. */
  onClosed(error: NodeJS.ErrnoException): void;
}

interface Entry {
  startedAt: string;
  page: Page | undefined;
  pieces: readonly (string | Buffer)[];
  texts: readonly LargeText[];
  messages: number;
  bytes: number;
}

export class HarOutput implements Output {
  readonly name = 'har';
  readonly #options: HarOptions;
  readonly #tally = new Tally();
  readonly #pairing = new Pairing<HarMessage>({
    onExchange: (exchange, messages, id) => this.#hold(exchange, messages, id),
  });
  readonly #sockets = new Sockets<HarMessage>(({ exchange, messages, inside }) =>
    this.#push(exchange, messages, { inside }),
  );
  readonly #queue = new CountedQueue<Entry>();
  /** The entries that were handed to the disk and are not written yet. */
  #writing: readonly Entry[] = [];
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  /** A timer would not do alone: it waits for whatever holds the event loop. */
  #deadline = Number.POSITIVE_INFINITY;
  #cancelLimit: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #begun = false;
  readonly #overflowLog: LimitedLine;
  readonly #outsideLog: LimitedLine;

  constructor(options: HarOptions) {
    this.#options = options;
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
    this.#outsideLog = new LimitedLine(options.log.warn, options.now);
  }

  begin(): void {
    this.#begun = true;
    try {
      this.#options.file.begin();
    } catch (error) {
      this.#fail(unfinished(error as NodeJS.ErrnoException));
    }
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    let left = batch.messages;
    for (const line of linesOf(batch.lines)) {
      if (this.#options.now() >= this.#deadline) this.#turnOff('abandoned');
      if (this.#off !== undefined) break;
      this.#add(line, batch);
      left--;
    }
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, left);
      return;
    }
    this.#pump();
    if (this.#options.lossless) return this.#idle();
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#cancelLimit?.();
    this.#deadline = this.#options.now() + ms;
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #add(line: Line, { lines, keep }: Batch): void {
    if (isOfStream(line)) {
      this.#addInside(line);
      return;
    }
    const found = parseLargeLine(line);
    if (found === undefined) {
      this.#tally.drop('invalid', 1);
      return;
    }
    const { largeText: json } = found;
    const message: HarMessage = found.message;
    let bytes = OVERHEAD_BYTES + BYTES_PER_CHARACTER * (line.length - (json?.length ?? 0));
    if (json !== undefined) {
      // The room of a batch is kept for a text that is most of it.
      const staysThere = keep !== undefined && 2 * json.length >= lines.length;
      message.large = staysThere ? { json, letGo: keep() } : { json: Buffer.from(json) };
      bytes += staysThere ? lines.length : json.length;
    }
    if (message.direction === 'request') this.#pairing.addRequest(message, message, bytes);
    else this.#pairing.addResponse(message, message, bytes);
  }

  #addInside(line: Line): void {
    const message = parseStreamLine(line);
    if (message === undefined) this.#tally.drop('invalid', 1);
    // The body of any other stream is in its response.
    else if (message.stream !== 'websocket') this.#tally.deliver(1);
    else if (!this.#sockets.add(message, OVERHEAD_BYTES + BYTES_PER_CHARACTER * message.data.length)) {
      this.#tally.drop('overflow', 1);
      this.#outsideLog.write({ output: this.name, dropped: this.#tally.droppedFor('overflow') }, OUTSIDE);
    }
  }

  /** A WebSocket waits for its messages. */
  #hold(exchange: Exchange<HarMessage>, messages: number, id: string): void {
    const isHeld =
      this.#options.streams && this.#off === undefined && this.#sockets.take(exchange, messages, OVERHEAD_BYTES);
    const ending = exchange.response === undefined ? this.#options.endings?.of(id) : undefined;
    if (!isHeld) this.#push(exchange, messages, { ending });
  }

  #settleOldest(): boolean {
    return this.#sockets.settleOldest() || this.#pairing.settleOldest();
  }

  async #end(): Promise<void> {
    while (this.#begun && this.#off === undefined && this.#settleOldest()) {
      if (this.#queue.bytes < CHUNK_BYTES) continue;
      this.#pump();
      await this.#idle();
    }
    this.#pump();
    await this.#idle();
    // Given up: what still waited for its other half is counted.
    while (this.#settleOldest());
    const { beyond = 0 } = this.#options.pages ?? {};
    if (beyond > 0)
      this.#options.log.warn(
        { output: this.name, exchanges: beyond, pages: MAX_TRACE_PAGES },
        'more traces than pages: exchanges of the others stand with those of no trace',
      );
    this.#cancelLimit?.();
    // A disk that hangs may end its write at any time: the file is closed then.
    if (this.#writing.length === 0) this.#options.file.close();
  }

  #push(exchange: Exchange<HarMessage>, messages: number, about: About): void {
    const { request, interim, response } = exchange;
    for (const { large } of interim) large?.letGo?.();
    const texts = [request, response].flatMap((message: HarMessage | undefined) => message?.large ?? []);
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, messages);
      letGo(texts);
      return;
    }
    const page = this.#options.pages?.of(exchange);
    const pieces = withLargeTexts(JSON.stringify(entryOf(exchange, { ...about, page: page?.id })), texts);
    const bytes = pieces.reduce(
      (sum, piece) => sum + (typeof piece === 'string' ? BYTES_PER_CHARACTER : 1) * piece.length,
      OVERHEAD_BYTES,
    );
    this.#queue.push({ startedAt: startedAtOf(exchange), page, pieces, texts, messages, bytes });
  }

  #pump(): void {
    if (this.#writing.length === 0 && this.#queue.length > 0) void this.#writeQueue();
  }

  /** Never rejects. */
  async #writeQueue(): Promise<void> {
    for (let entries = this.#queue.take(CHUNK_BYTES); entries.length > 0; entries = this.#queue.take(CHUNK_BYTES)) {
      this.#writing = entries;
      let failure: NodeJS.ErrnoException | undefined;
      try {
        const [startedAt = ''] = entries.map((each) => each.startedAt).sort();
        const pieces = entries.map((each) => each.pieces);
        for (const { page, startedAt: at } of entries) if (page !== undefined) this.#options.pages?.note(page, at);
        await this.#options.file.append(pieces, startedAt, this.#options.pages?.list());
      } catch (error) {
        const isWhole = this.#options.file.repair();
        failure = isWhole ? (error as NodeJS.ErrnoException) : unfinished(error as NodeJS.ErrnoException);
      }
      this.#writing = [];
      for (const { texts } of entries) letGo(texts);
      if (this.#off === 'abandoned') {
        // They were counted when they were given up.
        this.#options.file.close();
        return;
      }
      if (failure === undefined) this.#tally.deliver(messagesOf(entries));
      else {
        this.#tally.drop('closed', messagesOf(entries));
        this.#fail(failure);
      }
    }
    this.#queue.wake();
  }

  /** Until all that waits for the disk is written or given up. */
  #idle(): Promise<void> {
    if (this.#off !== undefined || (this.#writing.length === 0 && this.#queue.length === 0)) return Promise.resolve();
    return this.#queue.wait();
  }

  #dropOldest(): void {
    if (this.#queue.bytes <= MAX_HAR_WAITING_BYTES) return;
    for (const { messages, texts } of this.#queue.takeBeyond(MAX_HAR_WAITING_BYTES)) {
      this.#tally.drop('overflow', messages);
      letGo(texts);
    }
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      this.#options.slow ?? SLOW_DISK,
    );
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#off !== undefined) return;
    this.#tally.errors++;
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    if (this.#off !== undefined) return;
    this.#off = reason;
    const waiting = this.#queue.takeAll();
    this.#tally.drop(reason, messagesOf(waiting) + messagesOf(this.#writing));
    for (const { texts } of waiting) letGo(texts);
    this.#queue.wake();
  }
}

function messagesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { messages }) => sum + messages, 0);
}

function letGo(texts: readonly LargeText[]): void {
  for (const text of texts) text.letGo?.();
}

/** The same, and that what is in the file is no JSON. */
function unfinished(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const words = `${error.message}; the HAR file could not be ended: it is not a whole document`;
  return Object.assign(new Error(words, { cause: error }), { code: error.code });
}
