/** The unit that is sent at one time: a message, or several. In: bytes that may lie in an engine's batch. Out: bytes that stay. */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

const compress = promisify(gzip);

export interface Parcel {
  body: Buffer;
  readonly messages: number;
  /** The number of records in the body: lines, spans. */
  readonly records: number;
  /** That it takes of the waiting line's bound: of what it carries, uncompressed. */
  readonly bytes: number;
  /** Fields of its own for the request that carries it. */
  headers: Readonly<Record<string, string>>;
  /** Attempts that were begun. */
  attempts: number;
  /** The body is as it is sent. */
  prepared: boolean;
  /** The body is not a view into an engine's batch any more. */
  own: boolean;
  /** Of a body that keeps a large batch where it is: to be called once. */
  letGo: (() => void) | undefined;
}

/** `body` is its own, unless `letGo` says that it lies in a batch, or `own` that it does. */
export function parcelOf(parts: {
  body: Buffer;
  messages: number;
  /** Default: as many as messages. */
  records?: number;
  bytes: number;
  own: boolean;
  letGo?: (() => void) | undefined;
}): Parcel {
  const { body, messages, records = messages, bytes, own, letGo } = parts;
  return { body, messages, records, bytes, headers: {}, attempts: 0, prepared: false, own, letGo };
}

/** Compresses it, once; on the thread pool. */
export async function gzipParcel(parcel: Parcel): Promise<void> {
  // The body is text with much repetition: the fastest level takes off most of it.
  own(parcel, await compress(parcel.body, { level: constants.Z_BEST_SPEED }));
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
