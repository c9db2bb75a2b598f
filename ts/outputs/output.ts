/** What every output is to the session, and what outputs share: batches, lines, time, counts. They do not know each other. */

import type { OutputName, OutputStats } from '../types';

/** Whole JSON lines, each ended by `\n`. The bytes are shared between outputs: nobody writes into them. */
export interface Batch {
  readonly lines: Buffer;
  readonly messages: number;
}

export interface Output {
  readonly name: OutputName;
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
}

/** Runs something once after so many ms; returns how to call it off. */
export type Schedule = (ms: number, run: () => void) => () => void;

export const schedule: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

const NEWLINE = 0x0a;

/** The JSON texts of a batch, without their newlines, as views into its bytes. */
export function* eachLine(lines: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < lines.length) {
    const newline = lines.indexOf(NEWLINE, start);
    const end = newline === -1 ? lines.length : newline;
    if (end > start) yield lines.subarray(start, end);
    start = end + 1;
  }
}

/** The counts of one output. */
export class Tally {
  delivered = 0;
  errors = 0;
  waiting = 0;
  readonly #droppedBy: Record<string, number> = {};

  drop(reason: string, messages: number): void {
    if (messages > 0) this.#droppedBy[reason] = (this.#droppedBy[reason] ?? 0) + messages;
  }

  stats(): OutputStats {
    const droppedBy = { ...this.#droppedBy };
    const dropped = Object.values(droppedBy).reduce((sum, count) => sum + count, 0);
    return { delivered: this.delivered, dropped, droppedBy, waiting: this.waiting, errors: this.errors };
  }
}
