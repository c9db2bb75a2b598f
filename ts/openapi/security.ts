/**
 * Credentials, as requests carried them. In: the heads of requests, and the statuses that answered. Out: the Security Requirements of
 * OpenAPI, and the schemes that they name. Of a value no more is looked at than the name of its scheme.
 */

import type { HttpMessage } from '../types';
import type { Pair } from './fields';
import { hasWholeHead } from './media';
import type { Schema } from './shape';

/** By the names of schemes; `{}` asks for nothing. */
export type Requirement = Record<string, string[]>;

/** Registered with IANA (RFC 9110 §16.4.1), as OpenAPI wants a scheme to be. */
const HTTP_SCHEMES = [
  ...['basic', 'bearer', 'concealed', 'digest', 'dpop', 'gnap', 'hoba', 'mutual', 'negotiate', 'oauth'],
  ...['privatetoken', 'scram-sha-1', 'scram-sha-256', 'vapid'],
];
/** RFC 9110 §11.4: a scheme, and after it what proves something. */
const CREDENTIALS = /^([a-z\d-]{1,16}) +\S/i;
/** Names that say themselves that there is an API key. So few, that each combination may be an alternative of its own. */
const KEY_HEADERS = ['x-api-key', 'api-key', 'x-apikey', 'apikey'];
const KEY_PARAMETERS = ['api_key', 'api-key', 'apikey', 'apiKey'];
/** There may be credentials in it, of a kind that is not known. */
const MAY_BE_CREDENTIALS =
  /auth|token|(?<!idempotency-)key|secret|sig|session|cookie|credential|jwt|hmac|ticket|cert|passw|user(?!-agent)/i;

/** The field `Authorization`, with values that are hidden, or that name no registered scheme. */
const AUTHORIZATION = 'authorization';

/** All that there may be. */
export const SECURITY_SCHEMES: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  [
    AUTHORIZATION,
    {
      ...{ type: 'apiKey', in: 'header', name: 'Authorization' },
      description: 'Credentials of a scheme that is not known.',
    },
  ],
  ...HTTP_SCHEMES.map((scheme): [string, Schema] => [nameOfScheme(scheme), { type: 'http', scheme }]),
  ...KEY_HEADERS.map((name): [string, Schema] => [name, { type: 'apiKey', in: 'header', name }]),
  ...KEY_PARAMETERS.map((name): [string, Schema] => [nameOfParameter(name), { type: 'apiKey', in: 'query', name }]),
]);

function nameOfScheme(scheme: string): string {
  return `${scheme}Auth`;
}

function nameOfParameter(name: string): string {
  return `query.${name}`;
}

/** True if credentials of the scheme are noticed where a request has them. */
export function isSeen({ type, in: place, name }: Schema): boolean {
  if (type !== 'apiKey') return type === 'http' || type === 'oauth2' || type === 'openIdConnect';
  const names = place === 'header' ? [AUTHORIZATION, ...KEY_HEADERS] : place === 'query' ? KEY_PARAMETERS : [];
  return names.includes(place === 'header' ? `${name}`.toLowerCase() : `${name}`);
}

export class Security {
  /** By the names of their schemes. */
  readonly #requirements = new Map<string, Requirement>();
  /** Requests without credentials were served. */
  #isOpen = false;

  /** `parameters`: of the request's query. */
  add(request: HttpMessage, parameters: readonly Pair[], statusCode: number): void {
    const { headers } = request;
    const names = [authorizationOf(headers.authorization), keyOf(headers, parameters)].filter(
      (name) => name !== undefined,
    );
    if (names.length > 0) {
      // RFC 9110 §15.5.2: they are not those that are asked for.
      if (statusCode !== 401) this.#requirements.set(names.join(), Object.fromEntries(names.map((name) => [name, []])));
      return;
    }
    const isServed = (statusCode >= 200 && statusCode < 300) || statusCode === 304;
    if (this.#isOpen || !isServed || !hasWholeHead(request)) return;
    this.#isOpen = ![...Object.keys(headers), ...parameters.map(([name]) => name)].some((name) =>
      MAY_BE_CREDENTIALS.test(name),
    );
  }

  takeOver(other: Security): void {
    for (const [names, requirement] of other.#requirements) this.#requirements.set(names, requirement);
    this.#isOpen ||= other.#isOpen;
  }

  /** `undefined` if nothing is known. */
  schema(): Requirement[] | undefined {
    if (this.#requirements.size === 0) return this.#isOpen ? [] : undefined;
    const all = [...this.#requirements].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, requirement]) => requirement);
    return this.#isOpen ? [...all, {}] : all;
  }
}

/** Lines may be anybody's, and the value no text. */
function authorizationOf(value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  const [, scheme = ''] = CREDENTIALS.exec(`${value}`) ?? [];
  const known = scheme.toLowerCase();
  return HTTP_SCHEMES.includes(known) ? nameOfScheme(known) : AUTHORIZATION;
}

function keyOf(headers: Readonly<Record<string, string>>, parameters: readonly Pair[]): string | undefined {
  const header = KEY_HEADERS.find((name) => Object.hasOwn(headers, name) && headers[name] !== '');
  if (header !== undefined) return header;
  const parameter = KEY_PARAMETERS.find((name) => parameters.some(([each, text]) => each === name && text !== ''));
  return parameter && nameOfParameter(parameter);
}
