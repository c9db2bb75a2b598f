/** Reads a body by its media type: how it can be shown, and its fields and parts. Pure. */

import type { Body } from './exchange';

export type Mode = 'text' | 'tree' | 'form' | 'parts' | 'image' | 'hex';

/**
 * Types of which a browser makes a picture and nothing more. SVG is not among them: it is a document, and stays text.
 */
const IMAGE_TYPE = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon)$/;

const JSON_TYPE = /^(application\/(.+\+)?json|text\/json)$/;

/** Fields and parts that are shown. */
const MAX_FIELDS = 1_024;
/** Characters of each of them, and of all: the browser lays them out at one time. The text of the body has all of it. */
const MAX_FIELD = 10_000;
const MAX_SHOWN = 100_000;

export function mediaTypeOf(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** The best first. */
export function modesOf({ text, type }: Body): Mode[] {
  const media = mediaTypeOf(type);
  const modes: Mode[] = [];
  if (text !== undefined) {
    if (JSON_TYPE.test(media)) modes.push('tree');
    if (media === 'application/x-www-form-urlencoded') modes.push('form');
  }
  if (media.startsWith('multipart/') && boundaryOf(type) !== undefined) modes.push('parts');
  if (IMAGE_TYPE.test(media)) modes.push('image');
  if (text !== undefined) modes.push('text');
  // Of another type, or of none: it may be JSON all the same.
  if (text !== undefined && !JSON_TYPE.test(media) && /^\s*[[{]/.test(text)) modes.push('tree');
  return [...modes, 'hex'];
}

export interface Form {
  fields: [string, string][];
  /** There is more than is shown. */
  isCut: boolean;
}

/** WHATWG URL, application/x-www-form-urlencoded. */
export function formFields(text: string): Form {
  const pieces = text.split('&', MAX_FIELDS + 1);
  const fields: [string, string][] = [];
  let isCut = pieces.length > MAX_FIELDS;
  let left = MAX_SHOWN;
  for (const piece of pieces.slice(0, MAX_FIELDS)) {
    const front = piece.slice(0, Math.min(left, MAX_FIELD));
    left -= front.length;
    isCut ||= front.length < piece.length;
    fields.push(...new URLSearchParams(front));
  }
  return { fields, isCut };
}

/** RFC 2046 §5.1.1 */
function boundaryOf(type: string): string | undefined {
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  return found?.[1] ?? found?.[2];
}

export interface Part {
  head: string;
  /** Of its content; in `bytes` and `text` is its front. */
  size: number;
  bytes: Uint8Array;
  /** Of bytes that are UTF-8. */
  text: string | undefined;
}

export interface Parts {
  parts: Part[];
  /** There is more than is shown. */
  isCut: boolean;
}

/** The parts of a multipart body (RFC 2046 §5.1), as far as they are here. */
export function partsOf(bytes: Uint8Array, type: string): Parts {
  const boundary = boundaryOf(type);
  if (boundary === undefined) return { parts: [], isCut: false };
  // As characters of one byte each, in which places are the same.
  const whole = `\r\n${new TextDecoder('latin1').decode(bytes)}`;
  const mark = `\r\n--${boundary}`;
  const parts: Part[] = [];
  let isCut = false;
  let left = MAX_SHOWN;
  const take = (start: number, end: number): Uint8Array => {
    const piece = bytes.subarray(Math.max(0, start - 2), Math.max(0, end - 2));
    const front = piece.subarray(0, Math.min(left, MAX_FIELD));
    left -= front.length;
    isCut ||= front.length < piece.length;
    return front;
  };
  for (let at = whole.indexOf(mark); at !== -1; ) {
    const start = whole.indexOf('\r\n', at + mark.length);
    if (start === -1 || whole.startsWith('--', at + mark.length)) break;
    if (parts.length === MAX_FIELDS) return { parts, isCut: true };
    const next = whole.indexOf(mark, start);
    const end = next === -1 ? whole.length : next;
    // A part without a head begins with an empty line.
    const headEnd = whole.indexOf('\r\n\r\n', start);
    const bodyStart = headEnd === -1 || headEnd > end ? end : headEnd + 4;
    const head = new TextDecoder().decode(take(start + 2, Math.max(start + 2, bodyStart - 4)));
    const piece = take(bodyStart, end);
    parts.push({ head, size: Math.max(0, end - bodyStart), bytes: piece, text: utf8(piece) });
    at = next;
  }
  return { parts, isCut };
}

/** The last character may be cut. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}
