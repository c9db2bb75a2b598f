/**
 * A terminal that is written to without waiting for it. Node's own streams wait: a terminal that has been stopped
 * (Ctrl-S, a selection with the mouse) would hold the event loop, and with it every other output. All that goes to one
 * terminal goes through one of these, so that nothing stands in the middle of another's line.
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** A terminal that is full is asked again after so long, a stopped one less and less often. */
const RETRY_MS = { first: 1, longest: 20 };
/** Where lines never end the status would never be seen: they rest for so long, every so often. */
const REST_MS = { length: 60, every: 500 };
/** Of words that nobody waits for, while the terminal takes nothing; what comes then is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Back to the first column, and away with what stands there. */
const ERASE_LINE = '\r\x1b[K';

/** Opens the file of `fd` again, with a description of its own: the flag would otherwise hold for the shell too. */
export function openTerminal(fd: number): TerminalStream | undefined {
  try {
    return new TerminalStream(
      openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY),
    );
  } catch {
    // After `su` the terminal belongs to somebody else.
    return undefined;
  }
}

export class TerminalStream extends Writable {
  readonly #fd: number;
  #timer: NodeJS.Timeout | undefined;
  #saying = 0;
  #status = '';
  /** The status, or what fitted of it, stands at the cursor. */
  #statusStands = false;
  #restedAt = 0;

  constructor(fd: number) {
    super({ decodeStrings: true });
    this.#fd = fd;
    // The user who closed the terminal knows.
    this.on('error', () => {});
  }

  /** A row below all lines: they are written over it, and it is written again after them; an empty row removes it. */
  showStatus(row: string): void {
    this.#status = row;
    // If lines are pending, the row is written after the next lines.
    if (this.writableLength > 0 || this.destroyed || (row === '' && !this.#statusStands)) return;
    try {
      writeSync(this.#fd, ERASE_LINE + row);
      this.#statusStands = row !== '';
    } catch {
      // The terminal is full: the next one will do.
    }
  }

  /** Whole lines that are no message. */
  say(lines: string): void {
    if (this.destroyed || this.#saying > MAX_WAITING_BYTES) return;
    this.#saying += lines.length;
    this.write(lines, () => {
      this.#saying -= lines.length;
    });
  }

  /** When all of it is written, or after so long. */
  async drained(limitMs: number): Promise<void> {
    if (this.writableLength > 0 && !this.destroyed) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, limitMs).unref();
        this.write('', () => resolve());
      });
    }
    this.showStatus(this.#status);
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const bytes = this.#withStatus(chunk);
    let written = 0;
    let retryMs = RETRY_MS.first;
    const go = (): void => {
      const before = written;
      try {
        while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
        this.#rest(done);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          done(error as Error);
          return;
        }
        retryMs = written > before ? RETRY_MS.first : Math.min(2 * retryMs, RETRY_MS.longest);
        this.#timer = setTimeout(go, retryMs);
      }
    };
    go();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    closeSync(this.#fd);
    done(error);
  }

  #rest(done: () => void): void {
    const now = performance.now();
    if (!this.#statusStands || now - this.#restedAt < REST_MS.every) done();
    else {
      this.#restedAt = now;
      this.#timer = setTimeout(done, REST_MS.length);
    }
  }

  #withStatus(lines: Buffer): Buffer {
    if (lines.length === 0 || (!this.#statusStands && this.#status === '')) return lines;
    const erase = this.#statusStands ? ERASE_LINE : '';
    this.#statusStands = this.#status !== '';
    return Buffer.concat([Buffer.from(erase), lines, Buffer.from(this.#status)]);
  }
}
