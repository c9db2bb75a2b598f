/** The facts of one endpoint: parameters, bodies, statuses. In: its exchanges. Out: the Operation of OpenAPI. */

import { STATUS_CODES } from 'node:http';
import type { Counted } from '../exchange/routes';
import type { HttpMessage } from '../types';
import { type Budget, CUT } from './budget';
import { decodedSegment, Fields, pairsOf, Texts } from './fields';
import { Content, hasWholeHead, isWhole, type Skipped } from './media';
import type { DocumentPath } from './paths';
import { Security } from './security';
import type { Schema } from './shape';

/** Hosts of an endpoint. A Host field is the client's to choose: of more of them no document says anything. */
export const MAX_HOSTS = 16;

/** Header fields that belong to an interface, not to HTTP or to what stands before it: proxies, tracing. */
const OWN_HEADER =
  /^(?:x-(?!forwarded|real-|request-|correlation-|b3-|amz|envoy|cloud|datadog|ot-|client-|cluster|original|scheme|trace)|idempotency-key$)/;
/** Statuses of an endpoint that is not there. */
export const NOT_THERE: ReadonlySet<number> = new Set([404, 405, 501]);

export interface Answered {
  /** `undefined` if it was not seen. */
  request: HttpMessage | undefined;
  response: HttpMessage;
  statusCode: number;
  /** The path, normal. */
  path: string;
  query: string;
  /** The URL that it was sent to, as far as that is known. */
  origin: string | undefined;
}

export class Operation implements Counted<Operation> {
  readonly #budget: Budget;
  readonly #skipped: Skipped;
  #into: Operation | undefined;
  exchanges = 0;
  /** Where it answered. */
  readonly origins = new Set<string>();
  readonly security = new Security();
  readonly #segments: Texts[] = [];
  readonly #query: Fields;
  readonly #headers: Fields;
  readonly #body: Content;
  #withBody = 0;
  #withoutBody = 0;
  readonly #responses = new Map<number, Content>();

  constructor(budget: Budget, skipped: Skipped) {
    this.#budget = budget;
    this.#skipped = skipped;
    this.#query = new Fields(budget);
    this.#headers = new Fields(budget);
    this.#body = new Content(budget, skipped);
  }

  get current(): Operation {
    return this.#into === undefined ? this : this.#into.current;
  }

  /** False if all that it said is that there is no such endpoint. */
  get isThere(): boolean {
    return [...this.#responses.keys()].some((status) => !NOT_THERE.has(status));
  }

  add({ request, response, statusCode, path, query, origin }: Answered): void {
    this.exchanges++;
    if (origin !== undefined && this.origins.size < MAX_HOSTS) this.origins.add(origin);
    for (const [index, segment] of path.slice(1).split('/').entries()) {
      this.#segments[index] ??= new Texts();
      this.#segments[index].add(decodedSegment(segment), this.#budget);
    }
    const parameters = pairsOf(query);
    this.#query.add(parameters);
    if (request !== undefined) {
      this.#addRequest(request);
      this.security.add(request, parameters, statusCode);
    }
    let content = this.#responses.get(statusCode);
    if (content === undefined) {
      content = new Content(this.#budget, this.#skipped);
      this.#responses.set(statusCode, content);
    }
    if (response.bodySize > 0) content.add(response);
  }

  takeOver(other: Operation): void {
    other.#into = this;
    this.exchanges += other.exchanges;
    for (const origin of other.origins) if (this.origins.size < MAX_HOSTS) this.origins.add(origin);
    for (const [index, texts] of other.#segments.entries()) {
      const there = this.#segments[index];
      if (there === undefined) this.#segments[index] = texts;
      else there.takeOver(texts);
    }
    this.security.takeOver(other.security);
    this.#query.takeOver(other.#query);
    this.#headers.takeOver(other.#headers);
    this.#body.takeOver(other.#body);
    this.#withBody += other.#withBody;
    this.#withoutBody += other.#withoutBody;
    for (const [status, content] of other.#responses) {
      const there = this.#responses.get(status);
      if (there === undefined) this.#responses.set(status, content);
      else there.takeOver(content);
    }
  }

  /** Without what its path says of it. */
  schema({ parameters }: DocumentPath): Schema {
    const all = [
      ...parameters.map(({ name, segment }) => ({
        ...{ name, in: 'path', required: true },
        schema: this.#segments[segment]?.schema() ?? {},
      })),
      ...this.#query.schemas().map(({ name, isRequired, schema }) => ({
        ...{ name, in: 'query', ...(isRequired ? { required: true } : {}), schema },
      })),
      ...this.#headers.schemas().map(({ name, isRequired, schema }) => ({
        ...{ name, in: 'header', ...(isRequired ? { required: true } : {}), schema },
      })),
    ];
    const isAlways = this.#withBody > 0 && this.#withoutBody === 0;
    const cuts = new Set([...this.#query.cuts, ...this.#headers.cuts]);
    const security = this.security.schema();
    const statuses = [...this.#responses].sort(([a], [b]) => a - b);
    return {
      ...(all.length === 0 ? {} : { parameters: all }),
      ...(this.#body.isEmpty
        ? {}
        : { requestBody: { ...(isAlways ? { required: true } : {}), ...this.#body.schema() } }),
      responses: Object.fromEntries(statuses.map(([status, content]) => [status, responseOf(status, content)])),
      ...(security === undefined ? {} : { security }),
      ...(cuts.size === 0 ? {} : { [CUT]: [...cuts].sort() }),
    };
  }

  #addRequest(request: HttpMessage): void {
    if (hasWholeHead(request))
      this.#headers.add(Object.entries(request.headers).filter(([name]) => OWN_HEADER.test(name)));
    if (request.bodySize > 0) {
      this.#withBody++;
      this.#body.add(request);
    } else if (isWhole(request)) this.#withoutBody++;
  }
}

function responseOf(status: number, content: Content): Schema {
  return { description: STATUS_CODES[status] ?? `Status ${status}`, ...(content.isEmpty ? {} : content.schema()) };
}
