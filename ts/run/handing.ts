/**
 * From a trigger to the outputs. A window that opens is half a minute of traffic at once, more than an output may let wait: live it goes in
 * pieces, as fast as the outputs take them, and not slower than what comes needs the memory. A savefile waits for its outputs.
 */

import type { Output, Schedule } from '../outputs/output';
import type { Piece, Trigger } from '../trigger/trigger';

/** How often it is looked if the outputs have taken a piece, */
const LOOK_MS = 10;
/** and how long one may take nothing at all until the others do not wait for it any more. */
export const STUCK_MS = 1_000;
/** How often requests are looked at that nothing answers. */
const TICK_MS = 1_000;

type Waits = Pick<Output, 'stats'>;

export interface HandingOptions {
  trigger: Trigger;
  outputs: readonly Waits[];
  /** Outputs wait for what they are handed, and the engine for them. */
  lossless: boolean;
  deliver(piece: Piece): Promise<void>[];
  schedule: Schedule;
  now(): number;
}

export class Handing {
  readonly #options: HandingOptions;
  #isGoing = false;
  #going: Promise<void> = Promise.resolve();
  #cancelTick: (() => void) | undefined;

  constructor(options: HandingOptions) {
    this.#options = options;
  }

  /** Takes whole lines; the bytes are needed until what it returns has settled, or not any more. */
  take(lines: Buffer): Promise<void> | undefined {
    const { trigger, lossless } = this.#options;
    trigger.take(lines);
    this.#awaitTick();
    const going = this.#go();
    if (lossless) return going;
    trigger.keep();
    return undefined;
  }

  /** A trigger that is no exchange. */
  trigger(): void {
    this.#options.trigger.trigger();
    void this.#go();
  }

  /** Nothing more comes; settles when the outputs have all that they get. */
  async end(): Promise<void> {
    this.#cancelTick?.();
    this.#options.trigger.end();
    await this.#go();
  }

  #go(): Promise<void> {
    if (this.#isGoing) return this.#going;
    this.#isGoing = true;
    this.#going = this.#handOn();
    return this.#going;
  }

  async #handOn(): Promise<void> {
    const { trigger, lossless, deliver } = this.#options;
    const stuck = new Set<Waits>();
    try {
      for (let piece = trigger.next(); piece !== undefined; piece = trigger.next()) {
        const taken = deliver(piece);
        if (lossless) await Promise.all(taken);
        else if (trigger.isLeaving) await this.#untilTaken(piece.messages, stuck);
      }
    } finally {
      this.#isGoing = false;
    }
  }

  /** Settles when no output has more than one piece that waits, but for those that take nothing. */
  async #untilTaken(messages: number, stuck: Set<Waits>): Promise<void> {
    const { trigger, outputs, now, schedule } = this.#options;
    const settled = new Map<Waits, { messages: number; sinceMs: number }>();
    // A turn of the event loop in any case.
    await new Promise(setImmediate);
    for (;;) {
      const slow = outputs.filter((output) => !stuck.has(output) && output.stats().waiting > messages);
      if (slow.length === 0 || trigger.isCrowded) return;
      for (const output of slow) {
        const { accepted, waiting } = output.stats();
        const before = settled.get(output);
        if (before?.messages !== accepted - waiting) {
          settled.set(output, { messages: accepted - waiting, sinceMs: now() });
        } else if (now() - before.sinceMs >= STUCK_MS) stuck.add(output);
      }
      await new Promise<void>((resolve) => schedule(LOOK_MS, resolve));
    }
  }

  #awaitTick(): void {
    const { trigger, schedule } = this.#options;
    if (this.#cancelTick !== undefined || !trigger.isWaiting) return;
    this.#cancelTick = schedule(TICK_MS, () => {
      this.#cancelTick = undefined;
      trigger.look();
      void this.#go();
      this.#awaitTick();
    });
  }
}
