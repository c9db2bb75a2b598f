/**
 * Large bodies, which go from a line into the file as the JSON text that they are: as strings each would be copied several
 * times, and V8 is late to give large strings back. In: a line. Out: its message, and the text of its body apart.
 *
 * Relies on what the engine writes: the body stands right behind the head's fields, another `body…` member follows it, and
 * only control characters are escaped by number.
 */

import { randomUUID } from 'node:crypto';
import type { HttpMessage } from '../../types';

/** Smaller bodies are strings like all the rest. */
export const LARGE_TEXT_BYTES = 64 * 1024;

/** Stands in an entry for a text that is not in it. Nobody can send it: it is made anew by each process. */
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
/** A field of the head may be named `body`, but it does not stand behind all fields; none has a capital in its name. */
const BEFORE = [Buffer.from('},"body":"'), Buffer.from(',"bodyText":"')];
const BEHIND = Buffer.from('","body');

/** The message, and where in the line its large text stands; `undefined` is a line that is no JSON. */
export function parseLine(line: Buffer): { message: HarMessage; json?: Buffer } | undefined {
  const json = line.length < LARGE_TEXT_BYTES ? undefined : largeTextIn(line);
  if (json === undefined) return parsed(line.toString());
  const start = json.byteOffset - line.byteOffset;
  const rest = parsed(line.toString('utf8', 0, start) + line.toString('utf8', start + json.length));
  return rest === undefined ? parsed(line.toString()) : { ...rest, json };
}

function largeTextIn(line: Buffer): Buffer | undefined {
  for (const before of BEFORE) {
    const at = line.indexOf(before);
    if (at === -1) continue;
    const start = at + before.length;
    const end = line.indexOf(BEHIND, start);
    // What is between the two is one string: a quote in it would be escaped.
    if (end - start >= LARGE_TEXT_BYTES) return line.subarray(start, end);
  }
  return undefined;
}

function parsed(text: string): { message: HarMessage } | undefined {
  try {
    return { message: JSON.parse(text) as HarMessage };
  } catch {
    return undefined;
  }
}

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
