/** How far a savefile is read: one line of stderr that is written over. In: the engine's own count, now and then. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { bytes, duration } from './quantities';
import type { TerminalStream } from './stream';
import { ELLIPSIS, printable, type Text } from './text';
import { ERASE_LINE } from './view';

/** Nobody reads faster, and the engine's count is not newer. */
const INTERVAL_MS = 250;
/** A file that is read in less needs no progress. */
const DELAY_MS = 500;

export interface ProgressOptions {
  file: string;
  terminal: TerminalStream;
  columns(): number;
  text: Text;
  /** Bytes of the file that the engine has read. */
  read(): number;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #total: number | undefined;
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;
  #shown = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#total = sizeOf(options.file);
    this.#timer = setInterval(() => this.#draw(), INTERVAL_MS).unref();
  }

  /** Whether its line stands at the cursor; whoever asks writes over it. */
  readonly take = (): boolean => {
    const shown = this.#shown;
    this.#shown = false;
    return shown;
  };

  /** Takes its line off, for others to write there. */
  readonly clear = (): void => {
    if (this.take()) this.#options.terminal.offer(ERASE_LINE);
  };

  close(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#began;
    if (elapsedMs < DELAY_MS) return;
    const { file, terminal, columns, text, read } = this.#options;
    const done = read();
    const speed = `${bytes(Math.round(done / (elapsedMs / 1000)))}/s`;
    const words =
      this.#total === undefined
        ? `${bytes(done)}  ${speed}  ${duration(elapsedMs)}`
        : `${Math.floor((done / this.#total) * 100)}% of ${bytes(this.#total)}  ${speed}  ${this.#left(done, elapsedMs)}`;
    const row = text.clip(`reading ${printable(basename(file))}: ${words}`, columns() - 1);
    // A long name gives way, the numbers do not.
    const shown = row.endsWith(ELLIPSIS) ? text.clip(words, columns() - 1) : row;
    if (terminal.offer(`${ERASE_LINE}${shown}`)) this.#shown = true;
  }

  #left(done: number, elapsedMs: number): string {
    if (done === 0 || this.#total === undefined) return '';
    return `${duration((elapsedMs / done) * Math.max(0, this.#total - done))} left`;
  }
}

/** A pipe has no size that is known. */
function sizeOf(file: string): number | undefined {
  try {
    const status = statSync(file === '-' ? '/dev/stdin' : file);
    return status.isFile() && status.size > 0 ? status.size : undefined;
  } catch {
    return undefined;
  }
}
