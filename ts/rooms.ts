/**
 * Memory for the engine's batches, used again and again: new memory for each costs more than all that is done with it,
 * since the system clears it first and V8 is late to give it back.
 */

/** A batch of the engine is full at 256 KiB, with the last line beyond it. */
const USUAL_BYTES = 384 * 1024;
/** Lines with a body of the default limit fit; what is larger is not kept for the next. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024;
/** As many as the engine gives credits. */
const MAX_FREE_ROOMS = 4;

export class Rooms {
  readonly #free: Buffer[] = [];

  /** At least so many bytes. */
  take(bytes: number): Buffer {
    const index = this.#free.findIndex(({ length }) => length >= bytes);
    const [room] = index === -1 ? [] : this.#free.splice(index, 1);
    return room ?? Buffer.allocUnsafeSlow(sizeFor(bytes));
  }

  /** Nobody looks at it any more. */
  giveBack(room: Buffer): void {
    if (room.length > MAX_KEPT_BYTES) return;
    // The smallest goes: it fits the least.
    if (this.#free.length >= MAX_FREE_ROOMS) this.#free.shift();
    this.#free.push(room);
    this.#free.sort((a, b) => a.length - b.length);
  }
}

function sizeFor(bytes: number): number {
  if (bytes <= USUAL_BYTES) return USUAL_BYTES;
  return Math.max(bytes, MAX_KEPT_BYTES);
}
