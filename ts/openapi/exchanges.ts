/**
 * The exchanges that OpenAPI has words for. In: lines of messages. Out: exchanges with a response; the others are counted by why they
 * are left out. Bounded as pairing is.
 */

import { endpointText } from '../exchange/endpoints';
import { isOfStream, type Line, linesOf, parseLine } from '../exchange/lines';
import { isFinal, Pairing } from '../exchange/pairing';
import { schemeOf } from '../exchange/scheme';
import { pathOf } from '../exchange/templates';
import type { HttpMessage } from '../types';
import { isTooDeep, normalPath } from './paths';

/** Of an exchange that waits for its other half: its line, and the objects that were made of it. */
const MEMORY_PER_BYTE = 3;
/** As a path item has them; methods are told apart by case (RFC 9110 §9.1). */
export const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
export type Method = (typeof METHODS)[number];
const METHOD_OF: ReadonlyMap<string, Method> = new Map(METHODS.map((method) => [method.toUpperCase(), method]));
/** As a URL has them. */
const HOST = /^(?:[a-z\d](?:[\w.-]{0,252})|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Why exchanges are left out, with words for people. */
export const LEFT_OUT = {
  unanswered: 'without a response',
  grpc: 'calls of gRPC',
  upgrade: 'upgrades and tunnels',
  method: 'with methods that OpenAPI does not have',
  target: 'whose path or method is not known',
  deep: 'with paths of more than 12 segments',
  status: 'with statuses that OpenAPI does not have',
} as const;
export type LeftOut = keyof typeof LEFT_OUT;

export interface HttpExchange {
  /** `undefined` if it was not seen. */
  request: HttpMessage | undefined;
  response: HttpMessage;
  method: Method;
  statusCode: number;
  /** Normal, without query. */
  path: string;
  query: string;
  /** Scheme, host and port that it was sent to, as far as they are known. */
  origin: string | undefined;
}

export abstract class Exchanges {
  /** Those that OpenAPI has words for. */
  exchanges = 0;
  readonly leftOut: Record<LeftOut, number> = zeros(LEFT_OUT);
  readonly #pairing = new Pairing<HttpMessage>({
    onExchange: ({ request, response }) => this.#settle(request, response),
  });

  protected abstract add(exchange: HttpExchange): void;

  /** Takes whole lines; keeps no byte. */
  read(lines: Buffer): void {
    for (const line of linesOf(lines)) {
      const message = isOfStream(line) ? undefined : parseLine(line);
      if (!isMessage(message)) continue;
      const bytes = sizeOf(line) * MEMORY_PER_BYTE;
      if (message.direction === 'request') this.#pairing.addRequest(message, message, bytes);
      else if (isFinal(message)) this.#pairing.addResponse(message, message, bytes);
    }
  }

  /** Nothing more comes. */
  end(): void {
    while (this.#pairing.settleOldest());
  }

  #settle(request: HttpMessage | undefined, response: HttpMessage | undefined): void {
    const why = leftOutOf(request, response);
    if (why !== undefined || response === undefined) {
      this.leftOut[why ?? 'unanswered']++;
      return;
    }
    const exchange = exchangeOf(request, response);
    if (typeof exchange === 'string') this.leftOut[exchange]++;
    else {
      this.exchanges++;
      this.add(exchange);
    }
  }
}

export function zeros<Name extends string>(names: Record<Name, unknown>): Record<Name, number> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, 0])) as Record<Name, number>;
}

/** Lines may be anybody's. */
function isMessage(message: HttpMessage | undefined): message is HttpMessage {
  return (
    typeof message?.id === 'string' &&
    typeof message.headers === 'object' &&
    message.headers !== null &&
    typeof message.bodySize === 'number' &&
    typeof message.receiver === 'object'
  );
}

function sizeOf(line: Line): number {
  return line.length;
}

function leftOutOf(request: HttpMessage | undefined, response: HttpMessage | undefined): LeftOut | undefined {
  const method = request?.method ?? response?.request?.method;
  if (isOfGrpc(request) || isOfGrpc(response)) return 'grpc';
  if (method === 'CONNECT' || request?.protocol !== undefined || response?.statusCode === 101) return 'upgrade';
  return response === undefined ? 'unanswered' : undefined;
}

function isOfGrpc(message: HttpMessage | undefined): boolean {
  return message?.grpc !== undefined || /^application\/grpc/i.test(message?.headers['content-type'] ?? '');
}

function exchangeOf(request: HttpMessage | undefined, response: HttpMessage): HttpExchange | LeftOut {
  const name = request?.method ?? response.request?.method;
  const target = request?.path ?? response.request?.path;
  const { statusCode } = response;
  if (typeof name !== 'string' || typeof target !== 'string' || pathOf(target) === '') return 'target';
  const method = METHOD_OF.get(name);
  if (method === undefined) return 'method';
  if (statusCode === undefined) return 'status';
  if (!(statusCode >= 200 && statusCode < 600)) return 'status';
  const path = normalPath(pathOf(target));
  if (isTooDeep(path)) return 'deep';
  const question = target.indexOf('?');
  const query = question === -1 ? '' : (target.slice(question + 1).split('#', 1)[0] ?? '');
  return { request, response, method, statusCode, path, query, origin: originOf(request) };
}

function originOf(request: HttpMessage | undefined): string | undefined {
  if (request === undefined) return undefined;
  const scheme = schemeOf(request);
  const { host } = request.headers;
  if (host === undefined) return `${scheme}://${endpointText(request.receiver)}`;
  return HOST.test(host) ? `${scheme}://${host.toLowerCase()}` : undefined;
}
