// Reviews and what the injector answers, in process.

import { applyPatch } from 'rfc6902';
import { readInjectorConfig } from '../../ts/injector/config';
import { type Counters, createCounters } from '../../ts/injector/counters';
import type { Entry } from '../../ts/injector/decide';
import type { InjectorConfig } from '../../ts/injector/operator-config';
import type { Operation } from '../../ts/injector/patch-operation';
import { review } from '../../ts/injector/review';
import type { Log } from '../../ts/logger';

export const IMAGE = 'registry.example/tcp-sniffer:1';
export type Json = Record<string, unknown>;

export function configOf(env: Record<string, string> = {}): InjectorConfig {
  return readInjectorConfig({
    flags: {},
    env: { INJECTOR_IMAGE: IMAGE, NAMESPACE: 'tcp-sniffer', ...env },
    production: false,
  });
}

export interface LogLine extends Json {
  level: string;
  message: string;
}

export function logInto(lines: LogLine[]): Log {
  const line = (level: string) => (fields: Json, message: string) => void lines.push({ level, message, ...fields });
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

export interface Asked {
  env?: Record<string, string>;
  native?: boolean;
  production?: boolean;
  entry?: Entry;
  /** Over those of a new pod in the namespace `shop`. */
  request?: Json;
}

export interface Answered {
  response: { uid: string; allowed: boolean; patch?: string; patchType?: string; warnings?: string[] };
  /** `[]` without a patch. */
  operations: Operation[];
  log: LogLine[];
  counters: Counters;
}

export function reviewOf(pod: unknown, request: Json = {}): Json {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      operation: 'CREATE',
      namespace: 'shop',
      object: pod,
      ...request,
    },
  };
}

export function ask(
  pod: unknown,
  { env, native = true, production = false, entry = 'any', request }: Asked = {},
): Answered {
  return send(Buffer.from(JSON.stringify(reviewOf(pod, request))), { env, native, production, entry });
}

/** @throws what `review` throws */
export function send(body: Buffer, { env, native = true, production = false, entry = 'any' }: Asked = {}): Answered {
  const log: LogLine[] = [];
  const counters = createCounters();
  const { response } = review(body, entry, {
    config: configOf(env),
    production,
    log: logInto(log),
    counters,
    nativeAvailable: () => native,
  });
  const patch = response.patch === undefined ? '[]' : Buffer.from(response.patch, 'base64').toString();
  return { response, operations: JSON.parse(patch), log, counters };
}

/**
 * The pod as the API server makes it of a patch. The server's `test` compares texts as they are written, and Go escapes these
 * characters (findings/json-patch-test-by-text.sh).
 */
export function patched<Pod>(pod: Pod, operations: readonly Operation[]): Pod {
  const escaped = operations.find(({ op, value }) => op === 'test' && /[<>&\u2028\u2029]/.test(JSON.stringify(value)));
  if (escaped !== undefined) throw new Error(`a test at ${escaped.path} that the API server would refuse`);
  const copy = structuredClone(pod);
  const errors = applyPatch(copy, structuredClone(operations) as Operation[]).filter((error) => error !== null);
  if (errors.length > 0) throw errors[0];
  return copy;
}

export function reasonOf({ counters }: Answered): string | undefined {
  return Object.entries(counters.skipped).find(([, count]) => count > 0)?.[0];
}
