/**
 * A body in, one POST out, the answer back. The only place that knows undici. Refuses to know retries and messages.
 *
 * undici is loaded with the first client: it is more than half of what the package takes to load.
 */

import { promisify } from 'node:util';
import { retryAfterMs } from './retry-after';

/** More of an answer than this is not worth reading for the sake of a reusable connection; nor to wait longer for it. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_ANSWER_MS = 1_000;
/** Interim responses (1xx, RFC 9110 §15.2) before the final one; who sends more sends them without end. */
export const MAX_INTERIM_RESPONSES = 100;

export interface Answer {
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
  /** If it was asked for, and is whole. */
  readonly body?: Buffer | undefined;
}

export interface HttpClient {
  /** The answer, whichever its status; rejects when there is none. Once a status was read it never rejects. */
  post(body: Buffer, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer>;
  /** Lets every connection go. */
  close(): void;
}

interface HttpClientOptions {
  url: string;
  /** Connections at one time; each carries one POST at a time and is used again. */
  connections: number;
  connectTimeoutMs: number;
  /** The body of an answer says something. */
  readsAnswers?: boolean;
}

export type CreateHttpClient = (options: HttpClientOptions) => HttpClient;

export const createHttpClient: CreateHttpClient = ({ url, connections, connectTimeoutMs, readsAnswers }) => {
  const { Pool } = require('undici') as typeof import('undici');
  const { origin, pathname, search } = new URL(url);
  const path = `${pathname}${search}`;
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    // The caller has a time-out for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    // The token goes to any server that answers: NODE_TLS_REJECT_UNAUTHORIZED=0 of the host process does not count here.
    // Private authorities come by NODE_EXTRA_CA_CERTS.
    connect: { timeout: connectTimeoutMs, rejectUnauthorized: true },
  });
  return {
    async post(body, headers, signal) {
      const controller = new AbortController();
      const stop = (): void => controller.abort(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      let interim = 0;
      const onInfo = (): void => {
        interim++;
        if (interim > MAX_INTERIM_RESPONSES) controller.abort(new InterimResponsesError());
      };
      let rest: NodeJS.Timeout | undefined;
      try {
        // undici follows no redirect unless it is told to: a POST that is redirected loses its body or reveals its token.
        const request = { method: 'POST' as const, path, headers, body, signal: controller.signal, onInfo };
        const { statusCode: status, headers: fields, body: answer } = await pool.request(request);
        // Read away, so that the connection can be used again. An answer that breaks off after its status changes nothing.
        rest = setTimeout(() => answer.destroy(), MAX_ANSWER_MS);
        const read =
          readsAnswers === true
            ? readAll(answer, /^(x-)?gzip$/i.test(String(fields['content-encoding'])))
            : answer.dump({ limit: MAX_ANSWER_BYTES });
        const text = (await read.catch(() => undefined)) as Buffer | undefined;
        return { status, retryAfterMs: retryAfterMs(fields['retry-after']), body: text };
      } finally {
        clearTimeout(rest);
        signal.removeEventListener('abort', stop);
      }
    },
    close() {
      void pool.destroy().catch(() => {});
    },
  };
};

/** All of it, unless it is too long. */
async function readAll(answer: AsyncIterable<Buffer>, isGzip: boolean): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer) {
    bytes += piece.length;
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  if (!isGzip) return whole;
  // Who is not asked for a coding may use any (RFC 9110 §12.5.3).
  const { gunzip } = require('node:zlib') as typeof import('node:zlib');
  return promisify(gunzip)(whole, { maxOutputLength: MAX_ANSWER_BYTES });
}

class InterimResponsesError extends Error {
  override readonly name = 'InterimResponsesError';
  readonly code = 'TOO_MANY_INTERIM_RESPONSES';
}

/** Describes the failure, in a few words that quote nothing that was sent or received. */
export function describeFailure(error: unknown): string {
  const { code, message, name } = (error ?? {}) as { code?: unknown; message?: unknown; name?: unknown };
  // "other side closed", "connect timeout …": these are undici's own words.
  if (code === 'UND_ERR_SOCKET') return `${code}: ${String(message).slice(0, 80)}`;
  return String(code ?? name ?? 'unknown').slice(0, 80);
}
