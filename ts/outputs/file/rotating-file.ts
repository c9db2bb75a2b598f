/**
 * The file that lines are appended to. In: whole lines. Out: a file that ends with a whole line after each call, and another when
 * it is large or old enough. It waits for the disk alone, and calls come one after the other.
 */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LINE_FEED } from '../../exchange/lines';
import type { FileRotation } from '../../types';
import { FinishedFiles } from './finished-files';
import { FileNames } from './names';

/**
 * A symbolic link is not followed: in a folder that others may write to, it would lead messages elsewhere. Without O_NONBLOCK
 * the open of a FIFO without a reader would hold a thread (`fifo(7)`).
 */
const OPEN_FLAGS =
  constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Bodies and headers are in it, so that only its owner may read it (`open(2)`; an existing file keeps its own mode). */
const MODE = 0o600;

/** The beginnings of the engine's lines: of a message, and of a message inside a stream. */
const BEGINNINGS = ['{"id":"', '{"stream":'];
const HEAD_BYTES = Math.max(...BEGINNINGS.map(({ length }) => length));
/** Read at one time on the way back to the last whole line. */
const TAIL_BYTES = 64 * 1024;

export interface RotatingFileOptions extends FileRotation {
  path: string;
  /** Since 1970. */
  date(): number;
  /** The end of a file was cut off, since its writer had not finished it: so many bytes. */
  onCut(bytes: number): void;
  /** The last line is cut off: another process has written after it. */
  onTorn(): void;
  /** A finished file could not be compressed or removed. */
  onUntended(error: NodeJS.ErrnoException): void;
}

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  readonly #names: FileNames;
  readonly #finished: FinishedFiles;
  #handle: FileHandle | undefined;
  #inode = 0;
  #size = 0;
  /** When the file was made, or had its first line; its age counts from there. */
  #since = 0;
  /** So many bytes after `#size` are the beginning of a line. */
  #torn = 0;
  #lastFinished = 0;
  #isNew = false;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#names = new FileNames(options.path);
    const { maxFiles, compression, onUntended: onError } = options;
    this.#finished = new FinishedFiles({
      folder: dirname(options.path),
      names: this.#names,
      maxFiles,
      compression,
      onError,
    });
  }

  /** Rejects if it cannot be written to, or holds anything else than lines of ours. */
  async open(): Promise<void> {
    this.#lastFinished = await this.#finished.newest();
    await this.#open();
    this.#finished.tend();
  }

  /** Rejects if not all of it is in the file; nothing of it is there then. */
  async append(lines: Buffer): Promise<void> {
    await this.#look();
    let handle = await this.#opened();
    if (this.#size > 0 && this.#size + lines.length > this.#options.maxBytes) {
      await this.rotate();
      handle = await this.#opened();
    }
    if (this.#size === 0) this.#since = this.#options.date();
    let written = 0;
    try {
      while (written < lines.length) {
        written += (await handle.write(lines, written, lines.length - written, null)).bytesWritten;
      }
    } catch (error) {
      this.#torn = written;
      // Bytes that cannot be taken back now are taken back before the next write.
      await this.#takeBack().catch(() => {});
      throw error;
    }
    this.#size += written;
  }

  /** Bytes that go into this file. */
  get room(): number {
    return Math.max(0, this.#options.maxBytes - this.#size);
  }

  /** In how many ms the file is old enough, 0 if it is; `undefined` of an empty one, or where its age does not count. */
  get dueInMs(): number | undefined {
    const { maxAgeMs, date } = this.#options;
    if (maxAgeMs === 0 || this.#size === 0) return undefined;
    return Math.min(maxAgeMs, Math.max(0, this.#since + maxAgeMs - date()));
  }

  /** Finishes the file. The next is opened when there is a line for it. */
  async rotate(): Promise<void> {
    const { path, date } = this.#options;
    await this.#close();
    // A clock that was set back makes no name twice, and none before those that are there.
    this.#lastFinished = Math.max(date(), this.#lastFinished + 1);
    // It may be gone meanwhile.
    await rename(path, join(dirname(path), this.#names.finished(this.#lastFinished))).catch(absent);
    this.#size = 0;
    this.#finished.tend();
  }

  callOff(): void {
    this.#finished.callOff();
  }

  /** A file that is ours and never began (`isUnused`) is taken away. */
  async close(isUnused: boolean): Promise<void> {
    await this.#close();
    if (isUnused && this.#isNew && this.#size === 0) await rm(this.#options.path, { force: true });
    await this.#finished.idle();
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Another file may be there by now, or none: `logrotate`, `rm`. And others may have cut this file, or written to it. */
  async #look(): Promise<void> {
    if (this.#handle === undefined) return;
    const status = await lstat(this.#options.path).catch(absent);
    if (status === undefined || status.ino !== this.#inode) {
      this.#torn = 0;
      await this.#close();
    } else if (this.#torn > 0) await this.#takeBack();
    else this.#size = status.size;
  }

  async #opened(): Promise<FileHandle> {
    return this.#handle ?? (await this.#open());
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.#options;
    const before = await lstat(path).catch(absent);
    if (before?.isSymbolicLink()) throw new Error('it is a symbolic link, and is not followed');
    const handle = await openFile(path);
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new Error(NO_FILE);
      this.#size = await this.#wholeSize(handle, status);
      this.#inode = status.ino;
      // Not every file system knows.
      this.#since = status.birthtimeMs || this.#options.date();
      this.#isNew = before === undefined;
      this.#handle = handle;
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Cuts off the beginning of a line at its end: a process that was killed has left it. */
  async #wholeSize(handle: FileHandle, { size }: Stats): Promise<number> {
    if (size === 0) return 0;
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    const text = head.toString('latin1', 0, bytesRead);
    if (!BEGINNINGS.some((beginning) => text.startsWith(beginning.slice(0, bytesRead)))) throw new Error(NO_LINES);
    const end = await lastLineEnd(handle, size);
    if (end === size) return size;
    await handle.truncate(end);
    this.#options.onCut(size - end);
    return end;
  }

  /** After a write that failed: back to the last whole line, unless others have written after it. */
  async #takeBack(): Promise<void> {
    const handle = this.#handle;
    if (handle !== undefined && this.#torn > 0) {
      const { size } = await handle.stat();
      if (size === this.#size + this.#torn) await handle.truncate(this.#size);
      else if (size > this.#size) this.#options.onTorn();
    }
    this.#torn = 0;
  }
}

const NO_FILE = 'it is not a regular file';
const NO_LINES = 'there is a file that does not hold messages, which would be spoiled; remove it, or name another file';

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, OPEN_FLAGS, MODE);
  } catch (error) {
    // A socket, a device that is not there (`open(2)`).
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') throw new Error(NO_FILE, { cause: error });
    throw error;
  }
}

/** How many bytes of the file are whole lines. */
async function lastLineEnd(handle: FileHandle, size: number): Promise<number> {
  const tail = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { bytesRead } = await handle.read(tail, 0, end - start, start);
    const newline = tail.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
