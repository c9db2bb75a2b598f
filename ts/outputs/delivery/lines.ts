/** Packs lines as they are: a message alone, several as NDJSON, or several as one JSON array. */

import { LINE_FEED } from '../../exchange/lines';
import type { BatchOptions } from '../../types';
import { type Batch, type Kept, kept } from '../output';
import type { WaitingLine } from '../waiting-line';
import type { Packer, Sink } from './packer';
import { type Parcel, parcelOf } from './parcel';

const COMMA = 0x2c;
const OPENING = 0x5b;
const CLOSING = 0x5d;

export class LinesPacker implements Packer {
  readonly #batch: BatchOptions | undefined;

  /** Without `batch` each message is a parcel. */
  constructor(batch: BatchOptions | undefined) {
    this.#batch = batch;
  }

  add(batch: Batch, sink: Sink): void {
    sink.push(kept(batch));
  }

  take(line: WaitingLine, most = Number.POSITIVE_INFINITY): Parcel | undefined {
    if (this.#batch === undefined) {
      const one = line.take(1, Number.POSITIVE_INFINITY);
      if (one === undefined) return undefined;
      const { lines, messages, letGo } = one;
      return parcelOf({ body: lines.subarray(0, lines.length - 1), messages, bytes: lines.length, own: false, letGo });
    }
    const { maxMessages, maxBytes, format } = this.#batch;
    const parts = takeParts(line, Math.min(maxMessages, most), maxBytes);
    const [first, second] = parts;
    if (first === undefined) return undefined;
    const messages = parts.reduce((sum, part) => sum + part.messages, 0);
    const bytes = parts.reduce((sum, { lines }) => sum + lines.length, 0);
    if (format === 'ndjson' && second === undefined) {
      return parcelOf({ body: first.lines, messages, bytes, own: false, letGo: first.letGo });
    }
    const buffers = parts.map(({ lines }) => lines);
    const body = format === 'ndjson' ? Buffer.concat(buffers) : arrayOf(buffers, bytes);
    for (const { letGo } of parts) letGo?.();
    return parcelOf({ body, messages, bytes, own: true });
  }
}

/** Whole lines from the front, as many as both limits allow and at least one. */
function takeParts(line: WaitingLine, maxMessages: number, maxBytes: number): Kept[] {
  const parts: Kept[] = [];
  let messages = 0;
  let bytes = 0;
  while (messages < maxMessages && bytes < maxBytes) {
    // A batch of the engine that would have to be cut in two for the last few bytes is left for the next parcel.
    if (messages > 0 && line.frontBytes > maxBytes - bytes) break;
    const part = line.take(maxMessages - messages, maxBytes - bytes);
    if (part === undefined) break;
    parts.push(part);
    messages += part.messages;
    bytes += part.lines.length;
  }
  return parts;
}

/** The line feed of each line is what stands between two values, and after the last one the end: JSON escapes all others. */
function arrayOf(lines: readonly Buffer[], bytes: number): Buffer {
  const array = Buffer.allocUnsafe(bytes + 1);
  array[0] = OPENING;
  let at = 1;
  for (const part of lines) at += part.copy(array, at);
  for (let feed = array.indexOf(LINE_FEED, 1); feed !== -1; feed = array.indexOf(LINE_FEED, feed + 1)) {
    array[feed] = COMMA;
  }
  array[bytes] = CLOSING;
  return array;
}
