/**
 * Messages that wait for their output. In: the engine's batches. Out: whole lines from the front, as views into them.
 * Counts messages and bytes; what to do when there are too many is its owner's matter.
 */

import type { Kept } from './output';

/** Counted for each batch on top of its lines, so that many small batches are bounded as well. */
const BATCH_OVERHEAD_BYTES = 512;

const NEWLINE = 0x0a;

interface Waiting {
  readonly lines: Buffer;
  /** Where the first line begins that was not taken yet. */
  start: number;
  messages: number;
  readonly since: number;
  readonly records: number | undefined;
  readonly letGo: (() => void) | undefined;
  /** Of `letGo`: this line, and each part that was taken and is still needed. */
  holders: number;
}

export class WaitingLine {
  #batches: (Waiting | undefined)[] = [];
  #head = 0;
  messages = 0;
  /** Of the lines alone. */
  lineBytes = 0;
  /** Memory: of all batches in the line: a batch is kept whole until its last line is taken, so it is counted whole. */
  bytes = 0;

  /** `now` is what `since` will say. */
  push({ lines, messages, letGo, records }: Kept, now = 0): void {
    if (messages === 0 && lines.length === 0) {
      letGo?.();
      return;
    }
    this.#batches.push({ lines, start: 0, messages, since: now, records, letGo, holders: 1 });
    this.messages += messages;
    this.lineBytes += lines.length;
    this.bytes += lines.length + BATCH_OVERHEAD_BYTES;
  }

  /** When the oldest message came. */
  get since(): number | undefined {
    return this.#batches[this.#head]?.since;
  }

  /** Bytes of lines that the front batch has left. */
  get frontBytes(): number {
    const front = this.#batches[this.#head];
    return front === undefined ? 0 : front.lines.length - front.start;
  }

  /**
   * Lines of the front batch, as many as both limits allow and at least one, or all of what is not lines; nothing when nothing waits. Who takes them lets
   * them go.
   */
  take(maxMessages: number, maxBytes: number): Kept | undefined {
    const front = this.#batches[this.#head];
    if (front === undefined) return undefined;
    const { start, lines } = front;
    let end = start;
    let messages = 0;
    if (front.records !== undefined || (front.messages <= maxMessages && lines.length - start <= maxBytes)) {
      end = lines.length;
      messages = front.messages;
    } else {
      do {
        const next = lineEnd(lines, end);
        if (messages > 0 && next - start > maxBytes) break;
        end = next;
        messages++;
      } while (messages < maxMessages && end < lines.length);
    }
    // The piece with a batch's last byte counts all messages that the batch still has, so that the counts always agree.
    if (end >= lines.length) messages = front.messages;
    front.start = end;
    front.messages -= messages;
    this.messages -= messages;
    this.lineBytes -= end - start;
    if (front.letGo !== undefined) front.holders++;
    if (end >= lines.length) this.#shift(front);
    const letGo = front.letGo === undefined ? undefined : () => release(front);
    return { lines: lines.subarray(start, end), messages, records: front.records, letGo };
  }

  /** Lets all of it go; returns how many messages there were. */
  clear(): number {
    const { messages } = this;
    for (const batch of this.#batches) if (batch !== undefined) release(batch);
    this.#batches = [];
    this.#head = 0;
    this.messages = 0;
    this.lineBytes = 0;
    this.bytes = 0;
    return messages;
  }

  #shift(front: Waiting): void {
    this.bytes -= front.lines.length + BATCH_OVERHEAD_BYTES;
    this.#batches[this.#head] = undefined;
    this.#head++;
    release(front);
    if (this.#head * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }
}

function release(batch: Waiting): void {
  batch.holders--;
  if (batch.holders === 0) batch.letGo?.();
}

/** The first byte after the line that begins at `start`. */
function lineEnd(lines: Buffer, start: number): number {
  const newline = lines.indexOf(NEWLINE, start);
  return newline === -1 ? lines.length : newline + 1;
}
