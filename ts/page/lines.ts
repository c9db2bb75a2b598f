/** A text as lines of bounded length, without copies of it: where each begins and ends. */

/** Characters of a line that is shown; a longer line goes on in the next. */
export const MAX_LINE = 200;

export class TextLines {
  readonly text: string;
  #ends: Uint32Array;
  count = 0;

  constructor(text: string) {
    this.text = text;
    this.#ends = new Uint32Array(1_024);
    for (let start = 0; start <= text.length; ) {
      const feed = text.indexOf('\n', start);
      const end = feed === -1 ? text.length : feed;
      for (let at = start + MAX_LINE; at < end; at += MAX_LINE) this.#push(at);
      this.#push(end);
      start = end + 1;
    }
  }

  /** Without its line feed. */
  line(index: number): string {
    const end = this.#ends[index] ?? 0;
    const before = index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
    const start = index > 0 && this.text[before] === '\n' ? before + 1 : before;
    return this.text.slice(start, end).replace(/\r$/, '');
  }

  /** The line that this character stands in. */
  at(offset: number): number {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #push(end: number): void {
    if (this.count === this.#ends.length) {
      const larger = new Uint32Array(2 * this.count);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[this.count++] = end;
  }
}

const BYTES_A_ROW = 16;

export function hexRows(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / BYTES_A_ROW);
}

/** Offset, bytes, and those of them that are ASCII. */
export function hexRow(bytes: Uint8Array, row: number): string {
  const piece = bytes.subarray(row * BYTES_A_ROW, (row + 1) * BYTES_A_ROW);
  const hex = Array.from(piece, (byte) => byte.toString(16).padStart(2, '0'));
  const text = Array.from(piece, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
  const offset = (row * BYTES_A_ROW).toString(16).padStart(8, '0');
  return `${offset}  ${hex.join(' ').padEnd(3 * BYTES_A_ROW - 1)}  ${text.join('')}`;
}
