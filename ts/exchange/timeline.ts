/**
 * When something began to go wrong. In: exchanges with their times, failed or not, fast or slow. Out: the span in which the
 * share of failures, or the wait, was not as outside. Bounded: so many slots, each as long as it has to be.
 */

/** Slots of equal length that a run is divided into; they get longer as it does. */
const MAX_SLOTS = 128;
/** The first length; those that follow are twice as long each. */
const MIN_SLOT_MS = 16;
/** Fewer failures are chance. */
const MIN_FAILURES = 3;
/** Inside the share of failures is so many times that outside at least, else they were there all along. */
const MIN_FAILURE_RATIO = 3;
/** The same of the usual wait. */
const MIN_WAIT_RATIO = 2;
const LOG_MIN_WAIT_RATIO = Math.log(MIN_WAIT_RATIO);
/** A shorter wait counts as that: no wait is measured finer. */
const MIN_WAIT_MS = 0.001;
/** A message that came in one packet took no time at all; beside that anything else would be infinitely longer. */
const MIN_TRANSFER_MS = 1;
const LOG_MIN_TRANSFER_MS = Math.log(MIN_TRANSFER_MS);
/** Fewer exchanges say nothing about the usual wait. */
const MIN_TIMED = 5;
/** So unlikely it has to be that those after the last failure went well by chance, for it to be over. */
const MAX_CHANCE = 0.01;
/** Sets off points in time that no log could mean: 1970 to about 5 000. */
const MAX_MS = 1e14;

interface Slot {
  exchanges: number;
  failed: number;
  /** Of those, the first and the last, in ms since the epoch. */
  firstFailedMs: number;
  lastFailedMs: number;
  /** Exchanges whose wait is known, and the sum of its logarithms. */
  timed: number;
  logWait: number;
  /** The same of up- and download together. */
  carried: number;
  logTransfer: number;
  /** The first exchange at all, and the first that was slower than those before it, in the one way or the other. */
  firstMs: number;
  firstSlowMs: number;
  firstSlowTransferMs: number;
}

export interface Onset {
  /** The first exchange that was so. */
  fromMs: number;
  /** The last slot, if it was over before the end; not if only a few came after it. */
  untilMs?: number;
  /** It was so from the first exchange on. */
  always: boolean;
  /** Inside: the share of failures, or the usual wait in ms. */
  inside: number;
  /** The same outside; 0 if there is nothing outside. */
  outside: number;
  /** That failed, or that were slow. */
  exchanges: number;
}

export class Timeline {
  #slotMs = MIN_SLOT_MS;
  /** By number: the time divided by the length. */
  #slots = new Map<number, Slot>();
  /** The slot that was asked for last: the next exchange is most often in it too. */
  #last: Slot | undefined;
  #lastNumber = Number.NaN;
  readonly #waits = new Usual();
  readonly #transfers = new Usual();
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  /** `transferMs`: of up- and download together. Times that are not known are NaN. */
  add(atMs: number, failed: boolean, waitMs = Number.NaN, transferMs = Number.NaN): void {
    if (!(atMs > 0 && atMs < MAX_MS)) return;
    const slot = this.#slotAt(atMs);
    slot.exchanges++;
    if (atMs < slot.firstMs) slot.firstMs = atMs;
    if (failed) {
      slot.failed++;
      if (atMs < slot.firstFailedMs) slot.firstFailedMs = atMs;
      if (atMs > slot.lastFailedMs) slot.lastFailedMs = atMs;
    }
    if (!Number.isNaN(waitMs)) {
      const log = Math.log(Math.max(waitMs, MIN_WAIT_MS));
      if (this.#waits.note(log) && atMs < slot.firstSlowMs) slot.firstSlowMs = atMs;
      slot.timed++;
      slot.logWait += log;
    }
    if (!Number.isNaN(transferMs)) {
      // Of most messages it is 0.
      const log = transferMs > MIN_TRANSFER_MS ? Math.log(transferMs) : LOG_MIN_TRANSFER_MS;
      if (this.#transfers.note(log) && atMs < slot.firstSlowTransferMs) slot.firstSlowTransferMs = atMs;
      slot.carried++;
      slot.logTransfer += log;
    }
  }

  addAll(other: Timeline): void {
    while (this.#slotMs < other.#slotMs) this.#coarsen();
    for (const slot of other.#slots.values()) addTo(this.#slotAt(slot.firstMs), slot);
  }

  /** `undefined` if nothing failed, or too little to say more than that it did. */
  failing(): Onset | undefined {
    const slots = this.#inOrder();
    const span = largestRise(
      slots,
      ({ failed }) => failed,
      ({ exchanges }) => exchanges,
    );
    if (span === undefined) return undefined;
    const [inside, outside] = parted(slots, span);
    if (inside.failed < MIN_FAILURES) return undefined;
    const share = inside.failed / inside.exchanges;
    const before = outside.exchanges === 0 ? 0 : outside.failed / outside.exchanges;
    const all = total(slots);
    if (outside.exchanges > 0 && share < MIN_FAILURE_RATIO * before) {
      return {
        fromMs: all.firstFailedMs,
        always: true,
        inside: all.failed / all.exchanges,
        outside: 0,
        exchanges: all.failed,
      };
    }
    return {
      fromMs: inside.firstFailedMs,
      ...(isOver(total(slots.slice(span.end)), share) ? { untilMs: inside.lastFailedMs } : {}),
      always: span.start === 0 && span.end === slots.length,
      inside: share,
      outside: before,
      exchanges: inside.failed,
    };
  }

  /** When the server took longer than at other times; `undefined` if it never did, or there are too few exchanges to tell. */
  slowWait(): Onset | undefined {
    return this.#slower(
      ({ logWait }) => logWait,
      ({ timed }) => timed,
      ({ firstSlowMs }) => firstSlowMs,
    );
  }

  /** The same of the time that the bytes were on their way. */
  slowTransfer(): Onset | undefined {
    return this.#slower(
      ({ logTransfer }) => logTransfer,
      ({ carried }) => carried,
      ({ firstSlowTransferMs }) => firstSlowTransferMs,
    );
  }

  #slower(
    logOf: (slot: Slot) => number,
    countOf: (slot: Slot) => number,
    firstOf: (slot: Slot) => number,
  ): Onset | undefined {
    const slots = this.#inOrder();
    const span = largestRise(slots, logOf, countOf);
    if (span === undefined) return undefined;
    const [inside, outside] = parted(slots, span);
    if (countOf(inside) < MIN_TIMED || countOf(outside) < MIN_TIMED) return undefined;
    const usual = Math.exp(logOf(inside) / countOf(inside));
    const before = Math.exp(logOf(outside) / countOf(outside));
    if (usual < MIN_WAIT_RATIO * before) return undefined;
    // The slot in which it began has some from before.
    const firstSlow = firstOf(inside);
    return {
      fromMs: Number.isFinite(firstSlow) ? firstSlow : inside.firstMs,
      ...(countOf(total(slots.slice(span.end))) < MIN_TIMED ? {} : { untilMs: (slots[span.end] as Slot).firstMs }),
      always: false,
      inside: usual,
      outside: before,
      exchanges: countOf(inside),
    };
  }

  #inOrder(): Slot[] {
    return [...this.#slots].sort(([a], [b]) => a - b).map(([, slot]) => slot);
  }

  #slotAt(atMs: number): Slot {
    const number = Math.floor(atMs / this.#slotMs);
    if (this.#last !== undefined && number === this.#lastNumber) return this.#last;
    const slot = this.#slots.get(number) ?? this.#newSlotAt(atMs);
    this.#last = slot;
    // It may have got longer.
    this.#lastNumber = Math.floor(atMs / this.#slotMs);
    return slot;
  }

  #newSlotAt(atMs: number): Slot {
    let number = Math.floor(atMs / this.#slotMs);
    while (Math.max(number, this.#high) - Math.min(number, this.#low) >= MAX_SLOTS) {
      this.#coarsen();
      number = Math.floor(atMs / this.#slotMs);
    }
    let slot = this.#slots.get(number);
    if (slot === undefined) {
      slot = emptySlot();
      this.#slots.set(number, slot);
      this.#low = Math.min(this.#low, number);
      this.#high = Math.max(this.#high, number);
    }
    return slot;
  }

  /** Slots of twice the length, each of two that there were. */
  #coarsen(): void {
    this.#slotMs *= 2;
    this.#last = undefined;
    const slots = new Map<number, Slot>();
    for (const [number, slot] of this.#slots) {
      const half = Math.floor(number / 2);
      const there = slots.get(half);
      if (there === undefined) slots.set(half, slot);
      else addTo(there, slot);
    }
    this.#slots = slots;
    this.#low = Math.floor(this.#low / 2);
    this.#high = Math.floor(this.#high / 2);
  }
}

/** `share` of the exchanges before those of `after` failed. */
function isOver(after: Slot, share: number): boolean {
  return after.exchanges >= MIN_FAILURES && (1 - share) ** after.exchanges < MAX_CHANCE;
}

/** The usual time so far, by its logarithm. */
class Usual {
  #count = 0;
  #sum = 0;

  /** Returns true if this is far above it. */
  note(log: number): boolean {
    const isSlow = this.#count >= MIN_TIMED && log > this.#sum / this.#count + LOG_MIN_WAIT_RATIO;
    this.#count++;
    this.#sum += log;
    return isSlow;
  }
}

function emptySlot(): Slot {
  return {
    exchanges: 0,
    failed: 0,
    firstFailedMs: Number.POSITIVE_INFINITY,
    lastFailedMs: Number.NEGATIVE_INFINITY,
    timed: 0,
    logWait: 0,
    carried: 0,
    logTransfer: 0,
    firstMs: Number.POSITIVE_INFINITY,
    firstSlowMs: Number.POSITIVE_INFINITY,
    firstSlowTransferMs: Number.POSITIVE_INFINITY,
  };
}

function addTo(slot: Slot, other: Slot): void {
  slot.exchanges += other.exchanges;
  slot.failed += other.failed;
  slot.firstFailedMs = Math.min(slot.firstFailedMs, other.firstFailedMs);
  slot.lastFailedMs = Math.max(slot.lastFailedMs, other.lastFailedMs);
  slot.timed += other.timed;
  slot.logWait += other.logWait;
  slot.carried += other.carried;
  slot.logTransfer += other.logTransfer;
  slot.firstMs = Math.min(slot.firstMs, other.firstMs);
  slot.firstSlowMs = Math.min(slot.firstSlowMs, other.firstSlowMs);
  slot.firstSlowTransferMs = Math.min(slot.firstSlowTransferMs, other.firstSlowTransferMs);
}

function total(slots: readonly Slot[]): Slot {
  const sum = emptySlot();
  for (const slot of slots) addTo(sum, slot);
  return sum;
}

interface Span {
  start: number;
  /** The first slot after it. */
  end: number;
}

function parted(slots: readonly Slot[], { start, end }: Span): [inside: Slot, outside: Slot] {
  return [total(slots.slice(start, end)), total([...slots.slice(0, start), ...slots.slice(end)])];
}

/** With the slot in which it began, and that in which it ended: of those only a part may be so. */
function widened(
  slots: readonly Slot[],
  { start, end }: Span,
  sumOf: (slot: Slot) => number,
  weightOf: (slot: Slot) => number,
): Span {
  const [inside, outside] = parted(slots, { start, end });
  if (weightOf(outside) === 0) return { start, end };
  const usual = sumOf(outside) / weightOf(outside);
  const least = usual + PART * (sumOf(inside) / weightOf(inside) - usual);
  const isPart = (slot: Slot | undefined): boolean =>
    slot !== undefined && weightOf(slot) > 0 && sumOf(slot) / weightOf(slot) > least;
  return { start: isPart(slots[start - 1]) ? start - 1 : start, end: isPart(slots[end]) ? end + 1 : end };
}

/** So much of a slot has to be so. */
const PART = 0.02;

/**
 * The span whose values are the furthest above what they would be if all slots had the mean (a CUSUM chart: the sum of the
 * deviations rises inside of it and falls outside).
 */
function largestRise(
  slots: readonly Slot[],
  sumOf: (slot: Slot) => number,
  weightOf: (slot: Slot) => number,
): Span | undefined {
  const all = total(slots);
  const weight = weightOf(all);
  if (weight === 0) return undefined;
  const mean = sumOf(all) / weight;
  let best: Span = { start: 0, end: slots.length };
  let bestRise = 0;
  let sum = 0;
  let lowest = 0;
  let lowestAt = 0;
  for (const [index, slot] of slots.entries()) {
    sum += sumOf(slot) - mean * weightOf(slot);
    // Of equal runs the widest: rounding must not cut a run without a change into pieces.
    if (sum - lowest > bestRise + 1e-9) {
      bestRise = sum - lowest;
      best = { start: lowestAt, end: index + 1 };
    }
    if (sum < lowest) {
      lowest = sum;
      lowestAt = index + 1;
    }
  }
  return widened(slots, best, sumOf, weightOf);
}
