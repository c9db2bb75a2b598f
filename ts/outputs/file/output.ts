/**
 * Lines in, the same bytes in a file that rotates. Live no sender waits for it: lines that the disk does not take at once wait in a bounded
 * line, and the oldest goes first. A disk that takes nothing is asked again each second. From a savefile (`lossless`) the engine
 * waits for the disk, and a disk that takes nothing ends the output.
 */

import { errorFields, LimitedLine, type Log } from '../../logger';
import type { OutputStats } from '../../types';
import { type Batch, type DropReason, type Kept, kept, type Output, type Schedule, Settling, Tally } from '../output';
import { unwritable } from '../unwritable';
import { WaitingLine } from '../waiting-line';
import type { RotatingFile } from './rotating-file';

/** Lines that wait for a slow or full disk, live. */
export const MAX_FILE_WAITING_BYTES = 16 * 1024 * 1024;
/** Of one write: what is lost with it if the disk has room for less. */
const CHUNK_BYTES = 1024 * 1024;
/** A full disk is asked again so often. */
export const FILE_RETRY_MS = 1_000;
/** After the end of the drain: to remove what is compressed in part, and to close the file. */
const CLOSE_GRACE_MS = 500;

interface FileOutputOptions {
  file: Pick<RotatingFile, 'open' | 'append' | 'rotate' | 'room' | 'dueInMs' | 'callOff' | 'close'>;
  path: string;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** Called once, when the file takes nothing any more. */
  onClosed(error: NodeJS.ErrnoException): void;
}

export class FileOutput implements Output {
  readonly name = 'file';
  readonly #options: FileOutputOptions;
  readonly #tally = new Tally();
  readonly #line = new WaitingLine();
  /** Lines that are being written, or that the disk did not take. */
  #current: Kept | undefined;
  #writing: Promise<void> | undefined;
  /** The disk took nothing the last time. */
  #isFailing = false;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #begun = false;
  /** Batches that hold their credit until so many messages in all are settled. */
  readonly #settling = new Settling(this.#tally);
  #cancelRetry: (() => void) | undefined;
  #cancelDue: (() => void) | undefined;
  #cancelLimit: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #leave: () => void = () => {};
  readonly #left = new Promise<void>((resolve) => {
    this.#leave = resolve;
  });
  readonly #failureLog: LimitedLine;
  readonly #recoveryLog: LimitedLine;
  readonly #overflowLog: LimitedLine;

  constructor(options: FileOutputOptions) {
    this.#options = options;
    const { log, now } = options;
    this.#failureLog = new LimitedLine(log.error, now);
    this.#recoveryLog = new LimitedLine(log.info, now);
    this.#overflowLog = new LimitedLine(log.warn, now);
  }

  async open(): Promise<void> {
    try {
      await this.#options.file.open();
    } catch (cause) {
      throw unwritable('to the output file', this.#options.path, cause);
    }
  }

  begin(): void {
    this.#begun = true;
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, batch.messages);
      return;
    }
    this.#line.push(kept(batch));
    this.#pump();
    if (this.#options.lossless) return this.#settling.all();
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#cancelLimit?.();
    const { schedule, file } = this.#options;
    this.#cancelLimit = schedule(ms, () => {
      this.#turnOff('abandoned');
      file.callOff();
      this.#cancelLimit = schedule(CLOSE_GRACE_MS, () => this.#leave());
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  async #end(): Promise<void> {
    await this.#settling.all();
    this.#cancelRetry?.();
    const closed = Promise.resolve(this.#writing).then(() => this.#closeFile());
    // A disk that hangs is not waited for; the file is closed when it hangs no more.
    await Promise.race([closed, this.#left]);
    this.#cancelLimit?.();
  }

  async #closeFile(): Promise<void> {
    this.#cancelDue?.();
    try {
      await this.#options.file.close(!this.#begun);
    } catch (error) {
      this.#tally.errors++;
      this.#failureLog.write(this.#fieldsOf(error as NodeJS.ErrnoException), 'the output file could not be closed');
    }
  }

  #pump(): void {
    if (this.#off !== undefined || this.#cancelRetry !== undefined) return;
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    const { file } = this.#options;
    try {
      while (this.#off === undefined) {
        if (file.dueInMs === 0) await file.rotate();
        this.#current ??= this.#line.take(Number.POSITIVE_INFINITY, Math.min(CHUNK_BYTES, file.room));
        if (this.#current === undefined) break;
        await file.append(this.#current.lines);
        this.#written(this.#current);
      }
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
    this.#writing = undefined;
    if (this.#off === undefined) this.#awaitDue();
    else this.#letGo();
  }

  #written({ messages }: Kept): void {
    // They were counted when they were given up.
    if (this.#off !== undefined) return;
    this.#tally.deliver(messages);
    this.#letGo();
    this.#settling.wake();
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const fields = { output: this.name, file: this.#options.path, dropped: this.#tally.droppedFor('failed') };
    this.#recoveryLog.write(fields, 'messages are written to the output file again');
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.#tally.errors++;
    if (this.#off !== undefined) return;
    if (this.#options.lossless) {
      this.#turnOff('closed');
      this.#options.onClosed(error);
      return;
    }
    if (!this.#isFailing) {
      this.#failureLog.write(
        this.#fieldsOf(error),
        'messages cannot be written to the output file: they wait as far as there is room for them, and it is tried again each second',
      );
    }
    this.#isFailing = true;
    this.#cancelRetry = this.#options.schedule(FILE_RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#pump();
    });
  }

  #fieldsOf(error: NodeJS.ErrnoException): Record<string, unknown> {
    const { code = 'UNKNOWN' } = error;
    return { output: this.name, file: this.#options.path, code, ...errorFields(error) };
  }

  /** A file may be old enough while no line comes. */
  #awaitDue(): void {
    this.#cancelDue?.();
    this.#cancelDue = undefined;
    const ms = this.#options.file.dueInMs;
    if (ms === undefined || this.#isFailing || this.#closed !== undefined) return;
    this.#cancelDue = this.#options.schedule(ms, () => this.#pump());
  }

  #dropOldest(): void {
    if (this.#line.bytes <= MAX_FILE_WAITING_BYTES) return;
    let dropped = 0;
    while (this.#line.bytes > MAX_FILE_WAITING_BYTES) {
      const oldest = this.#line.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      dropped += oldest?.messages ?? 0;
      oldest?.letGo?.();
    }
    const reason: DropReason = this.#isFailing ? 'failed' : 'overflow';
    this.#tally.drop(reason, dropped);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor(reason) },
      this.#isFailing
        ? 'the output file takes nothing: the oldest waiting messages were dropped'
        : 'the disk is slower than the traffic: the oldest waiting messages were dropped',
    );
  }

  #letGo(): void {
    this.#current?.letGo?.();
    this.#current = undefined;
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    if (this.#off !== undefined) return;
    this.#off = reason;
    this.#cancelRetry?.();
    this.#tally.drop(reason, (this.#current?.messages ?? 0) + this.#line.clear());
    if (this.#writing === undefined) this.#letGo();
    this.#settling.wake();
  }
}
