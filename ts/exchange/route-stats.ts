/** The counts of an endpoint: how its exchanges ended, how long they took, when that changed, and what they waited for. */

import { Quantiles } from './quantiles';
import type { Counted } from './routes';
import { Timeline } from './timeline';

/** Endpoints of other servers that one waits for, at most; a service calls a few. */
const MAX_CALLEES = 8;
/** Statuses of gRPC that are told apart: those that there are (https://grpc.io/docs/guides/status-codes/), and some room. */
const MAX_GRPC_STATUSES = 24;

/** Statuses of server errors that are told apart; a server has a few. */
const MAX_ERROR_STATUSES = 16;

/** The totals of an endpoint's own calls to another endpoint. */
export interface Calls {
  /** Of exchanges of the endpoint that made at least one such call. */
  exchanges: number;
  calls: number;
  /** Of exchanges that failed, and in which such a call failed. */
  failed: number;
  /** Calls in those. */
  failedCalls: number;
  /** Waited for them. */
  waitMs: number;
}

export class RouteStats implements Counted<RouteStats> {
  exchanges = 0;
  clientErrors = 0;
  serverErrors = 0;
  unanswered = 0;
  /** Responses that ended early. */
  cut = 0;
  /** All that failed: server errors, without an answer, cut. */
  failed = 0;
  requestBytes = 0;
  responseBytes = 0;
  /** Sums of what is known. */
  readonly spentMs = { upload: 0, wait: 0, download: 0 };
  readonly wait = new Quantiles();
  /** From the first byte of the request to the last of the response. */
  readonly whole = new Quantiles();
  readonly timeline = new Timeline();
  readonly grpcStatuses = new Map<string, number>();
  /** How often each status of a server error came, of HTTP or of gRPC. */
  readonly errorStatuses = new Map<string, number>();
  /** The calls that its exchanges waited for, as far as these were captured too. */
  readonly calls = new Map<RouteStats, Calls>();
  readonly failedClients = new Majority();
  /** Of those that did not fail. */
  readonly clients = new Majority();
  isGrpc = false;
  #into: RouteStats | undefined;

  /** Itself, or what took it over. */
  get current(): RouteStats {
    return this.#into === undefined ? this : this.#into.current;
  }

  takeOver(other: RouteStats): void {
    other.#into = this;
    this.exchanges += other.exchanges;
    this.clientErrors += other.clientErrors;
    this.serverErrors += other.serverErrors;
    this.unanswered += other.unanswered;
    this.cut += other.cut;
    this.failed += other.failed;
    this.requestBytes += other.requestBytes;
    this.responseBytes += other.responseBytes;
    this.spentMs.upload += other.spentMs.upload;
    this.spentMs.wait += other.spentMs.wait;
    this.spentMs.download += other.spentMs.download;
    this.isGrpc ||= other.isGrpc;
    this.wait.addAll(other.wait);
    this.whole.addAll(other.whole);
    this.timeline.addAll(other.timeline);
    this.failedClients.addAll(other.failedClients);
    this.clients.addAll(other.clients);
    for (const [name, count] of other.grpcStatuses) this.noteGrpcStatus(name, count);
    for (const [name, count] of other.errorStatuses) this.#noteErrorStatus(name, count);
    for (const [callee, calls] of other.calls) {
      const mine = this.callsTo(callee);
      for (const name of Object.keys(calls) as (keyof Calls)[]) mine[name] += calls[name];
    }
  }

  noteGrpcStatus(name: string, count = 1): void {
    addUpTo(MAX_GRPC_STATUSES, this.grpcStatuses, name, count);
  }

  noteServerError(status: string): void {
    this.serverErrors++;
    this.#noteErrorStatus(status, 1);
  }

  #noteErrorStatus(status: string, count: number): void {
    addUpTo(MAX_ERROR_STATUSES, this.errorStatuses, status, count);
  }

  /** Past the cap the rarest go: those are others' calls, taken for its own by their time. */
  callsTo(callee: RouteStats): Calls {
    const known = this.calls.get(callee);
    if (known !== undefined) return known;
    if (this.calls.size >= MAX_CALLEES) {
      let [rarest] = this.calls;
      for (const entry of this.calls)
        if (rarest === undefined || entry[1].exchanges < rarest[1].exchanges) rarest = entry;
      if (rarest !== undefined) this.calls.delete(rarest[0]);
    }
    const calls = { exchanges: 0, calls: 0, failed: 0, failedCalls: 0, waitMs: 0 };
    this.calls.set(callee, calls);
    return calls;
  }
}

function addUpTo(most: number, counts: Map<string, number>, name: string, count: number): void {
  const before = counts.get(name);
  if (before === undefined && counts.size >= most) return;
  counts.set(name, (before ?? 0) + count);
}

/** Who stands for more than half of all, if anybody does (Boyer and Moore's vote). */
class Majority {
  #candidate: string | undefined;
  #lead = 0;
  /** Since it is the candidate: a lower bound of how often it came. */
  #votes = 0;

  get candidate(): string | undefined {
    return this.#candidate;
  }

  /** It came so often at least. */
  get votes(): number {
    return this.#votes;
  }

  add(name: string, times = 1): void {
    if (name === this.#candidate) {
      this.#lead += times;
      this.#votes += times;
    } else if (this.#lead >= times) this.#lead -= times;
    else {
      this.#lead = times - this.#lead;
      this.#candidate = name;
      this.#votes = times;
    }
  }

  addAll(other: Majority): void {
    if (other.#candidate !== undefined) this.add(other.#candidate, other.#votes);
  }
}
