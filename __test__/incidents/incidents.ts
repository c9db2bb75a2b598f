/**
 * Three incidents of a shop, made by code: clients -> an edge (`shop.test:80`) -> orders (`:3000`) -> stock and payments
 * (`:3001`, `:3002`). Five minutes from 14:00:00 UTC; something begins at 14:03:07.
 */

import { Random } from '../differential/random.js';
import { type Ending, Tape } from './tape.js';

export type Incident = 'slow-dependency' | 'storm-behind-retries' | 'client-hangs-up';
/** Each service in a pod of its own, or all of them on one host. */
export type Place = 'pods' | 'one-host';

export const PORTS = '80,3000,3001,3002';
export const BEGIN_MS = Date.UTC(2024, 4, 17, 14, 0, 0);
export const ONSET_MS = BEGIN_MS + 187_000;
const END_MS = BEGIN_MS + 300_000;
const IMPATIENT = '10.0.9.9';

const SERVICES = {
  edge: { pods: '10.0.1.2', port: 80, host: 'shop.test' },
  orders: { pods: '10.0.1.3', port: 3000, host: 'orders.internal' },
  stock: { pods: '10.0.1.4', port: 3001, host: 'stock.internal' },
  payments: { pods: '10.0.1.5', port: 3002, host: 'payments.internal' },
} as const;
type Service = keyof typeof SERVICES;

interface Answer {
  status: number;
  atMs: number;
}

class Shop {
  readonly tape = new Tape();
  readonly random = new Random(7);
  readonly #place: Place;
  #nextPort = 20_000;
  #nextClient = 0;
  #nextId = 1;

  constructor(place: Place) {
    this.#place = place;
  }

  ip(service: Service): string {
    return this.#place === 'pods' ? SERVICES[service].pods : '127.0.0.1';
  }

  /** A client from outside. */
  someone(): string {
    this.#nextClient = (this.#nextClient + 1) % 40;
    return `10.0.8.${10 + this.#nextClient}`;
  }

  id(): number {
    return 1_000 + 17 * this.#nextId++;
  }

  /** Between the two, in ms. */
  between(low: number, high: number): number {
    return low + this.random.next() * (high - low);
  }

  /** An exchange with an answer; returns it. */
  ask(clientIp: string, service: Service, target: string, atMs: number, answer: Answer, bodyBytes = 200): Answer {
    const body = 'x'.repeat(bodyBytes);
    const { status } = answer;
    this.#put(
      clientIp,
      service,
      target,
      atMs,
      [
        [
          answer.atMs,
          `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Oops'}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ],
      ],
      answer.atMs + 1,
      'server-fin',
    );
    return answer;
  }

  /** A request that its client leaves. */
  leave(clientIp: string, service: Service, target: string, atMs: number, endMs: number): void {
    this.#put(clientIp, service, target, atMs, [], endMs, 'client-fin');
  }

  #put(
    ip: string,
    service: Service,
    target: string,
    atMs: number,
    response: [number, string][],
    endMs: number,
    ending: Ending,
  ): void {
    const { port, host } = SERVICES[service];
    this.#nextPort = this.#nextPort >= 60_000 ? 20_000 : this.#nextPort + 1;
    this.tape.add({
      client: { ip, port: this.#nextPort },
      server: { ip: this.ip(service), port },
      atMs,
      request: `${target} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: shop\r\n\r\n`,
      response,
      endMs,
      ending,
    });
  }
}

/** Pages that nothing happens to. */
function browse(shop: Shop, atMs: number): void {
  const [client, target] = [shop.someone(), `GET /products/${shop.id()}?ref=mail`];
  const inner = shop.ask(shop.ip('edge'), 'orders', target, atMs + 1, { status: 200, atMs: atMs + shop.between(3, 9) });
  shop.ask(client, 'edge', target, atMs, { status: 200, atMs: inner.atMs + 1 }, 900);
}

function checkout(shop: Shop, atMs: number, waitMs: number): void {
  const [client, id] = [shop.someone(), shop.id()];
  const stock = shop.ask(shop.ip('orders'), 'stock', `GET /stock/${id}`, atMs + 3, {
    status: 200,
    atMs: atMs + 3 + waitMs,
  });
  const inner = shop.ask(shop.ip('edge'), 'orders', `POST /checkout/${id}`, atMs + 1, {
    status: 201,
    atMs: stock.atMs + 4,
  });
  shop.ask(client, 'edge', `POST /checkout/${id}`, atMs, { status: 201, atMs: inner.atMs + 1 });
}

/** Up to three tries; what the last one says goes to the client. */
function pay(shop: Shop, atMs: number, failing: number): void {
  const [client, id] = [shop.someone(), shop.id()];
  let at = atMs + 3;
  let status = 503;
  for (let tries = 0; tries < 3 && status === 503; tries++) {
    status = shop.between(0, 1) < failing ? 503 : 200;
    at =
      shop.ask(shop.ip('orders'), 'payments', `POST /charges/${id}`, at, { status, atMs: at + shop.between(4, 8) })
        .atMs + 50;
  }
  const told = status === 503 ? 502 : 201;
  const inner = shop.ask(shop.ip('edge'), 'orders', `POST /pay/${id}`, atMs + 1, { status: told, atMs: at });
  shop.ask(client, 'edge', `POST /pay/${id}`, atMs, { status: told, atMs: inner.atMs + 1 });
}

function report(shop: Shop, atMs: number, client: string, leaves: boolean): void {
  const target = `GET /reports/2024-05-${10 + shop.random.upTo(18)}`;
  const readyMs = atMs + shop.between(700, 900);
  if (leaves) {
    shop.leave(shop.ip('edge'), 'orders', target, atMs + 1, atMs + 251);
    shop.leave(client, 'edge', target, atMs, atMs + 250);
    return;
  }
  const inner = shop.ask(shop.ip('edge'), 'orders', target, atMs + 1, { status: 200, atMs: readyMs });
  shop.ask(client, 'edge', target, atMs, { status: 200, atMs: inner.atMs + 1 }, 5_000);
}

/** A savefile. */
export function incident(kind: Incident, place: Place): Buffer {
  const shop = new Shop(place);
  for (let atMs = BEGIN_MS; atMs < END_MS; atMs += 100) {
    const isOn = atMs >= ONSET_MS;
    browse(shop, atMs + shop.between(0, 60));
    if (atMs % 300 === 0)
      checkout(shop, atMs + 5, isOn && kind === 'slow-dependency' ? shop.between(1_800, 2_400) : shop.between(8, 14));
    if (atMs % 400 === 0) pay(shop, atMs + 7, isOn && kind === 'storm-behind-retries' ? 0.85 : 0.002);
    if (atMs % 500 === 0) report(shop, atMs + 9, shop.someone(), false);
    if (atMs % 1_000 === 0) report(shop, atMs + 11, IMPATIENT, isOn && kind === 'client-hangs-up');
  }
  return shop.tape.savefile();
}
