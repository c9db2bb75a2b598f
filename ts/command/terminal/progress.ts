/** How far a savefile is read: a status line on stderr. In: the engine's own count, now and then. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { bytes, duration } from './quantities';
import type { TerminalStream } from './stream';
import { ELLIPSIS, printable, type Text } from './text';

/** No user reads faster, and the engine's count is not newer. */
const INTERVAL_MS = 250;
/** A file that is read in less needs no progress. */
const DELAY_MS = 500;

interface ProgressOptions {
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

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#total = sizeOf(options.file);
    this.#timer = setInterval(() => this.#draw(), INTERVAL_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.terminal.showStatus('');
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
    const name = file === '-' ? 'stdin' : printable(basename(file));
    const row = text.clip(`reading ${name}: ${words}`, columns() - 1);
    // A name that is too long is left out, the numbers are not.
    terminal.showStatus(row.endsWith(ELLIPSIS) ? text.clip(words, columns() - 1) : row);
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
