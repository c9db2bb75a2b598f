/** Batches as messages, for outputs that look into them. */

import type { HttpMessage } from '../types';
import type { Batch } from './output';

/** Each line of a batch, without its line feed. */
export function* linesOf({ lines }: Pick<Batch, 'lines'>): Generator<Buffer> {
  let start = 0;
  while (start < lines.length) {
    const newline = lines.indexOf(0x0a, start);
    const end = newline === -1 ? lines.length : newline;
    if (end > start) yield lines.subarray(start, end);
    start = end + 1;
  }
}

/** Each message of a batch; `undefined` is a line that is no JSON. */
export function* messagesOf(batch: Batch): Generator<HttpMessage | undefined> {
  for (const line of linesOf(batch)) yield parse(line.toString());
}

function parse(line: string): HttpMessage | undefined {
  try {
    return JSON.parse(line) as HttpMessage;
  } catch {
    return undefined;
  }
}

/** Not the interim ones, which another response of the same request follows (RFC 9110 §15.2); 101 ends HTTP. */
export function isFinal({ direction, statusCode = 0 }: HttpMessage): boolean {
  return direction === 'response' && (statusCode >= 200 || statusCode === 101);
}
