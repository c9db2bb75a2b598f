/**
 * Messages in, parcels out. Live it never makes anybody wait: its waiting line is bounded and the oldest message goes first.
 * From a savefile (`lossless`) it makes the engine wait instead.
 *
 * A parcel (one message, or a batch of them) is waiting, taken or settled. Taken parcels are on their way, or wait for
 * their next attempt without holding a place: others overtake them. How many may be taken at one time is bounded, and
 * while nothing succeeds it is next to none: a dead endpoint is asked by few, and the others are kept for the time when it
 * is back.
 */

import { LimitedLine, type Log } from '../../logger';
import type { OutputName, OutputStats } from '../../types';
import { type Batch, type DropReason, type Output, type Schedule, Tally } from '../output';
import { WaitingLine } from '../waiting-line';
import type { Packer, Sink } from './packer';
import { detachParcel, type Parcel } from './parcel';
import type { Outcome, Transport } from './transport';

/** Waits before the second, third and fourth attempt, at the least. */
export const RETRY_DELAYS_MS = [1_000, 2_000, 4_000];
/** Each is longer by up to so much of it, so that a fleet does not come back at one moment. */
const RETRY_JITTER = 0.15;
/** Parcels that wait for their next attempt while others succeed: a few that fail again and again stop no other. */
const MAX_RETRYING = 256;
/** Parcels that find out whether a dead endpoint is back. Two, since one may be what the endpoint does not take. */
const MAX_PROBES = 2;
/** Of a batch that finds it out: what it holds is lost if the endpoint stays away, and what waits may be there when it is back. */
const PROBE_MESSAGES = 1;

/** How full a parcel has to be to go, and how long it may wait for that. */
interface FillOptions {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly maxDelayMs: number;
}

export interface DeliveryLimits {
  /** Parcels at one time. */
  concurrency: number;
  /** For one attempt, from the first byte to the last. */
  timeoutMs: number;
  maxWaitingMessages: number;
  /** Over all that is not settled; half of it may be taken. */
  maxWaitingBytes: number;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** 0 to 1, evenly. */
  random(): number;
}

export interface DeliveryOptions extends DeliveryLimits {
  name: OutputName;
  /** For the log: `POSTs`, `POST`, `POSTed`. */
  words: { readonly sends: string; readonly send: string; readonly sent: string };
  packer: Packer;
  transport: Transport;
  /** Absent: each message goes at once. */
  batch: FillOptions | undefined;
  /** The next parcel waits until this is settled, its retries too: what is sent keeps its order. */
  ordered?: boolean;
}

export class Delivery implements Output {
  readonly name: OutputName;
  readonly #options: DeliveryOptions;
  readonly #tally = new Tally();
  readonly #line = new WaitingLine();
  /** The taken parcels, each with the function that calls off its attempt, or its wait for the next attempt. */
  readonly #taken = new Map<Parcel, () => void>();
  #takenBytes = 0;
  /** Taken, waited long enough, and without a place yet. Before the line: they are older. */
  #ready: Parcel[] = [];
  /** Attempts under way. */
  #active = 0;
  /** Failed attempts since the last that succeeded. */
  #failuresInARow = 0;
  /** Engine batches that wait for room in the line. */
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  #closing = false;
  #gaveUp = false;
  /** Until then the endpoint wants to be left alone. */
  #quietUntil = Number.NEGATIVE_INFINITY;
  #cancelQuiet: (() => void) | undefined;
  #cancelLimit: (() => void) | undefined;
  #cancelDelay: (() => void) | undefined;
  #cancelDue: (() => void) | undefined;
  readonly #sink: Sink;
  readonly #failureLog: LimitedLine;
  readonly #overflowLog: LimitedLine;
  readonly #recoveryLog: LimitedLine;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.name = options.name;
    this.#sink = {
      push: (kept) => this.#line.push(kept, options.now()),
      drop: (reason, messages) => this.#tally.drop(reason, messages),
    };
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
    this.#options.packer.add(batch, this.#sink);
    this.#awaitDue();
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
    this.#cancelDue?.();
    this.#options.packer.flush?.(this.#sink);
    this.#pump();
    this.#wake();
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#cancelLimit?.();
    this.#cancelQuiet?.();
    await this.#options.transport.close();
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
      `${this.#options.words.sends} are slower than the traffic: the oldest waiting messages were dropped`,
    );
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#cancelQuiet?.();
    this.#cancelDue?.();
    this.#tally.drop('abandoned', this.#line.clear() + (this.#options.packer.clear?.() ?? 0));
    for (const callOff of [...this.#taken.values()]) callOff();
    this.#wake();
  }

  /** Messages that the packer holds back are told that they waited too long even if no next batch comes. */
  #awaitDue(): void {
    if (this.#cancelDue !== undefined || this.#closing || this.#gaveUp) return;
    const { packer, schedule } = this.#options;
    const ms = packer.dueInMs?.();
    if (ms === undefined) return;
    this.#cancelDue = schedule(ms, () => {
      this.#cancelDue = undefined;
      packer.tick?.(this.#sink);
      this.#awaitDue();
      this.#pump();
      if (this.#isOver() && !this.#options.lossless) this.#dropOldest();
    });
  }

  #pump(): void {
    if (this.#isQuiet()) return;
    while (this.#active < this.#options.concurrency) {
      const parcel = this.#ready.shift() ?? this.#takeNext();
      if (parcel === undefined) return;
      void this.#attempt(parcel);
    }
  }

  /** If the endpoint has asked for it, nothing goes out before its time. */
  #isQuiet(): boolean {
    const ms = this.#quietUntil - this.#options.now();
    if (ms <= 0) return false;
    this.#cancelQuiet ??= this.#options.schedule(ms, () => {
      this.#cancelQuiet = undefined;
      this.#pump();
    });
    return true;
  }

  #takeNext(): Parcel | undefined {
    const { maxWaitingBytes, batch, packer, lossless } = this.#options;
    const { size } = this.#taken;
    if (size >= this.#mostTaken() || (size > 0 && this.#takenBytes > maxWaitingBytes / 2)) return undefined;
    if (batch !== undefined && !this.#isDue(batch)) return undefined;
    // A savefile waits meanwhile: it must come to its end.
    const parcel = packer.take(this.#line, this.#isDead() && !lossless ? PROBE_MESSAGES : undefined);
    if (parcel !== undefined) this.#takenBytes += parcel.bytes;
    return parcel;
  }

  #mostTaken(): number {
    const { concurrency, ordered } = this.#options;
    if (ordered === true) return 1;
    return this.#isDead() ? MAX_PROBES : concurrency + MAX_RETRYING;
  }

  /** True if a batch is worth an attempt now; else a timer sees to it that it will be. */
  #isDue({ maxMessages, maxBytes, maxDelayMs }: FillOptions): boolean {
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
    const outcome = await this.#send(parcel);
    this.#active--;
    if (outcome.sent) this.#succeeded(parcel, outcome.rejected ?? 0);
    else this.#failed(parcel, outcome);
    this.#pump();
    this.#wake();
  }

  #succeeded(parcel: Parcel, rejected: number): void {
    if (this.#isDead()) {
      const { sends } = this.#options.words;
      this.#recoveryLog.write({ output: this.name, failedAttempts: this.#failuresInARow }, `${sends} succeed again`);
    }
    this.#failuresInARow = 0;
    this.#tally.deliver(parcel.messages - rejected);
    if (rejected > 0) {
      this.#tally.drop('rejected', rejected);
      this.#failureLog.write(
        { output: this.name, dropped: this.#tally.droppedFor('rejected') },
        'messages were refused by the other side, which took the others, and were dropped',
      );
    }
    this.#settle(parcel);
  }

  #failed(parcel: Parcel, { reason, again, afterMs = 0 }: Outcome & { sent: false }): void {
    this.#tally.errors++;
    this.#failuresInARow++;
    if (this.#gaveUp) {
      this.#drop(parcel, 'abandoned');
      return;
    }
    this.#quietUntil = Math.max(this.#quietUntil, this.#options.now() + afterMs);
    const { sent, send } = this.#options.words;
    const least = again ? RETRY_DELAYS_MS[parcel.attempts - 1] : undefined;
    if (least === undefined) {
      const why = again ? 'failed' : 'rejected';
      this.#drop(parcel, why);
      this.#failureLog.write(
        { output: this.name, reason, attempts: parcel.attempts, dropped: this.#tally.droppedFor(why) },
        `${parcel.messages === 1 ? 'a message' : 'a batch of messages'} could not be ${sent} and was dropped`,
      );
      return;
    }
    this.#options.log.debug({ output: this.name, reason, attempt: parcel.attempts }, `a ${send} failed`);
    detachParcel(parcel);
    const delay = least * (1 + RETRY_JITTER * this.#options.random());
    const cancel = this.#options.schedule(Math.max(delay, afterMs), () => {
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

  /** One attempt. Never rejects. */
  async #send(parcel: Parcel): Promise<Outcome> {
    const { transport, timeoutMs, schedule } = this.#options;
    const controller = new AbortController();
    let interruption: string | undefined;
    const interrupt = (why: string): void => {
      interruption = why;
      controller.abort();
    };
    this.#taken.set(parcel, () => interrupt('given up at stop'));
    try {
      if (!parcel.prepared) await transport.prepare?.(parcel);
      parcel.prepared = true;
    } catch (error) {
      return { sent: false, reason: transport.describe(error), again: true };
    }
    const cancel = schedule(timeoutMs, () => interrupt(`no answer in ${timeoutMs} ms`));
    try {
      return await transport.send(parcel, controller.signal);
    } catch (error) {
      return { sent: false, reason: interruption ?? transport.describe(error), again: true };
    } finally {
      cancel();
    }
  }
}
