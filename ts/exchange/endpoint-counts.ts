/**
 * Rate, errors and durations by endpoint, for metrics. In: the lines of batches. Out: what is counted for each endpoint, in
 * bounded memory: whatever clients ask for, there are so many endpoints and no more; the rest is one of them.
 *
 * A count only grows, and what was counted for one endpoint is never moved to another: a rate that is made of it would
 * show that as traffic. So an endpoint is what its path says by itself (`templates.ts`), and the first values keep their names.
 */

import { GRPC_STATUSES } from '../filter/grpc';
import { type Brief, eachBrief, type GrpcCall } from './brief';
import { KNOWN_METHODS } from './methods';
import { ENDED_BY_US } from './outcome';
import { isFinal } from './pairing';
import { ownText } from './routes';
import { HOST } from './servers';
import { pathOf, REST, segmentsOf } from './templates';

/** Endpoints that are told apart. */
export const MAX_ENDPOINTS = 200;
/**
 * Pairs of an endpoint and a status that are told apart, in all: each has 18 series, which with usual labels are 2 KiB of a scrape. With the
 * longest labels of letters and digits a scrape stays below 16 MiB. 200 endpoints with 5 classes of HTTP statuses have room.
 */
export const MAX_OUTCOMES = 1_000;
/** Values of the Host field that are told apart: it is the client's to choose. */
export const MAX_HOSTS = 32;
/** Requests without a response that are remembered, some 200 bytes each, and 1 KiB at the most. */
export const MAX_WAITING = 10_000;
/** Longer paths end in `*`, longer names of gRPC are `other`, of hosts `unknown`: a label is in each of the endpoint's series. */
export const MAX_LABEL_BYTES = 200;

/** Stands for all that is beyond a limit, for methods that are not registered, and for statuses without a name. */
export const OTHER = 'other';
/** Stands for endpoints of which all that is known is that their server has none: 404, 405, UNIMPLEMENTED. */
const UNMATCHED = 'unmatched';
/** Stands for what was not seen. */
export const UNKNOWN = 'unknown';
/** Stands for `host:port`, which CONNECT has in place of a path. */
const AUTHORITY = 'authority';

/** Upper bounds of the histogram in ms; in seconds they are those that Prometheus clients have, and three more. */
export const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const;

/** gRPC's UNIMPLEMENTED. */
const UNIMPLEMENTED = 12;

/** The counts for an endpoint and a status. */
export interface Outcomes {
  exchanges: number;
  /** Of those whose duration is known, by upper bound; the last has no bound. Not cumulative. */
  readonly buckets: number[];
  /** Their durations together, in whole microseconds, which add up without error. */
  sumMicroseconds: number;
}

export interface EndpointCounts {
  readonly protocol: 'http' | 'grpc';
  /** `host` is there only if hosts are told apart. */
  readonly labels: Readonly<Record<string, string>>;
  readonly byStatus: Map<string, Outcomes>;
  /** It is `other` or `unmatched`. */
  readonly isRest: boolean;
  /** Requests whose response was not complete for so long: none came, or it goes on as a stream does. */
  unfinished: number;
}

/** The facts that tell an endpoint from others. */
interface Asked {
  method: string;
  /** The template of its path. */
  endpoint: string;
  port: string;
  host: string | undefined;
  grpc: Pick<GrpcCall, 'service' | 'method'> | undefined;
}

interface Waiting extends Asked {
  sinceMs: number;
}

interface EndpointCountsOptions {
  /** Hosts are told apart. */
  byHost: boolean;
  /** A request waits so long for its response to be complete. */
  patienceMs: number;
  now(): number;
}

export class EndpointTable {
  /** Exchanges and requests that `other` has since there were too many endpoints, or too many statuses of them. */
  overLimit = 0;
  /** Requests that were forgotten before their response, at the limit of those that wait. */
  forgotten = 0;
  readonly #options: EndpointCountsOptions;
  readonly #endpoints = new Map<string, EndpointCounts>();
  /** Pairs of those and a status, without the status `other`, of which each endpoint may have one. */
  #outcomes = 0;
  /** Those for what is beyond the limit or not matched; as many as there are methods. */
  readonly #rest = new Map<string, EndpointCounts>();
  readonly #hosts = new Set<string>();
  /** By id, the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  /** Ids of responses that were complete before their request, which then does not wait. */
  readonly #early = new Set<string>();

  constructor(options: EndpointCountsOptions) {
    this.#options = options;
  }

  /** Takes whole lines; keeps no byte, throws nothing. */
  readonly read = (lines: Buffer): void => {
    this.settle();
    eachBrief(lines, this.#add);
  };

  /** Requests that have waited too long are unfinished; a response that comes later counts all the same. */
  settle(): void {
    const since = this.#options.now() - this.#options.patienceMs;
    for (const [id, asked] of this.#waiting) {
      if (asked.sinceMs > since) break;
      this.#waiting.delete(id);
      this.#endpointOf(asked, false).unfinished++;
    }
  }

  /** In the order in which they came up. */
  *entries(): Generator<EndpointCounts> {
    yield* this.#endpoints.values();
    yield* this.#rest.values();
  }

  /** Endpoints that are told apart. */
  get size(): number {
    return this.#endpoints.size;
  }

  /** Requests without a response so far. */
  get waiting(): number {
    return this.#waiting.size;
  }

  readonly #add = (brief: Brief): void => {
    if (brief.direction === 'request') this.#addRequest(brief);
    else if (isFinal(brief)) this.#addResponse(brief);
  };

  #addRequest(brief: Brief): void {
    const { id, host } = brief;
    if (this.#early.delete(id)) return;
    this.#waiting.set(ownText(id), {
      method: methodOf(brief.method),
      endpoint: ownText(endpointOf(textOf(brief.path))),
      port: ownText(portOf(brief)),
      host: typeof host === 'string' && isShort(host) ? ownText(host) : undefined,
      grpc: callIn(brief),
      sinceMs: this.#options.now(),
    });
    this.forgotten += dropOldest(this.#waiting);
  }

  #addResponse(brief: Brief): void {
    const { id, request, statusCode, latencyMs, durationMs = 0, incomplete } = brief;
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    // The engine counts those of which it is not known what they answer.
    if (asked === undefined && request === undefined) return;
    if (asked === undefined) {
      this.#early.add(ownText(id));
      dropOldest(this.#early);
    }
    // Of the response alone the call may not be known.
    const grpc = asked?.grpc ?? callIn(brief);
    const known: Asked = {
      method: asked?.method ?? methodOf(request?.method),
      endpoint: asked?.endpoint ?? ownText(endpointOf(textOf(request?.path))),
      port: asked?.port ?? portOf(brief),
      host: asked?.host,
      grpc,
    };
    const { status } = brief.grpc ?? {};
    const isUnmatched = status === undefined ? statusCode === 404 || statusCode === 405 : status === UNIMPLEMENTED;
    const endpoint = this.#endpointOf(known, isUnmatched);
    const outcomes = this.#outcomesOf(
      endpoint,
      grpc === undefined ? statusClass(statusCode) : grpcStatus(status, statusCode),
    );
    outcomes.exchanges++;
    // How long it took is not known if the capture ended it.
    const ms = latencyMs === undefined || ENDED_BY_US.has(incomplete) ? Number.NaN : latencyMs + durationMs;
    if (!Number.isFinite(ms) || ms < 0) return;
    const bucket = BOUNDS_MS.findIndex((bound) => ms <= bound);
    const at = bucket === -1 ? BOUNDS_MS.length : bucket;
    outcomes.buckets[at] = (outcomes.buckets[at] ?? 0) + 1;
    outcomes.sumMicroseconds += Math.round(ms * 1_000);
  }

  /** `isUnmatched`: its server says that there is no such endpoint, so it is not taken in. */
  #endpointOf(asked: Asked, isUnmatched: boolean): EndpointCounts {
    const { port } = asked;
    const call = callOf(asked);
    const host = this.#options.byHost ? this.#hostOf(asked.host) : undefined;
    const key = keyOf(call, port, host);
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    if (isUnmatched) return this.#restOf(call, UNMATCHED);
    if (this.#endpoints.size >= MAX_ENDPOINTS) {
      this.overLimit++;
      return this.#restOf(call, OTHER);
    }
    if (host !== undefined && host !== OTHER && host !== UNKNOWN) this.#hosts.add(ownText(host));
    const endpoint = createCounts(call, port, host, false);
    this.#endpoints.set(ownText(key), endpoint);
    return endpoint;
  }

  /** The status of an endpoint is `other` if it came up after there were too many pairs. The rest has short labels, and needs no limit. */
  #outcomesOf({ byStatus, isRest }: EndpointCounts, status: string): Outcomes {
    const known = byStatus.get(status);
    if (known !== undefined) return known;
    if (isRest || status === OTHER) return createOutcomes(byStatus, status);
    if (this.#outcomes >= MAX_OUTCOMES) {
      this.overLimit++;
      return byStatus.get(OTHER) ?? createOutcomes(byStatus, OTHER);
    }
    this.#outcomes++;
    return createOutcomes(byStatus, status);
  }

  #hostOf(host: string | undefined): string {
    if (host === undefined || !HOST.test(host)) return UNKNOWN;
    const name = host.toLowerCase();
    return this.#hosts.has(name) || this.#hosts.size < MAX_HOSTS ? name : OTHER;
  }

  #restOf({ protocol, labels: { method = OTHER } }: Call, name: string): EndpointCounts {
    const labels = protocol === 'grpc' ? { service: name, method: name } : { method, endpoint: name };
    const call: Call = { protocol, labels };
    const host = this.#options.byHost ? OTHER : undefined;
    const key = keyOf(call, OTHER, host);
    let endpoint = this.#rest.get(key);
    if (endpoint === undefined) {
      endpoint = createCounts(call, OTHER, host, true);
      this.#rest.set(key, endpoint);
    }
    return endpoint;
  }
}

interface Call {
  protocol: 'http' | 'grpc';
  labels: { method: string; endpoint: string } | { service: string; method: string };
}

function callOf({ method, endpoint, grpc }: Asked): Call {
  return grpc === undefined ? { protocol: 'http', labels: { method, endpoint } } : { protocol: 'grpc', labels: grpc };
}

/** The service and the method that a message of gRPC calls. */
function callIn({ grpc }: Brief): Asked['grpc'] {
  return grpc == null ? undefined : { service: grpcName(grpc.service), method: grpcName(grpc.method) };
}

/** No part of it but the last has a space. */
function keyOf({ protocol, labels }: Call, port: string, host: string | undefined): string {
  return `${protocol} ${port} ${host ?? ''} ${JSON.stringify(Object.values(labels))}`;
}

function createCounts(
  { protocol, labels }: Call,
  port: string,
  host: string | undefined,
  isRest: boolean,
): EndpointCounts {
  const all = { ...(host === undefined ? {} : { host }), port, ...labels };
  const own = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, ownText(value)]));
  return { protocol, labels: own, byStatus: new Map(), isRest, unfinished: 0 };
}

function createOutcomes(byStatus: EndpointCounts['byStatus'], status: string): Outcomes {
  const outcomes: Outcomes = { exchanges: 0, buckets: Array(BOUNDS_MS.length + 1).fill(0), sumMicroseconds: 0 };
  byStatus.set(ownText(status), outcomes);
  return outcomes;
}

/** `/orders/:id`; a long one has fewer segments. */
export function endpointOf(target: string): string {
  if (target === '') return UNKNOWN;
  const path = pathOf(target);
  if (path === '') return target === '*' ? '*' : AUTHORITY;
  let template = '';
  for (const segment of segmentsOf(path)) {
    const longer = `${template}/${segment}`;
    if (!isShort(longer)) return `${template}/${REST}`;
    template = longer;
  }
  return template;
}

function methodOf(method: unknown): string {
  if (method === undefined || method === '') return UNKNOWN;
  for (const known of KNOWN_METHODS) if (known === method) return known;
  return OTHER;
}

function grpcName(name: unknown): string {
  const text = textOf(name);
  if (text === '') return UNKNOWN;
  // Lone surrogates are one character as UTF-8: two names of them would be one series twice.
  return isShort(text) ? ownText(text) : OTHER;
}

/** A label of some part. As UTF-8 a character has up to 3 bytes a unit, so few are counted. */
function isShort(text: string): boolean {
  return text.length * 3 <= MAX_LABEL_BYTES || Buffer.byteLength(text) <= MAX_LABEL_BYTES;
}

/** Of any three digits that a server sends, HTTP has these five classes (RFC 9110 §15). */
function statusClass(statusCode: number | undefined): string {
  if (typeof statusCode !== 'number') return UNKNOWN;
  return statusCode >= 100 && statusCode < 600 ? `${Math.floor(statusCode / 100)}xx` : OTHER;
}

/** The name that the status has; of a call that has none what HTTP said, which may come from a proxy. */
function grpcStatus(status: number | undefined, statusCode = 200): string {
  if (status !== undefined) return Number.isInteger(status) ? (GRPC_STATUSES[status] ?? OTHER) : OTHER;
  return statusCode >= 200 && statusCode < 300 ? 'missing' : `http_${statusClass(statusCode)}`;
}

const PORT = /"port":(\d+)/;

/** Of the server, which stands first. */
function portOf({ peers }: Brief): string {
  return PORT.exec(peers)?.[1] ?? UNKNOWN;
}

/** Lines may come from a file, and say anything. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Keeps the limit of what waits; returns how many had to go. */
function dropOldest(waiting: { size: number; keys(): Iterator<string>; delete(id: string): boolean }): number {
  if (waiting.size <= MAX_WAITING) return 0;
  const { value } = waiting.keys().next();
  return value !== undefined && waiting.delete(value) ? 1 : 0;
}
