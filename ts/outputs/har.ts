/** Batches in, HAR entries in a file out, as exchanges become whole. Live a slow disk makes nobody wait: the oldest go. */

import { entryOf } from '../har/entry';
import type { HarFile } from '../har/file';
import { Pairing } from '../har/pairing';
import { LimitedLine, type Log } from '../logger';
import type { OutputStats } from '../types';
import { messagesOf } from './messages';
import { type Batch, type Output, type Schedule, Tally } from './output';

/** Characters of entries that wait for a slow disk, live. */
export const MAX_HAR_WAITING_UNITS = 16 * 1024 * 1024;
/** What is handed to the disk at one time while the last exchanges are written. */
const FLUSH_UNITS = 1024 * 1024;

export interface HarOptions {
  file: HarFile;
  /** Wait instead of dropping: a savefile is read. */
  lossless: boolean;
  log: Log;
  schedule: Schedule;
  now(): number;
  /** Called once, when the file takes nothing any more. */
  onClosed(error: NodeJS.ErrnoException): void;
}

interface Entry {
  text: string;
  messages: number;
}

export class HarOutput implements Output {
  readonly name = 'har';
  readonly #options: HarOptions;
  readonly #tally = new Tally();
  readonly #pairing = new Pairing({
    onExchange: (exchange, messages) => this.#push({ text: JSON.stringify(entryOf(exchange)), messages }),
  });
  #queue: Entry[] = [];
  #queuedUnits = 0;
  #writing: Promise<void> | undefined;
  /** Why nothing is written any more. */
  #off: 'closed' | 'abandoned' | undefined;
  #cancelLimit: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #begun = false;
  readonly #overflowLog: LimitedLine;

  constructor(options: HarOptions) {
    this.#options = options;
    this.#overflowLog = new LimitedLine(options.log.warn, options.now);
  }

  begin(): void {
    this.#begun = true;
    try {
      this.#options.file.begin();
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  write(batch: Batch): Promise<void> | void {
    this.#tally.hand(batch.messages);
    for (const [message, bytes] of messagesOf(batch)) {
      if (message === undefined) this.#tally.drop('invalid', 1);
      else this.#pairing.add(message, bytes);
    }
    this.#pump();
    if (this.#options.lossless) return this.#writing;
    this.#dropOldest();
  }

  limitDrain(ms: number): void {
    this.#cancelLimit?.();
    this.#cancelLimit = this.#options.schedule(ms, () => this.#turnOff('abandoned'));
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  async #end(): Promise<void> {
    while (this.#begun && this.#pairing.settleOldest()) {
      if (this.#queuedUnits < FLUSH_UNITS) continue;
      this.#pump();
      await this.#writing;
    }
    this.#pump();
    await this.#writing;
    this.#cancelLimit?.();
    this.#options.file.close();
  }

  #push(entry: Entry): void {
    if (this.#off !== undefined) {
      this.#tally.drop(this.#off, entry.messages);
      return;
    }
    this.#queue.push(entry);
    this.#queuedUnits += entry.text.length;
  }

  #pump(): void {
    if (this.#writing !== undefined || this.#queue.length === 0) return;
    this.#writing = this.#writeQueue().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const entries = this.#queue;
      this.#queue = [];
      this.#queuedUnits = 0;
      const messages = entries.reduce((sum, entry) => sum + entry.messages, 0);
      try {
        await this.#options.file.append(entries.map(({ text }) => text));
        this.#tally.deliver(messages);
      } catch (error) {
        this.#tally.drop('closed', messages);
        this.#options.file.repair();
        this.#fail(error as NodeJS.ErrnoException);
      }
    }
  }

  #dropOldest(): void {
    if (this.#queuedUnits <= MAX_HAR_WAITING_UNITS) return;
    let first = 0;
    for (; this.#queuedUnits > MAX_HAR_WAITING_UNITS; first++) {
      const { text, messages } = this.#queue[first] as Entry;
      this.#queuedUnits -= text.length;
      this.#tally.drop('overflow', messages);
    }
    this.#queue.splice(0, first);
    this.#overflowLog.write(
      { output: this.name, dropped: this.#tally.droppedFor('overflow') },
      'the disk is slower than the traffic: the oldest waiting exchanges were dropped from the HAR file',
    );
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#off !== undefined) return;
    this.#tally.errors++;
    this.#turnOff('closed');
    this.#options.onClosed(error);
  }

  #turnOff(reason: 'closed' | 'abandoned'): void {
    this.#off ??= reason;
    for (const { messages } of this.#queue) this.#tally.drop(this.#off, messages);
    this.#queue = [];
    this.#queuedUnits = 0;
  }
}
