/** Keywords that Ajv's own code would take too long for, or that say too much of a text. In: an Ajv. Out: it has these in place of its own. */

import type { Ajv2020 } from 'ajv/dist/2020.js';
import { compileRegex } from '../filter/regex';
import { STEPS, type Steps } from './steps';

type RegexOf = NonNullable<NonNullable<import('ajv').Options['code']>['regExp']>;

/** Ajv keeps regular expressions by the text that `toString` returns. */
export function linearRegexOf(steps: Steps): RegexOf {
  const regexOf = (pattern: string): object => {
    const isIn = compileRegex(pattern);
    const test = (text: string): boolean => {
      steps.takeForText(text);
      return isIn(text);
    };
    return { test, toString: () => pattern };
  };
  return Object.assign(regexOf, { code: 'linear' }) as unknown as RegexOf;
}

type TestOf<Value> = (given: Value) => (data: never) => boolean;

function replace<Value>(ajv: Ajv2020, keyword: string, type: 'array' | 'string', test: TestOf<Value>): void {
  ajv.removeKeyword(keyword);
  ajv.addKeyword({ keyword, type, errors: false, compile: test as (given: unknown) => (data: unknown) => boolean });
}

export function boundSteps(ajv: Ajv2020, steps: Steps): void {
  ajv.addKeyword({
    keyword: STEPS,
    before: '$ref',
    errors: false,
    compile: () => (data: unknown) => {
      steps.takeFor(data);
      return true;
    },
  });
  replace(ajv, 'uniqueItems', 'array', (isAsked: unknown) => (items: readonly unknown[]) => {
    return isAsked !== true || areUnique(items, steps);
  });
  replace(ajv, 'maxLength', 'string', (limit: number) => (text: string) => {
    return text.length <= limit || lengthOf(text, steps) <= limit;
  });
  replace(ajv, 'minLength', 'string', (limit: number) => (text: string) => {
    return text.length >= limit && lengthOf(text, steps) >= limit;
  });
}

/** Ajv's own compares each item with each other item. */
function areUnique(items: readonly unknown[], steps: Steps): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = JSON.stringify(item, sortedMembers);
    steps.takeForText(text);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function sortedMembers(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** In characters, as JSON Schema counts. */
function lengthOf(text: string, steps: Steps): number {
  steps.takeForText(text);
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/**
 * A text fits if some reading of it does: with several alternatives it may fit as a number and as a string, and a value that a schema
 * lists is compared as a text. `onUnsure` is called for keywords that would have to know which reading is meant.
 */
export function readLoosely(ajv: Ajv2020, onUnsure: () => void): void {
  for (const keyword of ['oneOf', 'enum', 'const', 'not', 'if']) ajv.removeKeyword(keyword);
  const anyOf = ajv.getKeyword('anyOf');
  if (typeof anyOf === 'object') ajv.addKeyword({ ...anyOf, keyword: 'oneOf' });
  const isAmong = (values: readonly unknown[]) => {
    const texts = new Set(values.map(textOf));
    return (data: unknown) => texts.has(textOf(data));
  };
  ajv.addKeyword({ keyword: 'enum', schemaType: 'array', errors: false, compile: isAmong });
  ajv.addKeyword({ keyword: 'const', errors: false, compile: (value: unknown) => isAmong([value]) });
  for (const keyword of ['not', 'if']) {
    ajv.addKeyword({
      keyword,
      errors: false,
      compile: () => () => {
        onUnsure();
        return true;
      },
    });
  }
}

function textOf(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : `${value}`;
}
