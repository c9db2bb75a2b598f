/**
 * Shared by the two encodings of OTLP. Texts that are built are bytes as characters (latin1); texts that come in are the characters
 * between the quotes of a JSON string, as the engine has written it.
 */

import type { Key } from './keys';

interface SpanParts {
  /** As `id` or `newId` made them. */
  traceId: string;
  spanId: string;
  /** `''` of a root. */
  parentId: string;
  /** W3C flags and what OTLP adds to them. */
  flags: number;
  /** A JSON string's text, or `''`. */
  traceState: string;
  /** A JSON string's text. */
  name: string;
  /** In µs since the epoch. */
  startMicros: number;
  endMicros: number;
  /** Each as `text`, `number` or `flag` made it. */
  attributes: string;
  isError: boolean;
  /** Of the error, where its attributes do not say it; of ASCII without quotes. */
  message: string;
}

export interface Encoding {
  readonly contentType: string;
  id(hex: string): string;
  /** A random one of so many bytes. */
  newId(bytes: number): string;
  text(key: Key, json: string): string;
  /** A whole number. */
  number(key: Key, value: number): string;
  /** `true`. */
  flag(key: Key): string;
  span(parts: SpanParts): string;
  /** Attributes of the resource, before the first request. */
  envelope(
    resource: readonly (readonly [name: string, value: string])[],
    scope: { name: string; version: string },
  ): Envelope;
  /** How many spans of a request were not taken (`partial_success`); 0 if the answer says nothing of it. */
  rejectedSpans(answer: Buffer): number;
}

/** Puts spans into a request. */
export interface Envelope {
  /** Bytes that it adds at most, however many spans there are. */
  readonly overhead: number;
  /** `spans` as they were built, each ended by `separator`. */
  wrap(spans: readonly Buffer[]): Buffer;
  /** Stands after each span that is built. */
  readonly separator: string;
}

/** From the text of a JSON string, its bytes as characters, to that of what it means, as bytes again. */
export function unescaped(json: string): string {
  if (!json.includes('\\')) return json;
  const utf8 = Buffer.from(json, 'latin1').toString();
  return Buffer.from(JSON.parse(`"${utf8}"`) as string).toString('latin1');
}

/** And back: any text as the text of a JSON string. */
export function escaped(text: string): string {
  return Buffer.from(JSON.stringify(text).slice(1, -1)).toString('latin1');
}

export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';
export const KIND_SERVER = 2;
export const STATUS_ERROR = 2;
