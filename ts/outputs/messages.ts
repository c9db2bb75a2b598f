/** Batches as messages, for outputs that look into them. */

import type { HttpMessage } from '../types';
import type { Batch } from './output';

/** Each message of a batch with the bytes of its line; `undefined` is a line that is no JSON. */
export function* messagesOf({ lines }: Batch): Generator<[message: HttpMessage | undefined, bytes: number]> {
  let start = 0;
  while (start < lines.length) {
    const newline = lines.indexOf(0x0a, start);
    const end = newline === -1 ? lines.length : newline;
    if (end > start) yield [parse(lines.toString('utf8', start, end)), end - start];
    start = end + 1;
  }
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
