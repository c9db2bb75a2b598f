/**
 * Memory for the engine's batches, used again and again: new memory for each costs more than all that is done with it,
 * since the system clears it first and V8 is late to give it back. A batch that has to wait may keep its buffer, so that a
 * large line is not copied: then the next batch gets another.
 */

/** A batch of the engine is full at 256 KiB, with the last line beyond it. */
const USUAL_BYTES = 384 * 1024;
/** Larger buffers are made of so much, so that the next large batch fits into them too. */
const STEP_BYTES = 1024 * 1024;
/** Buffers that are not used: two large buffers, and some of the usual size. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;
/** As many as the credits of the engine. */
const MAX_FREE_BUFFERS = 4;
/** Smaller batches are copied by the output that keeps them: their buffer is more than they are. */
export const MIN_KEPT_BYTES = 1024 * 1024;

/** A buffer that is lent. Each holder lets go once; when the last has, another batch overwrites it. */
export class Loan {
  readonly buffer: Buffer;
  readonly #giveBack: (buffer: Buffer) => void;
  #holders = 1;

  constructor(buffer: Buffer, giveBack: (buffer: Buffer) => void) {
    this.buffer = buffer;
    this.#giveBack = giveBack;
  }

  letGo(): void {
    this.#holders--;
    if (this.#holders === 0) this.#giveBack(this.buffer);
  }

  /** One more holder; returns how that one lets go, once. */
  keep(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (held) this.letGo();
      held = false;
    };
  }
}

export class BufferPool {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;
  readonly #giveBack = (buffer: Buffer): void => this.#keepFree(buffer);

  /** At least so many bytes. */
  lend(bytes: number): Loan {
    const index = this.#free.findIndex(({ length }) => length >= bytes);
    const [buffer] = index === -1 ? [] : this.#free.splice(index, 1);
    if (buffer !== undefined) this.#freeBytes -= buffer.length;
    return new Loan(buffer ?? Buffer.allocUnsafeSlow(sizeFor(bytes)), this.#giveBack);
  }

  #keepFree(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#freeBytes += buffer.length;
    this.#free.sort((a, b) => a.length - b.length);
    // The smallest goes: it fits the least. A buffer that is too large for all of it goes itself.
    while (this.#free.length > MAX_FREE_BUFFERS || this.#freeBytes > MAX_FREE_BYTES) {
      const gone = buffer.length > MAX_FREE_BYTES ? this.#free.pop() : this.#free.shift();
      this.#freeBytes -= gone?.length ?? 0;
    }
  }
}

function sizeFor(bytes: number): number {
  return bytes <= USUAL_BYTES ? USUAL_BYTES : Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
}
