/** The subject of an expression: an exchange, or the half of it that is there, and what can be read out of it. */

import type { Endpoint, HttpMessage } from '../types';

/** A request and its final response, as far as they are there. */
export interface Exchange {
  readonly request?: HttpMessage | undefined;
  readonly response?: HttpMessage | undefined;
}

/** `undefined`: the half that is missing will tell. */
export type Verdict = boolean | undefined;

/** `whole`: what is missing will not come. */
export type Test = (exchange: Exchange, whole: boolean) => Verdict;

/** True of a response whose request comes later, if it comes: it was seen, as the response says. */
export function awaitsRequest({ request, response }: Exchange): boolean {
  return request === undefined && response?.request !== undefined;
}

export function methodOf({ request, response }: Exchange): string | undefined {
  return request?.method ?? response?.request?.method;
}

export function targetOf({ request, response }: Exchange): string | undefined {
  return request?.path ?? response?.request?.path;
}

/** A host that was asked for, with the ports by which it is known: the port that was named, and the server's. */
export interface Authority {
  readonly host: string;
  readonly ports: readonly number[];
}

/** In lower case: of the target if it names one (RFC 9112 §3.2.2), else of the field. */
export function authorityOf({ request }: Exchange): Authority | undefined {
  if (request === undefined) return undefined;
  const { method, path = '', headers, receiver } = request;
  const named = /^https?:\/\/([^/?#]*)/i.exec(path)?.[1]?.replace(/^.*@/, '');
  const authority = named ?? (method === 'CONNECT' ? path : headers.host);
  if (authority === undefined) return undefined;
  const [, host = '', port] = /^(.*?)(?::(\d*))?$/s.exec(authority) ?? [];
  return { host: host.toLowerCase(), ports: port ? [receiver.port, Number(port)] : [receiver.port] };
}

export function hostOf(exchange: Exchange): string | undefined {
  return authorityOf(exchange)?.host;
}

/** Both ends as the connection has them, and as the PROXY protocol says. */
export function clientsOf({ request, response }: Exchange): Endpoint[] {
  const message = request ?? response;
  if (message === undefined) return [];
  return message.proxied === undefined ? [message.destination] : [message.destination, message.proxied.source];
}

export function serversOf({ request, response }: Exchange): Endpoint[] {
  const message = request ?? response;
  if (message === undefined) return [];
  return message.proxied === undefined ? [message.receiver] : [message.receiver, message.proxied.destination];
}

/** From the request's first packet to the response's last, in ms. */
export function durationOf({ latencyMs, durationMs = 0 }: HttpMessage): number | undefined {
  return latencyMs === undefined ? undefined : latencyMs + durationMs;
}

/** When its first packet came, in ms since the epoch; without its request as the response says it. */
export function beginningOf({ request, response }: Exchange): number | undefined {
  const message = request ?? response;
  if (message === undefined || message.timestampUnknown === true) return undefined;
  const ms = Date.parse(message.timestamp);
  return request === undefined ? ms - (response?.latencyMs ?? 0) : ms;
}

/** The texts of the body. Bytes that are no text are left out. */
export function textsOf({ body, bodyEncoding, bodyText }: HttpMessage): string[] {
  const own = bodyEncoding === undefined ? body : undefined;
  return [own, bodyText].filter((text) => text !== undefined);
}
