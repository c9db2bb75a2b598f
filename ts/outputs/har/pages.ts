/**
 * Pages of a HAR, one for each trace. In: exchanges as they become whole. Out: the page of each, and the list of them. An entry that is
 * written keeps its page, so traces that are found to be one only later stay two pages.
 */

import type { Exchange } from '../../exchange/pairing';
import { type Keys, keysOf, type Named, requestIdOf } from '../../trace/keys';
import type { HttpMessage } from '../../types';

/** Entries without a trace belong to it: Firefox and WebKit's importers look for a page, and WebKit for the time at which it began. */
export const PAGE_ID = '1';

/** Traces with a page of their own; the list is written after each entry, some 150 bytes each. Of more the entries stand with those of no trace. */
export const MAX_TRACE_PAGES = 1_000;
/** Ids of requests that are known to stand beside a trace, some 300 bytes each. More of them lead nowhere. */
const MAX_REQUEST_IDS = 10_000;

export interface Page {
  readonly id: string;
  /** Of a trace. */
  named?: Named;
  trace?: string;
  /** When the first of its entries that are written began. */
  startedAt?: string;
}

export class Pages {
  /** Entries of traces beyond the limit. */
  beyond = 0;
  readonly #rest: Page = { id: PAGE_ID };
  readonly #pages = new Map<string, Page>();
  /** The trace that a request's id stands beside; `''`: it stands beside several, and joins none. */
  readonly #aliases = new Map<string, string>();
  #made = 0;

  of(exchange: Exchange<HttpMessage>): Page {
    const keys = keysIn(exchange);
    if (keys === undefined) return this.#rest;
    const { named, trace, request } = keys;
    if (named === 'x-request-id') return this.#get(this.#aliases.get(trace) || trace, named);
    if (request !== undefined) this.#join(request, trace, named);
    return this.#get(trace, named);
  }

  /** An entry is about to be written that began then. */
  note(page: Page, startedAt: string): void {
    // Years have four digits; a text of another length is not in this order.
    if (page.startedAt === undefined || (startedAt.length === page.startedAt.length && startedAt < page.startedAt))
      page.startedAt = startedAt;
  }

  /** JSON of the list, in the order in which they came up; `undefined` before there is an entry. */
  list(): string | undefined {
    const written = [this.#rest, ...this.#pages.values()].filter(({ startedAt }) => startedAt !== undefined);
    return written.length === 0 ? undefined : JSON.stringify(written.map(shown));
  }

  #get(trace: string, named: Named): Page {
    const known = this.#pages.get(trace);
    if (known !== undefined) return known;
    if (this.#pages.size >= MAX_TRACE_PAGES) {
      this.beyond++;
      return this.#rest;
    }
    this.#made++;
    const page: Page = { id: `trace-${this.#made}`, named, trace };
    this.#pages.set(trace, page);
    return page;
  }

  /** The page of the id alone becomes that of the trace. */
  #join(request: string, trace: string, named: Named): void {
    const known = this.#aliases.get(request);
    if (known !== undefined) {
      if (known !== trace) this.#aliases.set(request, '');
      return;
    }
    if (this.#aliases.size >= MAX_REQUEST_IDS) return;
    this.#aliases.set(request, trace);
    const alone = this.#pages.get(request);
    if (alone?.named !== 'x-request-id' || this.#pages.has(trace)) return;
    this.#pages.delete(request);
    this.#pages.set(trace, Object.assign(alone, { named, trace }));
  }
}

function keysIn({ request, response }: Exchange<HttpMessage>): Keys | undefined {
  if ((request ?? response)?.timestampUnknown === true) return undefined;
  const keys = request && keysOf(request.headers);
  if (keys !== undefined || response === undefined) return keys;
  const id = requestIdOf(response.headers);
  return id === undefined ? undefined : { named: 'x-request-id', trace: id, request: id };
}

function shown({ id, named, trace, startedAt }: Page): object {
  const title = trace === undefined ? 'HTTP' : `trace ${trace} (${named})`;
  return { startedDateTime: startedAt, id, title, pageTimings: {} };
}
