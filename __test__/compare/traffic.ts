/** Exchanges of a shop, made by code, as lines. */

import type { Random } from '../differential/random.js';

export interface Shape {
  method: string;
  path: string;
  /** Of all exchanges. */
  weight: number;
  waitMs: number;
  /** Share of 503. */
  failing: number;
  /** Of the fields of responses, with the share that has each. */
  fields: Record<string, number>;
}

export const SHOP: readonly Shape[] = [
  { method: 'GET', path: '/products', weight: 8, waitMs: 4, failing: 0.01, fields: { etag: 0.5, vary: 1 } },
  { method: 'GET', path: '/orders/17', weight: 4, waitMs: 20, failing: 0.05, fields: { 'x-cache': 0.3 } },
  { method: 'POST', path: '/orders', weight: 2, waitMs: 60, failing: 0.1, fields: { location: 0.9 } },
  { method: 'GET', path: '/reports', weight: 0.1, waitMs: 900, failing: 0, fields: {} },
];

const START_MS = Date.UTC(2024, 4, 17);
const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 } };
const COMMON = { ...ENDS, httpVersion: '1.1', body: '', bodySize: 0 };

export function linesOf(random: Random, exchanges: number, shapes: readonly Shape[] = SHOP): Buffer {
  const sum = shapes.reduce((all, { weight }) => all + weight, 0);
  const lines: string[] = [];
  for (let n = 0; n < exchanges; n++) {
    let left = random.next() * sum;
    const shape = shapes.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (shape === undefined) continue;
    const { method, path, failing, fields } = shape;
    const id = `${n}.1`;
    // Skewed, as waits are, and in whole microseconds.
    const waitMs = Math.round(shape.waitMs * Math.exp(random.next() + random.next() - random.next()) * 1_000) / 1_000;
    const statusCode = random.chance(failing) ? 503 : 200;
    const names = Object.keys(fields).filter((name) => random.chance(fields[name] ?? 0));
    const timestamp = new Date(START_MS + n * 20).toISOString();
    const request = { ...COMMON, id, direction: 'request', timestamp, method, path, headers: { host: 'shop.test' } };
    const headers = Object.fromEntries(names.map((name) => [name, '1']));
    const answered = { request: { method, path }, latencyMs: waitMs, waitMs, headers };
    const response = { ...COMMON, id, direction: 'response', timestamp, statusCode, ...answered };
    lines.push(`${JSON.stringify(request)}\n${JSON.stringify(response)}\n`);
  }
  return Buffer.from(lines.join(''));
}

export interface Chain {
  /** The wait for the server that is called; the caller takes little longer. */
  calledMs: number;
  /** Share of 503 of the caller's own. */
  failing: number;
}

/** GET /front, which waits for GET /stock of another server. */
export function chainOf(random: Random, exchanges: number, { calledMs, failing }: Chain): Buffer {
  const lines: string[] = [];
  for (let n = 0; n < exchanges; n++) {
    const atMs = START_MS + n * 2_000;
    const waitMs = Math.round(calledMs * (1 + random.next()));
    const half = (id: string, serverIp: string, clientIp: string, path: string, rest: object): object => ({
      ...COMMON,
      ...{ id: `${n}.${id}`, receiver: { ip: serverIp, port: 80 }, destination: { ip: clientIp, port: 4_000 } },
      ...{ headers: path === '/front' ? { host: 'front.test' } : { host: 'stock.test' }, ...rest },
    });
    const asked = (id: string, server: string, client: string, path: string, ms: number): object => {
      const timestamp = new Date(atMs + ms).toISOString();
      return half(id, server, client, path, { direction: 'request', timestamp, method: 'GET', path });
    };
    const answered = (id: string, server: string, client: string, path: string, ms: number, wait: number): object => {
      const timestamp = new Date(atMs + ms + wait).toISOString();
      const statusCode = path === '/front' && random.chance(failing) ? 503 : 200;
      const times = { latencyMs: wait, waitMs: wait, request: { method: 'GET', path } };
      return half(id, server, client, path, { direction: 'response', timestamp, statusCode, ...times });
    };
    const [front, stock] = [
      ['1', '10.0.0.5', '10.0.0.9', '/front'],
      ['2', '10.0.0.6', '10.0.0.5', '/stock'],
    ] as const;
    const all = [
      ...[asked(...front, 0), asked(...stock, 2)],
      ...[answered(...stock, 2, waitMs), answered(...front, 0, waitMs + 4)],
    ];
    lines.push(...all.map((message) => `${JSON.stringify(message)}\n`));
  }
  return Buffer.from(lines.join(''));
}
