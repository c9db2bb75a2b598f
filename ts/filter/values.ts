/** The text after an operator, turned into a test of one value. Each function throws what is expected. */

import { suggest } from '../suggest';
import { TOKEN } from '../token';
import type { Endpoint } from '../types';
import { isIn, parseNetwork } from './address';
import type { Authority } from './exchange';
import { GRPC_STATUSES } from './grpc';
import { isLike } from './patterns';
import { parsePortRange } from './ports';

export type Ordering = '<' | '<=' | '>' | '>=';

/** `a,b`: one of them. */
export function oneOf<Value>(
  text: string,
  read: (item: string) => (value: Value) => boolean,
): (value: Value) => boolean {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new Error('has an empty place in its list; between commas stands a value');
  const tests = items.map(read);
  return (value) => tests.some((test) => test(value));
}

export function ordered(operator: Ordering, limit: number): (value: number) => boolean {
  switch (operator) {
    case '<':
      return (value) => value < limit;
    case '<=':
      return (value) => value <= limit;
    case '>':
      return (value) => value > limit;
    case '>=':
      return (value) => value >= limit;
  }
}

/** The same with what lasts from `from` until `to` in place of a limit. */
export function within(operator: '=' | '~' | Ordering, from: number, to: number): (value: number) => boolean {
  switch (operator) {
    case '<':
      return (value) => value < from;
    case '<=':
      return (value) => value < to;
    case '>':
      return (value) => value >= to;
    case '>=':
      return (value) => value >= from;
    default:
      return (value) => value >= from && value < to;
  }
}

export function method(text: string): (value: string) => boolean {
  if (!TOKEN.test(text)) throw new Error('must be a method, e.g. GET or GET,POST');
  const wanted = text.toUpperCase();
  return (value) => value.toUpperCase() === wanted;
}

/** A host as the summary names it, with its port or without. */
export function host(text: string): (value: Authority) => boolean {
  const url = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? /^([^/?#]+)[/?#]/.exec(text)?.[1];
  if (url !== undefined)
    throw new Error(`must be a host, without scheme and path; did you mean ${url || 'shop.test'}?`);
  const [, name = text, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
  const pattern = name.toLowerCase();
  return ({ host, ports }) => isLike(pattern, host) && (port === undefined || ports.includes(Number(port)));
}

/** `404`, `5xx`; `none` is no status code and is not read here. */
export function status(text: string): (value: number) => boolean {
  if (!/^[1-9x][0-9x]{2}$/i.test(text)) {
    const near = /^[1-9]$/.test(text) ? `${text}xx` : /^[1-9]\*+$/.test(text) ? `${text[0]}xx` : '404, 5xx or none';
    throw new Error(`must be three digits with x for any, or none; e.g. ${near}`);
  }
  const pattern = new RegExp(`^${text.replace(/x/gi, '\\d')}$`);
  return (value) => pattern.test(String(value));
}

/** Three digits, to compare with. */
export function statusCode(text: string): number {
  if (/^[1-9]xx$/i.test(text)) throw new Error(`must be three digits after < or >, e.g. ${text[0]}00; or =${text}`);
  if (!/^[1-9]\d{2}$/.test(text)) throw new Error('must be three digits, e.g. 500');
  return Number(text);
}

export function port(text: string): (value: number) => boolean {
  const { first, last } = parsePortRange(text);
  return (value) => value >= first && value <= last;
}

export function portNumber(text: string): number {
  const { first, last } = parsePortRange(text);
  if (first !== last) throw new Error(`must be one port after < or >, e.g. ${first}; a range stands after =`);
  return first;
}

const ADDRESS_EXPECTED = 'must be an address, e.g. 10.0.0.5, 10.0.0.0/8, 10.0.0.5:8080, [2001:db8::1]:443';

/** An address, a network, or an address with its port. */
export function endpoint(text: string): (value: Endpoint) => boolean {
  const network = parseNetwork(text);
  if (network !== undefined) return ({ ip }) => isIn(ip, network);
  const [, bracketed, plain = bracketed, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = plain === undefined ? undefined : parseNetwork(plain);
  if (address === undefined)
    throw new Error(/^\d+$/.test(text) ? `${ADDRESS_EXPECTED}; did you mean port=${text}?` : ADDRESS_EXPECTED);
  if (portText === undefined) return ({ ip }) => isIn(ip, address);
  const hasPort = port(portText);
  return (value) => hasPort(value.port) && isIn(value.ip, address);
}

/** A number or a name of gRPC's status codes. */
export function grpcStatus(text: string): (value: number) => boolean {
  const name = text.toUpperCase().replace('CANCELED', 'CANCELLED');
  const wanted = /^\d{1,3}$/.test(text) ? Number(text) : GRPC_STATUSES.indexOf(name);
  if (wanted === -1) {
    const near = suggest(text, GRPC_STATUSES) ?? 'NOT_FOUND or 5';
    throw new Error(`must be a status of gRPC or none, e.g. ${near}`);
  }
  return (value) => value === wanted;
}
