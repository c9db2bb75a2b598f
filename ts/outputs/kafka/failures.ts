/** The meaning of a client's error: try again, cut it smaller, or give up. Quotes no message of an error: it may name anything. */

import { readText } from '../../thrown';

interface Failure {
  /** Names of the protocol's errors, or codes. */
  readonly reason: string;
  /** `small`: in smaller requests it may pass. `never`: the same will be refused again. */
  readonly again: 'later' | 'small' | 'never';
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Of a request to produce; an error that is not here may pass (a leader that moves, replicas that are away, a wrong password). */
const FINAL: ReadonlySet<string> = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_RECORD',
  'INVALID_REQUIRED_ACKS',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/** Errors hold errors: one for each broker, with one for each partition. Deeper than this they say nothing new. */
const MAX_DEPTH = 8;
/** More names than this are no help in a log line. */
const MAX_NAMES = 4;

export function failureOf(error: unknown): Failure {
  const names = new Set<string>();
  collect(error, names, 0);
  const known = [...names];
  const reason = known.slice(0, MAX_NAMES).join(', ') || 'the client failed';
  // Some partitions may have refused for good while others may pass: all of it is tried again.
  if (known.length === 0 || !known.every((name) => FINAL.has(name) || TOO_LARGE.has(name))) {
    return { reason, again: 'later' };
  }
  // Records that are too large together may pass in parts, whatever the other partitions refuse.
  return { reason, again: known.some((name) => TOO_LARGE.has(name)) ? 'small' : 'never' };
}

/** The innermost errors say what it was; those around them say only that there was something. */
function collect(error: unknown, names: Set<string>, depth: number): void {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return;
  const { errors, cause } = error as { errors?: unknown; cause?: unknown };
  const inner = [...(Array.isArray(errors) ? errors : []), cause].filter(
    (each) => typeof each === 'object' && each !== null,
  );
  const before = names.size;
  for (const each of inner) collect(each, names, depth + 1);
  if (names.size > before) return;
  const name = nameOf(error);
  if (name !== '') names.add(name);
}

function nameOf(error: object): string {
  // `apiId`: of an error that the broker has answered. `code`: of the network, or of the client.
  const apiId = readText(error, 'apiId');
  if (apiId) return apiId;
  // The client says it in words only.
  if (readText(error, 'message')?.startsWith('Unknown topic ')) return 'UNKNOWN_TOPIC_OR_PARTITION';
  return readText(error, 'code') ?? '';
}
