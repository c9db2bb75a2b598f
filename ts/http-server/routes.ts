/**
 * HTTP by a table of routes. In: for each path the route that answers it. Refuses to know what is answered.
 *
 * Each connection brings one request. Connections of each kind have a cap of their own, so that neither silent connections nor
 * slow readers of one kind take away what another kind needs.
 */

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Connections, peerOf } from './connections';

export interface Route<Kind extends string> {
  /** The kind of its connection while it is answered. */
  readonly kind: Kind;
  /** Default: GET and HEAD. */
  readonly methods?: readonly string[];
  answer(request: IncomingMessage, response: ServerResponse): void;
}

/** Why a request is not even routed. */
export interface Refusal {
  status: number;
  text: string;
}

export interface RoutesOptions<Kind extends string> {
  port: number;
  /** `''` is every address. */
  host: string;
  /** By path; a query is no part of it. */
  routes: Readonly<Record<string, Route<Kind>>>;
  /** The text of the answer to a path without a route. */
  notFound: string;
  /** Connections at one time; `silent` connections have sent no whole head of a request yet. */
  maxConnections: Readonly<Record<Kind | 'silent', number>>;
  /** Looks at each request before it is routed. */
  refuse?(request: IncomingMessage): Refusal | undefined;
  /** On every answer. */
  headers?: Readonly<Record<string, string>>;
  /** HTTPS. */
  tls?: { cert: string | Buffer; key: string | Buffer } | undefined;
  /** A client that has not sent all of its request by then is not waited for; the event loop may be busy as long. */
  requestTimeoutMs: number;
  /** The process does not go on for its sake. */
  background: boolean;
}

/** The client does not read the answer. */
const ANSWER_TIMEOUT_MS = 5_000;
/** By the system's reason. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has that port; name another port',
  EACCES: 'ports below 1024 are for root; name a higher port',
  EADDRNOTAVAIL: 'no interface here has that address; name another address',
};

function withAdvice(error: NodeJS.ErrnoException): Error {
  const { code = '', message } = error;
  return Object.hasOwn(ADVICE, code) ? new Error(`${message}; ${ADVICE[code]}`, { cause: error }) : error;
}

/** Connections that wait to be accepted (listen(2)); a client whose connection finds no room there tries again after 1 s. */
const BACKLOG = 4_096;

const GET = ['GET', 'HEAD'];

export class RouteServer<Kind extends string> {
  readonly #options: RoutesOptions<Kind>;
  readonly #server: Server;
  readonly #connections: Connections<Kind | 'silent'>;
  /** TLS makes another socket of each connection: those that were accepted, by who is at the other end. */
  readonly #accepted = new Map<string, Socket>();
  readonly #below = new WeakMap<Socket, Socket>();
  /** Those that have brought their request. */
  readonly #asked = new WeakSet<Socket>();

  constructor(options: RoutesOptions<Kind>) {
    this.#options = options;
    this.#connections = new Connections(options.maxConnections);
    const limits: ServerOptions = {
      requestTimeout: options.requestTimeoutMs,
      headersTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: 500,
    };
    this.#server =
      options.tls === undefined
        ? createServer(limits)
        : https().createServer({
            ...limits,
            ...options.tls,
            minVersion: 'TLSv1.2',
            handshakeTimeout: options.requestTimeoutMs,
          });
    this.#server.timeout = ANSWER_TIMEOUT_MS;
    this.#server.on('request', (request, response) => this.#serve(request, response));
    this.#server.on('connection', (socket: Socket) => this.#accept(socket));
    this.#server.on('secureConnection', (socket: Socket) => this.#secure(socket));
    if (options.background) this.#server.unref();
  }

  /** Rejects when the port cannot be had, with what helps. */
  listen(): Promise<void> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => reject(withAdvice(error));
      this.#server.once('error', refuse);
      this.#server.listen({ port, backlog: BACKLOG, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', refuse);
        // A connection that could not be accepted is the client's trouble.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Where it listens: of port 0 the port that was free. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#connections.end();
    });
  }

  #accept(socket: Socket): void {
    if (this.#options.background) socket.unref();
    this.#connections.put(socket, 'silent');
    if (this.#options.tls === undefined) return;
    const peer = peerOf(socket);
    this.#accepted.set(peer, socket);
    socket.once('close', () => this.#accepted.delete(peer));
  }

  #secure(socket: Socket): void {
    const below = this.#accepted.get(peerOf(socket));
    // It was closed in the meantime.
    if (below === undefined) socket.destroy();
    else this.#below.set(socket, below);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const socket = this.#below.get(request.socket) ?? request.socket;
    // The first answer is the last on its connection; and nothing is answered on a connection that was closed to make room.
    if (this.#asked.has(socket) || this.#connections.kindOf(socket) === undefined) return;
    this.#asked.add(socket);
    const { routes, headers = {} } = this.#options;
    const path = request.url?.split('?', 1)[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('connection', 'close');
    try {
      const refusal = this.#options.refuse?.(request);
      if (refusal !== undefined) reply(response, refusal.status, refusal.text);
      else if (!(route?.methods ?? GET).includes(request.method ?? '')) this.#refuseMethod(response, route);
      else if (route === undefined) reply(response, 404, this.#options.notFound);
      else {
        this.#connections.put(socket, route.kind);
        route.answer(request, response);
      }
    } catch {
      if (response.headersSent) response.destroy();
      else reply(response, 500, 'failed\n');
    }
  }

  #refuseMethod(response: ServerResponse, route: Route<Kind> | undefined): void {
    const methods = route?.methods ?? GET;
    response.setHeader('allow', methods.join(', '));
    reply(response, 405, `only ${methods[0]}\n`);
  }
}

export function reply(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}

/** Loaded with the first server that has TLS: metrics and pages do without, and it is most of what a server takes to load. */
function https(): typeof import('node:https') {
  return require('node:https');
}
