/** The session's view of every output, and all that outputs share: batches, time, counts. Outputs do not know each other. */

import type { DropReason, OutputName, OutputStats } from '../types';

export type { DropReason };

/**
 * Whole JSON lines, each ended by `\n`. The bytes are shared between outputs, and not written into. Once `write` has
 * settled a later batch overwrites them: who needs them longer calls `kept`.
 */
export interface Batch {
  readonly lines: Buffer;
  readonly messages: number;
  /** The changes from line to line, for a reader that makes objects of the lines (`callback/changes`). Not of every batch. */
  readonly changes?: Buffer | undefined;
  /** Of a large batch: the bytes are not overwritten until what this returns is called. */
  readonly keep?: (() => () => void) | undefined;
}

/** Lines that wait, or what a packer has made of them. */
export interface Kept {
  readonly lines: Buffer;
  readonly messages: number;
  /** Of what is not lines: how many records it is; they go together. */
  readonly records?: number | undefined;
  /** To be called once, when they are needed no more; absent where they are a copy. */
  readonly letGo?: (() => void) | undefined;
}

/** The batch for longer: a small one is copied, a large one stays where it is. */
export function kept({ lines, messages, keep }: Batch): Kept {
  return keep === undefined ? { lines: Buffer.from(lines), messages } : { lines, messages, letGo: keep() };
}

export interface Output {
  readonly name: OutputName;
  /** Before the capture is opened. Rejects with an `EngineError` if there can be no run without what it needs. */
  open?(): Promise<void>;
  /** The capture is open: batches may come. Without this before `close` there was no run. */
  begin?(): void;
  /**
   * Takes the whole batch. Where a promise comes back, the engine's credit is held until it settles: that is the back
   * pressure. May be called again before it settles; batches keep their order.
   */
  write(batch: Batch): Promise<void> | void;
  /** From now on whatever is not out after so many ms is given up and counted. */
  limitDrain(ms: number): void;
  /** No batch comes any more; resolves when every message is delivered or given up. Idempotent, never rejects. */
  close(): Promise<void>;
  stats(): OutputStats;
  /** It still serves its reader after `close`, until `leave`. */
  readonly stays?: boolean;
  /** Idempotent, never rejects. */
  leave?(): Promise<void>;
  /** True if nothing has asked for it so far: it is not in the ledger. */
  readonly isUnused?: boolean;
  /** Where its reader finds it. */
  readonly url?: string | undefined;
}

/** Runs something once after so many ms; returns how to call it off. */
export type Schedule = (ms: number, run: () => void) => () => void;

export const schedule: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** The counts of one output. `accepted` = `delivered` + all drops + `waiting`, at any time. */
export class Tally {
  #accepted = 0;
  #delivered = 0;
  errors = 0;
  readonly #droppedBy: Partial<Record<DropReason, number>> = {};
  #dropped = 0;

  hand(messages: number): void {
    this.#accepted += messages;
  }

  deliver(messages: number): void {
    this.#delivered += messages;
  }

  drop(reason: DropReason, messages: number): void {
    if (messages === 0) return;
    this.#droppedBy[reason] = this.droppedFor(reason) + messages;
    this.#dropped += messages;
  }

  droppedFor(reason: DropReason): number {
    return this.#droppedBy[reason] ?? 0;
  }

  /** Messages that are delivered or dropped. */
  get settled(): number {
    return this.#delivered + this.#dropped;
  }

  get accepted(): number {
    return this.#accepted;
  }

  stats(): OutputStats {
    return {
      accepted: this.#accepted,
      delivered: this.#delivered,
      dropped: this.#dropped,
      droppedBy: { ...this.#droppedBy },
      waiting: this.#accepted - this.settled,
      errors: this.errors,
    };
  }
}

/** Waits until an output has delivered or given up what it was handed so far. */
export class Settling {
  readonly #tally: Tally;
  readonly #waiters: { settled: number; resolve: () => void }[] = [];

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  all(): Promise<void> {
    const settled = this.#tally.accepted;
    if (this.#tally.settled >= settled) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ settled, resolve }));
  }

  /** To be called when something was delivered or dropped. */
  wake(): void {
    const { settled } = this.#tally;
    while (this.#waiters[0] !== undefined && this.#waiters[0].settled <= settled) this.#waiters.shift()?.resolve();
  }
}
