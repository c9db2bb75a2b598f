/**
 * Takes care of finished files: they are compressed, one at a time, and the oldest are removed. All that is known of them are
 * the names in their folder, so that those of an earlier process are taken care of too. It delays no message.
 */

import { constants } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileCompression, FileRotation } from '../../types';
import type { FileNames } from './names';

const MODE = 0o600;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

interface FinishedFilesOptions extends Pick<FileRotation, 'maxFiles' | 'compression'> {
  folder: string;
  names: FileNames;
  onError(error: NodeJS.ErrnoException): void;
}

export class FinishedFiles {
  readonly #options: FinishedFilesOptions;
  readonly #calledOff = new AbortController();
  #isAsked = false;
  #tending: Promise<void> | undefined;

  constructor(options: FinishedFilesOptions) {
    this.#options = options;
  }

  /** The time of the newest; 0 where there is none. */
  async newest(): Promise<number> {
    const { folder, names } = this.#options;
    return names.finishedIn(await readdir(folder)).at(-1)?.time ?? 0;
  }

  /** Compresses and removes what is to be; after a call while it does, once more. */
  tend(): void {
    this.#isAsked = true;
    this.#tending ??= this.#tend();
  }

  /** Files that are not compressed by now stay as they are. */
  callOff(): void {
    this.#calledOff.abort();
  }

  async idle(): Promise<void> {
    await this.#tending;
  }

  /** Never rejects. */
  async #tend(): Promise<void> {
    const { folder, names, maxFiles, compression, onError } = this.#options;
    while (this.#isAsked && !this.#calledOff.signal.aborted) {
      this.#isAsked = false;
      try {
        const all = await readdir(folder);
        const finished = names.finishedIn(all);
        const old = finished.splice(0, Math.max(0, finished.length - maxFiles));
        for (const name of [...names.unfinishedIn(all), ...old.map(({ name }) => name)]) await this.#remove(name);
        const next = compression === 'none' ? undefined : finished.find(({ isCompressed }) => !isCompressed);
        if (next === undefined) continue;
        await this.#compress(next.name, compression);
        this.#isAsked = true;
      } catch (error) {
        // It is tried again when the next file is finished.
        if (!this.#calledOff.signal.aborted) onError(error as NodeJS.ErrnoException);
      }
    }
    this.#tending = undefined;
  }

  /** The file is there as it was, or whole under its new name. */
  async #compress(name: string, compression: FileCompression): Promise<void> {
    const { folder, names } = this.#options;
    const whole = names.compressed(name, compression);
    const part = join(folder, names.unfinished(whole));
    const from = await open(join(folder, name), READ);
    try {
      const to = await open(part, CREATE, MODE);
      try {
        const { signal } = this.#calledOff;
        await pipeline(from.createReadStream(), compressor(compression), to.createWriteStream({ flush: true }), {
          signal,
        });
      } finally {
        await to.close();
      }
      await rename(part, join(folder, whole));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      await from.close();
    }
    await this.#remove(name);
  }

  #remove(name: string): Promise<void> {
    return rm(join(this.#options.folder, name), { force: true });
  }
}

type Zlib = typeof import('node:zlib') & { createZstdCompress(): Transform };

/** `createZstdCompress` came with Node.js 22.15; the config is refused where it is not there. */
function compressor(compression: FileCompression): Transform {
  const zlib = require('node:zlib') as Zlib;
  return compression === 'gzip' ? zlib.createGzip() : zlib.createZstdCompress();
}
