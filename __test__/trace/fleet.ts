/**
 * A shop on three hosts, made by code, each host with a clock and a savefile of its own: edge -> orders -> stock, over a network that takes
 * its time. Each service logs what it took itself.
 */

import { Random } from '../differential/random.js';
import { Tape } from '../incidents/tape.js';

export const PORTS = '80,3000,3001';
export const BEGIN_MS = Date.UTC(2024, 4, 17, 14, 0, 0);
const ADDRESSES = { client: '10.0.8.9', edge: '10.1.0.2', orders: '10.2.0.3', stock: '10.3.0.4' } as const;
const PORT_OF = { edge: 80, orders: 3000, stock: 3001 } as const;
export const HOSTS = ['edge', 'orders', 'stock'] as const;
export type Host = (typeof HOSTS)[number];

export interface FleetOptions {
  /** By how much the clock of a host is ahead. */
  ahead: Record<Host, number>;
  orders?: number;
  /** Each way, at most. */
  delayMs?: number;
  /** The traffic that a host captures: all of its own, or only what it serves. */
  sees?: 'all' | 'served';
  /** Requests of these orders to stock are answered at once, and work goes on: no clock explains that. */
  later?: ReadonlySet<number>;
}

export interface Logged {
  trace: string;
  /** By the path of the hop: what its server took itself, in ms. */
  self: Map<string, number>;
}

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => (1 + random.upTo(14)).toString(16)).join('');

export function fleet({ ahead, orders = 30, delayMs = 3, sees = 'all', later }: FleetOptions): {
  savefiles: Record<Host, Buffer>;
  log: Logged[];
} {
  const random = new Random(23);
  const tapes = { edge: new Tape(), orders: new Tape(), stock: new Tape() };
  const log: Logged[] = [];
  let port = 20_000;
  const took = (low: number, high: number): number => low + random.next() * (high - low);
  const delay = (): number => took(0.05, delayMs);
  /** `serve`: when it begins, to when it has the response; returns when the client has it. */
  const call = (
    from: keyof typeof ADDRESSES,
    to: Host,
    path: string,
    trace: string,
    atMs: number,
    serve: (ms: number) => number,
  ): number => {
    const there = atMs + delay();
    const readyMs = serve(there);
    const backMs = readyMs + delay();
    const fields = `traceparent: 00-${trace}-${hex(random, 16)}-01\r\n`;
    const client = { ip: ADDRESSES[from], port: port++ };
    const seenBy = (host: keyof typeof ADDRESSES, beginMs: number, answerMs: number): void => {
      if (host === 'client') return;
      tapes[host].add({
        client,
        server: { ip: ADDRESSES[to], port: PORT_OF[to] },
        atMs: beginMs + ahead[host],
        request: `GET ${path} HTTP/1.1\r\nHost: ${to}\r\n${fields}\r\n`,
        response: [[answerMs + ahead[host], 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']],
        endMs: answerMs + ahead[host] + 1,
        ending: 'server-fin',
      });
    };
    if (sees === 'all') seenBy(from, atMs, backMs);
    seenBy(to, there, readyMs);
    return backMs;
  };
  for (let n = 0; n < orders; n++) {
    const trace = hex(random, 32);
    const self = new Map<string, number>();
    const beginMs = BEGIN_MS + n * 2_000 + took(0, 3);
    const work = (path: string, ms: number): number => {
      self.set(path, (self.get(path) ?? 0) + ms);
      return ms;
    };
    call('client', 'edge', `/shop/${n}`, trace, beginMs, (atEdge) => {
      const asked = atEdge + work(`/shop/${n}`, took(0.5, 2));
      const answered = call('edge', 'orders', `/order/${n}`, trace, asked, (atOrders) => {
        let at = atOrders + work(`/order/${n}`, took(1, 4));
        for (let item = 0; item < 3; item++) {
          const path = `/stock/${n}/${item}`;
          const isLater = later?.has(n) === true && item === 2;
          const takesMs = isLater ? 400 : n === 17 && item === 1 ? 900 : took(2, 8);
          const backMs = call('orders', 'stock', path, trace, at, (atStock) => atStock + work(path, takesMs));
          at = (isLater ? at : backMs) + work(`/order/${n}`, took(0.1, 1));
        }
        return at;
      });
      return answered + work(`/shop/${n}`, took(0.5, 2));
    });
    log.push({ trace, self });
  }
  const savefiles = Object.fromEntries(HOSTS.map((host) => [host, tapes[host].savefile()]));
  return { savefiles: savefiles as Record<Host, Buffer>, log };
}

/** Two replicas with the right time, each of which captures what it serves alone: a proxy asks the second as it asked the first, if that fails. */
export function retried(times = 5): Record<'first' | 'second', Buffer> {
  const random = new Random(29);
  const tapes = { first: new Tape(), second: new Tape() };
  const PROXY = '10.1.0.2';
  for (let n = 0; n < times; n++) {
    const beginMs = BEGIN_MS + n * 10_000;
    const request = `GET /x/${n} HTTP/1.1\r\nHost: x\r\ntraceparent: 00-${hex(random, 32)}-${hex(random, 16)}-01\r\n\r\n`;
    const serve = (tape: Tape, ip: string, atMs: number, takesMs: number, status: string): void =>
      tape.add({
        ...{ client: { ip: PROXY, port: 30_000 + n }, server: { ip, port: 3_000 }, atMs, request },
        response: [[atMs + takesMs, `HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nno`]],
        ...{ endMs: atMs + takesMs + 1, ending: 'server-fin' },
      });
    serve(tapes.first, '10.2.0.3', beginMs, 3_000, '503 Service Unavailable');
    serve(tapes.second, '10.2.0.4', beginMs + 3_002, 50, '200 OK');
  }
  return { first: tapes.first.savefile(), second: tapes.second.savefile() };
}
