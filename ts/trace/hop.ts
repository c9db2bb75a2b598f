/** One exchange of a trace: the few facts that are kept of it. Browsers run it too, so it imports nothing of Node. */

import type { Keys } from './keys';

export interface Hop {
  keys: Keys;
  /** When its first packet came, in ms since the epoch. */
  atMs: number;
  method: string;
  path: string;
  /** Its Host field with the port, or the address. */
  server: string;
  /** To tell servers apart, and which of them a client is. */
  serverIp: string;
  serverPort: number;
  clientIp: string;
  /** As it is shown: `200`, `g5`, or that there is no response. */
  outcome: string;
  isFailed: boolean;
  /** From the first packet to the last; not known without a response. */
  allMs?: number | undefined;
  /** Of that, until the request was whole, and from then on until the response began. */
  uploadMs: number;
  waitMs?: number | undefined;
}

/** The facts that are kept of a request until its response comes. */
export type Asked = Pick<Hop, 'atMs' | 'method' | 'path' | 'server' | 'serverIp' | 'serverPort' | 'clientIp'> & {
  keys: Keys | undefined;
};

/** And of a response. */
export interface Answered {
  asked: Asked;
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
  const { outcome, isFailed, latencyMs, waitMs = latencyMs, durationMs } = response;
  const uploadMs = latencyMs === undefined || waitMs === undefined ? 0 : latencyMs - waitMs;
  const allMs = latencyMs === undefined ? undefined : latencyMs + durationMs;
  return { ...asked, keys, outcome, isFailed, allMs, uploadMs, waitMs };
}
