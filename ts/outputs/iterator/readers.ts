/**
 * Messages for `for await`. In: the engine's batches. Out: messages, each parsed when it is asked for. Each reader has a line of its own
 * that is bounded: a savefile waits for its reader, live the oldest messages go and are counted.
 */

import { parseLine } from '../../exchange/lines';
import type { HttpMessage, OutputStats } from '../../types';
import { type Batch, kept, Tally } from '../output';
import { WaitingLine } from '../waiting-line';

/** Of the lines that wait for one reader: as much as for a slow reader of stdout. */
export const MAX_READER_BYTES = 16 * 1024 * 1024;

/** A run, as its readers see it. */
export interface Reading {
  /** Wait instead of dropping: a savefile is read. */
  readonly lossless: boolean;
  readonly maxBytes: number;
  readonly tally: Tally;
  onOverflow(): void;
  onInvalid(bytes: number): void;
}

type Result = IteratorResult<HttpMessage, undefined>;

const DONE: Result = { done: true, value: undefined };

interface Asking {
  resolve(result: Result): void;
  reject(failure: unknown): void;
}

/** Those that read at one time; a reader may come before its run. */
export class Readers {
  readonly #readers = new Set<Reader>();
  #reading: Reading | undefined;
  #isUsed = false;

  get size(): number {
    return this.#readers.size;
  }

  /** True if there was a reader in this run, or in the last. */
  get isUsed(): boolean {
    return this.#isUsed || this.size > 0;
  }

  add(): Reader {
    const reader = new Reader((gone) => this.#readers.delete(gone));
    this.#readers.add(reader);
    return reader;
  }

  begin(reading: Reading): void {
    this.#reading = reading;
    this.#isUsed = false;
  }

  /** Settles when no reader has too much that waits; the bytes of the batch are not needed after that. */
  async push(batch: Batch): Promise<void> {
    const reading = this.#reading;
    if (reading === undefined || this.size === 0) return;
    this.#isUsed = true;
    await Promise.all([...this.#readers].map((reader) => reader.push(batch, reading)));
  }

  /** A stop was asked for: who awaits that does not read meanwhile, so nothing waits for the readers. */
  letGo(): void {
    for (const reader of this.#readers) reader.letGo();
  }

  /** No message comes any more. Messages that wait can still be read; after them comes the end, or the failure. */
  end(failure?: unknown): void {
    for (const reader of this.#readers) reader.end(failure);
    this.#readers.clear();
  }

  stats(): OutputStats {
    return (this.#reading?.tally ?? new Tally()).stats();
  }
}

export class Reader implements AsyncIterableIterator<HttpMessage, undefined> {
  readonly #onGone: (reader: Reader) => void;
  readonly #line = new WaitingLine();
  /** Calls of `next` for which there was no message; nothing waits in the line then. */
  #asking: Asking[] = [];
  /** Batches that hold their credit until the line has room. */
  #held: (() => void)[] = [];
  #reading: Reading | undefined;
  #isUnbounded = false;
  #isOver = false;
  #failure: { thrown: unknown } | undefined;

  constructor(onGone: (reader: Reader) => void) {
    this.#onGone = onGone;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    const value = this.#take();
    if (value !== undefined) return { done: false, value };
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.thrown;
    if (this.#isOver) return DONE;
    return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
  }

  /** Called by a `break`: the reader wants no more. */
  async return(): Promise<Result> {
    this.#reading?.tally.drop('closed', this.#line.clear());
    this.#failure = undefined;
    this.end();
    this.#onGone(this);
    return DONE;
  }

  push(batch: Batch, reading: Reading): Promise<void> | undefined {
    this.#reading = reading;
    const { lossless, maxBytes, tally } = reading;
    tally.hand(batch.messages);
    this.#line.push(kept(batch));
    while (this.#asking.length > 0) {
      const value = this.#take();
      if (value === undefined) break;
      this.#asking.shift()?.resolve({ done: false, value });
    }
    if (this.#line.bytes <= maxBytes || this.#isUnbounded) return undefined;
    if (lossless) return new Promise((resolve) => this.#held.push(resolve));
    this.#dropOldest(batch.messages, reading);
    return undefined;
  }

  letGo(): void {
    this.#isUnbounded = true;
    this.#release();
  }

  end(failure?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    const [first, ...others] = this.#asking;
    this.#asking = [];
    if (first === undefined) this.#failure = failure === undefined ? undefined : { thrown: failure };
    else if (failure === undefined) first.resolve(DONE);
    else first.reject(failure);
    for (const other of others) other.resolve(DONE);
  }

  #take(): HttpMessage | undefined {
    for (;;) {
      const front = this.#line.take(1, Number.POSITIVE_INFINITY);
      if (front === undefined || this.#reading === undefined) return undefined;
      const { tally, maxBytes, onInvalid } = this.#reading;
      const message = parseLine(front.lines.toString());
      front.letGo?.();
      if (this.#line.bytes <= maxBytes) this.#release();
      if (message !== undefined) {
        tally.deliver(1);
        return message;
      }
      tally.drop('invalid', 1);
      onInvalid(front.lines.length);
    }
  }

  /** The newest batch stays, however large it is. */
  #dropOldest(newest: number, { maxBytes, tally, onOverflow }: Reading): void {
    while (this.#line.bytes > maxBytes && this.#line.messages > newest) {
      const oldest = this.#line.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      tally.drop('overflow', oldest?.messages ?? 0);
      oldest?.letGo?.();
    }
    onOverflow();
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const resolve of held) resolve();
  }
}
