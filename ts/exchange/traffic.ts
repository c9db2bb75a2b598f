/**
 * The totals of a run. In: the lines of batches, or the facts of them, in the order in which messages became complete. Out: servers, their
 * endpoints, and what is counted for each. Bounded whatever the traffic: caps on servers and endpoints, reached visibly.
 */

import { type Brief, eachBrief, type GrpcCall, type Peers, peersOf } from './brief';
import type { Endings } from './endings';
import { Facts, type Target } from './facts';
import { type Ended, Nesting } from './nesting';
import { ENDED_BY_US, outcomeOf, SERVER_STATUSES } from './outcome';
import { isFinal, Pairing } from './pairing';
import { RouteStats } from './route-stats';
import { ownText, type Place, placeOf } from './routes';
import { type FoundOn, type Server, Servers } from './servers';

/** Connections that are remembered; past it they are read again. */
const MAX_CONNECTIONS = 4_096;
/** Hosts and methods of tables that are kept; past it they are read again. */
const MAX_NAMES = 1_024;
/** Of a path that waits for its request. */
const MAX_PATH_UNITS = 1_024;
/** A request that is younger at the end may still be answered. */
export const UNDER_WAY_MS = 1_000;

export type ServerStats = Server<RouteStats>;
/** An endpoint and where it is. */
export type Found = FoundOn<RouteStats>;

/** Responses whose status says about the same. */
interface Group {
  readonly name: string;
  responses: number;
}

interface Connection extends Peers {
  number: number;
  /** The JSON that it was read from. */
  text: string;
  /** Of its last request, and the server that this is. */
  host: string | undefined;
  to: ServerStats | undefined;
}

/**
 * The facts that are kept of a response until its request comes; no text of the line, which would stay in memory as a whole. Times that are not
 * known are NaN: V8 stores a number that may be `undefined` as an object.
 */
interface Answer extends Pick<Brief, 'incomplete' | 'grpc'> {
  /** 0 if it has none. */
  statusCode: number;
  latencyMs: number;
  waitMs: number;
  /** 0 if it is not known. */
  durationMs: number;
  bodySize: number;
  /** Where the request is not there yet, and may never come: what the response says of it. */
  alone: { atMs: number; connection: Connection; method: string; path: string } | undefined;
}

/** The endpoint that is asked for. */
interface Question {
  method: string;
  place: Place;
  host: string | undefined;
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
  /** Final responses. */
  responses = 0;
  /** Final responses whose request was seen. */
  exchanges = 0;
  /** Requests without a final response, at the end. */
  unanswered = 0;
  /** Of those: younger than a second at the end, and not known to be over. */
  underWay = 0;
  /** Of those: how many are known to be over, by how they ended. */
  readonly ended = new Map<string, number>();
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = Number.NEGATIVE_INFINITY;
  readonly #servers = new Servers(() => new RouteStats());
  readonly #connections = new Map<number, Connection>();
  /** How many times those were forgotten. */
  #forgotten = 0;
  readonly #groups = new Map<string, Group>();
  /** Of what is not gRPC, by status code, which has 16 bits in a table. */
  readonly #groupsByStatus: Group[] = [];
  readonly #nesting = new Nesting();
  /** Hosts and methods of tables. Texts that are the same object are the same without a look at them. */
  readonly #names = new Map<string, string>();
  /**
   * Of a table the requests whose response is in it too, such a response, and an exchange that has ended. They are used again for the next: to
   * collect the garbage of half a million exchanges a second would take longer than to count them.
   */
  readonly #askedHere: Asked[] = [];
  readonly #answerHere = emptyAnswer();
  #endedHere: Ended | undefined;
  #ended = false;
  readonly #pairing = new Pairing<Asked, Answer>({
    onExchange: ({ request, response }, _messages, id) => {
      const asked = request ?? this.#askedOf(response);
      if (asked === undefined) return;
      if (response === undefined) this.#noteUnanswered(asked, id);
      else this.#noteAnswered(asked, response);
    },
  });

  readonly #endings: Endings | undefined;

  /** Without `endings` nothing is known of how requests without a response ended. */
  constructor(endings?: Endings) {
    this.#endings = endings;
  }

  /** Takes whole lines; keeps no byte. */
  read(lines: Buffer): void {
    eachBrief(lines, this.#add);
  }

  /** Takes a table of so many messages of one run, which says the same as their lines; keeps no byte. */
  readFacts(table: Buffer, messages: number): void {
    try {
      this.#readFacts(new Facts(table, messages));
    } finally {
      // If it could not be read to its end, too: what waits is of this table.
      this.#pairing.letAllGo();
    }
  }

  #readFacts(facts: Facts): void {
    const questions: Question[] = [];
    const connections: Connection[] = [];
    let forgotten = this.#forgotten;
    for (let message = 0; message < facts.messages; message++) {
      if (facts.isOther(message)) {
        eachBrief(facts.other(message), this.#add);
        continue;
      }
      this.#noteTime(facts.atMsOf(message));
      if (!facts.isResponse(message)) {
        if (forgotten !== this.#forgotten) connections.length = 0;
        forgotten = this.#forgotten;
        const index = facts.connectionOf(message);
        connections[index] ??= this.#connectionIn(facts, index);
        const targetIndex = facts.targetOf(message);
        questions[targetIndex] ??= this.#questionOf(facts.targets[targetIndex] as Target);
        this.#addRequestOf(facts, message, connections[index], questions[targetIndex]);
      } else if (!facts.isHere(message)) this.#addResponseOf(facts, message);
      else {
        this.responses++;
        this.exchanges++;
        this.#groupOf(facts.statusOf(message)).responses++;
        this.#pairing.letGo();
        readAnswer(facts, message, this.#answerHere);
        this.#noteAnswered(this.#askedHere[facts.targetOf(message)] as Asked, this.#answerHere);
      }
    }
  }

  #addRequestOf(facts: Facts, message: number, connection: Connection, question: Question): void {
    const server = this.#serverOf(connection, question.host);
    const stats = this.#ask(server, question);
    const isHere = facts.isPaired(message);
    const known = isHere ? this.#askedHere[message] : undefined;
    const asked = known ?? { atMs: Number.NaN, stats, server, peers: connection, uploadMs: 0, bytes: 0 };
    asked.atMs = facts.atMsOf(message);
    asked.stats = stats;
    asked.server = server;
    asked.peers = connection;
    asked.uploadMs = facts.durationMsOf(message) || 0;
    asked.bytes = facts.bodySizeOf(message);
    if (!isHere) this.#pairing.addRequest({ id: `${connection.number}.${facts.exchangeOf(message)}` }, asked, 0);
    else {
      this.#askedHere[message] = asked;
      this.#pairing.hold();
    }
  }

  #questionOf({ method, path, host }: Target): Question {
    return { method: this.#nameOf(method), place: placeOf(path), host: host === undefined ? host : this.#nameOf(host) };
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    const own = ownText(text);
    this.#names.set(own, own);
    return own;
  }

  /** Its request was told of before, or is still to come. */
  #addResponseOf(facts: Facts, message: number): void {
    const statusCode = facts.statusOf(message);
    const direction = 'response';
    if (!isFinal({ direction, statusCode })) return;
    const connection = facts.connectionOf(message);
    const answer = emptyAnswer();
    readAnswer(facts, message, answer);
    this.#addResponse(
      {
        id: `${facts.numberOf(connection)}.${facts.exchangeOf(message)}`,
        atMs: facts.atMsOf(message),
        peers: facts.peersOf(connection),
        request: facts.isPaired(message) ? facts.targets[facts.targetOf(message)] : undefined,
      },
      answer,
    );
  }

  readonly #add = (brief: Brief): void => {
    this.#noteTime(brief.atMs);
    if (brief.direction === 'request') this.#addRequest(brief);
    else if (isFinal(brief)) this.#addResponse(brief, answerOf(brief));
  };

  #noteTime(atMs: number): void {
    if (atMs < this.firstMs) this.firstMs = atMs;
    if (atMs > this.lastMs) this.lastMs = atMs;
  }

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

  /** How many final responses there were of each group of statuses. */
  get classes(): Map<string, number> {
    return new Map([...this.#groups.values()].map(({ name, responses }) => [name, responses]));
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
    const { id, atMs, method = '', path = '', host, durationMs: uploadMs = 0, bodySize: bytes, grpc } = brief;
    const peers = this.#connectionOf(brief);
    const server = this.#serverOf(peers, host);
    const stats = this.#ask(server, { method, place: placeOf(path), host });
    if (grpc !== undefined) stats.isGrpc = true;
    this.#pairing.addRequest({ id: ownId(id) }, { atMs, stats, server, peers, uploadMs, bytes }, 0);
  }

  /** The server that the connection is asked for with this host. */
  #serverOf(connection: Connection, host: string | undefined): ServerStats {
    if (connection.to === undefined || connection.host !== host) {
      connection.to = this.#servers.of(connection.server, host);
      connection.host = host === undefined ? undefined : this.#nameOf(host);
    }
    return connection.to;
  }

  #ask({ routes }: ServerStats, { method, place }: Question): RouteStats {
    this.requests++;
    return routes.at(method, place) ?? this.beyond;
  }

  #addResponse(brief: Pick<Brief, 'id' | 'atMs' | 'peers' | 'request'>, answer: Answer): void {
    const { id, request } = brief;
    const { statusCode, latencyMs, grpc } = answer;
    this.responses++;
    this.#group(statusCode === 0 ? UNKNOWN : outcomeOf({ statusCode, grpc }).group).responses++;
    if (request === undefined) return;
    this.exchanges++;
    if (this.#pairing.requestOf(id) === undefined) {
      const [method, path] = [ownText(request.method), ownText(request.path.slice(0, MAX_PATH_UNITS))];
      answer.alone = { atMs: brief.atMs - (latencyMs || 0), connection: this.#connectionOf(brief), method, path };
    }
    this.#pairing.addResponse({ id: ownId(id), direction: 'response', statusCode, request }, answer, 0);
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = { name, responses: 0 };
    this.#groups.set(name, group);
    return group;
  }

  #groupOf(statusCode: number): Group {
    let group = this.#groupsByStatus[statusCode];
    if (group === undefined) {
      group = this.#group(statusCode === 0 ? UNKNOWN : outcomeOf({ statusCode }).group);
      this.#groupsByStatus[statusCode] = group;
    }
    return group;
  }

  /** Of a request that did not come, since it was dropped on the way here. */
  #askedOf(answer: Answer | undefined): Asked | undefined {
    if (answer?.alone === undefined) return undefined;
    const { atMs, connection: peers, method, path } = answer.alone;
    const server = this.#servers.of(peers.server, undefined);
    const stats = server.routes.of(method, path) ?? this.beyond;
    return { atMs, stats, server, peers, uploadMs: 0, bytes: 0 };
  }

  #noteAnswered(asked: Asked, answer: Answer): void {
    const stats = asked.stats.current;
    const { statusCode, latencyMs, waitMs, durationMs, bodySize, incomplete, grpc } = answer;
    const isCut = incomplete !== undefined && !ENDED_BY_US.has(incomplete);
    const kind = grpc === undefined ? kindOfStatus(statusCode) : (kindOfGrpc(grpc) ?? kindOfStatus(statusCode));
    const failed = kind === 'server' || isCut;
    if (kind === 'server') stats.noteServerError(statusTextOf(answer));
    else if (kind === 'client') stats.clientErrors++;
    if (isCut) stats.cut++;
    if (grpc?.status !== undefined) stats.noteGrpcStatus(grpc.statusName ?? String(grpc.status));
    stats.responseBytes += bodySize;
    stats.spentMs.upload += asked.uploadMs;
    stats.spentMs.download += durationMs;
    if (!Number.isNaN(waitMs)) {
      stats.wait.add(waitMs);
      stats.spentMs.wait += waitMs;
    }
    if (!Number.isNaN(latencyMs)) stats.whole.add(latencyMs + durationMs);
    this.#note(asked, failed, waitMs, asked.uploadMs + durationMs);
    const spentMs = Number.isNaN(waitMs) ? latencyMs : waitMs;
    if (Number.isNaN(spentMs)) return;
    const endMs = asked.atMs + (Number.isNaN(latencyMs) ? spentMs : latencyMs);
    const ended = this.#endedHere ?? emptyEnded(stats, asked.server);
    this.#endedHere = ended;
    ended.stats = stats;
    ended.server = asked.server;
    ended.serverIp = asked.peers.server.ip;
    ended.clientIp = asked.peers.client.ip;
    ended.startMs = asked.atMs;
    ended.endMs = endMs;
    ended.overMs = endMs + durationMs;
    ended.waitMs = spentMs;
    ended.failed = failed;
    this.#nesting.add(ended);
  }

  #noteUnanswered(asked: Asked, id: string): void {
    const stats = asked.stats.current;
    this.unanswered++;
    stats.unanswered++;
    const words = this.#endings?.of(id)?.words;
    if (words !== undefined) this.ended.set(words, (this.ended.get(words) ?? 0) + 1);
    const isUnderWay = words === undefined && this.#ended && this.lastMs - asked.atMs < UNDER_WAY_MS;
    if (isUnderWay) this.underWay++;
    this.#note(asked, !isUnderWay, Number.NaN, Number.NaN);
  }

  #note(asked: Asked, failed: boolean, waitMs: number, transferMs: number): void {
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

  /** Its number is what the id begins with. */
  #connectionOf({ id, peers }: Pick<Brief, 'id' | 'peers'>): Connection {
    return this.#connectionAt(Number.parseInt(id, 10), peers);
  }

  /** The texts of a connection are the same in all tables, which are those of one run. */
  #connectionIn(facts: Facts, index: number): Connection {
    const number = facts.numberOf(index);
    return this.#connections.get(number) ?? this.#newConnection(number, facts.peersOf(index), undefined);
  }

  /** Read once for a connection. */
  #connectionAt(number: number, text: string): Connection {
    const known = this.#connections.get(number);
    // Lines of several runs have the same numbers.
    if (known !== undefined && known.text === text) return known;
    return this.#newConnection(number, ownText(text), known);
  }

  #newConnection(number: number, text: string, known: Connection | undefined): Connection {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#connections.clear();
      this.#forgotten++;
    } else if (known !== undefined) this.#forgotten++;
    const { server, client } = peersOf(text);
    const connection: Connection = { number, text, server, client, host: undefined, to: undefined };
    this.#connections.set(number, connection);
    return connection;
  }
}

const UNKNOWN = 'unknown';

function emptyAnswer(): Answer {
  return {
    ...{ statusCode: 0, latencyMs: Number.NaN, waitMs: Number.NaN, durationMs: 0, bodySize: 0 },
    ...{ incomplete: undefined, grpc: undefined, alone: undefined },
  };
}

function emptyEnded(stats: RouteStats, server: ServerStats): Ended {
  const [startMs, endMs, overMs, waitMs] = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  return { stats, server, serverIp: '', clientIp: '', startMs, endMs, overMs, waitMs, failed: false };
}

/** Into an answer of any message of a table. */
function readAnswer(facts: Facts, message: number, answer: Answer): void {
  answer.statusCode = facts.statusOf(message);
  answer.latencyMs = facts.latencyMsOf(message);
  answer.waitMs = facts.waitMsOf(message);
  answer.durationMs = facts.durationMsOf(message) || 0;
  answer.bodySize = facts.bodySizeOf(message);
  answer.incomplete = facts.incompleteOf(message);
}

function answerOf(brief: Brief): Answer {
  const { statusCode = 0, latencyMs = Number.NaN, waitMs = Number.NaN, durationMs = 0 } = brief;
  const { bodySize, incomplete, grpc } = brief;
  return { statusCode, latencyMs, waitMs, durationMs, bodySize, incomplete, grpc, alone: undefined };
}

/** V8 keeps the text that a longer slice was taken from; a shorter slice is copied. */
const MAX_COPIED_UNITS = 12;

function ownId(id: string): string {
  return id.length <= MAX_COPIED_UNITS ? id : ownText(id);
}

type Fault = 'client' | 'server';

function kindOfStatus(statusCode: number): Fault | undefined {
  if (statusCode >= 500) return 'server';
  return statusCode >= 400 ? 'client' : undefined;
}

/** The status that made it a server error: the call's own, unless that is none. */
function statusTextOf({ statusCode, grpc }: Answer): string {
  const isOfCall = grpc?.status !== undefined && SERVER_STATUSES.has(grpc.status);
  return isOfCall ? (grpc.statusName ?? `gRPC ${grpc.status}`) : `${statusCode}`;
}

function kindOfGrpc({ status }: GrpcCall): Fault | undefined {
  if (status === undefined || status === 0) return undefined;
  return SERVER_STATUSES.has(status) ? 'server' : 'client';
}
