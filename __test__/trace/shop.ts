/**
 * A shop of three hops, made by code: nginx, which names each request (`x-request-id`), before a service in Node, which begins a trace
 * (`traceparent`) and calls another service several times, and one more at the same time. Each service logs what it took itself.
 */

import { Random } from '../differential/random.js';
import { Tape } from '../incidents/tape.js';

export const PORTS = '80,3000,3001,3002';
export const BEGIN_MS = Date.UTC(2024, 4, 17, 14, 0, 0);

export interface Logged {
  trace: string;
  requestId: string;
  /** By the path of the hop: what its server took itself, in ms. */
  self: Map<string, number>;
}

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => (1 + random.upTo(14)).toString(16)).join('');

/** `skewMs`: the clock of stock is slow by so much, as where its packets were captured elsewhere. */
export function shop({ orders = 40, slow = 17, skewMs = 0, oneHost = false } = {}): {
  savefile: Buffer;
  log: Logged[];
} {
  const random = new Random(11);
  const tape = new Tape();
  const log: Logged[] = [];
  let port = 20_000;
  const ip = (pod: string): string => (oneHost ? '127.0.0.1' : pod);
  const took = (low: number, high: number): number => low + random.next() * (high - low);
  const put = (
    from: string,
    to: string,
    at: number,
    target: string,
    fields: string,
    fromMs: number,
    toMs: number,
  ): void => {
    tape.add({
      client: { ip: from, port: port++ },
      server: { ip: to, port: at },
      atMs: fromMs,
      request: `GET ${target} HTTP/1.1\r\nHost: ${at === 80 ? 'shop.test' : `pod-${at}`}\r\n${fields}\r\n`,
      response: [[toMs, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']],
      endMs: toMs + 1,
      ending: 'server-fin',
    });
  };
  for (let n = 0; n < orders; n++) {
    const [trace, requestId] = [hex(random, 32), hex(random, 32)];
    const beginMs = BEGIN_MS + n * 5_000 + took(0, 3);
    const self = new Map<string, number>();
    let own = 0;
    const work = (ms: number): number => {
      own += ms;
      return ms;
    };
    let at = beginMs + 0.4 + work(took(0.2, 3));
    // One after the other, with hardly anything between them.
    for (let call = 0; call < 6; call++) {
      const takes = n === slow && call === 3 ? 1_800 : took(3, 9);
      const span = `traceparent: 00-${trace}-${hex(random, 16)}-01\r\nx-request-id: ${requestId}\r\n`;
      put(ip('10.0.1.3'), ip('10.0.1.4'), 3001, `/stock/${n}/${call}`, span, at - skewMs, at + takes - skewMs);
      self.set(`/stock/${n}/${call}`, takes);
      at += takes + work(took(0.01, 0.2));
    }
    // Two at one time: only the longer one keeps it waiting.
    const calls = [
      [`/price/${n}`, '10.0.1.6', 3001, 12],
      [`/coupon/${n}`, '10.0.1.5', 3002, 30],
    ] as const;
    for (const [path, pod, servedAt, takes] of calls) {
      const span = `traceparent: 00-${trace}-${hex(random, 16)}-01\r\n`;
      put(ip('10.0.1.3'), ip(pod), servedAt, path, span, at, at + takes);
      self.set(path, takes);
    }
    at += 30 + work(took(0.5, 4));
    put(ip('10.0.1.2'), ip('10.0.1.3'), 3000, `/order/${n}`, `x-request-id: ${requestId}\r\n`, beginMs + 0.4, at);
    self.set(`/order/${n}`, own);
    put('10.0.8.9', ip('10.0.1.2'), 80, `/shop/${n}`, '', beginMs, at + 0.3);
    log.push({ trace, requestId, self });
  }
  return { savefile: tape.savefile(), log };
}
