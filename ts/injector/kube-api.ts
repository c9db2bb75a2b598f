/**
 * Requests to the API server with the service account of the pod. Three paths are all the injector needs of it (/version, its
 * Secret, its webhook configuration), so there is no client library. Bounded in time and bytes.
 */

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Env } from '../config/env';
import { VERSION } from '../version';

export interface ApiAnswer {
  status: number;
  body: unknown;
}

export interface KubeApi {
  /** Resolves with whatever status came; rejects where none came. */
  send(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<ApiAnswer>;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** `undefined` outside of a cluster. */
export function inClusterApi(serviceAccountDir: string, env: Env): KubeApi | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (!host) return undefined;
  const read = (name: string) => readFileSync(join(serviceAccountDir, name), 'utf8').trim();
  return {
    send: (method, path, body) =>
      new Promise((resolve, reject) => {
        const outgoing = request({
          host,
          port,
          method,
          path,
          // Both are replaced while we run: read each time.
          ca: read('ca.crt'),
          headers: {
            authorization: `Bearer ${read('token')}`,
            accept: 'application/json',
            // Audit logs and the metrics of the API server tell clients apart by it.
            'user-agent': `tcp-sniffer-injector/${VERSION}`,
            ...(body === undefined ? {} : { 'content-type': typeOf(method) }),
          },
          agent: false,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('error', reject);
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            length += chunk.length;
            if (length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer of the API server is too long'));
          });
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) });
          });
        });
        outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}

function typeOf(method: string): string {
  return method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
