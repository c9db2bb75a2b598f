/** Batches in, one HTML file out, at the end. Traffic that does not fit into memory is left out; the file says how much that is. */

import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, unlinkSync, writeSync } from 'node:fs';
import type { Endings } from '../../exchange/endings';
import { linesOf, parseLine } from '../../exchange/lines';
import { lossesOf } from '../../losses';
import type { OutputStats } from '../../types';
import type { OutputDeps } from '../kind';
import { type Batch, type Output, Tally } from '../output';
import { openReplaceableFile } from '../regular-file';
import { type Assets, readAssets } from '../view/assets';
import { alignRows } from '../view/clocks';
import { documentOf } from '../view/document';
import { Ring } from '../view/ring';

/** As `documentOf` writes it, and no other page. */
const PAGE = { name: 'page of tcp-sniffer', head: /^<!doctype html>.*<title>tcp-sniffer<\/title>/s };

interface HtmlOptions {
  path: string;
  source: string;
  /** A savefile is read. */
  lossless: boolean;
  /** How exchanges end that have no response. */
  endings: Endings;
  wordsOfClocks?: OutputDeps['wordsOfClocks'];
  engineStats(): Record<string, number>;
  /** The file takes nothing. */
  onClosed(error: NodeJS.ErrnoException): void;
  /** Of the page's files. */
  assets?: string | undefined;
}

export class HtmlOutput implements Output {
  readonly name = 'html';
  readonly #options: HtmlOptions;
  readonly #assets: Assets;
  readonly #ring: Ring;
  readonly #tally = new Tally();
  readonly #file: { fd: number; isNew: boolean };
  /** Messages that are to be in the file. */
  #waiting = 0;
  #begun = false;
  #closed = false;

  /** Opens the file; what is in it stays until the end. */
  constructor(options: HtmlOptions) {
    this.#options = options;
    this.#ring = new Ring({}, options.endings);
    this.#assets = readAssets(options.assets);
    this.#file = openReplaceableFile(options.path, PAGE);
  }

  begin(): void {
    this.#begun = true;
  }

  write(batch: Batch): void {
    this.#tally.hand(batch.messages);
    for (const line of linesOf(batch.lines)) {
      const message = parseLine(line);
      if (message === undefined) this.#tally.drop('invalid', 1);
      else {
        this.#ring.add(message, Buffer.from(line));
        this.#waiting++;
      }
    }
  }

  limitDrain(): void {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ring.end();
    try {
      if (this.#begun) await this.#writeAll();
      // A file that is ours and never began is taken away.
      else if (this.#file.isNew) unlinkSync(this.#options.path);
      this.#tally.drop('overflow', this.#ring.linesGone);
      this.#tally.deliver(this.#waiting - this.#ring.linesGone);
    } catch (error) {
      this.#tally.errors++;
      this.#tally.drop('closed', this.#waiting);
      this.#options.onClosed(error as NodeJS.ErrnoException);
    } finally {
      closeSync(this.#file.fd);
    }
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  async #writeAll(): Promise<void> {
    const { fd } = this.#file;
    ftruncateSync(fd, 0);
    let position = 0;
    for (const piece of joined(documentOf(this.#ring, this.#state(), this.#assets))) {
      const bytes = Buffer.from(piece);
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(fd, bytes, written, bytes.length - written, position + written);
      }
      position += bytes.length;
      await new Promise(setImmediate);
    }
  }

  #state() {
    const { source, lossless, engineStats, wordsOfClocks = () => [] } = this.#options;
    const clocks = alignRows(this.#ring, wordsOfClocks);
    const { exchanges, rowsGone, messagesGone } = this.#ring;
    const losses = lossesOf(engineStats());
    const run = randomUUID();
    const counts = { exchanges, rowsGone, messagesGone, overflow: 0, losses };
    return { run, source, savefile: lossless, ended: true, ...counts, ...(clocks === undefined ? {} : { clocks }) };
  }
}

/** Characters that are handed to the disk at one time. */
const CHUNK = 256 * 1024;

function* joined(pieces: Iterable<string>): Generator<string> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield text;
}
