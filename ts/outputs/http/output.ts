/**
 * Messages in, POSTs out. Live it never makes anybody wait: its waiting line is bounded and the oldest message goes first.
 * From a savefile (`lossless`) it makes the engine wait instead.
 *
 * A parcel (one message, or a batch of them) is waiting, taken or settled. Taken ones are on their way, or wait for
 * their next attempt without holding a place: others overtake them. How many may be taken at one time is bounded, and
 * while nothing succeeds it is next to none: a dead endpoint is asked by few, and the others are kept for the time when it
 * is back.
 */

import { LimitedLine, type Log } from '../../logger';
import type { BatchOptions, OutputStats } from '../../types';
import { type Batch, type DropReason, kept, type Output, type Schedule, Tally } from '../output';
import { WaitingLine } from '../waiting-line';
import { detachParcel, gzipParcel, leaveRoom, type Parcel, sealParcel, takeParcel } from './parcel';
import { describeFailure, type Transport } from './transport';

/** Waits before the second, third and fourth attempt. */
export const RETRY_DELAYS_MS = [1_000, 2_000, 4_000];
/** Parcels that wait for their next attempt while others succeed: a few that fail again and again stop nobody. */
const MAX_RETRYING = 256;
/** Parcels that find out whether a dead endpoint is back. Two, since one may be what the endpoint does not take. */
const MAX_PROBES = 2;

export interface HttpOptions {
  transport: Transport;
  headers: Record<string, string>;
  /** What proves that a body is our own. */
  seal(body: Buffer): string;
  /** POSTs at one time. */
  concurrency: number;
  /** For one attempt, from the first byte to the last. */
  timeoutMs: number;
  maxWaitingMessages: number;
  /** Over all that is not settled; half of it may be taken. */
  maxWaitingBytes: number;
  batch: BatchOptions | undefined;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
}

export class HttpOutput implements Output {
  readonly name = 'http';
  readonly #options: HttpOptions;
  readonly #tally = new Tally();
  readonly #line = new WaitingLine();
  /** What is taken: how to call off its attempt, or its wait for the next. */
  readonly #taken = new Map<Parcel, () => void>();
  #takenBytes = 0;
  /** Taken, waited long enough, and without a place yet. Before the line: they are older. */
  #ready: Parcel[] = [];
  /** Attempts under way. */
  #active = 0;
  /** Failed attempts since the last one that succeeded. */
  #failuresInARow = 0;
  /** Engine batches that wait for room in the line. */
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  #closing = false;
  #gaveUp = false;
  #cancelLimit: (() => void) | undefined;
  #cancelDelay: (() => void) | undefined;
  readonly #failureLog: LimitedLine;
  readonly #overflowLog: LimitedLine;
  readonly #recoveryLog: LimitedLine;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#failureLog = new LimitedLine(options.log.warn, options.now);
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
    this.#recoveryLog = new LimitedLine(options.log.info, options.now);
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    if (this.#gaveUp) {
      this.#tally.drop('abandoned', batch.messages);
      return;
    }
    this.#line.push(kept(batch), this.#options.now());
    this.#pump();
    if (!this.#isOver()) return;
    if (this.#options.lossless) return new Promise((resolve) => this.#roomWaiters.push(resolve));
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#cancelLimit?.();
    this.#cancelLimit = this.#options.schedule(ms, () => this.#giveUp());
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#pump();
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#cancelLimit?.();
    this.#options.transport.close();
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #isOver(): boolean {
    const { maxWaitingMessages, maxWaitingBytes } = this.#options;
    const { messages, bytes } = this.#line;
    // One message may be larger than the whole bound.
    return messages > maxWaitingMessages || (bytes + this.#takenBytes > maxWaitingBytes && messages > 1);
  }

  #isIdle(): boolean {
    return this.#taken.size === 0 && this.#line.messages === 0;
  }

  /** As many failures in a row as there are places: every one of them has tried. */
  #isDead(): boolean {
    return this.#failuresInARow >= this.#options.concurrency;
  }

  #dropOldest(): void {
    let dropped = 0;
    while (this.#isOver()) {
      const oldest = this.#line.take(1, 0);
      dropped += oldest?.messages ?? 0;
      oldest?.letGo?.();
    }
    this.#tally.drop('overflow', dropped);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      'POSTs are slower than the traffic: the oldest waiting messages were dropped',
    );
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#tally.drop('abandoned', this.#line.clear());
    for (const callOff of [...this.#taken.values()]) callOff();
    this.#wake();
  }

  #pump(): void {
    while (this.#active < this.#options.concurrency) {
      const parcel = this.#ready.shift() ?? this.#takeNext();
      if (parcel === undefined) return;
      void this.#attempt(parcel);
    }
  }

  #takeNext(): Parcel | undefined {
    const { concurrency, maxWaitingBytes, batch, headers } = this.#options;
    const mostTaken = this.#isDead() ? MAX_PROBES : concurrency + MAX_RETRYING;
    const { size } = this.#taken;
    if (size >= mostTaken || (size > 0 && this.#takenBytes > maxWaitingBytes / 2)) return undefined;
    if (batch !== undefined && !this.#isDue(batch)) return undefined;
    const parcel = takeParcel(this.#line, batch, headers);
    if (parcel !== undefined) this.#takenBytes += parcel.bytes;
    return parcel;
  }

  /** Whether a batch is worth a POST now; else a timer sees to it that it will be. */
  #isDue({ maxMessages, maxBytes, maxDelayMs }: BatchOptions): boolean {
    const { messages, lineBytes, since } = this.#line;
    if (since === undefined) return false;
    if (this.#closing || messages >= maxMessages || lineBytes >= maxBytes || this.#isOver()) return true;
    const age = this.#options.now() - since;
    if (age >= maxDelayMs) return true;
    this.#cancelDelay ??= this.#options.schedule(maxDelayMs - age, () => {
      this.#cancelDelay = undefined;
      this.#pump();
    });
    return false;
  }

  /** One attempt, and what follows from how it went. Never rejects. */
  async #attempt(parcel: Parcel): Promise<void> {
    this.#active++;
    parcel.attempts++;
    const failure = await this.#post(parcel);
    this.#active--;
    if (failure === undefined) this.#succeeded(parcel);
    else this.#failed(parcel, failure);
    this.#pump();
    this.#wake();
  }

  #succeeded(parcel: Parcel): void {
    if (this.#isDead()) {
      this.#recoveryLog.write({ output: this.name, failedAttempts: this.#failuresInARow }, 'POSTs succeed again');
    }
    this.#failuresInARow = 0;
    this.#tally.deliver(parcel.messages);
    this.#settle(parcel);
  }

  #failed(parcel: Parcel, reason: string): void {
    this.#tally.errors++;
    this.#failuresInARow++;
    if (this.#gaveUp) {
      this.#drop(parcel, 'abandoned');
      return;
    }
    const delay = RETRY_DELAYS_MS[parcel.attempts - 1];
    if (delay === undefined) {
      this.#drop(parcel, 'failed');
      this.#failureLog.write(
        { output: this.name, reason, attempts: parcel.attempts, dropped: this.#tally.droppedFor('failed') },
        parcel.messages === 1
          ? 'a message could not be POSTed and was dropped'
          : 'a batch of messages could not be POSTed and was dropped',
      );
      return;
    }
    this.#options.log.debug({ output: this.name, reason, attempt: parcel.attempts }, 'a POST failed');
    detachParcel(parcel);
    const cancel = this.#options.schedule(delay, () => {
      this.#taken.set(parcel, () => {
        this.#ready = this.#ready.filter((other) => other !== parcel);
        this.#drop(parcel, 'abandoned');
      });
      this.#ready.push(parcel);
      this.#pump();
    });
    this.#taken.set(parcel, () => {
      cancel();
      this.#drop(parcel, 'abandoned');
    });
  }

  #drop(parcel: Parcel, reason: DropReason): void {
    this.#tally.drop(reason, parcel.messages);
    this.#settle(parcel);
  }

  #settle(parcel: Parcel): void {
    this.#taken.delete(parcel);
    this.#takenBytes -= parcel.bytes;
  }

  #wake(): void {
    if (!this.#isOver()) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    if (this.#isIdle()) {
      this.#cancelDelay?.();
      this.#cancelDelay = undefined;
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
  }

  /** A Secret that is not there leaves the variable unset, and nothing else says so. */
  #describeStatus(status: number): string {
    const isAnonymous = this.#options.headers.authorization === undefined;
    const hint = isAnonymous && (status === 401 || status === 403);
    return `status ${status}${hint ? ': no token was sent, OUTPUT_URL_AUTH_TOKEN is not set' : ''}`;
  }

  /** Why it failed, or nothing. */
  async #post(parcel: Parcel): Promise<string | undefined> {
    const { transport, seal, timeoutMs, batch, schedule } = this.#options;
    const controller = new AbortController();
    let interruption: string | undefined;
    const interrupt = (why: string): void => {
      interruption = why;
      controller.abort();
    };
    this.#taken.set(parcel, () => interrupt('given up at stop'));
    try {
      if (!parcel.sealed) {
        if (batch?.gzip === true) await gzipParcel(parcel);
        else leaveRoom(parcel);
        sealParcel(parcel, seal);
      }
    } catch (error) {
      return describeFailure(error);
    }
    const cancel = schedule(timeoutMs, () => interrupt(`no answer in ${timeoutMs} ms`));
    try {
      const status = await transport.post(parcel.body, parcel.headers, controller.signal);
      return status >= 200 && status <= 299 ? undefined : this.#describeStatus(status);
    } catch (error) {
      return interruption ?? describeFailure(error);
    } finally {
      cancel();
    }
  }
}
