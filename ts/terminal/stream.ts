/**
 * A terminal that is written to without waiting for it. Node's own streams wait: a terminal that has been stopped
 * (Ctrl-S, a selection with the mouse) would hold the event loop, and with it every other output.
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';

/** A stopped terminal is asked again after so long. */
const RETRY_MS = 20;

/** A description of its own of what is behind `fd`: the flag would else hold for the shell too. */
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

  constructor(fd: number) {
    super({ decodeStrings: true });
    this.#fd = fd;
  }

  /** Writes what fits right now, between two pieces of the stream; whether all of it did. */
  offer(text: string): boolean {
    if (this.writableLength > 0 || this.destroyed) return false;
    try {
      return writeSync(this.#fd, text) === Buffer.byteLength(text);
    } catch {
      return false;
    }
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    let written = 0;
    const go = (): void => {
      try {
        while (written < chunk.length) written += writeSync(this.#fd, chunk, written);
        done();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') done(error as Error);
        else this.#timer = setTimeout(go, RETRY_MS);
      }
    };
    go();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    closeSync(this.#fd);
    done(error);
  }
}
