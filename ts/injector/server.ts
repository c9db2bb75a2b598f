/**
 * The webhook over HTTPS. In: requests of the API server. Out: what `answer` makes of their bodies. Bounded in connections,
 * bytes and time; refuses to know what a review is.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { Connections, peerOf } from '../http-server/connections';
import { Budget } from './budget';
import type { Counters } from './counters';
import type { Entry } from './decide';
import { Exchange, MAX_BODY_BYTES, SMALL_BODY_BYTES } from './exchange';
import { LargeBodies } from './large-bodies';
import { BadReview } from './review';
import { Slabs } from './slabs';
import { Turns } from './turns';

export interface Pair {
  cert: string;
  key: string;
}

interface WebhookOptions {
  port: number;
  /** PEM: only clients with a certificate of this CA get an answer. Without it every client does. */
  clientCa?: string;
  counters: Counters;
  /** @throws {BadReview} */
  answer(body: Buffer, entry: Entry): unknown;
  /** By the beginning of a body that is too long. @throws {BadReview} */
  answerTooLong(beginning: Buffer): unknown;
  /** A handler of a request threw something else: a bug. */
  onThrown(error: unknown): void;
}

const PATHS: Record<string, Entry> = { '/mutate': 'any', '/mutate/namespace': 'namespace', '/mutate/pod': 'pod' };

/** API servers are few, and keep their connections. Each costs some 50 KiB for TLS. */
export const MAX_CONNECTIONS = {
  /** No whole head of a request yet: only TCP, a TLS handshake under way, or a part of a head. */
  silent: 192,
  /** With a request that is being read or answered. */
  busy: 128,
  /** Kept open after an answer. */
  idle: 128,
};
/** Of bodies over `SMALL_BODY_BYTES`, so many are read or answered at one time. */
export const LARGE_PLACES = 3;
/** Such a body waits for its turn; after that the API server is mostly gone (`timeoutSeconds`). */
const LARGE_WAIT_MS = 5_000;
/** From its turn on, if others wait: the API server sends it in some ms. Both are less than the time of a request. */
const LARGE_READ_MS = 2_000;
/** Over all requests that are being read and all answers that are not taken yet: all that there may be of each size. */
export const MAX_PENDING_BYTES = LARGE_PLACES * MAX_BODY_BYTES + MAX_CONNECTIONS.busy * SMALL_BODY_BYTES;
/** Connections that wait to be accepted (listen(2)); a client whose connection finds no room there tries again after 1 s. */
const BACKLOG = 4_096;
/** An API server takes a few ms from the connection to the head of its request. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const HEADERS_TIMEOUT_MS = 5_000;
/** The API server itself waits 10 s by default. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Go's client keeps idle connections for 90 s: it has to close them itself, or a request may be lost. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/** The client does not read the answer. */
const ANSWER_TIMEOUT_MS = 15_000;

export class WebhookServer {
  readonly #options: WebhookOptions;
  readonly #server: Server;
  readonly #connections: Connections<keyof typeof MAX_CONNECTIONS>;
  readonly #memory = {
    budget: new Budget(MAX_PENDING_BYTES),
    slabs: new Slabs(MAX_BODY_BYTES, 2 * MAX_BODY_BYTES),
    large: new LargeBodies({ places: LARGE_PLACES, waitMs: LARGE_WAIT_MS, readMs: LARGE_READ_MS }),
  };
  readonly #turns = new Turns();
  /** Connections whose TLS is not there yet, by who is at the other end. TLS makes another socket of each. */
  readonly #handshakes = new Map<string, Socket>();
  readonly #below = new WeakMap<Socket, Socket>();
  #closing = false;

  constructor(options: WebhookOptions, pair: Pair) {
    this.#options = options;
    const { failedConnections } = options.counters;
    this.#connections = new Connections(MAX_CONNECTIONS, (socket) => {
      failedConnections.limit++;
      this.#handshakes.delete(peerOf(socket));
    });
    this.#server = createServer({
      ...contextOf(pair, options.clientCa),
      requestCert: options.clientCa !== undefined,
      rejectUnauthorized: options.clientCa !== undefined,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      connectionsCheckingInterval: 500,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    });
    this.#server.timeout = ANSWER_TIMEOUT_MS;
    this.#server.on('connection', (socket) => this.#accept(socket as Socket));
    this.#server.on('secureConnection', (socket) => this.#secure(socket));
    this.#server.on('request', (request, response) => this.#serve(request, response));
    // RFC 9110 §10.1.1: a client that asks first need not send a body that its head already rules out.
    this.#server.on('checkContinue', (request, response) => {
      this.#serve(request, response, () => response.writeContinue());
    });
  }

  /** Rejects when the port cannot be had. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: this.#options.port, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        // A connection that could not be accepted is the client's trouble.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** For new handshakes; connections that are open go on with the pair they have. Throws where the two do not match. */
  use(pair: Pair): void {
    this.#server.setSecureContext(contextOf(pair, this.#options.clientCa));
  }

  /** Every answer from now on is the last one on its connection. */
  drain(): void {
    this.#closing = true;
  }

  /** Takes no new connection; resolves when what is under way is answered, at the latest after so many ms. */
  close(graceMs: number): Promise<void> {
    this.#closing = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#connections.end(), graceMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#connections.end('silent', 'idle');
    });
  }

  #accept(socket: Socket): void {
    const peer = peerOf(socket);
    this.#handshakes.set(peer, socket);
    socket.once('close', () => {
      if (this.#handshakes.get(peer) !== socket) return;
      this.#handshakes.delete(peer);
      this.#options.counters.failedConnections.handshake++;
    });
    this.#connections.put(socket, 'silent');
  }

  #secure(socket: Socket): void {
    const peer = peerOf(socket);
    const below = this.#handshakes.get(peer);
    this.#handshakes.delete(peer);
    // It was closed in the meantime.
    if (below === undefined) socket.destroy();
    else this.#below.set(socket, below);
  }

  #serve(request: IncomingMessage, response: ServerResponse, ready: () => void = () => {}): void {
    const below = this.#below.get(request.socket);
    if (below !== undefined) {
      this.#connections.put(below, 'busy');
      response.on('finish', () => this.#connections.put(below, 'idle'));
    }
    const { counters, onThrown } = this.#options;
    const path = request.url?.split('?', 1)[0] ?? '';
    const entry = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined;
    const exchange = new Exchange(request, response, this.#memory, {
      onBody: (body) => this.#answer(exchange, 400, () => this.#options.answer(body, entry ?? 'any')),
      onTooLong: (beginning) => this.#answer(exchange, 413, () => this.#options.answerTooLong(beginning)),
      onRefused: (status) => counters.refused[status]++,
      onThrown,
    });
    const { 'content-type': type, 'content-encoding': coding, 'content-length': announced = 0 } = request.headers;
    exchange.guard(() => {
      if (entry === undefined) exchange.refuse(404, 'there is /mutate');
      else if (request.method !== 'POST') exchange.refuse(405, 'only POST', { allow: 'POST' });
      else if (!isJson(type)) exchange.refuse(415, 'only application/json');
      else if (coding !== undefined && coding !== 'identity') exchange.refuse(415, 'no content-encoding');
      else {
        ready();
        exchange.read(this.#turns, Number(announced));
      }
    });
  }

  /** Refuses with that status if it is no review. */
  #answer(exchange: Exchange, status: 400 | 413, answer: () => unknown): void {
    const { counters } = this.#options;
    const start = performance.now();
    try {
      exchange.answer(200, 'application/json', JSON.stringify(answer()), this.#closing);
    } catch (error) {
      // Not `instanceof` on what may be anything: a Proxy answers as it likes.
      if (!BadReview.isOne(error)) throw error;
      exchange.refuse(status, error.message);
    } finally {
      counters.reviewSeconds += (performance.now() - start) / 1_000;
    }
  }
}

function contextOf({ cert, key }: Pair, ca: string | undefined) {
  return { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' as const };
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}
