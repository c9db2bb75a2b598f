/** `fields`: which fields of a message are encoded. The engine has the same names (src/message/members.rs). */

import { ValidationError } from '../errors';
import { suggest } from '../suggest';
import type { HttpMessage, MessageField } from '../types';
import { show, wrong } from './checks';

type Name = keyof HttpMessage;

/** Of each field: every message has it (`always`), it may be named (`named`), or it comes with others, which are told. */
const TABLE = {
  id: 'always',
  timestamp: 'always',
  direction: 'always',
  receiver: 'always',
  destination: 'always',
  timestampUnknown: ['timestamp'],
  method: 'named',
  path: 'named',
  statusCode: 'named',
  reason: 'named',
  httpVersion: 'named',
  headers: 'named',
  headersTruncated: ['headers', 'trailers', 'reason'],
  headersIncomplete: ['headers', 'trailers', 'method', 'path', 'statusCode'],
  unknownHeaders: ['headers', 'trailers', 'method', 'path', 'statusCode'],
  body: 'named',
  bodyEncoding: ['body'],
  bodyText: ['body'],
  bodyCharset: ['body'],
  bodyDecoded: ['body'],
  bodyRedacted: ['body'],
  bodyTruncated: ['body'],
  grpcMessages: ['body'],
  bodySize: 'named',
  trailers: 'named',
  incomplete: 'named',
  gapBytes: 'named',
  request: 'named',
  latencyMs: 'named',
  waitMs: 'named',
  durationMs: 'named',
  stallMs: 'named',
  proxied: 'named',
  streamId: 'named',
  scheme: 'named',
  pushed: 'named',
  protocol: 'named',
  errorCode: 'named',
  streamedMessages: 'named',
  tls: 'named',
  grpc: 'named',
} as const satisfies { [Field in Name]-?: Field extends MessageField ? 'always' | 'named' : readonly MessageField[] };

const ROWS = Object.entries(TABLE) as [Name, 'always' | 'named' | readonly MessageField[]][];

/** In the order of the table. */
export const MESSAGE_FIELDS = ROWS.filter(([, what]) => typeof what === 'string').map(([name]) => name as MessageField);

/** Those that are no names of their own, each with the fields with which it comes. */
export const COMPANIONS: ReadonlyMap<string, readonly MessageField[]> = new Map(
  ROWS.flatMap(([name, what]) => (typeof what === 'string' ? [] : [[name, what]])),
);

/** Options that make something of whole messages. */
const NEED_ALL_FIELDS = [
  'filter',
  'maxExchanges',
  'trigger',
  'harFile',
  'htmlFile',
  'view',
  'outputOtlp',
  'metricsByEndpoint',
] as const;

/** Values of options that are not used. */
const LEFT_OUT: readonly unknown[] = [undefined, '', false];

export function checkFields(value: unknown, field: string): MessageField[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array of names of fields of a message', value);
  for (const each of value) refuseUnknown(each, field);
  return [...new Set(value as MessageField[])];
}

function refuseUnknown(name: unknown, field: string): void {
  if (typeof name !== 'string') {
    throw new ValidationError(field, `each must be the name of a field of a message, got ${show(name)}`);
  }
  if ((MESSAGE_FIELDS as readonly string[]).includes(name)) return;
  const others = COMPANIONS.get(name);
  if (others !== undefined) {
    throw new ValidationError(field, `${name} is not named by itself: it comes with ${others.join(', ')}`);
  }
  const near = suggest(name, [...MESSAGE_FIELDS, ...COMPANIONS.keys()]);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new ValidationError(field, `each must be the name of a field of a message, got ${show(name)}${hint}`);
}

/** @throws {ValidationError} if fields are left out and something else needs them */
export function refuseLeftOut(config: Readonly<Record<string, unknown>>): void {
  if (config.fields === undefined) return;
  const needs = NEED_ALL_FIELDS.find((other) => !LEFT_OUT.includes(config[other]));
  if (needs === undefined) return;
  const instead = needs === 'filter' ? '; include and exclude go with it' : '';
  throw new ValidationError('fields', `cannot be given with ${needs}, which needs whole messages${instead}`);
}
