/** Lines of key logs that the caller adds before the capture is there: they wait for the next capture. */

import { isUint8Array } from 'node:util/types';
import type { NativeCapture } from '../native';

/** Characters that are kept for the next `start()`. */
const MAX_CHARS = 4 << 20;

/** @throws {TypeError} Node's own error would show what came. */
export function keyLinesOf(text: string | Uint8Array): string {
  if (typeof text === 'string') return text;
  if (!isUint8Array(text)) throw new TypeError('addTlsKeys takes a string or a Uint8Array');
  return Buffer.from(text).toString('latin1');
}

export class EarlyKeys {
  #lines = '';

  /** False if too many wait already, and these are lost. */
  add(lines: string): boolean {
    if (this.#lines.length + lines.length >= MAX_CHARS) return false;
    this.#lines += `${lines}\n`;
    return true;
  }

  handTo(capture: Pick<NativeCapture, 'addTlsKeys'>): void {
    if (this.#lines !== '') capture.addTlsKeys(this.#lines);
    this.#lines = '';
  }
}
