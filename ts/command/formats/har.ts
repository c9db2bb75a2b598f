/**
 * A HAR on stdout, in one go forward: entries as exchanges become whole, a line each, and the end of the document after the
 * last. In: batches, for the HAR output. Out: its entries, by the way that JSON lines go.
 */

import { BEGIN, endOf } from '../../outputs/har/file';
import { type HarOptions, HarOutput } from '../../outputs/har/output';
import type { Coming } from '../../outputs/kind';
import type { Batch, Output } from '../../outputs/output';
import { type StdoutOptions, StdoutOutput } from '../../outputs/stdout/output';
import type { OutputStats } from '../../types';

export class HarOnStdout implements Output {
  readonly name = 'stdout';
  readonly #har: HarOutput;
  readonly #document: HarDocument;
  #closed: Promise<void> | undefined;

  constructor(options: StdoutOptions, come: Coming) {
    this.#document = new HarDocument(options);
    this.#har = new HarOutput({
      ...options,
      ...come,
      file: this.#document,
      slow: 'the reader of stdout is slower than the traffic: the oldest waiting exchanges were dropped from the HAR',
    });
  }

  begin(): void {
    this.#har.begin();
  }

  write(batch: Batch): Promise<void> | void {
    return this.#har.write(batch);
  }

  limitDrain(ms: number): void {
    this.#har.limitDrain(ms);
    this.#document.limitDrain(ms);
  }

  close(): Promise<void> {
    this.#closed ??= this.#har.close().then(() => this.#document.finish());
    return this.#closed;
  }

  stats(): OutputStats {
    return this.#har.stats();
  }
}

/** The object that the HAR output takes for a file. */
class HarDocument implements NonNullable<HarOptions['file']> {
  readonly #log: StdoutOptions['log'];
  readonly #stdout: StdoutOutput;
  #begun = false;
  #empty = true;
  #failure: NodeJS.ErrnoException | undefined;
  /** When the first entry began; without entries, the capture. */
  #startedAt = new Date().toISOString();

  constructor(options: StdoutOptions) {
    this.#log = options.log;
    this.#stdout = new StdoutOutput({
      ...options,
      engine: undefined,
      // Entries that are too many are dropped before they come here.
      lossless: true,
      onClosed: (error) => {
        this.#failure = error;
      },
    });
  }

  begin(): void {
    this.#begun = true;
    // Entries follow it in order, and fail if it has failed.
    void this.#write([BEGIN]);
  }

  async append(entries: readonly (readonly (string | Buffer)[])[], startedAt: string): Promise<void> {
    if (startedAt.length === this.#startedAt.length && (this.#empty || startedAt < this.#startedAt))
      this.#startedAt = startedAt;
    const pieces = entries.flatMap((each, index) => [this.#empty && index === 0 ? '\n' : ',\n', ...each]);
    this.#empty = false;
    if (!(await this.#write(pieces)))
      throw this.#failure ?? new Error('stdout did not take it in the time that there is at stop');
  }

  /** The written part stays. */
  repair(): boolean {
    return false;
  }

  close(): void {}

  limitDrain(ms: number): void {
    this.#stdout.limitDrain(ms);
  }

  /** After the last entry. */
  async finish(): Promise<void> {
    const isWhole = !this.#begun || (await this.#write([endOf(this.#startedAt)]));
    if (!isWhole && this.#failure === undefined)
      this.#log.warn({ output: 'stdout' }, 'the end of the HAR is missing: it is not a whole document');
    await this.#stdout.close();
  }

  /** Returns true if all of it was written. */
  async #write(pieces: readonly (string | Buffer)[]): Promise<boolean> {
    const lines = Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
    const { dropped } = this.#stdout.stats();
    await this.#stdout.write({ lines, messages: 1 });
    return this.#stdout.stats().dropped === dropped;
  }
}
