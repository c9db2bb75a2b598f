/**
 * Exchanges as text on stdout, in the order in which they become whole. In: the engine's batches. Out: what the format makes of
 * each exchange, by the same way as JSON lines go. Text that waits for a slow reader is bounded live, and the oldest goes first;
 * from a savefile the engine waits.
 */

import { isOfStream, type Line, linesOf, parseLargeLine, parseLine } from '../../exchange/lines';
import { type Exchange, Pairing } from '../../exchange/pairing';
import { LimitedLine } from '../../logger';
import { CountedQueue } from '../../outputs/counted-queue';
import { type Batch, type Output, Tally } from '../../outputs/output';
import { MAX_STDOUT_WAITING_BYTES, type StdoutOptions, StdoutOutput } from '../../outputs/stdout/output';
import type { HttpMessage, OutputStats } from '../../types';

/** The size of the text that is handed to stdout at one time, with the last exchange beyond it. */
const CHUNK_BYTES = 256 * 1_024;
/** Counted for each message and each text on top of its characters. */
const OVERHEAD_BYTES = 512;
const BYTES_PER_CHARACTER = 2;

interface ExchangeFormat {
  /** Before all exchanges. */
  readonly header?: string;
  /** The facts that are needed of a message, which waits for the other half. */
  factsOf(message: HttpMessage): HttpMessage;
  /** It needs the bodies of requests, as large as they are. */
  readonly needsBodies: boolean;
  /** Whole lines. */
  textOf(exchange: Exchange<HttpMessage>): string;
}

interface Waiting {
  text: string;
  lines: number;
  messages: number;
  bytes: number;
}

export class ExchangeOutput implements Output {
  readonly name = 'stdout';
  readonly #format: ExchangeFormat;
  readonly #options: StdoutOptions;
  readonly #maxWaitingBytes: number;
  /** Gets one chunk at a time, so nothing is dropped there but the chunk of which the end is not written. */
  readonly #stdout: StdoutOutput;
  readonly #tally = new Tally();
  readonly #pairing = new Pairing<HttpMessage>({ onExchange: (exchange, messages) => this.#push(exchange, messages) });
  readonly #queue = new CountedQueue<Waiting>();
  #isWriting = false;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #begun = false;
  #cancelLimit: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  readonly #overflowLog: LimitedLine;

  constructor(format: ExchangeFormat, options: StdoutOptions) {
    this.#format = format;
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_STDOUT_WAITING_BYTES;
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
    this.#stdout = new StdoutOutput({
      ...options,
      engine: undefined,
      lossless: true,
      onClosed: (error) => this.#fail(error),
    });
  }

  begin(): void {
    this.#begun = true;
    const { header } = this.#format;
    // Taken at once, so it is never among what is dropped.
    if (header !== undefined) this.#add(header, 0);
    this.#pump();
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, batch.messages);
      return;
    }
    for (const line of linesOf(batch.lines)) this.#read(line);
    this.#pump();
    if (this.#options.lossless) return this.#idle();
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#stdout.limitDrain(ms);
    this.#cancelLimit?.();
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #read(line: Line): void {
    // A message inside a stream is not an exchange; the exchange itself comes as well.
    if (isOfStream(line)) {
      this.#tally.deliver(1);
      return;
    }
    const found = parseLargeLine(line);
    if (found === undefined) {
      this.#tally.drop('invalid', 1);
      return;
    }
    const { message, largeText } = found;
    const needsText = largeText !== undefined && this.#format.needsBodies && message.direction === 'request';
    const facts = this.#format.factsOf((needsText ? parseLine(line) : undefined) ?? message);
    const body = facts.body === undefined || facts.body === '' ? 0 : facts.body.length;
    const bytes = OVERHEAD_BYTES + BYTES_PER_CHARACTER * (body + JSON.stringify([facts.headers, facts.path]).length);
    if (facts.direction === 'request') this.#pairing.addRequest(facts, facts, bytes);
    else this.#pairing.addResponse(facts, facts, bytes);
  }

  #push(exchange: Exchange<HttpMessage>, messages: number): void {
    if (this.#off !== undefined) this.#tally.drop(this.#off, messages);
    else this.#add(this.#format.textOf(exchange), messages);
  }

  #add(text: string, messages: number): void {
    const bytes = OVERHEAD_BYTES + BYTES_PER_CHARACTER * text.length;
    this.#queue.push({ text, lines: text.split('\n').length - 1, messages, bytes });
  }

  #pump(): void {
    if (!this.#isWriting && this.#queue.length > 0) void this.#writeQueue();
  }

  /** Never rejects. */
  async #writeQueue(): Promise<void> {
    this.#isWriting = true;
    for (let chunk = this.#queue.take(CHUNK_BYTES); chunk.length > 0; chunk = this.#queue.take(CHUNK_BYTES)) {
      const before = this.#stdout.stats().delivered;
      const lines = Buffer.from(chunk.map(({ text }) => text).join(''));
      await this.#stdout.write({ lines, messages: chunk.reduce((sum, each) => sum + each.lines, 0) });
      let written = this.#stdout.stats().delivered - before;
      for (const { lines: needed, messages } of chunk) {
        written -= needed;
        if (written >= 0) this.#tally.deliver(messages);
        else this.#tally.drop(this.#off ?? 'abandoned', messages);
      }
    }
    this.#isWriting = false;
    this.#queue.wake();
  }

  #dropOldest(): void {
    if (this.#queue.bytes <= this.#maxWaitingBytes) return;
    for (const { messages } of this.#queue.takeBeyond(this.#maxWaitingBytes)) this.#tally.drop('overflow', messages);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      'the reader of stdout is slower than the traffic: the oldest waiting exchanges were dropped',
    );
  }

  async #end(): Promise<void> {
    while (this.#begun && this.#off === undefined && this.#pairing.settleOldest()) {
      if (this.#queue.bytes < CHUNK_BYTES) continue;
      this.#pump();
      await this.#idle();
    }
    this.#pump();
    await this.#idle();
    // Given up: what still waited for its other half is counted.
    while (this.#pairing.settleOldest());
    this.#cancelLimit?.();
    await this.#stdout.close();
  }

  /** Until all that waits is written or given up. */
  #idle(): Promise<void> {
    if (!this.#isWriting && this.#queue.length === 0) return Promise.resolve();
    return this.#queue.wait();
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#tally.errors++;
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    this.#off ??= reason;
    for (const { messages } of this.#queue.takeAll()) this.#tally.drop(this.#off, messages);
  }
}
