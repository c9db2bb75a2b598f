/**
 * Large bodies, which go from a line into the file as the JSON text that they are (`exchange/lines.ts`). In: an entry without
 * its large texts. Out: the pieces of its JSON.
 */

import { randomUUID } from 'node:crypto';
import type { HttpMessage } from '../../types';

/** Stands in an entry for a text that is not in it. It cannot be sent: it is made anew by each process. */
export const LARGE_TEXT = `large-text-${randomUUID()}`;

/** A JSON string without its quotes. */
export interface LargeText {
  json: Buffer;
  /** To be called once, when it is needed no more. */
  letGo?: (() => void) | undefined;
}

/** A message whose `body` or `bodyText` is `''`, if `large` holds it. */
export type HarMessage = HttpMessage & { large?: LargeText };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Bytes of UTF-8 that the JSON text stands for. */
export function lengthOf({ json }: LargeText): number {
  let length = json.length;
  for (let at = json.indexOf(BACKSLASH); at !== -1 && at < json.length; ) {
    const taken = json[at + 1] === LETTER_U ? 6 : 2;
    length -= taken - 1;
    at += taken;
    // Where escapes are dense, calls to look for the next one cost more than a look.
    if (json[at] !== BACKSLASH) at = json.indexOf(BACKSLASH, at);
  }
  return length;
}

/** The JSON of an entry, with the large texts in their places, in this order. */
export function withLargeTexts(entry: string, texts: readonly LargeText[]): (string | Buffer)[] {
  if (texts.length === 0) return [entry];
  const quote = String.fromCharCode(QUOTE);
  const parts = entry.split(quote + LARGE_TEXT + quote);
  return parts.flatMap((part, index) => {
    const text = texts[index];
    const begin = index === 0 ? part : quote + part;
    return text === undefined || index === parts.length - 1 ? [begin] : [begin + quote, text.json];
  });
}
