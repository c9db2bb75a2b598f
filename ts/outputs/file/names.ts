/** Names of finished files: that of the output file with the time at which it was finished in it. Pure. */

import { parse } from 'node:path';
import type { FileCompression } from '../../types';

const SUFFIXES: Readonly<Record<FileCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' };
/** Of a file that is being compressed. */
const UNFINISHED = '.tmp';

/** `20261129T131459123Z`: names in their order are files in their order. */
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;

export interface Finished {
  readonly name: string;
  /** When it was finished, in ms since 1970. */
  readonly time: number;
  readonly isCompressed: boolean;
}

export class FileNames {
  readonly #stem: string;
  readonly #extension: string;

  constructor(path: string) {
    const { name, ext } = parse(path);
    this.#stem = `${name}.`;
    this.#extension = ext;
  }

  /** `messages.20261129T131459123Z.jsonl` of `messages.jsonl`. */
  finished(time: number): string {
    return this.#stem + new Date(time).toISOString().replace(/[-:.]/g, '') + this.#extension;
  }

  compressed(name: string, compression: FileCompression): string {
    return name + SUFFIXES[compression];
  }

  unfinished(name: string): string {
    return name + UNFINISHED;
  }

  /** Finished files among these names, the oldest first. All other files of the folder are not ours. */
  finishedIn(names: readonly string[]): Finished[] {
    return names.flatMap((name) => this.#read(name) ?? []).sort((a, b) => a.time - b.time);
  }

  /** Those that were being compressed when an earlier process ended. */
  unfinishedIn(names: readonly string[]): string[] {
    return names.filter(
      (name) => name.endsWith(UNFINISHED) && this.#read(name.slice(0, -UNFINISHED.length))?.isCompressed === true,
    );
  }

  #read(name: string): Finished | undefined {
    const suffix = Object.values(SUFFIXES).find((each) => each !== '' && name.endsWith(each)) ?? '';
    const end = this.#extension + suffix;
    if (!name.startsWith(this.#stem) || !name.endsWith(end)) return undefined;
    const match = TIME.exec(name.slice(this.#stem.length, name.length - end.length));
    if (match === null) return undefined;
    const [, year, month, day, hour, minute, second, ms] = match;
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
    return Number.isNaN(time) ? undefined : { name, time, isCompressed: suffix !== '' };
  }
}
