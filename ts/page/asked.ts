/** A row as the exchange that the filter's expressions ask about: all but fields of heads and bodies, which a row does not have. */

import { endpointOf } from '../exchange/endpoints';
import type { Exchange } from '../filter';
import type { Row } from '../outputs/view/shapes';

type Half = NonNullable<Exchange['request']>;

export function askedOf(row: Row): Exchange {
  return {
    ...(row.request === undefined ? {} : { request: requestOf(row) }),
    ...(row.response === undefined ? {} : { response: responseOf(row) }),
  };
}

/** Expressions seldom ask for it, and a filter looks at every row. */
const timestampOf = (ms: number): string => new Date(ms).toISOString();

function sharedOf({ id, client, server, version, incomplete, tls }: Row) {
  return {
    id,
    receiver: endpointOf(server),
    destination: endpointOf(client),
    httpVersion: version,
    ...(incomplete === undefined ? {} : { incomplete }),
    ...(tls === undefined ? {} : { tls: { version: '', cipher: '' } }),
  };
}

function requestOf(row: Row): Half {
  const { kind, method, path, host, requestSize = 0, upload } = row;
  return {
    ...sharedOf(row),
    get timestamp() {
      return timestampOf(row.at);
    },
    direction: 'request',
    headers: { 'content-type': kind === 'grpc' ? 'application/grpc' : '', ...(host === undefined ? {} : { host }) },
    bodySize: requestSize,
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(upload === undefined ? {} : { durationMs: upload }),
  };
}

function responseOf(row: Row): Half {
  const { method, path, type = '', status, size = 0, latency, wait, download, grpcStatus } = row;
  return {
    ...sharedOf(row),
    get timestamp() {
      return timestampOf(row.at + (row.latency ?? 0));
    },
    direction: 'response',
    headers: { 'content-type': type, ...(grpcStatus === undefined ? {} : { 'grpc-status': String(grpcStatus) }) },
    bodySize: size,
    ...(method === undefined || path === undefined ? {} : { request: { method, path } }),
    ...(status === undefined ? {} : { statusCode: status }),
    ...(latency === undefined ? {} : { latencyMs: latency }),
    ...(wait === undefined ? {} : { waitMs: wait }),
    ...(download === undefined ? {} : { durationMs: download }),
  };
}
