/**
 * One request to the webhook and its answer. In: the request, read into one piece of memory that counts against the budget.
 * Out: at most one answer. Refuses to know what the body says.
 *
 * A refusal, or the answer to a request that is too long, goes out before the request has been read to its end. A connection that is
 * closed with bytes unread is reset, and a reset may overtake the answer: so what is left of the request is read and thrown away for
 * a while, and then the connection ends (RFC 9112 §9.6).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Budget, Holder } from './budget';
import type { Refusal } from './counters';
import type { LargeBodies, LargeBody } from './large-bodies';
import { HEAD_BYTES } from './review-head';
import type { Slabs } from './slabs';
import type { Turns } from './turns';

/** The API server takes requests of 3 MiB; a review is the pod with little around it. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Bodies up to this size never wait: nearly all pods. */
export const SMALL_BODY_BYTES = 64 * 1024;
/** At most so much is read and thrown away after such an answer. */
const MAX_UNWANTED_BYTES = 64 * 1024 * 1024;
const MAX_UNWANTED_MS = 5_000;

const NO_SLAB = Buffer.alloc(0);

/** Shared by all exchanges. */
export interface Memory {
  budget: Budget;
  slabs: Slabs;
  large: LargeBodies;
}

interface ExchangeEvents {
  /** The request is whole. */
  onBody(body: Buffer): void;
  /** It is longer than `MAX_BODY_BYTES`: its first `HEAD_BYTES` or more. */
  onTooLong(beginning: Buffer): void;
  onRefused(status: Refusal): void;
  /** Something of ours threw; the request is refused with 500. */
  onThrown(error: unknown): void;
}

export class Exchange implements Holder, LargeBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #memory: Memory;
  readonly #events: ExchangeEvents;
  #body: Buffer = NO_SLAB;
  #length = 0;
  #limit = MAX_BODY_BYTES;
  /** Only what is reading or whole holds a body. */
  #state: 'reading' | 'whole' | 'answered' | 'refused' = 'reading';

  constructor(request: IncomingMessage, response: ServerResponse, memory: Memory, events: ExchangeEvents) {
    this.#request = request;
    this.#response = response;
    this.#memory = memory;
    this.#events = events;
    // A connection that breaks is seen by its 'close'.
    request.on('error', () => {});
    response.on('error', () => {});
    response.on('close', () => {
      this.#state = 'answered';
      this.#release();
    });
  }

  /** If `run` throws, the request is refused and the error goes no further. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * A request that is whole is handed on when its turn has come. Of a request that says that it is too long the beginning is read; if it
   * says that it is large, it waits for its turn to be read, too.
   */
  read(turns: Turns, announced: number): void {
    if (announced > MAX_BODY_BYTES) this.#limit = HEAD_BYTES;
    this.#request.on('end', () => {
      if (this.#state !== 'reading') return;
      this.#state = 'whole';
      turns.take(() =>
        this.guard(() => {
          if (this.#state === 'whole') this.#events.onBody(this.#body.subarray(0, this.#length));
        }),
      );
    });
    if (announced > SMALL_BODY_BYTES && announced <= MAX_BODY_BYTES) this.#memory.large.enter(this);
    else this.begin();
  }

  begin(): void {
    this.#request.on('data', (chunk: Buffer) => this.guard(() => this.#append(chunk)));
  }

  timeUp(): void {
    if (this.#state === 'reading') this.refuse(503, 'too much at one time');
  }

  answer(status: number, type: string, text: string, last: boolean): void {
    if (this.#response.headersSent) return;
    this.#state = 'answered';
    this.#release();
    const bytes = Buffer.from(text);
    this.#send(status, headers(type, bytes, last || !this.#request.complete), bytes);
    // Until its receiver has taken it.
    this.#memory.budget.hold(this, bytes.length);
  }

  /** Sends the last answer on this connection. */
  refuse(status: Refusal, text: string, more: Record<string, string> = {}): void {
    if (this.#response.headersSent) {
      this.#response.destroy();
      return;
    }
    this.#state = 'refused';
    this.#release();
    this.#events.onRefused(status);
    const bytes = Buffer.from(`${text}\n`);
    this.#send(status, { ...headers('text/plain; charset=utf-8', bytes, true), ...more }, bytes);
  }

  /** The budget wants its bytes back. */
  giveUp(): void {
    if (this.#state === 'reading' || this.#state === 'whole') this.refuse(503, 'too much at one time');
    else {
      this.#release();
      this.#response.destroy();
    }
  }

  #send(status: number, head: Record<string, string | number>, bytes: Buffer): void {
    this.#response.writeHead(status, head);
    if (this.#request.complete) this.#response.end(bytes);
    else {
      // The whole answer, but no end() yet: with that Node closes the connection.
      this.#response.write(bytes);
      this.#discard();
    }
  }

  #fail(error: unknown): void {
    try {
      this.#events.onThrown(error);
    } catch {
      // It cannot even be told of.
    }
    try {
      this.refuse(500, 'the injector failed');
    } catch {
      this.#response.destroy();
    }
  }

  #append(chunk: Buffer): void {
    if (this.#state !== 'reading') return;
    const length = this.#length + chunk.length;
    if (length > this.#limit) {
      const beginning = this.#body.subarray(0, Math.min(this.#length, HEAD_BYTES));
      this.#events.onTooLong(Buffer.concat([beginning, chunk]));
      return;
    }
    // Copied: a kept chunk of one byte would cost a hundred.
    if (length > this.#body.length && !this.#grow(length)) return;
    chunk.copy(this.#body, this.#length);
    this.#length = length;
  }

  /** False where the budget took it all. */
  #grow(length: number): boolean {
    const { budget, slabs } = this.#memory;
    const size = slabs.sizeFor(length);
    budget.hold(this, size);
    if (this.#state !== 'reading') return false;
    const larger = slabs.take(size);
    this.#body.copy(larger, 0, 0, this.#length);
    slabs.give(this.#body);
    this.#body = larger;
    return true;
  }

  #discard(): void {
    let unwanted = 0;
    const end = () => {
      clearTimeout(timer);
      this.#response.end();
    };
    const timer = setTimeout(end, MAX_UNWANTED_MS);
    this.#response.on('close', () => clearTimeout(timer));
    this.#request.on('end', end).on('data', (chunk: Buffer) => {
      unwanted += chunk.length;
      if (unwanted > MAX_UNWANTED_BYTES) end();
    });
  }

  #release(): void {
    const { budget, slabs, large } = this.#memory;
    budget.release(this);
    slabs.give(this.#body);
    this.#body = NO_SLAB;
    this.#length = 0;
    large.leave(this);
  }
}

function headers(type: string, bytes: Buffer, last: boolean): Record<string, string | number> {
  return { 'content-type': type, 'content-length': bytes.length, ...(last ? { connection: 'close' } : {}) };
}
