/** One exchange of a trace: the few facts that are kept of it. Browsers run it too, so it imports nothing of Node. */

import type { Keys } from './keys';

const LOOPBACK = /^(?:127\.|::1$)/;

/** Of the times at which messages begin. A difference within it is neither before nor after. */
export const RESOLUTION_MS = 1;

/** A time at one capture point. */
export interface Span {
  /** When its first packet came, in ms since the epoch. */
  atMs: number;
  /** From the first packet to the last; not known without a response. */
  allMs?: number | undefined;
  /** Without a response: until one side gave it up, if that was captured. */
  goneMs?: number | undefined;
  /** The capture point: the number of the input that has the packets; empty if there is a single one. */
  point: string;
  /** How far it may be beside the times of other points, once it was aligned with them. */
  slackMs?: number;
  /**
   * When its request was whole, and when its response was: places in the order in which the messages of its point were whole, which tell
   * what whole milliseconds do not. A call was made after the answer of another if it has the higher place.
   */
  asked?: number | undefined;
  answered?: number | undefined;
}

export interface Hop extends Span {
  keys: Keys;
  method: string;
  path: string;
  /** Its Host field with the port, or the address. */
  server: string;
  /** To tell servers apart, and which of them a client is. */
  serverIp: string;
  serverPort: number;
  clientIp: string;
  clientPort: number;
  /** As it is shown: `200`, `g5`, or that there is no response. */
  outcome: string;
  isFailed: boolean;
  /** Of an exchange without a response: by which it is known how that ended. */
  id?: string;
  /** Of all its time, until the request was whole, and from then on until the response began. */
  uploadMs: number;
  waitMs?: number | undefined;
  /** The same exchange as a point nearer to its client saw it: the way there and back is in it. */
  nearer?: Span;
}

export function isSameServer(a: Hop, b: Hop): boolean {
  return a.serverIp === b.serverIp && a.serverPort === b.serverPort;
}

/** True if the server of one is the client of the other, by the addresses. Those of a host itself say nothing of another host. */
export function mayHaveCalled(caller: Hop, hop: Hop): boolean {
  return caller.serverIp === hop.clientIp && (caller.point === hop.point || !LOOPBACK.test(hop.clientIp));
}

/** How far the clocks of two points may be apart still. */
export function slackOf(a: Span, b: Span): number {
  return a.point === b.point ? 0 : (a.slackMs ?? 0) + (b.slackMs ?? 0);
}

/** As the client of the hop waited for it. */
export function awaitedSpanOf(hop: Hop): Span {
  return hop.nearer ?? hop;
}

/** The facts that are kept of a request until its response comes. */
export type Asked = Pick<
  Hop,
  'point' | 'atMs' | 'asked' | 'method' | 'path' | 'server' | 'serverIp' | 'serverPort' | 'clientIp' | 'clientPort'
> & {
  keys: Keys | undefined;
};

/** The capture point of an exchange with this id: `2` of `2/1.4`. */
export function pointOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('/')));
}

/** And of a response. */
export interface Answered {
  asked: Asked;
  /** Its place. */
  answered?: number | undefined;
  requestId: string | undefined;
  outcome: string;
  isFailed: boolean;
  latencyMs: number | undefined;
  waitMs: number | undefined;
  durationMs: number;
}

/** `undefined`: it belongs to no trace, or nothing says when it was. */
export function hopOf(request: Asked | undefined, response: Answered | undefined): Hop | undefined {
  const asked = request ?? response?.asked;
  const id = response?.requestId;
  const keys =
    asked?.keys ?? (id === undefined ? undefined : { named: 'x-request-id' as const, trace: id, request: id });
  if (asked === undefined || keys === undefined || Number.isNaN(asked.atMs)) return undefined;
  if (response === undefined) return { ...asked, keys, outcome: 'none', isFailed: true, uploadMs: 0 };
  const { outcome, isFailed, latencyMs, waitMs = latencyMs, durationMs, answered } = response;
  const uploadMs = latencyMs === undefined || waitMs === undefined ? 0 : latencyMs - waitMs;
  const allMs = latencyMs === undefined ? undefined : latencyMs + durationMs;
  return { ...asked, keys, outcome, isFailed, allMs, uploadMs, waitMs, answered };
}
