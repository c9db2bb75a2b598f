/**
 * Memory for the engine's batches, used again and again: new memory for each costs more than all that is done with it,
 * since the system clears it first and V8 is late to give it back.
 */

/** A batch of the engine is full at 256 KiB, with the last line beyond it. */
const ROOM_BYTES = 384 * 1024;
/** As many as the engine gives credits. */
const MAX_FREE_ROOMS = 4;

export class Rooms {
  readonly #free: Buffer[] = [];

  /** At least so many bytes. */
  take(bytes: number): Buffer {
    if (bytes > ROOM_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
  }

  /** Nobody looks at it any more. */
  giveBack(room: Buffer): void {
    if (room.length === ROOM_BYTES && this.#free.length < MAX_FREE_ROOMS) this.#free.push(room);
  }
}
