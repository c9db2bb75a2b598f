/**
 * A thrown value, as far as it can be read. Anything can be thrown: a Proxy, an object whose getters throw, `null`.
 * In: any value. Out: plain texts. Nothing in here throws.
 */

import { types } from 'node:util';

interface Thrown {
  /** An error's own name; of anything else its type. */
  name: string;
  isError: boolean;
  /** An error's own words; of a primitive value its text. */
  message: string;
  /** The place in the code that an error came from. */
  at?: string;
}

/** Longer stacks are cut: a user may have written the text. */
const MAX_STACK_CHARS = 16_384;

export function readThrown(value: unknown): Thrown {
  if (!isError(value)) return { name: typeof value, isError: false, message: textOf(value) };
  const at = readText(value, 'stack')
    ?.slice(0, MAX_STACK_CHARS)
    .split('\n')
    .find((line) => /^ {4}at .*:\d+:\d+\)?$/.test(line))
    ?.slice(7);
  const name = readText(value, 'name') ?? 'Error';
  const message = readText(value, 'message') ?? '';
  return { name, isError: true, message, ...(at === undefined ? {} : { at }) };
}

/** The property of any value, if it is a text and can be read. */
export function readText(value: unknown, property: string): string | undefined {
  try {
    const text = (value as Record<string, unknown> | null | undefined)?.[property];
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

function isError(value: unknown): boolean {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

/**
 * Calls `failed` at most once: when `call` throws, or when a promise or thenable that it returns fails in any way. No
 * rejection is left unhandled, and nothing is awaited.
 */
export function callSafely(call: () => unknown, failed: (thrown: unknown) => void): void {
  let hasFailed = false;
  const fail = (thrown: unknown): void => {
    if (!hasFailed) failed(thrown);
    hasFailed = true;
  };
  try {
    const result = call();
    // Most return nothing, and to ask V8 for a promise takes longer than all the rest.
    if ((typeof result !== 'object' && typeof result !== 'function') || result === null) return;
    // The promise's own `then` may be anything; the one of all promises handles the rejection.
    if (types.isPromise(result)) handleRejection(result, fail);
    else if (typeof (result as { then?: unknown }).then === 'function') {
      const next: unknown = (result as PromiseLike<unknown>).then(undefined, fail);
      if (types.isPromise(next)) handleRejection(next, fail);
    }
  } catch (thrown) {
    fail(thrown);
  }
}

function handleRejection(promise: Promise<unknown>, fail: (thrown: unknown) => void): void {
  Promise.prototype.then.call(promise, undefined, fail);
}
