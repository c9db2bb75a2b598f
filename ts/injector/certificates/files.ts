/**
 * A pair from a folder that something else fills: cert-manager's Secret as a volume, or files. Whenever it changes, the new
 * pair is handed on; a pair that is no good is not, and the pair before stays.
 */

import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Pair } from '../server';
import { type CheckedPair, checkPair } from './pair';

export interface PairSource {
  start(): Promise<void>;
  /** Idempotent. */
  stop(): void;
}

export interface PairSink {
  /** A good pair, and not the pair from before. */
  onPair(pair: CheckedPair): void;
  /** The pair is bad or cannot be read; told once for each. */
  onBadPair(complaint: string): void;
}

/** A change is seen at once where the file system tells of it; this is for where it does not. */
const POLL_MS = 30_000;
/** A folder is seldom changed in one stroke. */
const SETTLE_MS = 100;

export class PairFiles implements PairSource {
  readonly #dir: string;
  readonly #sink: PairSink;
  #last = '';
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(dir: string, sink: PairSink) {
    this.#dir = dir;
    this.#sink = sink;
  }

  async start(): Promise<void> {
    this.read();
    this.#poll = setInterval(() => this.read(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Reads now; hands on what is new. */
  read(): void {
    this.#watch();
    let pair: Pair;
    try {
      pair = {
        cert: readFileSync(join(this.#dir, 'tls.crt'), 'utf8'),
        key: readFileSync(join(this.#dir, 'tls.key'), 'utf8'),
      };
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      this.#tell(`cannot read ${path ?? this.#dir}: ${code}`, () => undefined);
      return;
    }
    this.#tell(`${pair.cert}\n${pair.key}`, () => checkPair(pair, Date.now()));
  }

  /** The same pair or complaint is not told twice in a row. */
  #tell(what: string, check: () => CheckedPair | undefined): void {
    if (what === this.#last) return;
    this.#last = what;
    let pair: CheckedPair | undefined;
    try {
      pair = check();
    } catch (error) {
      this.#sink.onBadPair(`${this.#dir}: ${(error as Error).message}`);
      return;
    }
    if (pair === undefined) this.#sink.onBadPair(what);
    else this.#sink.onPair(pair);
  }

  /** The folder and not the files: kubelet replaces a symlink in it. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#dir, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.read(), SETTLE_MS);
      });
      this.#watcher.on('error', () => {});
    } catch {
      // It is not there, or there is nothing left to watch with: the poll remains.
    }
  }
}
