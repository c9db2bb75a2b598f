/** What one POST carries: a message as on stdout, or several of them as NDJSON. In: the waiting line. Out: bodies. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { BatchOptions } from '../../types';
import type { Kept } from '../output';
import type { WaitingLine } from '../waiting-line';

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
  /** Of a body that keeps a large batch where it is: to be called once. */
  letGo: (() => void) | undefined;
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
    const { lines, messages, letGo } = one;
    return parcel(lines.subarray(0, lines.length - 1), messages, lines.length, headers, letGo);
  }
  const parts: Kept[] = [];
  let messages = 0;
  let bytes = 0;
  while (messages < batch.maxMessages && bytes < batch.maxBytes) {
    // A batch of the engine that would have to be cut in two for the last few bytes is left for the next POST.
    if (messages > 0 && line.frontBytes > batch.maxBytes - bytes) break;
    const part = line.take(batch.maxMessages - messages, batch.maxBytes - bytes);
    if (part === undefined) break;
    parts.push(part);
    messages += part.messages;
    bytes += part.lines.length;
  }
  const [first, second] = parts;
  if (first === undefined) return undefined;
  if (second === undefined) return parcel(first.lines, messages, bytes, headers, first.letGo);
  const body = Buffer.concat(parts.map(({ lines }) => lines));
  for (const { letGo } of parts) letGo?.();
  return { ...parcel(body, messages, bytes, headers, undefined), own: true };
}

function parcel(
  body: Buffer,
  messages: number,
  bytes: number,
  headers: Record<string, string>,
  letGo: (() => void) | undefined,
): Parcel {
  return { body, messages, bytes, headers, attempts: 0, sealed: false, own: false, letGo };
}

/** Compresses it, once; on the thread pool. */
export async function gzipParcel(parcel: Parcel): Promise<void> {
  // What is sent is text with much repetition: the fastest level takes off most of it.
  own(parcel, await compress(parcel.body, { level: constants.Z_BEST_SPEED }));
}

/** Whoever captures a POST knows it by this field (`MARKER_FIELD` in the engine). */
const MARKER = 'tcp-sniffer-output';

/** Marks the body, as it is sent, as our own: with that it is known even behind a proxy. */
export function sealParcel(parcel: Parcel, seal: (body: Buffer) => string): void {
  parcel.headers = { ...parcel.headers, [MARKER]: `${parcel.headers[MARKER]} ${seal(parcel.body)}` };
  parcel.sealed = true;
}

/**
 * Before it is sent: a body that lies in the room of a large batch is copied, since the room is used again, and a connection
 * may still write a body that was answered early.
 */
export function leaveRoom(parcel: Parcel): void {
  if (parcel.letGo !== undefined) own(parcel, Buffer.from(parcel.body));
}

/** A parcel that waits keeps its own bytes alive and not the whole batch that they are a view into. */
export function detachParcel(parcel: Parcel): void {
  if (!parcel.own) own(parcel, Buffer.from(parcel.body));
}

function own(parcel: Parcel, body: Buffer): void {
  parcel.body = body;
  parcel.own = true;
  parcel.letGo?.();
  parcel.letGo = undefined;
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
