/** How an exchange went, by the status that counts: of a call by gRPC that is its own, whatever HTTP says. */

/** Statuses of gRPC that are the server's: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
export const SERVER_STATUSES: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** As `incomplete` says it: ended not by its server, its client or the network, but by the capture. */
export const ENDED_BY_US: ReadonlySet<string | undefined> = new Set([
  'stopped',
  'evicted',
  'gap',
  'timeout',
  'malformed',
]);

/** The facts of a response that tell the outcome. */
interface Told {
  statusCode?: number | undefined;
  grpc?: { status?: number; statusName?: string } | undefined;
}

export interface Outcome {
  /** `404`; `g5` for a status of gRPC. */
  text: string;
  /** As responses are counted: `4xx`, `gRPC NOT_FOUND`. */
  group: string;
  /** A status code of HTTP that says about the same: 200, 400, 500 of gRPC. */
  statusCode: number;
}

export function outcomeOf({ statusCode = 0, grpc }: Told): Outcome {
  const status = grpc?.status;
  if (status === undefined || statusCode < 200 || statusCode >= 300)
    return { text: `${statusCode}`, group: `${Math.floor(statusCode / 100)}xx`, statusCode };
  const like = status === 0 ? 200 : SERVER_STATUSES.has(status) ? 500 : 400;
  return { text: `g${status}`, group: `gRPC ${grpc?.statusName ?? 'other'}`, statusCode: like };
}
