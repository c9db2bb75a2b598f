/** The facts that gRPC states in paths, fields and trailers (PROTOCOL-HTTP2 of the gRPC project). */

import type { HttpMessage } from '../types';
import { type Exchange, targetOf } from './exchange';

/** The index is the status. */
export const GRPC_STATUSES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** As the engine says it, which may know it without the type: of a connection that was met late. */
export function isGrpc(message: HttpMessage | undefined): boolean {
  return message?.grpc !== undefined || /^application\/grpc(?![\w.])/i.test(message?.headers['content-type'] ?? '');
}

/** `/package.Service/Method`, perhaps below a prefix. */
export function callOf(exchange: Exchange): { service: string; method: string } | undefined {
  const path = targetOf(exchange)?.replace(/\?.*$/s, '');
  const found = path === undefined ? null : /([^/]+)\/([^/]+)$/.exec(path);
  return found === null ? undefined : { service: found[1] as string, method: found[2] as string };
}

/**
 * As the engine says it, which also reads the last frame of gRPC-Web. Of messages from elsewhere: from the trailers, or from the
 * head of a response that has nothing else.
 */
export function grpcStatusOf({ grpc, trailers, headers }: HttpMessage): number | undefined {
  if (grpc !== undefined) return grpc.status;
  const text = trailers?.['grpc-status'] ?? headers['grpc-status'];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
