/** What a body is, by its media type: how it can be shown, and its fields and parts. Pure. */

import type { Body } from './exchange';

export type Mode = 'text' | 'tree' | 'form' | 'parts' | 'image' | 'hex';

/**
 * Types of which a browser makes a picture and nothing more. SVG is not among them: it is a document, and stays text.
 */
const IMAGES = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/x-icon',
]);

const JSON_TYPE = /^(application\/(.+\+)?json|text\/json)$/;

/** Fields and parts that are shown. */
const MAX_FIELDS = 1_024;

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
  if (IMAGES.has(media)) modes.push('image');
  if (text !== undefined) modes.push('text');
  // Of another type, or of none: it may be JSON all the same.
  if (text !== undefined && !JSON_TYPE.test(media) && /^\s*[[{]/.test(text)) modes.push('tree');
  return [...modes, 'hex'];
}

/** WHATWG URL, application/x-www-form-urlencoded. */
export function formFields(text: string): [string, string][] {
  const front = text.split('&', MAX_FIELDS).join('&');
  return [...new URLSearchParams(front)];
}

/** RFC 2046 §5.1.1 */
function boundaryOf(type: string): string | undefined {
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  return found?.[1] ?? found?.[2];
}

export interface Part {
  head: string;
  bytes: Uint8Array;
  /** Of bytes that are UTF-8. */
  text: string | undefined;
}

/** The parts of a multipart body (RFC 2046 §5.1), as far as they are here. */
export function partsOf(bytes: Uint8Array, type: string): Part[] {
  const boundary = boundaryOf(type);
  if (boundary === undefined) return [];
  // As characters of one byte each, in which places are the same.
  const text = latin1(bytes);
  const mark = `\r\n--${boundary}`;
  const whole = `\r\n${text}`;
  const parts: Part[] = [];
  for (let at = whole.indexOf(mark); at !== -1 && parts.length < MAX_FIELDS; ) {
    const start = whole.indexOf('\r\n', at + mark.length);
    if (start === -1 || whole.startsWith('--', at + mark.length)) break;
    const next = whole.indexOf(mark, start);
    const end = next === -1 ? whole.length : next;
    // A part without a head begins with an empty line.
    const headEnd = whole.indexOf('\r\n\r\n', start);
    const bodyStart = headEnd === -1 || headEnd > end ? end : headEnd + 4;
    const piece = bytes.subarray(Math.max(0, bodyStart - 2), Math.max(0, end - 2));
    parts.push({ head: whole.slice(start + 2, Math.max(start + 2, bodyStart - 4)), bytes: piece, text: utf8(piece) });
    at = next;
  }
  return parts;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  // As many arguments as every engine takes.
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
