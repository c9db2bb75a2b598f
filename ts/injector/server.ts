/**
 * The webhook over HTTPS. In: requests of the API server. Out: what `answer` makes of their bodies. Bounded in connections,
 * bytes and time; refuses to know what a review is.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Counters, Refusal } from './counters';
import type { Entry } from './decide';
import { BadReview } from './review';

export interface Pair {
  cert: string;
  key: string;
}

export interface WebhookOptions {
  port: number;
  counters: Counters;
  /** @throws {BadReview} */
  answer(body: Buffer, entry: Entry): unknown;
}

const PATHS: Record<string, Entry> = { '/mutate': 'any', '/mutate/namespace': 'namespace', '/mutate/pod': 'pod' };

/** etcd takes objects of 1.5 MiB; a review has at most two. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Over all requests that are being read: a small part of the injector's memory. */
export const MAX_PENDING_BYTES = 4 * MAX_BODY_BYTES;
/** API servers are few, and keep their connections. */
export const MAX_CONNECTIONS = 512;
/** The API server itself waits 10 s by default. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Go's client keeps idle connections for 90 s: it has to be the one that closes them, or a request may be lost. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

export class WebhookServer {
  readonly #options: WebhookOptions;
  readonly #server: Server;
  #pendingBytes = 0;
  #closing = false;

  constructor(options: WebhookOptions, pair: Pair) {
    this.#options = options;
    this.#server = createServer({
      ...contextOf(pair),
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      handshakeTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => this.#serve(request, response));
    const { failedConnections } = options.counters;
    this.#server.on('tlsClientError', () => failedConnections.handshake++);
    this.#server.on('drop', () => {
      failedConnections.limit++;
      // Room for the next ones: an API server whose idle connection goes opens another.
      this.#server.closeIdleConnections();
    });
  }

  /** Rejects when the port cannot be had. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, () => {
        this.#server.off('error', reject);
        // A connection that could not be accepted is the client's trouble.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** For new handshakes; connections that are open go on with the pair they have. Throws where the two do not match. */
  use(pair: Pair): void {
    this.#server.setSecureContext(contextOf(pair));
  }

  /** Every answer from now on is the last one on its connection. */
  drain(): void {
    this.#closing = true;
  }

  /** Takes no new connection; resolves when what is under way is answered, at the latest after so many ms. */
  close(graceMs: number): Promise<void> {
    this.#closing = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url?.split('?', 1)[0] ?? '';
    const entry = Object.hasOwn(PATHS, path) ? PATHS[path] : undefined;
    const announced = Number(request.headers['content-length'] ?? 0);
    if (entry === undefined) this.#refuse(response, 404, 'there is /mutate');
    else if (request.method !== 'POST') this.#refuse(response, 405, 'only POST', { allow: 'POST' });
    else if (!isJson(request.headers['content-type'])) this.#refuse(response, 415, 'only application/json');
    else if (announced > MAX_BODY_BYTES) this.#refuse(response, 413, 'the body is too long');
    else this.#read(request, response, entry);
  }

  #read(request: IncomingMessage, response: ServerResponse, entry: Entry): void {
    const chunks: Buffer[] = [];
    let length = 0;
    const forget = () => {
      this.#pendingBytes -= length;
      length = 0;
      chunks.length = 0;
      request.removeAllListeners('data').removeAllListeners('end').resume();
    };
    request.on('error', () => {});
    response.on('error', () => {});
    response.on('close', forget);
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      this.#pendingBytes += chunk.length;
      chunks.push(chunk);
      if (length > MAX_BODY_BYTES) {
        forget();
        this.#refuse(response, 413, 'the body is too long');
      } else if (this.#pendingBytes > MAX_PENDING_BYTES) {
        forget();
        this.#refuse(response, 503, 'too much at one time');
      }
    });
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      forget();
      this.#answer(body, entry, response);
    });
  }

  #answer(body: Buffer, entry: Entry, response: ServerResponse): void {
    const { answer, counters } = this.#options;
    const start = performance.now();
    try {
      this.#send(response, 200, 'application/json', JSON.stringify(answer(body, entry)));
    } catch (error) {
      if (!(error instanceof BadReview)) throw error;
      this.#refuse(response, 400, error.message);
    }
    counters.reviewSeconds += (performance.now() - start) / 1_000;
  }

  /** What is left of the request is not waited for. */
  #refuse(response: ServerResponse, status: Refusal, text: string, headers: Record<string, string> = {}): void {
    this.#options.counters.refused[status]++;
    this.#send(response, status, 'text/plain; charset=utf-8', `${text}\n`, { ...headers, connection: 'close' });
  }

  #send(
    response: ServerResponse,
    status: number,
    type: string,
    text: string,
    headers: Record<string, string> = {},
  ): void {
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(text),
      ...(this.#closing ? { connection: 'close' } : {}),
      ...headers,
    });
    response.end(text);
  }
}

function contextOf({ cert, key }: Pair) {
  return { cert, key, minVersion: 'TLSv1.2' as const };
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}
