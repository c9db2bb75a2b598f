// A receiver of OTLP over HTTP on loopback: keeps what comes, and answers as it is told.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type Span, type TracesRequest } from './decode';

export interface Received extends TracesRequest {
  url: string | undefined;
  headers: IncomingHttpHeaders;
  /** As it came. */
  bytes: number;
  /** How it was answered. */
  status: number;
  at: number;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Of those that were taken. */
  spans(): Span[];
  stop(): void;
}

/** `answer` is called for each request with how many came before it; without one the answer is 200. */
export async function startReceiver(
  answer: (response: ServerResponse, before: number) => void = (response) => response.end(),
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const { url, headers } = request;
      const sent = Buffer.concat(pieces);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const decode = headers['content-type'] === 'application/json' ? decodeJson : decodeProtobuf;
      const one = { ...decode(body), url, headers, bytes: sent.length, status: 0, at: performance.now() };
      response.on('finish', () => {
        one.status = response.statusCode;
      });
      received.push(one);
      answer(response, received.length - 1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: () => received.filter(({ status }) => status === 200).flatMap(({ spans }) => spans),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
