/**
 * Lines in, one POST each out. Live it never makes anybody wait: its waiting line is bounded and the oldest message goes
 * first. From a savefile (`lossless`) it makes the engine wait instead.
 */

import { LimitedLine, type Log } from '../logger';
import type { OutputStats } from '../types';
import { type Batch, eachLine, type Output, type Schedule, Tally } from './output';

/** Waits before the second, third and fourth attempt (SPEC §4). */
const RETRY_DELAYS_MS = [1_000, 2_000, 4_000];
/** An endpoint that takes longer than this to answer has not answered. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** POSTs at one time. A message that waits for its next attempt keeps its place, so a dead endpoint is not hammered. */
const CONCURRENCY = 8;
/** The waiting line: some seconds of a busy service, and a small part of the sidecar's 512 MiB. */
const MAX_WAITING_MESSAGES = 10_000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** More of an answer than this is not worth reading for the sake of a reusable connection. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface HttpOptions {
  url: string;
  authToken?: string | undefined;
  userAgent: string;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  fetch: typeof fetch;
  schedule: Schedule;
  now(): number;
  maxWaitingMessages?: number;
  maxWaitingBytes?: number;
}

export class HttpOutput implements Output {
  readonly name = 'http';
  readonly #options: HttpOptions;
  readonly #headers: Record<string, string>;
  readonly #tally = new Tally();
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #waiting = new WaitingLine();
  #active = 0;
  /** Engine batches that wait for room in the line. */
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  /** Ends an attempt or a pause before another attempt at once. */
  readonly #interrupts = new Set<() => void>();
  #gaveUp = false;
  #cancelLimit: (() => void) | undefined;
  readonly #retryLog: LimitedLine;
  readonly #failureLog: LimitedLine;
  readonly #overflowLog: LimitedLine;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#headers = { 'content-type': 'application/json', 'user-agent': options.userAgent };
    if (options.authToken !== undefined) this.#headers.authorization = `Bearer ${options.authToken}`;
    this.#maxMessages = options.maxWaitingMessages ?? MAX_WAITING_MESSAGES;
    this.#maxBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
    this.#retryLog = new LimitedLine(options.log.warn, options.now);
    this.#failureLog = new LimitedLine(options.log.warn, options.now);
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
  }

  write(batch: Batch): Promise<void> | void {
    if (this.#gaveUp) {
      this.#tally.drop('abandoned', batch.messages);
      return;
    }
    for (const line of eachLine(batch.lines)) {
      this.#waiting.push(line);
      this.#tally.waiting++;
    }
    this.#pump();
    if (!this.#isOver()) return;
    if (this.#options.lossless) return new Promise((resolve) => this.#roomWaiters.push(resolve));
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#cancelLimit = this.#options.schedule(ms, () => this.#giveUp());
  }

  async close(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#cancelLimit?.();
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #isOver(): boolean {
    // One message may be larger than the whole bound.
    return (
      this.#waiting.length > this.#maxMessages || (this.#waiting.bytes > this.#maxBytes && this.#waiting.length > 1)
    );
  }

  #isIdle(): boolean {
    return this.#active === 0 && this.#waiting.length === 0;
  }

  #dropOldest(): void {
    let dropped = 0;
    while (this.#isOver()) {
      this.#waiting.shift();
      dropped++;
    }
    this.#dropped('overflow', dropped);
    this.#overflowLog.write(
      { output: this.name, dropped: this.stats().droppedBy.overflow },
      'POSTs are slower than the traffic: the oldest waiting messages were dropped',
    );
  }

  #dropped(reason: string, messages: number): void {
    this.#tally.waiting -= messages;
    this.#tally.drop(reason, messages);
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#dropped('abandoned', this.#waiting.clear());
    for (const interrupt of [...this.#interrupts]) interrupt();
    this.#wake();
  }

  #pump(): void {
    while (this.#active < CONCURRENCY) {
      const line = this.#waiting.shift();
      if (line === undefined) return;
      this.#active++;
      void this.#deliver(line).then(() => {
        this.#active--;
        this.#pump();
        this.#wake();
      });
    }
  }

  #wake(): void {
    if (!this.#isOver()) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    if (this.#isIdle()) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** One message to its end, whichever. Never rejects. */
  async #deliver(line: Buffer): Promise<void> {
    let reason = '';
    for (let attempt = 0; attempt <= RETRY_DELAYS_MS.length && !this.#gaveUp; attempt++) {
      if (attempt > 0) {
        await this.#pause(RETRY_DELAYS_MS[attempt - 1] ?? 0);
        if (this.#gaveUp) break;
      }
      const failure = await this.#post(line);
      if (failure === undefined) {
        this.#tally.waiting--;
        this.#tally.delivered++;
        return;
      }
      this.#tally.errors++;
      reason = failure;
      if (attempt === 0) this.#retryLog.write({ output: this.name, reason }, 'a POST failed and is tried again');
    }
    if (this.#gaveUp) {
      this.#dropped('abandoned', 1);
      return;
    }
    this.#dropped('failed', 1);
    this.#failureLog.write(
      { output: this.name, reason, attempts: RETRY_DELAYS_MS.length + 1, dropped: this.stats().droppedBy.failed },
      'a message could not be POSTed and was dropped',
    );
  }

  /** One attempt; why it failed, or nothing. */
  async #post(line: Buffer): Promise<string | undefined> {
    const controller = new AbortController();
    let interruption: string | undefined;
    const interrupt = (why: string): void => {
      interruption = why;
      controller.abort();
    };
    const stopNow = (): void => interrupt('given up at stop');
    this.#interrupts.add(stopNow);
    const cancel = this.#options.schedule(ATTEMPT_TIMEOUT_MS, () => interrupt(`no answer in ${ATTEMPT_TIMEOUT_MS} ms`));
    try {
      const answer = await this.#options.fetch(this.#options.url, {
        method: 'POST',
        headers: this.#headers,
        body: line,
        // A POST that is redirected loses its body or its token: the URL in the config has to be the right one.
        redirect: 'manual',
        signal: controller.signal,
      });
      await readPast(answer);
      return answer.ok ? undefined : `status ${answer.status}`;
    } catch (error) {
      return interruption ?? describe(error);
    } finally {
      cancel();
      this.#interrupts.delete(stopNow);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#interrupts.delete(done);
        resolve();
      };
      const cancel = this.#options.schedule(ms, done);
      this.#interrupts.add(done);
    });
  }
}

/** A queue whose bytes are counted. Taking from the front is O(1) amortised. */
class WaitingLine {
  #lines: (Buffer | undefined)[] = [];
  #head = 0;
  bytes = 0;

  get length(): number {
    return this.#lines.length - this.#head;
  }

  push(line: Buffer): void {
    this.#lines.push(line);
    this.bytes += line.length;
  }

  shift(): Buffer | undefined {
    const line = this.#lines[this.#head];
    if (line === undefined) return undefined;
    // Let go at once: a line is a view that keeps its whole batch alive.
    this.#lines[this.#head] = undefined;
    this.bytes -= line.length;
    this.#head++;
    if (this.#head * 2 >= this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return line;
  }

  /** Empties it; returns how many there were. */
  clear(): number {
    const length = this.length;
    this.#lines = [];
    this.#head = 0;
    this.bytes = 0;
    return length;
  }
}

/** Reads the answer away, so that the connection can be used again; the status is all that matters of it. */
async function readPast(answer: Response): Promise<void> {
  if (answer.body === null) return;
  const reader = answer.body.getReader();
  try {
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // The status was there; an answer that breaks off behind it changes nothing.
  }
}

/** fetch() says only "fetch failed"; what happened stands in its cause. */
function describe(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown; message?: unknown } } | undefined)?.cause;
  const words = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : error);
  return String(words).slice(0, 200);
}
