// A client like the API server's: HTTPS that trusts one CA bundle, on kept connections or each time on a new connection.

import { Agent, type RequestOptions, request } from 'node:https';

export interface Answer {
  status: number;
  text: string;
}

export interface Client {
  post(body: string | Buffer, options?: RequestOptions): Promise<Answer>;
  close(): void;
}

/** Rejects where no whole answer comes. */
export function clientOf(port: number, ca: string, keepAlive: boolean): Client {
  const agent = new Agent({ keepAlive, ca, maxCachedSessions: 0 });
  return {
    post: (body, options = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = request({
          agent,
          host: '127.0.0.1',
          port,
          method: 'POST',
          path: '/mutate',
          ...options,
          headers: { 'content-type': 'application/json', ...options.headers },
        });
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          let text = '';
          response.on('error', reject);
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        });
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
