/**
 * A HAR file that grows. In: entries. Out: a file that is a whole document after every write: each one puts the end of the
 * document behind its entries, and the next one begins where that end stands. Refuses to know what an entry holds.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { VERSION } from '../version';

const writeAt = promisify(write);

const BEGIN = `{"log":{"version":"1.2","creator":{"name":"tcp-sniffer","version":"${VERSION}"},"entries":[`;
/** Without O_NONBLOCK the open of a FIFO that nobody reads would hold the process, signals and all (`fifo(7)`). */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;
const END = '\n]}}\n';
const SEPARATOR = ',';
/** Bodies and headers are in it: nobody else's business (`open(2)`; an existing file keeps its own mode). */
const MODE = 0o600;

const NO_FILE = 'it is no regular file; HAR is written at positions';

export class HarFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #isNew: boolean;
  /** Where the end of the document begins; 0 before `begin`. */
  #end = 0;
  #empty = true;
  #closed = false;

  /** Opens it for writing; what is in it stays until `begin`. */
  constructor(path: string) {
    this.#path = path;
    this.#isNew = !existsSync(path);
    this.#fd = openFile(path);
    if (!fstatSync(this.#fd).isFile()) {
      closeSync(this.#fd);
      throw new Error(NO_FILE);
    }
  }

  /** From here on it is a HAR, without entries yet. */
  begin(): void {
    ftruncateSync(this.#fd, 0);
    writeSync(this.#fd, BEGIN + END, 0);
    this.#end = BEGIN.length;
  }

  /** JSON texts of entries; one call at a time. */
  async append(entries: readonly string[]): Promise<void> {
    if (entries.length === 0) return;
    const text = entries.map((entry) => `\n${entry}`).join(SEPARATOR);
    const bytes = Buffer.from(`${this.#empty ? '' : SEPARATOR}${text}${END}`);
    let written = 0;
    while (written < bytes.length) {
      written += (await writeAt(this.#fd, bytes, written, bytes.length - written, this.#end + written)).bytesWritten;
    }
    this.#end += bytes.length - END.length;
    this.#empty = false;
  }

  /** After a write that failed: back to the entries before it, as far as the disk lets us. */
  repair(): void {
    try {
      ftruncateSync(this.#fd, this.#end);
      writeSync(this.#fd, END, this.#end);
    } catch {
      // The disk is gone; whoever wrote has been told.
    }
  }

  /** A file that is ours and never began is taken away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    if (this.#end === 0 && this.#isNew) unlinkSync(this.#path);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, OPEN_FLAGS, MODE);
  } catch (error) {
    // A FIFO that nobody reads, a socket, a device that is not there (`open(2)`).
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') throw new Error(NO_FILE, { cause: error });
    throw error;
  }
}
