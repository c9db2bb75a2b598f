/** The settings that the operator lets pods ask for, as the injector's config has them. */

import { OPTIONS } from '../config/options';
import { suggest } from '../suggest';
import type { Policy } from './operator-config';
import { isObject } from './pod';
import { ANNOTATION_NAMES } from './settings';

export const NO_POLICY: Policy = {
  images: [],
  redactHeaders: [],
  redactQuery: [],
  redactBody: [],
  redact: 'default',
  locked: [],
  tlsKeylog: false,
};

/** As the sniffer's own option of that name is checked. Names become a text with commas between them. */
const redaction = (field: 'redactHeaders' | 'redactQuery' | 'redactBody') => (value: unknown) => {
  const bad = texts(value).some((name) => name.trim() !== name || /[,\p{Cc}]/u.test(name));
  if (bad) throw new Error('a name has no comma, no control character and no space around it');
  return OPTIONS[field].check(value, field, false);
};

const READERS: Readonly<Record<keyof Policy, (value: unknown) => unknown>> = {
  images: texts,
  outputHosts: texts,
  redactHeaders: (value) => {
    // Beside the names of the default: these are always beside what a pod has redacted.
    if (texts(value).some((name) => name.startsWith('+'))) throw new Error("a name has no '+' before it");
    return redaction('redactHeaders')(value);
  },
  redactQuery: redaction('redactQuery'),
  redactBody: redaction('redactBody'),
  redact: (value) => OPTIONS.redact.check(value, 'redact', false),
  locked: (value) => {
    for (const name of texts(value)) {
      if (!ANNOTATION_NAMES.includes(name))
        throw new Error(`${name} is not an annotation${hint(name, ANNOTATION_NAMES)}`);
    }
    return value;
  },
  maxBodySize: (value) => {
    if (!Number.isSafeInteger(value) || (value as number) < 1) throw new Error('must be bytes, 1 or more');
    return value;
  },
  tlsKeylog: (value) => {
    if (typeof value !== 'boolean') throw new Error('must be true or false');
    return value;
  },
  maxSampleRate: (value) => {
    // Of a smaller one the text would have an exponent, which no option of the sniffer takes.
    if (value !== 0 && !(typeof value === 'number' && value >= 0.000001 && value <= 1)) {
      throw new Error('must be 0, or a number from 0.000001 to 1');
    }
    return value;
  },
};

/**
 * @param given an object, or the text of one
 * @throws {Error} what is expected
 */
export function readPolicy(given: unknown): Policy {
  const content = typeof given === 'string' ? parse(given) : given;
  if (!isObject(content)) throw new Error('must be a JSON object');
  const policy: Record<string, unknown> = { ...NO_POLICY };
  for (const [name, value] of Object.entries(content)) {
    const reader = Object.hasOwn(READERS, name) ? READERS[name as keyof Policy] : undefined;
    if (reader === undefined) throw new Error(`${name} is not a rule${hint(name, Object.keys(READERS))}`);
    try {
      policy[name] = reader(value);
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`);
    }
  }
  return policy as unknown as Policy;
}

function hint(name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string' && each !== '')) {
    throw new Error('must be a list of texts');
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
}
