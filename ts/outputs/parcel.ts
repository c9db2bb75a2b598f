/** What one POST carries: a message as on stdout, or several of them as NDJSON. In: the waiting line. Out: bodies. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { BatchOptions } from '../types';
import type { WaitingLine } from './waiting-line';

const compress = promisify(gzip);

export interface Parcel {
  body: Buffer;
  readonly messages: number;
  /** Of its lines, uncompressed. */
  readonly bytes: number;
  headers: Record<string, string>;
  /** Attempts that were begun. */
  attempts: number;
  /** The body is as it is sent, and marked. */
  sealed: boolean;
  /** The body is not a view into an engine's batch any more. */
  own: boolean;
}

/** The next message, or with `batch` as many as go into one POST; nothing when nothing waits. */
export function takeParcel(
  line: WaitingLine,
  batch: BatchOptions | undefined,
  headers: Record<string, string>,
): Parcel | undefined {
  if (batch === undefined) {
    const one = line.take(1, Number.POSITIVE_INFINITY);
    if (one === undefined) return undefined;
    const { lines, messages } = one;
    return parcel(lines.subarray(0, lines.length - 1), messages, lines.length, headers, false);
  }
  const parts: Buffer[] = [];
  let messages = 0;
  let bytes = 0;
  while (messages < batch.maxMessages && bytes < batch.maxBytes) {
    // A batch of the engine that would have to be cut in two for the last few bytes is left for the next POST.
    if (messages > 0 && line.frontBytes > batch.maxBytes - bytes) break;
    const part = line.take(batch.maxMessages - messages, batch.maxBytes - bytes);
    if (part === undefined) break;
    parts.push(part.lines);
    messages += part.messages;
    bytes += part.lines.length;
  }
  const [first] = parts;
  if (first === undefined) return undefined;
  return parcel(parts.length === 1 ? first : Buffer.concat(parts), messages, bytes, headers, parts.length > 1);
}

function parcel(body: Buffer, messages: number, bytes: number, headers: Record<string, string>, own: boolean): Parcel {
  return { body, messages, bytes, headers, attempts: 0, sealed: false, own };
}

/** Compresses it, once; on the thread pool. */
export async function gzipParcel(parcel: Parcel): Promise<void> {
  // What is sent is text with much repetition: the fastest level takes off most of it.
  parcel.body = await compress(parcel.body, { level: constants.Z_BEST_SPEED });
  parcel.own = true;
}

/** Whoever captures a POST knows it by this field (`MARKER_FIELD` in the engine). */
const MARKER = 'tcp-sniffer-output';

/** Marks the body, as it is sent, as our own: with that it is known even behind a proxy. */
export function sealParcel(parcel: Parcel, seal: (body: Buffer) => string): void {
  parcel.headers = { ...parcel.headers, [MARKER]: `${parcel.headers[MARKER]} ${seal(parcel.body)}` };
  parcel.sealed = true;
}

/** A parcel that waits keeps its own bytes alive and not the whole batch that they are a view into. */
export function detachParcel(parcel: Parcel): void {
  if (parcel.own) return;
  parcel.body = Buffer.from(parcel.body);
  parcel.own = true;
}

export function headersFor(options: {
  version: string;
  authToken: string | undefined;
  batch: BatchOptions | undefined;
}): Record<string, string> {
  const { version, authToken, batch } = options;
  return {
    'content-type': batch === undefined ? 'application/json' : 'application/x-ndjson',
    'user-agent': `tcp-sniffer/${version}`,
    [MARKER]: version,
    ...(batch?.gzip === true ? { 'content-encoding': 'gzip' } : {}),
    ...(authToken === undefined ? {} : { authorization: `Bearer ${authToken}` }),
  };
}
