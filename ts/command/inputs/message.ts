/** Checks that a JSON value is a message of ours: the fields that others rely on have the types that `HttpMessage` says. */

import type { HttpMessage, StreamMessage } from '../../types';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isAmount: Check = (value) => typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
const isFlag: Check = (value) => value === true;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const areFields: Check = (value) => isObject(value) && Object.values(value).every(isText);

const isPort: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;

function record(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  const needed = Object.entries(required);
  const allowed = Object.entries(optional);
  return (value) =>
    isObject(value) &&
    needed.every(([name, check]) => Object.hasOwn(value, name) && check(value[name])) &&
    allowed.every(([name, check]) => !Object.hasOwn(value, name) || check(value[name]));
}

const isEndpoint = record({ ip: isText, port: isPort });

/** Longer than any that the product makes. */
const MAX_ID_CHARACTERS = 64;

/** The fields of every line, also of lines inside a stream. */
const COMMON = {
  id: (value: unknown) => isText(value) && /^[\w./-]+$/.test(value as string) && `${value}`.length <= MAX_ID_CHARACTERS,
  timestamp: (value: unknown) => isText(value) && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value as string) && isTime(value),
  direction: (value: unknown) => value === 'request' || value === 'response',
  receiver: isEndpoint,
  destination: isEndpoint,
};

const isTime: Check = (value) => !Number.isNaN(Date.parse(value as string));

const texts = <Name extends string>(...names: Name[]): Record<Name, Check> =>
  Object.fromEntries(names.map((name) => [name, isText])) as Record<Name, Check>;

const isGrpcMessage = record({ size: isAmount }, { compressed: isFlag, data: isText, truncated: isFlag });

/** As gRPC names its statuses: it is counted and shown by this name. */
const isStatusName: Check = (value) => typeof value === 'string' && /^[A-Z_]{1,32}$/.test(value);

const isGrpc = record(
  {},
  {
    ...texts('service', 'method', 'statusMessage', 'encoding'),
    statusName: isStatusName,
    status: isAmount,
    messageCount: isAmount,
  },
);

const HTTP = { ...COMMON, httpVersion: isText, headers: areFields, bodySize: isAmount };

const isHttp = record(HTTP, {
  ...texts('method', 'path', 'reason', 'body', 'bodyEncoding', 'bodyText', 'bodyCharset', 'bodyDecoded'),
  ...texts('incomplete', 'scheme', 'protocol', 'errorCode', 'bodyRedacted'),
  statusCode: (value) => Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999,
  timestampUnknown: isFlag,
  bodyTruncated: isFlag,
  headersTruncated: isFlag,
  headersIncomplete: isFlag,
  pushed: isFlag,
  unknownHeaders: isAmount,
  streamedMessages: isAmount,
  trailers: areFields,
  request: record(texts('method', 'path')),
  gapBytes: isAmount,
  latencyMs: isAmount,
  waitMs: isAmount,
  durationMs: isAmount,
  stallMs: isAmount,
  proxied: record({ source: isEndpoint, destination: isEndpoint }),
  streamId: isAmount,
  tls: record(texts('version', 'cipher'), texts('serverName', 'alpn')),
  grpc: isGrpc,
  grpcMessages: (value) => Array.isArray(value) && value.every(isGrpcMessage),
} satisfies Record<Exclude<keyof HttpMessage, keyof typeof HTTP>, Check>);

const INSIDE = { ...COMMON, stream: isText, data: isText, dataSize: isAmount };

const inStream = record(INSIDE, {
  ...texts('dataEncoding', 'opcode', 'event', 'eventId'),
  sequence: isAmount,
  gapBytes: isAmount,
  closeCode: isAmount,
  retry: isAmount,
  truncated: isFlag,
  timestampUnknown: isFlag,
  grpc: isGrpc,
  json: () => true,
} satisfies Record<Exclude<keyof StreamMessage, keyof typeof INSIDE>, Check>);

export interface Message {
  id: string;
  direction: 'request' | 'response';
  receiver: { ip: string; port: number };
  destination: { ip: string; port: number };
}

export function isMessage(value: unknown): value is Message {
  return isObject(value) && (Object.hasOwn(value, 'stream') ? inStream(value) : isHttp(value));
}
