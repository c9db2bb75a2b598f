/**
 * `/metrics`, `/healthz`, `/readyz` over HTTP. In: how to get the text and the state. Refuses to know what is counted.
 * Never keeps the process alive, and says nothing but numbers, so it may listen where Prometheus and the kubelet reach it.
 *
 * Each connection brings one request. Probes, scrapes and connections without a request have caps of their own, so that
 * neither silent connections nor slow scrapes take the probes away.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';
import { Connections } from './connections';

export interface MetricsOptions {
  port: number;
  /** `''` is every address. */
  host: string;
  text(): string;
  /** The capture lives: it is open, or on its way there. */
  isHealthy(): boolean;
  /** The capture is open and was not asked to stop. */
  isReady(): boolean;
  /** What the probes say when it is not so. */
  complaints?: { healthz: string; readyz: string };
}

const CAPTURE_COMPLAINTS = { healthz: 'the capture is not alive', readyz: 'not capturing' };

/** Scrapers and probes send a head of a few lines at once; a client that sends it byte by byte is not waited for. */
const REQUEST_TIMEOUT_MS = 3_000;
/** The client does not read the answer. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Connections that wait to be accepted (listen(2)); a client whose connection finds no room there tries again after 1 s. */
const BACKLOG = 4_096;
/** Scrapers and probes are few. */
const MAX_CONNECTIONS = {
  /** No whole head of a request yet. */
  silent: 64,
  /** With an answer under way that is not taken yet. */
  scrape: 8,
  probe: 32,
};

export class MetricsServer {
  readonly #options: MetricsOptions;
  readonly #server: Server;
  readonly #connections = new Connections(MAX_CONNECTIONS);

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#server = createServer({
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 500,
    });
    this.#server.timeout = ANSWER_TIMEOUT_MS;
    this.#server.on('request', ({ method, url, socket }, response) => {
      // The first answer is the last one on its connection.
      if (this.#connections.kindOf(socket) !== 'silent') return;
      const path = url?.split('?', 1)[0] ?? '';
      this.#connections.put(socket, path === '/metrics' ? 'scrape' : 'probe');
      try {
        this.#answer(method ?? '', path, response);
      } catch {
        if (response.headersSent) response.destroy();
        else reply(response, 500, 'failed\n');
      }
    });
    this.#server.on('connection', (socket) => {
      socket.unref();
      this.#connections.put(socket, 'silent');
    });
    this.#server.unref();
  }

  /** Rejects when the port cannot be had. */
  listen(): Promise<void> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, backlog: BACKLOG, ...(host === '' ? {} : { host }) }, () => {
        this.#server.off('error', reject);
        // A connection that could not be accepted is the client's trouble.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Idempotent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#connections.end();
    });
  }

  #answer(method: string, path: string, response: ServerResponse): void {
    const { text, isHealthy, isReady, complaints = CAPTURE_COMPLAINTS } = this.#options;
    if (method !== 'GET' && method !== 'HEAD') reply(response, 405, 'only GET\n', { allow: 'GET, HEAD' });
    else if (path === '/metrics') reply(response, 200, text(), { 'content-type': TEXT_FORMAT });
    else if (path === '/healthz') probe(response, isHealthy(), complaints.healthz);
    else if (path === '/readyz') probe(response, isReady(), complaints.readyz);
    else reply(response, 404, 'there are /metrics, /healthz and /readyz\n');
  }
}

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';
function probe(response: ServerResponse, good: boolean, otherwise: string): void {
  reply(response, good ? 200 : 503, good ? 'ok\n' : `${otherwise}\n`);
}

function reply(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', ...headers })
    .end(text);
}
