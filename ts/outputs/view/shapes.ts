/** The data that the page and its server send to each other. Types alone: the page is another program. */

import type { Setting } from '../../trace/copies';
import type { Keys } from '../../trace/keys';
import type { HttpMessage, StreamMessage } from '../../types';

/** The kind of an exchange, as far as its head tells. */
export type Kind = 'http' | 'grpc' | 'websocket' | 'sse';

/** A row of the table: an exchange as far as it has come. Unknown fields are left out. */
export interface Row {
  /** From 1, in the order in which the exchanges began to come. */
  n: number;
  /** Of the exchange. */
  id: string;
  /** When it began, in ms since the epoch. */
  at: number;
  kind: Kind;
  method?: string;
  host?: string;
  path?: string;
  status?: number;
  /** Of gRPC: the number of its status. */
  grpcStatus?: number;
  /** Media type of the response's body, without parameters. */
  type?: string;
  /** Bytes of both bodies, still content-coded. */
  requestSize?: number;
  size?: number;
  /** `latencyMs`: from the first packet of the request to the first of the response. */
  latency?: number;
  /** `waitMs`: from the last packet of the request to the first of the response. */
  wait?: number;
  /** `durationMs` of the request, and of the response. */
  upload?: number;
  download?: number;
  client: string;
  server: string;
  /** As `httpVersion`. */
  version: string;
  tls?: true;
  /** Which of the two halves were seen. */
  request?: true;
  response?: true;
  /** The newest exchange when its response was whole: later exchanges began after that. */
  answered?: number;
  /** How it ended without a response, as far as that was captured. */
  ending?: string;
  /** When that was, in ms since the epoch. */
  endedAt?: number;
  /** Why a half of it ended early. */
  incomplete?: NonNullable<HttpMessage['incomplete']>;
  /** Bytes of a body, or fields, are missing. */
  cut?: true;
  /** The trace that it belongs to, if it is known when it was. */
  keys?: Keys;
  /** The same exchange as other capture points have it, at the server first; of those it is told that they are copies. */
  copies?: readonly number[];
  isCopy?: true;
  /** Messages inside the stream that have come so far. */
  streamed?: number;
}

/** Of the capture as a whole. */
export interface State {
  /** Another run: what the page has is of a run that is over. */
  run: string;
  /** Interface or savefile. */
  source: string;
  savefile: boolean;
  /** Packets of exchanges can be had. */
  packets?: true;
  ended: boolean;
  /** Exchanges that came so far; those that the page was not given are among them. */
  exchanges: number;
  /** Rows that the memory does not hold any more, and exchanges whose messages it does not hold any more. */
  rowsGone: number;
  messagesGone: number;
  /** Messages that were left out since they came faster than the page may take time for. */
  overflow: number;
  /** At the end, of several capture points: their clocks, as the hops of traces tell them, and the same in words. */
  clocks?: { settings: readonly (readonly [point: string, Setting])[]; words: readonly string[] };
  /** The ledger in words: how much of what was lost. */
  losses: readonly (readonly [count: number, words: string])[];
}

/** A piece of the feed. */
export interface Rows {
  rows: readonly Row[];
}

/** A request to `/match`. */
export interface Match {
  expression: string;
  /** A version of the feed. */
  after: number;
}

/** By number, those that have changed since, up to this version. */
export interface Matches {
  version: number;
  matched: number[];
  others: number[];
  /** There are some that were not looked at yet. */
  more: boolean;
}

/** All lines of one exchange, in the order in which they came. */
export type Lines = readonly (HttpMessage | StreamMessage)[];

/** The data in a page that is a file of its own: the same that a server would have sent. */
export interface Capture {
  state: State;
  rows: readonly Row[];
  /** By `n`. */
  lines: Readonly<Record<string, Lines>>;
}
