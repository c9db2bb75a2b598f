/**
 * One run: engine events go in, batches go to every output, and when the engine has ended and the outputs are empty the
 * run is over. Knows nothing of listeners or of starting again.
 */

import { ENGINE_ERROR_CODES, EngineError, toEngineError } from '../errors';
import type { Endings } from '../exchange/endings';
import type { Selection } from '../exchange/selection';
import { errorFields, LimitedLine, type Log } from '../logger';
import type { CaptureEvent, CaptureInfo, NativeCapture } from '../native';
import type { OutputDeps } from '../outputs/kind';
import type { Batch, Output, Schedule } from '../outputs/output';
import type { Trigger } from '../trigger/trigger';
import { BufferPool, type Loan, MIN_KEPT_BYTES } from './buffer-pool';
import { Handing } from './handing';

export interface SessionOptions {
  capture: NativeCapture;
  outputs: readonly Output[];
  /** Which exchanges the outputs get; all where it is left out. */
  selection?: Selection | undefined;
  /** Of what is selected the outputs get what surrounds a trigger; all where it is left out. */
  trigger?: Trigger | undefined;
  /** Which exchanges of these the outputs get. */
  limit?: Selection | undefined;
  /** A savefile ends by itself; an interface does not. */
  savefile: boolean;
  /** The time that an output may take to get rid of its messages after `stop()` was called. */
  drainTimeoutMs: number;
  /** Makes other lines of those that are wanted, for all that see them. */
  rewrite?: OutputDeps['rewrite'];
  /** Each sees the lines of each batch before the outputs do. */
  observers: readonly Observer[];
  /** These see all that is selected, whatever the trigger. */
  observersOfAll: readonly Observer[];
  /** Sees the facts of all messages, if the engine was asked for them. */
  observeFacts?: ((table: Buffer, messages: number) => void) | undefined;
  endings: Endings;
  schedule: Schedule;
  log: Log;
  now(): number;
  onStats(): void;
}

export type Observer = (lines: Buffer) => void;

/** How a run ended. */
export interface Outcome {
  /** The error that broke it. */
  failure: EngineError | undefined;
  /** The savefile was read and delivered to its end. */
  complete: boolean;
}

export class Session {
  /** Settles when everything that was captured is delivered or given up. Never rejects. */
  readonly over: Promise<Outcome>;
  readonly #options: SessionOptions;
  readonly #outputLog: LimitedLine;
  readonly #observerLog: LimitedLine;
  readonly #triggerLog: LimitedLine;
  /** Events that came before `start()` could tell its caller; a listener added then must not miss them. */
  #early: CaptureEvent[] | undefined = [];
  readonly #unreleased = new Set<Promise<void>>();
  readonly #buffers = new BufferPool();
  readonly #handing: Handing | undefined;
  #failure: EngineError | undefined;
  #stopAsked = false;
  #drainLimited = false;
  #ended = false;
  #lastEngineStats: Record<string, number> = {};
  #settle: (outcome: Outcome) => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outputLog = new LimitedLine(options.log.error, options.now);
    this.#observerLog = new LimitedLine(options.log.error, options.now);
    this.#triggerLog = new LimitedLine(options.log.error, options.now);
    const { trigger, outputs, savefile: lossless, schedule, now } = options;
    this.#handing =
      trigger &&
      new Handing({
        ...{ trigger, outputs, lossless, schedule, now },
        deliver: (piece) => this.#handOn(piece),
        onFailure: (error, messages) => this.#logFailure(error, messages),
      });
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Rejects with an `EngineError` when nothing could be opened; then there is no run to wait for. */
  async open(): Promise<CaptureInfo> {
    let info: CaptureInfo;
    try {
      info = await this.#options.capture.open((event) => this.#onEvent(event));
    } catch (cause) {
      await this.closeOutputs();
      throw toEngineError(cause, ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED);
    }
    // A stop() that came first may have found nothing to stop.
    if (this.#stopAsked) this.#stopCapture();
    // Who started it has heard of it by then.
    setImmediate(() => {
      for (const output of this.#options.outputs) output.begin?.();
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const event of early) this.#onEvent(event);
    });
    return info;
  }

  /** Waits for what the outputs still have, and releases what they hold; also if a run never began. */
  async closeOutputs(): Promise<void> {
    await Promise.all(this.#options.outputs.map((output) => output.close()));
  }

  /** No new packets; what was captured still comes out, for as long as the outputs may take. Idempotent. */
  stop(): void {
    if (this.#stopAsked) return;
    this.#stopAsked = true;
    this.#stopCapture();
    this.#limitDrain();
  }

  get stopAsked(): boolean {
    return this.#stopAsked;
  }

  /** Something broke it, or it has ended. */
  get failed(): boolean {
    return this.#failure !== undefined || this.#ended;
  }

  engineStats(): Record<string, number> {
    try {
      this.#lastEngineStats = this.#options.capture.stats();
    } catch (error) {
      this.#options.log.debug(errorFields(error), 'the engine gave no counters');
    }
    const { selection, limit, trigger } = this.#options;
    const { filtered = 0, ...rest } = { ...this.#lastEngineStats, ...trigger?.counters() };
    const chosen = [selection, limit].filter((each) => each !== undefined);
    if (chosen.length === 0) return { ...this.#lastEngineStats, ...trigger?.counters() };
    const sum = (of: (each: Selection) => number): number => chosen.reduce((all, each) => all + of(each), 0);
    return {
      ...rest,
      filtered: filtered + sum((each) => each.filtered),
      filterJudgedEarly: sum((each) => each.judgedEarly),
    };
  }

  /** As if a trigger had come. False if there is no more to come. */
  trigger(): boolean {
    if (this.#handing === undefined || this.#ended) return false;
    this.#handing.trigger();
    return true;
  }

  /** Nothing may be thrown from here: it is called by the addon, and would end the process. */
  #onEvent(event: CaptureEvent): void {
    if (this.#early !== undefined) {
      this.#early.push(event);
      return;
    }
    try {
      this.#handle(event);
    } catch (error) {
      this.#options.log.error(errorFields(error), `could not handle a '${event.kind}' event of the engine`);
    }
  }

  #handle(event: CaptureEvent): void {
    switch (event.kind) {
      case 'batch':
        this.#receive(event.bytes ?? 0, event.changesBytes ?? 0, event.messages ?? 0);
        break;
      case 'facts':
        this.#receiveFacts(event.bytes ?? 0, event.messages ?? 0);
        break;
      case 'notice':
        this.#options.log[event.level ?? 'info']({ event: event.name, ...event.fields }, event.message ?? '');
        break;
      case 'unanswered':
        this.#noteUnanswered(event.fields ?? {});
        break;
      case 'error':
        this.#fail(toEngineError(event, ENGINE_ERROR_CODES.UNRECOVERABLE));
        break;
      case 'stats':
        this.#lastEngineStats = event.stats ?? this.#lastEngineStats;
        this.#options.onStats();
        break;
      case 'end':
        void this.#finish();
        break;
    }
  }

  /** Of those that the selection leaves out nothing is asked. */
  #noteUnanswered(endings: Record<string, string>): void {
    const { selection } = this.#options;
    const wanted = Object.entries(endings).filter(([id]) => selection?.leavesOut(id) !== true);
    this.#options.endings.note(Object.fromEntries(wanted));
    this.#handing?.unanswered(wanted.map(([id]) => id));
  }

  #fail(failure: EngineError): void {
    // The first error is the cause, whatever follows from it.
    if (this.#failure === undefined) this.#failure = failure;
    this.#options.log.error({ code: failure.code }, failure.message);
    this.#stopCapture();
    // The messages of a broken savefile before its break are delivered, however long that takes.
    if (!this.#options.savefile) this.#limitDrain();
  }

  #limitDrain(): void {
    if (this.#drainLimited) return;
    this.#drainLimited = true;
    for (const output of this.#options.outputs) output.limitDrain(this.#options.drainTimeoutMs);
  }

  #stopCapture(): void {
    try {
      this.#options.capture.stop();
    } catch (error) {
      this.#options.log.error(errorFields(error), 'the engine could not be told to stop');
    }
  }

  /** To every output at once; the engine gets its credit back when all of them have taken it. */
  #receive(bytes: number, changesBytes: number, messages: number): void {
    const all = bytes + changesBytes;
    const loan = this.#bufferFor(all, messages);
    let taken: Promise<void>[] = [];
    try {
      const buffer = loan?.buffer.subarray(0, all);
      this.#options.capture.copyLines(buffer);
      const keep = bytes < MIN_KEPT_BYTES || loan === undefined ? undefined : () => loan.keep();
      const [lines, changes] = [
        buffer?.subarray(changesBytes),
        changesBytes === 0 ? undefined : buffer?.subarray(0, changesBytes),
      ];
      if (lines !== undefined) taken = this.#hand(this.#chosen({ lines, changes, messages, keep }));
    } finally {
      // The engine never has a credit again that is not given back.
      const released = this.#release(loan, taken).finally(() => this.#unreleased.delete(released));
      this.#unreleased.add(released);
    }
  }

  #receiveFacts(bytes: number, messages: number): void {
    let loan: Loan | undefined;
    try {
      loan = this.#buffers.lend(bytes);
      const table = loan.buffer.subarray(0, bytes);
      this.#options.capture.copyLines(table);
      this.#options.observeFacts?.(table, messages);
    } catch (error) {
      // Not copied, it would be taken for the next.
      if (loan === undefined) this.#options.capture.copyLines();
      const text = 'messages are missing in what is counted: their facts could not be read';
      this.#observerLog.write({ messages, ...errorFields(error) }, text);
    } finally {
      loan?.letGo();
      const released = this.#releaseFacts().finally(() => this.#unreleased.delete(released));
      this.#unreleased.add(released);
    }
  }

  /** After a turn of the event loop, as after a batch. */
  async #releaseFacts(): Promise<void> {
    await new Promise(setImmediate);
    try {
      this.#options.capture.releaseFacts();
    } catch (error) {
      this.#options.log.error(errorFields(error), 'the engine did not take back facts');
    }
  }

  /** Without memory for them messages are lost, and that ends the run. */
  #bufferFor(bytes: number, messages: number): Loan | undefined {
    try {
      return this.#buffers.lend(bytes);
    } catch (cause) {
      const message = `no memory for ${bytes} bytes of JSON lines: ${messages} messages are lost`;
      this.#fail(new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause }));
      return undefined;
    }
  }

  #chosen(batch: Batch): Batch {
    return this.#options.selection?.select(batch) ?? batch;
  }

  /** To the outputs, or as far as a trigger wants it. */
  #hand(chosen: Batch): Promise<void>[] {
    if (this.#handing === undefined) return this.#deliver(chosen);
    this.#show(chosen.lines, this.#options.observersOfAll);
    const taken = this.#handing.take(chosen.lines);
    return taken === undefined ? [] : [taken];
  }

  #logFailure(error: unknown, messages: number): void {
    const what = messages === 0 ? 'a trigger failed in part' : 'messages are lost: they could not be delivered';
    this.#triggerLog.write({ ...(messages === 0 ? {} : { messages }), ...errorFields(error) }, what);
  }

  #handOn(wanted: Batch): Promise<void>[] {
    return this.#deliver(this.#options.limit?.select(wanted) ?? wanted);
  }

  #show(lines: Buffer, observers: readonly Observer[]): void {
    for (const observe of observers) {
      try {
        observe(lines);
      } catch (error) {
        this.#observerLog.write(errorFields(error), 'a batch is counted in part: its lines could not be read');
      }
    }
  }

  #deliver(wanted: Batch): Promise<void>[] {
    if (wanted.messages === 0) return [];
    const batch = this.#rewritten(wanted);
    if (batch === undefined || batch.messages === 0) return [];
    this.#show(batch.lines, this.#options.observers);
    const taken: Promise<void>[] = [];
    for (const output of this.#options.outputs) {
      const failed = (error: unknown): void =>
        this.#outputLog.write({ output: output.name, ...errorFields(error) }, 'an output failed on a batch');
      try {
        const wait = output.write(batch);
        if (wait !== undefined) taken.push(wait.catch(failed));
      } catch (error) {
        failed(error);
      }
    }
    return taken;
  }

  /** Without the other lines the messages are lost: what is private in these must not come out. */
  #rewritten(wanted: Batch): Batch | undefined {
    try {
      return this.#options.rewrite?.(wanted.lines) ?? wanted;
    } catch (error) {
      const { messages } = wanted;
      this.#options.log.error({ messages, ...errorFields(error) }, 'messages are lost: they could not be rewritten');
      return undefined;
    }
  }

  async #release(loan: Loan | undefined, taken: Promise<void>[]): Promise<void> {
    await Promise.all(taken);
    loan?.letGo();
    // A turn of the event loop between batches: timers and sockets of the host process get theirs.
    await new Promise(setImmediate);
    try {
      this.#options.capture.release();
    } catch (error) {
      this.#options.log.error(errorFields(error), 'the engine did not take back a batch');
    }
  }

  /** Never rejects. */
  async #last(rest: Batch | undefined, take: (rest: Batch) => Promise<void>[]): Promise<void> {
    if (rest === undefined) return;
    try {
      await Promise.all(take(rest));
    } catch (error) {
      this.#logFailure(error, rest.messages);
    }
  }

  async #finish(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#options.savefile && !this.#stopAsked && this.#failure === undefined) {
      this.#fail(new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, 'the capture ended by itself'));
    }
    await Promise.all(this.#unreleased);
    const { selection, limit } = this.#options;
    await this.#last(selection?.rest(), (rest) => this.#hand(rest));
    await this.#handing?.end();
    await this.#last(limit?.rest(), (rest) => this.#deliver(rest));
    await this.closeOutputs();
    this.#settle({
      failure: this.#failure,
      complete: this.#options.savefile && !this.#stopAsked && this.#failure === undefined,
    });
  }
}
