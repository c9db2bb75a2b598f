/**
 * `/metrics`, `/healthz`, `/readyz` over HTTP. In: how to get the text and the state. Refuses to know what is counted.
 * Never keeps the process alive, and says nothing but numbers, so it may listen where Prometheus and the kubelet reach it.
 */

import type { ServerResponse } from 'node:http';
import { type Route, RouteServer, reply } from './routes';

interface MetricsOptions {
  port: number;
  /** `''` is every address. */
  host: string;
  text(): string;
  /** The capture lives: it is open, or on its way there. */
  isHealthy(): boolean;
  /** The capture is open and was not asked to stop. */
  isReady(): boolean;
  /** The texts of the probes if it is not so. */
  complaints?: { healthz: string; readyz: string };
}

const CAPTURE_COMPLAINTS = { healthz: 'the capture is not alive', readyz: 'not capturing' };

/** Scrapers and probes are few. */
const MAX_CONNECTIONS = {
  /** No whole head of a request yet, or a head that no route answers. */
  silent: 64,
  /** With an answer under way that is not taken yet. */
  scrape: 8,
  probe: 32,
};

/** Scrapers and probes send a head of a few lines at once. */
const REQUEST_TIMEOUT_MS = 3_000;

type Kind = 'scrape' | 'probe';

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

export class MetricsServer {
  readonly #server: RouteServer<Kind>;

  constructor({ port, host, text, isHealthy, isReady, complaints = CAPTURE_COMPLAINTS }: MetricsOptions) {
    this.#server = new RouteServer<Kind>({
      port,
      host,
      routes: {
        '/metrics': { kind: 'scrape', answer: (_, response) => reply(response, 200, text(), TEXT_FORMAT) },
        '/healthz': probe(isHealthy, complaints.healthz),
        '/readyz': probe(isReady, complaints.readyz),
      },
      notFound: 'there are /metrics, /healthz and /readyz\n',
      maxConnections: MAX_CONNECTIONS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      background: true,
    });
  }

  /** Rejects when the port cannot be had. */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#server.close();
  }
}

function probe(isGood: () => boolean, otherwise: string): Route<Kind> {
  const answer = (_: unknown, response: ServerResponse): void => {
    const good = isGood();
    reply(response, good ? 200 : 503, good ? 'ok\n' : `${otherwise}\n`);
  };
  return { kind: 'probe', answer };
}
