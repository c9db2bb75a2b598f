/**
 * The totals of a run. In: the lines of batches, in the order in which messages became complete. Out: servers, their
 * endpoints, and what is counted for each. Bounded whatever the traffic: caps on servers and endpoints, reached visibly.
 */

import { type Brief, eachBrief, type GrpcCall, type Peers, peersOf } from './brief';
import { Nesting } from './nesting';
import { ENDED_BY_US, outcomeOf, SERVER_STATUSES } from './outcome';
import { isFinal, Pairing } from './pairing';
import { RouteStats } from './route-stats';
import { ownText } from './routes';
import { type FoundOn, type Server, Servers } from './servers';

/** Connections that are remembered; past it they are read again. */
const MAX_CONNECTIONS = 4_096;
/** Of a path that waits for its request. */
const MAX_PATH_UNITS = 1_024;
/** A request that is younger at the end may still be answered. */
export const UNDER_WAY_MS = 1_000;

export type ServerStats = Server<RouteStats>;
/** An endpoint and where it is. */
export type Found = FoundOn<RouteStats>;

interface Connection extends Peers {
  /** The JSON that it was read from. */
  text: string;
  /** Of its last request, and the server that this is. */
  host: string | undefined;
  to: ServerStats | undefined;
}

/** The facts that are kept of a response until its request comes; no text of the line, which would stay in memory as a whole. */
interface Answer
  extends Pick<Brief, 'statusCode' | 'latencyMs' | 'waitMs' | 'durationMs' | 'bodySize' | 'incomplete' | 'grpc'> {
  /** Where the request is not there yet, and may never come: what the response says of it. */
  alone?: { atMs: number; connection: Connection; method: string; path: string } | undefined;
}

/** The facts that are kept of a request until its response comes. */
interface Asked {
  atMs: number;
  stats: RouteStats;
  server: ServerStats;
  peers: Peers;
  uploadMs: number;
  bytes: number;
}

export class Traffic {
  requests = 0;
  /** Final ones. */
  responses = 0;
  /** Final responses whose request was seen. */
  exchanges = 0;
  /** Requests without a final response, at the end. */
  unanswered = 0;
  /** Of those: younger than a second at the end. */
  underWay = 0;
  readonly classes = new Map<string, number>();
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;
  readonly #servers = new Servers(() => new RouteStats());
  readonly #connections = new Map<number, Connection>();
  readonly #nesting = new Nesting();
  #ended = false;
  readonly #pairing = new Pairing<Asked, Answer>({
    onExchange: ({ request, response }) => {
      const asked = request ?? this.#askedOf(response);
      if (asked === undefined) return;
      if (response === undefined) this.#noteUnanswered(asked);
      else this.#noteAnswered(asked, response);
    },
  });

  /** Takes whole lines; keeps none of the bytes. */
  read(lines: Buffer): void {
    eachBrief(lines, this.#add);
  }

  readonly #add = (brief: Brief): void => {
    const { atMs } = brief;
    if (atMs < this.firstMs) this.firstMs = atMs;
    if (atMs > this.lastMs) this.lastMs = atMs;
    if (brief.direction === 'request') this.#addRequest(brief);
    else if (isFinal(brief)) this.#addResponse(brief);
  };

  /** Nothing more comes: what still waits has no response. */
  end(): void {
    this.#ended = true;
    while (this.#pairing.settleOldest());
    this.#servers.settle();
  }

  /** Every endpoint, in the order in which they came up. */
  found(): Generator<Found> {
    return this.#servers.found();
  }

  get servers(): ServerStats[] {
    return this.#servers.all;
  }

  /** Requests to servers beyond the cap. */
  get beyondServers(): number {
    return this.#servers.beyondServers;
  }

  /** The same of endpoints. */
  get beyondRoutes(): number {
    return this.#servers.beyondRoutes;
  }

  /** The totals of those requests. */
  get beyond(): RouteStats {
    return this.#servers.beyond;
  }

  #addRequest(brief: Brief): void {
    this.requests++;
    const { id, atMs, method = '', path = '', host, durationMs = 0, bodySize, grpc } = brief;
    const peers = this.#connectionOf(brief);
    if (peers.to === undefined || peers.host !== host) {
      peers.to = this.#servers.of(peers.server, host);
      peers.host = host === undefined ? undefined : ownText(host);
    }
    const server = peers.to;
    const stats = server.routes.of(method, path) ?? this.beyond;
    if (grpc !== undefined) stats.isGrpc = true;
    const asked: Asked = { atMs, stats, server, peers, uploadMs: durationMs, bytes: bodySize };
    this.#pairing.addRequest({ id: ownId(id) }, asked, 0);
  }

  #addResponse(brief: Brief): void {
    this.responses++;
    const { id, statusCode = 0, request, latencyMs, waitMs, durationMs, bodySize, incomplete, grpc } = brief;
    const name = statusCode === 0 ? 'unknown' : outcomeOf({ statusCode, grpc }).group;
    this.classes.set(name, (this.classes.get(name) ?? 0) + 1);
    if (request === undefined) return;
    this.exchanges++;
    const answer: Answer = { statusCode, latencyMs, waitMs, durationMs, bodySize, incomplete, grpc };
    if (this.#pairing.requestOf(id) === undefined) {
      const [method, path] = [ownText(request.method), ownText(request.path.slice(0, MAX_PATH_UNITS))];
      answer.alone = { atMs: brief.atMs - (latencyMs ?? 0), connection: this.#connectionOf(brief), method, path };
    }
    this.#pairing.addResponse({ id: ownId(id), direction: 'response', statusCode, request }, answer, 0);
  }

  /** Of a request that did not come, since it was dropped on the way here. */
  #askedOf({ alone }: Answer = NO_ANSWER): Asked | undefined {
    if (alone === undefined) return undefined;
    const { atMs, connection: peers, method, path } = alone;
    const server = this.#servers.of(peers.server, undefined);
    const stats = server.routes.of(method, path) ?? this.beyond;
    return { atMs, stats, server, peers, uploadMs: 0, bytes: 0 };
  }

  #noteAnswered(asked: Asked, answer: Answer): void {
    const stats = asked.stats.current;
    const { statusCode = 0, latencyMs, waitMs, durationMs = 0, bodySize, incomplete, grpc } = answer;
    const isCut = incomplete !== undefined && !ENDED_BY_US.has(incomplete);
    const kind = grpc === undefined ? kindOfStatus(statusCode) : (kindOfGrpc(grpc) ?? kindOfStatus(statusCode));
    const failed = kind === 'server' || isCut;
    if (kind === 'server') stats.serverErrors++;
    else if (kind === 'client') stats.clientErrors++;
    if (isCut) stats.cut++;
    if (grpc?.status !== undefined) stats.noteGrpcStatus(grpc.statusName ?? String(grpc.status));
    stats.responseBytes += bodySize;
    stats.spentMs.upload += asked.uploadMs;
    stats.spentMs.download += durationMs;
    if (waitMs !== undefined) {
      stats.wait.add(waitMs);
      stats.spentMs.wait += waitMs;
    }
    if (latencyMs !== undefined) stats.whole.add(latencyMs + durationMs);
    this.#note(asked, failed, waitMs, asked.uploadMs + durationMs);
    const spentMs = waitMs ?? latencyMs;
    if (spentMs === undefined) return;
    this.#nesting.add({
      stats,
      server: asked.server,
      serverIp: asked.peers.server.ip,
      clientIp: asked.peers.client.ip,
      startMs: asked.atMs,
      endMs: asked.atMs + (latencyMs ?? spentMs),
      overMs: asked.atMs + (latencyMs ?? spentMs) + durationMs,
      waitMs: spentMs,
      failed,
    });
  }

  #noteUnanswered(asked: Asked): void {
    const stats = asked.stats.current;
    this.unanswered++;
    stats.unanswered++;
    const isUnderWay = this.#ended && this.lastMs - asked.atMs < UNDER_WAY_MS;
    if (isUnderWay) this.underWay++;
    this.#note(asked, !isUnderWay, undefined, undefined);
  }

  #note(asked: Asked, failed: boolean, waitMs: number | undefined, transferMs: number | undefined): void {
    const stats = asked.stats.current;
    stats.exchanges++;
    asked.server.exchanges++;
    stats.requestBytes += asked.bytes;
    if (failed) {
      stats.failed++;
      stats.failedClients.add(asked.peers.client.ip);
    } else stats.clients.add(asked.peers.client.ip);
    stats.timeline.add(asked.atMs, failed, waitMs, transferMs);
  }

  /** Read once for a connection, whose number the id begins with. */
  #connectionOf({ id, peers: text }: Brief): Connection {
    const number = Number.parseInt(id, 10);
    const known = this.#connections.get(number);
    // Lines of several runs have the same numbers.
    if (known !== undefined && known.text === text) return known;
    if (this.#connections.size >= MAX_CONNECTIONS) this.#connections.clear();
    const connection: Connection = { text: ownText(text), ...peersOf(text), host: undefined, to: undefined };
    this.#connections.set(number, connection);
    return connection;
  }
}

const NO_ANSWER: Answer = { bodySize: 0 };
/** V8 keeps the text that a longer slice was taken from; a shorter one is copied. */
const MAX_COPIED_UNITS = 12;

function ownId(id: string): string {
  return id.length <= MAX_COPIED_UNITS ? id : ownText(id);
}

type Fault = 'client' | 'server';

function kindOfStatus(statusCode: number): Fault | undefined {
  if (statusCode >= 500) return 'server';
  return statusCode >= 400 ? 'client' : undefined;
}

function kindOfGrpc({ status }: GrpcCall): Fault | undefined {
  if (status === undefined || status === 0) return undefined;
  return SERVER_STATUSES.has(status) ? 'server' : 'client';
}
