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
