/**
 * Servers and their endpoints. In: the address of a server, the Host field of a request, its method and target. Out: what is counted
 * for that endpoint. Bounded whatever the traffic: caps on servers and endpoints, reached visibly.
 */

import type { Endpoint } from '../types';
import { endpointText } from './endpoints';
import { type Counted, type Entry, ownText, Routes } from './routes';

/** Servers that are told apart. A Host field is the client's to choose: more of them than this are no services. */
export const MAX_SERVERS = 100;
/**
 * Endpoints of all servers. Of the summary some 30 KiB each at the most, and 3 in use. A comparison has that twice, with a sample of the times
 * (24 KiB) and up to 64 outcomes and twice 64 names of fields for each side: some 150 KiB each at the most, 150 MiB of all.
 */
export const MAX_ROUTES = 1_000;
/** Addresses of a server that are told apart. */
const MAX_ADDRESSES = 64;
/** Longer names of hosts there are not (RFC 1035 §2.3.4). */
const MAX_HOST_UNITS = 255;
/** RFC 3986 §3.2.2, as far as a Host field that is one goes. */
export const HOST = /^(?:[\w.~!$&'()*+;=%-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

export interface Server<Stats extends Counted<Stats>> {
  /** The Host field with the port, or the address. */
  name: string;
  /** Where it answers; some, if it has many. */
  addresses: Set<string>;
  routes: Routes<Stats>;
  exchanges: number;
}

/** An endpoint and where it is. */
export interface FoundOn<Stats extends Counted<Stats>> extends Entry<Stats> {
  server: Server<Stats>;
}

export class Servers<Stats extends Counted<Stats>> {
  /** Requests to servers and endpoints beyond the caps. */
  beyondServers = 0;
  beyondRoutes = 0;
  /** The totals of those requests. */
  readonly beyond: Stats;
  readonly #createStats: () => Stats;
  /** Has no endpoints of its own. */
  readonly #noServer: Server<Stats>;
  readonly #servers = new Map<string, Server<Stats>>();
  /** By address: of responses whose request was not kept. */
  readonly #byAddress = new Map<string, Server<Stats>>();
  #routes = 0;
  /** The answer that was given last: the next is most often the same. */
  #last: { ip: string; port: number; host: string | undefined; server: Server<Stats> } | undefined;

  constructor(createStats: () => Stats) {
    this.#createStats = createStats;
    this.beyond = createStats();
    const routes = new Routes({ createStats: () => this.beyond, mayAdd: () => false, onMerged: () => {} });
    this.#noServer = { name: '', addresses: new Set(), routes, exchanges: 0 };
  }

  get all(): Server<Stats>[] {
    return [...this.#servers.values()];
  }

  /** Every endpoint, in the order in which they came up. */
  *found(): Generator<FoundOn<Stats>> {
    for (const server of this.#servers.values()) {
      for (const entry of server.routes.entries()) yield { ...entry, server };
    }
  }

  /** The server at this address that is asked as this host. */
  of(at: Endpoint, host: string | undefined): Server<Stats> {
    const last = this.#last;
    if (last?.ip === at.ip && last.port === at.port && last.host === host) return last.server;
    const server = this.#find(at, host);
    this.#last = server === this.#noServer ? undefined : { ...at, host: host && ownText(host), server };
    return server;
  }

  #find(at: Endpoint, host: string | undefined): Server<Stats> {
    const isHost = host !== undefined && host.length <= MAX_HOST_UNITS && HOST.test(host);
    const address = endpointText(at);
    const known = isHost ? undefined : this.#byAddress.get(address);
    if (known !== undefined) return known;
    // The servers of a chain often have one name, and never one port on the way of one request; those of a pool have both.
    const name = isHost ? `${host.toLowerCase().replace(/:\d*$/, '')}:${at.port}` : address;
    let server = this.#servers.get(name);
    if (server === undefined) {
      if (this.#servers.size >= MAX_SERVERS) {
        this.beyondServers++;
        return this.#noServer;
      }
      server = { name, addresses: new Set(), routes: this.#createRoutes(), exchanges: 0 };
      this.#servers.set(name, server);
    }
    if (server.addresses.size < MAX_ADDRESSES && !server.addresses.has(address)) {
      server.addresses.add(address);
      this.#byAddress.set(address, server);
    }
    return server;
  }

  /** Nothing more comes: endpoints that are rare and alike become one. */
  settle(): void {
    for (const { routes } of this.#servers.values()) routes.settle();
  }

  #createRoutes(): Routes<Stats> {
    return new Routes({
      createStats: () => {
        this.#routes++;
        return this.#createStats();
      },
      mayAdd: () => {
        if (this.#routes < MAX_ROUTES) return true;
        this.beyondRoutes++;
        return false;
      },
      onMerged: (routes) => {
        this.#routes -= routes;
      },
    });
  }
}
