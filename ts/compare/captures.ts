/**
 * Two captures, read one after the other. In: the lines of their batches. Out: their endpoints, each with what is counted for it in
 * either. Bounded as the summary is: so many servers, endpoints, and exchanges that wait for their other half.
 */

import { isOfStream, linesOf, parseLargeLine } from '../exchange/lines';
import { Nesting } from '../exchange/nesting';
import { ENDED_BY_US, outcomeOf } from '../exchange/outcome';
import { isFinal, Pairing } from '../exchange/pairing';
import { ownText } from '../exchange/routes';
import { type FoundOn, Servers } from '../exchange/servers';
import { UNDER_WAY_MS } from '../exchange/traffic';
import type { HttpMessage } from '../types';
import { Endpoint, type SideIndex } from './endpoint';
import { Draws } from './sample';
import { Room } from './values';

/** Any number but 0: with the same captures the same is said. */
const SEED = 26;
/** Of a path that waits for its request. */
const MAX_PATH_UNITS = 1_024;
/** An exchange that is open at the end may still be answered until it is so many times as old as the longest wait. */
const PATIENCE = 2;

/** The facts that are kept of a request until its response comes. */
interface Asked {
  atMs: number;
  endpoint: Endpoint;
  /** Has its endpoint; of those beyond the limits nothing is told. */
  server: object | undefined;
  serverIp: string;
  clientIp: string;
  uploadMs: number;
}

interface Answer {
  /** From what it says of its request, where that did not come. */
  alone: () => Asked;
  outcome: string;
  failed: boolean;
  latencyMs: number | undefined;
  waitMs: number | undefined;
  durationMs: number;
  /** Of the head, if it counts. */
  fields: Readonly<Record<string, string>> | undefined;
}

/** The totals of one capture. */
interface CaptureFacts {
  exchanges: number;
  firstMs: number;
  lastMs: number;
  /** Exchanges of servers and endpoints beyond the caps, which are not told apart. */
  beyond: number;
  /** Open at its end, and not older than others that were answered. */
  underWay: number;
}

export class Captures {
  readonly facts: readonly [CaptureFacts, CaptureFacts] = [createFacts(), createFacts()];
  readonly #draws = new Draws(SEED);
  readonly #room = new Room();
  readonly #servers = new Servers(() => new Endpoint(this.#draws, this.#room));
  #side: SideIndex = 0;
  #nesting = new Nesting();
  #open: Asked[] = [];
  #longestMs = new Map<Endpoint, number>();
  #ended = false;
  #pairing = this.#createPairing();

  /** Takes whole lines of the capture that is read; keeps no byte. */
  read(lines: Buffer): void {
    for (const line of linesOf(lines)) {
      const message = isOfStream(line) ? undefined : parseLargeLine(line)?.message;
      if (typeof message?.id !== 'string') continue;
      this.#noteTime(message);
      if (message.direction === 'request') this.#addRequest(message);
      else if (isFinal(message)) this.#addResponse(message);
    }
  }

  /** Nothing more comes of the capture that is read; what comes from now on is of the second. */
  end(): void {
    this.#ended = true;
    while (this.#pairing.settleOldest());
    for (const asked of this.#open) this.#noteOpen(asked);
    if (this.#side === 1) {
      this.#servers.settle();
      return;
    }
    this.#side = 1;
    this.#nesting = new Nesting();
    this.#open = [];
    this.#longestMs = new Map();
    this.#ended = false;
    this.#pairing = this.#createPairing();
  }

  /** Every endpoint, in the order in which they came up. */
  found(): Generator<FoundOn<Endpoint>> {
    return this.#servers.found();
  }

  get beyondServers(): number {
    return this.#servers.beyondServers;
  }

  get beyondRoutes(): number {
    return this.#servers.beyondRoutes;
  }

  #createPairing(): Pairing<Asked, Answer> {
    return new Pairing({
      onExchange: ({ request, response }) => {
        if (response !== undefined) this.#noteAnswered(request ?? response.alone(), response);
        else if (request === undefined) return;
        else if (this.#ended) this.#open.push(request);
        else this.#noteUnanswered(request);
      },
    });
  }

  #addRequest(message: HttpMessage): void {
    const asked = this.#askedOf(message, message.method ?? '', message.path ?? '', message.headers.host);
    if (message.incomplete === undefined && message.headersTruncated !== true)
      asked.endpoint.noteHead(this.#side, 'request', message.headers);
    this.#pairing.addRequest(message, asked, 0);
  }

  #addResponse(message: HttpMessage): void {
    const { id, direction, statusCode = 0, request, latencyMs, waitMs, durationMs = 0, incomplete, headers } = message;
    // It may be of any exchange.
    if (request === undefined) return;
    const isCut = incomplete !== undefined && !ENDED_BY_US.has(incomplete);
    const { text, statusCode: like } = outcomeOf(message);
    const peers = { receiver: message.receiver, destination: message.destination };
    const atMs = timeOf(message) - (latencyMs ?? 0);
    const [method, path] = [request.method, ownText(request.path.slice(0, MAX_PATH_UNITS))];
    const isWhole = incomplete === undefined && message.headersTruncated !== true && like < 400;
    const answer: Answer = {
      alone: () => this.#askedAt(peers, atMs, 0, method, path, undefined),
      outcome: isCut ? 'cut' : text,
      failed: isCut || like >= 500,
      ...{ latencyMs, waitMs, durationMs },
      fields: isWhole ? headers : undefined,
    };
    this.#pairing.addResponse({ id, direction, statusCode, request }, answer, 0);
  }

  #askedOf(message: HttpMessage, method: string, path: string, host: string | undefined): Asked {
    return this.#askedAt(message, timeOf(message), message.durationMs ?? 0, method, path, host);
  }

  #askedAt(
    { receiver, destination }: Pick<HttpMessage, 'receiver' | 'destination'>,
    atMs: number,
    uploadMs: number,
    method: string,
    path: string,
    host: string | undefined,
  ): Asked {
    const server = this.#servers.of(receiver, host);
    const endpoint = server.routes.of(method, path);
    const [serverIp, clientIp] = [receiver.ip, destination.ip];
    const isTold = endpoint !== undefined;
    return {
      ...{ atMs, uploadMs, serverIp, clientIp },
      endpoint: endpoint ?? this.#servers.beyond,
      server: isTold ? server : undefined,
    };
  }

  #noteAnswered(asked: Asked, answer: Answer): void {
    const { outcome, failed, latencyMs, waitMs, durationMs, fields } = answer;
    const endpoint = asked.endpoint.current;
    const side = endpoint.sides[this.#side];
    if (outcome === 'cut') side.cut++;
    else if (failed) side.serverErrors++;
    if (fields !== undefined) endpoint.noteHead(this.#side, 'response', fields);
    if (waitMs !== undefined) {
      side.waits.add(waitMs);
      side.spentMs.wait += waitMs;
      if (waitMs > (this.#longestMs.get(endpoint) ?? 0)) this.#longestMs.set(endpoint, waitMs);
    }
    this.#note(asked, outcome, failed);
    const spentMs = waitMs ?? latencyMs;
    if (spentMs === undefined || asked.server === undefined) return;
    const endMs = asked.atMs + (latencyMs ?? spentMs);
    this.#nesting.add({
      stats: side,
      server: asked.server,
      ...{ serverIp: asked.serverIp, clientIp: asked.clientIp },
      ...{ startMs: asked.atMs, endMs, overMs: endMs + durationMs, waitMs: spentMs, failed },
    });
  }

  /** Open at the end. A request that would have waited longer than any other has no response; without a time it is not known for how long. */
  #noteOpen(asked: Asked): void {
    const facts = this.facts[this.#side];
    const longestMs = this.#longestMs.get(asked.endpoint.current) ?? 0;
    const openMs = facts.lastMs - asked.atMs;
    if (Number.isNaN(openMs) || openMs < Math.max(UNDER_WAY_MS, PATIENCE * longestMs)) facts.underWay++;
    else this.#noteUnanswered(asked);
  }

  #noteUnanswered(asked: Asked): void {
    asked.endpoint.current.sides[this.#side].unanswered++;
    this.#note(asked, 'none', true);
  }

  #note(asked: Asked, outcome: string, failed: boolean): void {
    const endpoint = asked.endpoint.current;
    const side = endpoint.sides[this.#side];
    const facts = this.facts[this.#side];
    endpoint.noteOutcome(this.#side, outcome);
    side.exchanges++;
    facts.exchanges++;
    if (asked.server === undefined) facts.beyond++;
    if (failed) {
      side.failed++;
      side.failedClients.add(asked.clientIp);
    } else side.clients.add(asked.clientIp);
  }

  #noteTime(message: HttpMessage): void {
    const atMs = timeOf(message);
    const facts = this.facts[this.#side];
    if (atMs < facts.firstMs) facts.firstMs = atMs;
    if (atMs > facts.lastMs) facts.lastMs = atMs;
  }
}

function createFacts(): CaptureFacts {
  return { exchanges: 0, firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY, beyond: 0, underWay: 0 };
}

function timeOf({ timestamp, timestampUnknown }: HttpMessage): number {
  return timestampUnknown === true ? Number.NaN : Date.parse(timestamp);
}
