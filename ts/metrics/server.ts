/**
 * `/metrics`, `/healthz`, `/readyz` over HTTP. In: how to get the text and the state. Refuses to know what is counted.
 * Never keeps the process alive, and says nothing but numbers, so it may listen where Prometheus and the kubelet reach it.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';

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

/** Scrapes are short; whoever sends his request byte by byte is not waited for. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Scrapers and probes are few. */
const MAX_CONNECTIONS = 64;

export class MetricsServer {
  readonly #options: MetricsOptions;
  readonly #server: Server;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', ({ method, url }, response) => this.#answer(method ?? '', url ?? '', response));
    this.#server.on('connection', (socket) => socket.unref());
    this.#server.unref();
  }

  /** Rejects when the port cannot be had. */
  listen(): Promise<void> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
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
      this.#server.closeAllConnections();
    });
  }

  #answer(method: string, url: string, response: ServerResponse): void {
    const { text, isHealthy, isReady, complaints = CAPTURE_COMPLAINTS } = this.#options;
    const path = url.split('?', 1)[0];
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
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
}
