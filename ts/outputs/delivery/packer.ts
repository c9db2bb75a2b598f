/** From the engine's lines to what a parcel carries. Refuses to know how it leaves. */

import type { Batch, DropReason, Kept } from '../output';
import type { WaitingLine } from '../waiting-line';
import type { Parcel } from './parcel';

/** Where a packer puts what it has made of messages. */
export interface Sink {
  /** To the end of the waiting line. */
  push(kept: Kept): void;
  drop(reason: DropReason, messages: number): void;
}

export interface Packer {
  /** Takes a batch: what is ready goes to the sink, the rest is held for later. */
  add(batch: Batch, sink: Sink): void;
  /** The next parcel from the front of the line, of `most` messages or as few as can be; nothing if nothing waits. */
  take(line: WaitingLine, most?: number): Parcel | undefined;
  /** Messages that are held back. Absent: it holds none. */
  readonly held?: number;
  /** In how many ms the oldest of them is due, if nothing comes. */
  dueInMs?(): number | undefined;
  /** The messages that are due go to the sink. */
  tick?(sink: Sink): void;
  /** Nothing more will come: all that is held goes to the sink. */
  flush?(sink: Sink): void;
  /** Forgets what is held; returns how many messages that were. */
  clear?(): number;
}
