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

interface HandingOptions {
  trigger: Trigger;
  outputs: readonly Waits[];
  /** Outputs wait for what they are handed, and the engine for them. */
  lossless: boolean;
  deliver(piece: Piece): Promise<void>[];
  /** An error came between; so many messages of a piece are lost. */
  onFailure(error: unknown, messages: number): void;
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
    try {
      trigger.take(lines);
    } catch (error) {
      // The wanted part of it is delivered before it is overwritten.
      try {
        trigger.keep();
      } finally {
        void this.#go();
      }
      throw error;
    }
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

  /** These exchanges are over without a response. */
  unanswered(ids: readonly string[]): void {
    this.#guarded((trigger) => trigger.unanswered(ids));
    void this.#go();
  }

  /** Nothing more comes; settles when the outputs have all that they get. */
  async end(): Promise<void> {
    this.#cancelTick?.();
    this.#guarded((trigger) => trigger.end());
    await this.#go();
  }

  /** Never rejects: most callers do not wait for it. */
  #go(): Promise<void> {
    if (this.#isGoing) return this.#going;
    this.#isGoing = true;
    this.#going = this.#deliverWaiting();
    return this.#going;
  }

  async #deliverWaiting(): Promise<void> {
    const { trigger, lossless } = this.#options;
    const stuck = new Set<Waits>();
    while (trigger.isWaiting) {
      const { taken, messages } = this.#deliverPiece();
      try {
        if (lossless) await Promise.all(taken);
        else if (trigger.isWaiting) await this.#untilTaken(messages, stuck);
      } catch (error) {
        this.#options.onFailure(error, 0);
      }
    }
    // Not a turn later: a call that comes at once would find nothing that delivers.
    this.#isGoing = false;
  }

  /** A message that fails is lost, and the next are delivered all the same. */
  #deliverPiece(): { taken: Promise<void>[]; messages: number } {
    const { trigger, deliver, onFailure } = this.#options;
    const failedBefore = trigger.failed;
    let messages = 0;
    try {
      const piece = trigger.next();
      if (piece === undefined) return { taken: [], messages };
      messages = piece.messages;
      return { taken: deliver(piece), messages };
    } catch (error) {
      trigger.failed += messages;
      onFailure(error, trigger.failed - failedBefore);
      return { taken: [], messages };
    }
  }

  /** For what a timer or the end of the run calls: nothing would catch it. */
  #guarded(act: (trigger: Trigger) => void): void {
    const { trigger, onFailure } = this.#options;
    try {
      act(trigger);
    } catch (error) {
      onFailure(error, 0);
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
      if (slow.length === 0 || trigger.isFull) return;
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
    if (this.#cancelTick !== undefined || !trigger.needsLook) return;
    this.#cancelTick = schedule(TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#guarded(() => trigger.look());
      void this.#go();
      this.#awaitTick();
    });
  }
}
