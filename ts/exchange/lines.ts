/**
 * The lines of a batch, read. In: the engine's bytes. Out: lines and their messages. Each reader gets objects of its own: a
 * listener may change the message that it gets, and the HAR output keeps its messages until an exchange is whole.
 *
 * Large bodies stay the JSON text that they are: as strings each would be copied several times, and V8 is late to give large
 * strings back. That relies on what the engine writes: the body stands right after the head's fields, another `body…` member
 * follows it, and only control characters are escaped by number.
 */

import type { HttpMessage, StreamMessage } from '../types';

/** Bytes that are made a string at once. Strings over 128 KiB get pages of their own in V8, which costs several times as much. */
export const PIECE_BYTES = 32 * 1024;
/** Smaller bodies are strings like all the rest. */
export const LARGE_TEXT_BYTES = 64 * 1024;

/** Without its line feed; a long one as bytes. */
export type Line = string | Buffer;

export const LINE_FEED = 0x0a;

/** Where the line that begins at `start` ends, its line feed included. */
export function lineEnd(lines: Buffer, start: number): number {
  const feed = lines.indexOf(LINE_FEED, start);
  return feed === -1 ? lines.length : feed + 1;
}

/** Where a piece of whole lines that begins at `start` ends: at most `limit` bytes on, or after one line that is longer. */
export function pieceEnd(lines: Buffer, start: number, limit: number): number {
  if (lines.length - start <= limit) return lines.length;
  const newline = lines.lastIndexOf(LINE_FEED, start + limit - 1);
  return newline >= start ? newline + 1 : lineEnd(lines, start + limit);
}

/** Each line of a batch. */
export function* linesOf(lines: Buffer): Generator<Line> {
  for (let start = 0; start < lines.length; ) {
    const end = pieceEnd(lines, start, PIECE_BYTES);
    if (end - start > PIECE_BYTES) yield lines.subarray(start, lines[end - 1] === LINE_FEED ? end - 1 : end);
    else {
      const text = lines.toString('utf8', start, end);
      // In place, and not in a generator of its own: that would cost as much again for each line.
      for (let from = 0; from < text.length; ) {
        const newline = text.indexOf('\n', from);
        const to = newline === -1 ? text.length : newline;
        if (to > from) yield text.slice(from, to);
        from = to + 1;
      }
    }
    start = end;
  }
}

/** The beginning of every line of a message inside a stream, and of no other line. */
const STREAM = '{"stream":';
const STREAM_BYTES = Buffer.from(STREAM);

/** True if the line is that of a message inside a stream. */
export function isOfStream(line: Line): boolean {
  if (typeof line === 'string') return line.startsWith(STREAM);
  return line.subarray(0, STREAM_BYTES.length).equals(STREAM_BYTES);
}

/** The message of a line for which `isOfStream` is true; `undefined` if the line is not JSON. */
export function parseStreamLine(line: Line): StreamMessage | undefined {
  return parsed(line) as StreamMessage | undefined;
}

/** The message of any other line; `undefined` if the line is not JSON. */
export function parseLine(line: Line): HttpMessage | undefined {
  return parsed(line) as HttpMessage | undefined;
}

function parsed(line: Line): unknown {
  try {
    return JSON.parse(typeof line === 'string' ? line : line.toString());
  } catch {
    return undefined;
  }
}

/** The message without its large text, and where in the line that text stands; `undefined` if the line is not JSON. */
export function parseLargeLine(line: Line): { message: HttpMessage; largeText?: Buffer } | undefined {
  const largeText = typeof line === 'string' || line.length < LARGE_TEXT_BYTES ? undefined : largeTextIn(line);
  if (typeof line !== 'string' && largeText !== undefined) {
    const start = largeText.byteOffset - line.byteOffset;
    const rest = parseLine(line.toString('utf8', 0, start) + line.toString('utf8', start + largeText.length));
    if (rest !== undefined) return { message: rest, largeText };
  }
  const message = parseLine(line);
  return message === undefined ? undefined : { message };
}

/** A field of the head may be named `body`, but it does not stand after all fields; none has a capital in its name. */
const BEFORE = [Buffer.from('},"body":"'), Buffer.from(',"bodyText":"')];
const AFTER = Buffer.from('","body');
/** After it stand messages of gRPC as JSON, with names of others' choice. */
const SIZE = Buffer.from(',"bodySize":');

export function largeTextIn(line: Buffer): Buffer | undefined {
  for (const before of BEFORE) {
    const at = line.indexOf(before);
    if (at === -1 || line.subarray(0, at).includes(SIZE)) continue;
    const start = at + before.length;
    const end = line.indexOf(AFTER, start);
    // The text between the two is one string: a quote in it would be escaped.
    if (end - start >= LARGE_TEXT_BYTES) return line.subarray(start, end);
  }
  return undefined;
}
