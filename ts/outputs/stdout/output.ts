/**
 * The lines that the engine does not write to stdout itself. The engine does (`engine`) if no other output wants the lines, as
 * far as stdout takes them at once; what stdout does not take comes here, and the engine writes again when nothing waits any more.
 *
 * Lines in, the same bytes out, whole lines only. Live no sender waits for it: what its reader does not take waits in a
 * bounded line, and the oldest goes first. From a savefile (`lossless`) the engine waits for the reader.
 *
 * A write of at most PIPE_BUF bytes goes into a pipe whole or not at all, so in pieces of that size no line is torn,
 * whenever the process ends. Only a longer line can be: when its reader stops reading in the middle of it for good. A file
 * takes as much as the disk has left; of a line of which it does not take the end, the beginning is taken back.
 */

import type { Writable } from 'node:stream';
import { pieceEnd } from '../../exchange/lines';
import { LimitedLine, type Log } from '../../logger';
import type { NativeCapture } from '../../native';
import type { OutputStats } from '../../types';
import { type Batch, type Kept, kept, type Output, type Schedule, Settling, Tally } from '../output';
import { WaitingLine } from '../waiting-line';

/** Linux's PIPE_BUF: `pipe(7)`. */
export const PIPE_BUF_BYTES = 4_096;
/** The bytes that wait for a slow reader, live. */
export const MAX_STDOUT_WAITING_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Where the lines go. */
export interface StdoutTarget {
  /** May be made when it is first asked for. */
  readonly stream: Writable;
  /** The target of the stream, if it can be written to without the stream. */
  readonly direct?: {
    /** Writes at once what fits, and returns how many bytes that were; 0 when it is full. */
    write(bytes: Buffer, start: number, length: number): number;
    /** So much goes whole or not at all; of one line that is longer, what fits. */
    readonly pieceBytes: number;
    /** Of a file: cuts off the last so many bytes that were written, if they are its end; whether it did. */
    takeBack?(bytes: number): boolean;
  };
}

export interface StdoutOptions {
  target: StdoutTarget;
  /** Writes to the same stdout, where this is the only output and nothing else writes there. */
  engine?: Pick<NativeCapture, 'openStdout' | 'writtenToStdout'> | undefined;
  /** Nothing else in this process writes to the stream: it is asked for when it is needed. */
  ownsStream?: boolean | undefined;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** Called once, when the stream takes nothing any more; EPIPE is a reader that went away. */
  onClosed(error: NodeJS.ErrnoException): void;
  maxWaitingBytes?: number;
}

export class StdoutOutput implements Output {
  readonly name = 'stdout';
  readonly #options: StdoutOptions;
  readonly #maxWaitingBytes: number;
  readonly #tally = new Tally();
  readonly #line = new WaitingLine();
  /** The batch that is being written, and how much of it is. It counts as delivered when it is out whole. */
  #current: Kept | undefined;
  #written = 0;
  #stream: Writable | undefined;
  /** The stream has a piece that it has not written yet. */
  #busy = false;
  /** Batches that hold their credit until so many messages in all are settled. */
  readonly #settling = new Settling(this.#tally);
  readonly #onError: (error: NodeJS.ErrnoException) => void;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #engineWrites = false;
  #cancelLimit: (() => void) | undefined;
  readonly #overflowLog: LimitedLine;

  constructor(options: StdoutOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_STDOUT_WAITING_BYTES;
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
    this.#onError = (error) => this.#close(error);
    if (options.ownsStream !== true) this.#openStream();
  }

  #openStream(): Writable {
    if (this.#stream === undefined) {
      this.#stream = this.#options.target.stream;
      this.#stream.on('error', this.#onError);
    }
    return this.#stream;
  }

  begin(): void {
    this.#updateEngine();
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, batch.messages);
      return;
    }
    if (this.#options.lossless) {
      this.#line.push(batch);
      this.#pump();
      return this.#settling.all();
    }
    // This one's memory is the next batch's: what has to wait, live, is kept.
    const waits = this.#busy || this.#current !== undefined;
    if (waits) this.#line.push(kept(batch));
    else this.#line.push({ lines: batch.lines, messages: batch.messages });
    this.#pump();
    if (!waits && this.#current !== undefined) this.#current = this.#keepRest(batch);
    this.#dropOldest();
  }

  /** The part of the current batch that is not written yet. */
  #keepRest(batch: Batch): Kept {
    const rest = { ...batch, lines: batch.lines.subarray(this.#written) };
    this.#written = 0;
    return kept(rest);
  }

  limitDrain(ms: number): void {
    if (this.#off !== undefined) return;
    this.#cancelLimit?.();
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  async close(): Promise<void> {
    await this.#settling.all();
    this.#cancelLimit?.();
    // A broken stream emits its error a moment later: that one still needs its listener.
    if (this.#off === undefined) this.#stream?.off('error', this.#onError);
  }

  stats(): OutputStats {
    const stats = this.#tally.stats();
    const byEngine = this.#options.engine?.writtenToStdout() ?? 0;
    return { ...stats, accepted: stats.accepted + byEngine, delivered: stats.delivered + byEngine };
  }

  /** The engine writes as long as nothing waits here: what it writes comes after it. */
  #updateEngine(): void {
    const open = this.#current === undefined && this.#off === undefined;
    if (open === this.#engineWrites) return;
    this.#engineWrites = open;
    this.#options.engine?.openStdout(open);
  }

  #pump(): void {
    while (!this.#busy && this.#off === undefined) {
      if (this.#current === undefined) {
        this.#current = this.#line.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
        this.#written = 0;
        if (this.#current === undefined) break;
      }
      const { lines, messages } = this.#current;
      if (this.#written < lines.length) this.#write(lines, this.#pieceEnd(lines));
      else {
        this.#tally.deliver(messages);
        this.#letGo();
      }
    }
    this.#updateEngine();
    this.#settling.wake();
  }

  /** As many whole lines as one write may carry, or a single longer line. */
  #pieceEnd(lines: Buffer): number {
    const { direct } = this.#options.target;
    return direct === undefined ? lines.length : pieceEnd(lines, this.#written, direct.pieceBytes);
  }

  /** At once what fits, else by the stream, which says when. */
  #write(lines: Buffer, end: number): void {
    const { direct } = this.#options.target;
    let sent = end - this.#written;
    // Not past what others have written to the stream.
    if (direct !== undefined && (this.#stream === undefined || this.#stream.writableLength === 0)) {
      try {
        const written = direct.write(lines, this.#written, sent);
        this.#written += written;
        // The stream of a file would take what a full disk has left for all of it: the rest is tried here, until it fails.
        if (written > 0) return;
      } catch (error) {
        this.#close(error as NodeJS.ErrnoException);
        return;
      }
      // No more than fits for sure once there is room, so that not even a stdout that waits does: the rest is then tried here again.
      sent = Math.min(sent, direct.pieceBytes);
    }
    this.#busy = true;
    // The stream may have it longer than this output waits for it.
    const piece = Buffer.from(lines.subarray(this.#written, this.#written + sent));
    this.#openStream().write(piece, (error) => {
      this.#busy = false;
      if (error) this.#close(error);
      else {
        this.#written += sent;
        this.#pump();
      }
    });
  }

  #letGo(): void {
    this.#current?.letGo?.();
    this.#current = undefined;
  }

  #dropOldest(): void {
    if (this.#line.bytes <= this.#maxWaitingBytes) return;
    let dropped = 0;
    while (this.#line.bytes > this.#maxWaitingBytes) {
      const oldest = this.#line.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      dropped += oldest?.messages ?? 0;
      oldest?.letGo?.();
    }
    this.#tally.drop('overflow', dropped);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      'the reader of stdout is slower than the traffic: the oldest waiting messages were dropped',
    );
  }

  #close(error: NodeJS.ErrnoException): void {
    if (this.#off === 'closed') return;
    this.#tally.errors++;
    this.#takeBackTorn();
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  /** Whole lines only, on a full disk too. */
  #takeBackTorn(): void {
    const { direct } = this.#options.target;
    if (this.#current === undefined || direct?.takeBack === undefined) return;
    const { lines } = this.#current;
    const torn = this.#written - (lines.subarray(0, this.#written).lastIndexOf(NEWLINE) + 1);
    if (torn === 0 || this.#written === lines.length) return;
    if (direct.takeBack(torn)) this.#written -= torn;
    else this.#options.log.warn({ output: this.name }, 'the last line is cut off: it could not be taken back');
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    this.#off = reason;
    this.#updateEngine();
    if (this.#current !== undefined) {
      const { lines, messages } = this.#current;
      const dropped = Math.min(messages, countLines(lines, this.#written));
      this.#tally.deliver(messages - dropped);
      this.#tally.drop(reason, dropped);
      this.#letGo();
    }
    this.#tally.drop(reason, this.#line.clear());
    this.#settling.wake();
  }
}

function countLines(lines: Buffer, from: number): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE, from); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
