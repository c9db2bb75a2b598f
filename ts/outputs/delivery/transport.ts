/** How a parcel leaves, and what became of it. Refuses to know when it is sent again. */

import type { Parcel } from './parcel';

/** The result of one attempt. */
export type Outcome =
  | {
      readonly sent: true;
      /** Messages of the parcel that the other side has read and does not want. */
      readonly rejected?: number;
    }
  | {
      readonly sent: false;
      /** In a few words that quote nothing that was sent or received. */
      readonly reason: string;
      /** False: the same will be refused again. */
      readonly again: boolean;
      /** How long the other side wants to be left alone, in ms. */
      readonly afterMs?: number | undefined;
    };

export interface Transport {
  /** Makes the parcel what is sent, before its first attempt; it counts for no time-out. */
  prepare?(parcel: Parcel): Promise<void> | void;
  /** One attempt; rejects where nothing is known of how it went. */
  send(parcel: Parcel, signal: AbortSignal): Promise<Outcome>;
  /** Describes a rejection, in a few words that quote nothing. */
  describe(error: unknown): string;
  /** Lets every connection go. */
  close(): Promise<void> | void;
}
