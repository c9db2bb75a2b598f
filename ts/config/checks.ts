/** Checks of single values, for the config: each throws the complaint or returns the value as it is used from here on. */

import { inspect } from 'node:util';
import { ValidationError } from '../errors';
import { suggest } from '../suggest';
import type { HttpMessage, Logger, StreamMessage } from '../types';
import {
  MAX_CPU_LIMIT_SHARE,
  MAX_PORT,
  MAX_SAMPLE_RATE,
  MIN_CPU_LIMIT_SHARE,
  MIN_PORT,
  MIN_SAMPLE_RATE,
} from './limits';

export type Check<Value = unknown> = (value: unknown, field: string, production: boolean) => Value;

/** Of an option that is an object: each part has a check of its own. */
export interface PartsCheck<Parts> extends Check<Parts> {
  readonly parts: { readonly [Part in keyof Parts]: Check<Parts[Part]> };
}

export function wrong(field: string, expected: string, value: unknown): ValidationError {
  return new ValidationError(field, `must be ${expected}, got ${show(value)}`);
}

/** One short line for any value. */
export function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10, maxStringLength: 80 });
}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Check<number> {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return (value, field) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw wrong(field, expected, value);
    }
    return value as number;
  };
}

const PORT_EXPECTED = `an integer from ${MIN_PORT} to ${MAX_PORT}`;
export const PORTS_EXPECTED = `a non-empty array of ports, each ${PORT_EXPECTED}`;

export function checkPorts(value: unknown, field: string): number[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, PORTS_EXPECTED, value);
  for (const port of value) {
    if (!Number.isInteger(port) || port < MIN_PORT || port > MAX_PORT) {
      throw new ValidationError(field, `each port must be ${PORT_EXPECTED}, got ${show(port)}`);
    }
  }
  return [...new Set<number>(value)];
}

export function checkSampleRate(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value >= MIN_SAMPLE_RATE && value <= MAX_SAMPLE_RATE)) {
    throw wrong(field, `a number from ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE}`, value);
  }
  return value;
}

export function checkCpuLimitShare(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value >= MIN_CPU_LIMIT_SHARE && value <= MAX_CPU_LIMIT_SHARE)) {
    throw wrong(field, `a number from ${MIN_CPU_LIMIT_SHARE} to ${MAX_CPU_LIMIT_SHARE}`, value);
  }
  return value;
}

export function oneOf<Word extends string>(words: readonly Word[]): Check<Word> {
  return (value, field) => {
    if (!words.includes(value as Word)) throw wrong(field, `one of ${words.join(', ')}`, value);
    return value as Word;
  };
}

export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw wrong(field, 'true or false', value);
  return value;
}

function checkListener<Message>(value: unknown, field: string): (message: Message) => void {
  if (typeof value !== 'function') throw wrong(field, 'a function', value);
  return value as (message: Message) => void;
}

export const checkMessageListener: Check<(message: HttpMessage) => void> = checkListener;
export const checkStreamListener: Check<(message: StreamMessage) => void> = checkListener;

const LOG_METHODS = ['debug', 'info', 'warn', 'error'] as const;

export function checkLogger(value: unknown, field: string): Logger {
  const logger = value as Logger | null | undefined;
  if (!LOG_METHODS.every((name) => typeof logger?.[name] === 'function'))
    throw wrong(field, `an object with the methods ${LOG_METHODS.join(', ')}`, value);
  return logger as Logger;
}

/** Any text, also an empty one, that the system can take for a name. */
export function name(expected: string): Check<string> {
  return (value, field) => {
    if (typeof value !== 'string' || value.includes('\0')) throw wrong(field, expected, value);
    return value;
  };
}

export function checkPath(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw wrong(field, "the path of a savefile, or '-' for stdin", value);
  }
  return value;
}

/** A random and a secret, as in a line of a key log. */
const KEY_LOG_LINE = /[0-9a-f]{64}\s+[0-9a-f]{64}/i;

/** The value may be the text of a key log in place of its path: no error shows any of it. */
export function checkKeyLogs(value: unknown, field: string): string[] {
  const isPath = (each: unknown): boolean =>
    typeof each === 'string' && each !== '' && !each.includes('\0') && !KEY_LOG_LINE.test(each);
  if (Array.isArray(value) && value.every(isPath)) return [...new Set<string>(value)];
  const came = Array.isArray(value) ? 'an array of others' : value === null ? 'null' : `type ${typeof value}`;
  const advice = 'the lines of a key log are for addTlsKeys';
  throw new ValidationError(field, `must be an array of paths of files or folders, got ${came}; ${advice}`);
}

export function checkFileName(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    throw wrong(field, 'the path of a file', value);
  return value;
}

export function checkOutputFile(value: unknown, field: string): string {
  if (value !== '-') return checkFileName(value, field);
  throw new ValidationError(field, "must be the path of a file, got '-'; what stdout shows is named by --format");
}

/** Each in lower case, and once. */
export function names(what: string, isOne: (name: string) => boolean): Check<string[]> {
  return (value, field) => {
    if (!Array.isArray(value)) throw wrong(field, `an array of ${what} names`, value);
    for (const each of value) {
      if (typeof each !== 'string' || !isOne(each)) {
        throw new ValidationError(field, `each must be the name of a ${what}, got ${show(each)}`);
      }
    }
    return [...new Set(value.map((each: string) => each.toLowerCase()))];
  };
}

/** RFC 6750 §2.1 allows less; what breaks a header field is refused, without ever showing the value. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

export function checkToken(value: unknown, field: string): string {
  if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
    throw new ValidationError(
      field,
      'must be a non-empty string of visible ASCII characters (from OUTPUT_URL_AUTH_TOKEN unless given; value not shown)',
    );
  }
  return value;
}

/** RFC 9110 §8.3.1: type, subtype, parameters. */
export const MEDIA_TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+(?:[ \t]*;[\x20-\x7e]*)?$/i;

export function checkContentType(value: unknown, field: string): string {
  if (typeof value !== 'string' || !MEDIA_TYPE.test(value)) {
    throw wrong(field, 'a media type such as application/json', value);
  }
  return value;
}

export function checkOutputUrl(value: unknown, field: string, production: boolean): string {
  const url = checkHttpUrl(value, field, 'OUTPUT_URL_AUTH_TOKEN');
  if (production && url.protocol !== 'https:') {
    throw wrong(field, 'an https:// URL in production', withoutSecrets(value as string));
  }
  return value as string;
}

/** Without user and password: `variable` is where a secret belongs. */
export function checkHttpUrl(value: unknown, field: string, variable: string): URL {
  // No URL has a backslash (RFC 3986 §2). Our parser would take it for a slash, others take it for a part of the user or host.
  const url = typeof value === 'string' && /^https?:\/\/[^\\]*$/i.test(value) ? parseUrl(value) : undefined;
  if (url === undefined) {
    throw wrong(
      field,
      'an absolute http:// or https:// URL',
      typeof value === 'string' ? withoutSecrets(value) : value,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ValidationError(field, `must carry no user name or password; use ${variable}`);
  }
  return url;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** A URL as far as it may be shown: without user, password, query and fragment, wherever they seem to be. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([^/?#]*\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/s, '');
}

/** The parts that are given, each as its check has it, and of the others the defaults. */
export function parts<Parts extends object>(
  checks: { readonly [Part in keyof Parts]: Check<Parts[Part]> },
  defaults: Readonly<Parts>,
): PartsCheck<Parts> {
  const known = Object.keys(checks);
  const check: Check<Parts> = (value, field, production) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrong(field, `an object with ${known.join(', ')}`, value);
    }
    const whole: Record<string, unknown> = { ...defaults };
    for (const [part, given] of Object.entries(value)) {
      if (given === undefined) continue;
      if (!Object.hasOwn(checks, part)) throw unknownPart(part, field, known);
      try {
        whole[part] = checks[part as keyof Parts](given, part, production);
      } catch (error) {
        throw error instanceof ValidationError ? new ValidationError(field, `${part} ${error.complaint}`) : error;
      }
    }
    return whole as Parts;
  };
  return Object.assign(check, { parts: checks });
}

function unknownPart(part: string, field: string, known: readonly string[]): ValidationError {
  const near = suggest(part, known);
  return new ValidationError(field, `'${part}' is no part of it${near === undefined ? '' : `; did you mean ${near}?`}`);
}
