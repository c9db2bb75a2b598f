/**
 * Named texts: the parameters of a query, the fields of a form, header fields, segments of paths. In: pairs. Out: for each name a
 * schema that all of its texts fit, read as what the schema says.
 */

import { type Budget, type Cut, MAX_EXAMPLE_UNITS, MAX_EXAMPLES, MAX_FIELDS } from './budget';
import { formatOf, type TextFormat } from './formats';
import { isParameterName, REDACTED } from './names';
import type { Schema } from './shape';

/** As JSON has them, short enough for a double to be exact. */
const INTEGER = /^-?(?:0|[1-9]\d{0,14})$/;
const NUMBER = /^-?(?:0|[1-9]\d{0,14})\.\d{1,9}$/;
const BOOLEAN = /^(?:true|false)$/;

type TextType = 'integer' | 'number' | 'boolean' | 'string';

/** The texts of one name. */
export class Texts {
  #type: TextType | undefined;
  #format: TextFormat | 'none' | undefined;
  #isAny = false;
  #examples: string[] | undefined;

  add(text: string, budget: Budget): void {
    if (text.includes(REDACTED)) {
      this.#isAny = true;
      this.#examples = undefined;
    }
    if (this.#isAny) return;
    const type = typeOf(text);
    this.#note(type, type === 'string' ? (formatOf(text) ?? 'none') : 'none');
    if (!budget.wantsExamples || text.length > MAX_EXAMPLE_UNITS) return;
    this.#examples ??= [];
    if (this.#examples.length < MAX_EXAMPLES && !this.#examples.includes(text)) this.#examples.push(text);
  }

  takeOver(other: Texts): void {
    this.#isAny ||= other.#isAny;
    if (other.#type !== undefined) this.#note(other.#type, other.#format ?? 'none');
    for (const text of other.#examples ?? []) {
      this.#examples ??= [];
      if (this.#examples.length < MAX_EXAMPLES && !this.#examples.includes(text)) this.#examples.push(text);
    }
    if (this.#isAny) this.#examples = undefined;
  }

  schema(): Schema {
    if (this.#isAny || this.#type === undefined) return {};
    const type = this.#type;
    const read = (text: string): unknown => (type === 'string' ? text : JSON.parse(text));
    return {
      type,
      ...(type !== 'string' || this.#format === 'none' ? {} : { format: this.#format }),
      ...(this.#examples === undefined ? {} : { examples: this.#examples.map(read) }),
    };
  }

  #note(type: TextType, format: TextFormat | 'none'): void {
    this.#format = this.#format === undefined || this.#format === format ? format : 'none';
    if (this.#type === undefined || this.#type === type) this.#type = type;
    else {
      const isNumber = [this.#type, type].every((each) => each === 'integer' || each === 'number');
      this.#type = isNumber ? 'number' : 'string';
    }
  }
}

function typeOf(text: string): TextType {
  return INTEGER.test(text) ? 'integer' : NUMBER.test(text) ? 'number' : BOOLEAN.test(text) ? 'boolean' : 'string';
}

interface Field {
  texts: Texts;
  /** Messages that have it. */
  count: number;
  isRepeated: boolean;
}

interface FieldSchema {
  name: string;
  isRequired: boolean;
  schema: Schema;
}

export class Fields {
  readonly cuts = new Set<Cut>();
  readonly #budget: Budget;
  readonly #fields = new Map<string, Field>();
  #messages = 0;
  /** Further names are not told apart: those that were not must not be later. */
  #isFull = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Of one message. */
  add(pairs: readonly Pair[]): void {
    this.#messages++;
    const seen = new Set<string>();
    for (const [name, text] of pairs) {
      const field = this.#fields.get(name) ?? this.#newField(name);
      if (field === undefined) continue;
      if (seen.has(name)) field.isRepeated = true;
      else field.count++;
      seen.add(name);
      field.texts.add(text, this.#budget);
    }
  }

  takeOver(other: Fields): void {
    this.#messages += other.#messages;
    for (const cut of other.cuts) this.cuts.add(cut);
    if (other.#isFull) for (const name of this.#fields.keys()) if (!other.#fields.has(name)) this.#drop(name);
    for (const [name, field] of other.#fields) {
      const there = this.#fields.get(name);
      if (there === undefined && !this.#isFull && this.#fields.size < MAX_FIELDS) {
        this.#fields.set(name, field);
        continue;
      }
      this.#budget.release(1);
      if (there === undefined) this.#fill();
      else {
        there.texts.takeOver(field.texts);
        there.count += field.count;
        there.isRepeated ||= field.isRepeated;
      }
    }
    if (other.#isFull) this.#fill();
  }

  /** By name. */
  schemas(): FieldSchema[] {
    return [...this.#fields]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { texts, count, isRepeated }]) => ({
        name,
        isRequired: count === this.#messages,
        schema: isRepeated ? { type: 'array', items: texts.schema() } : texts.schema(),
      }));
  }

  #newField(name: string): Field | undefined {
    if (this.#isFull || !isParameterName(name)) return undefined;
    if (this.#fields.size >= MAX_FIELDS || !this.#budget.take()) {
      this.#fill();
      return undefined;
    }
    const field = { texts: new Texts(), count: 0, isRepeated: false };
    this.#fields.set(name, field);
    return field;
  }

  #fill(): void {
    this.#isFull = true;
    this.cuts.add('parameters');
  }

  #drop(name: string): void {
    this.#fields.delete(name);
    this.#budget.release(1);
  }
}

export type Pair = readonly [name: string, text: string];

/** More of them than this is no query that people made. */
const MAX_PAIRS = 1_024;

/** The fields of a query or a form, as the URL Standard reads `application/x-www-form-urlencoded`. */
export function pairsOf(text: string): Pair[] {
  return text.split('&', MAX_PAIRS).flatMap((part): Pair[] => {
    if (part === '') return [];
    const equals = part.indexOf('=');
    return equals === -1 ? [[decoded(part), '']] : [[decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))]];
  });
}

function decoded(text: string): string {
  return decodedSegment(text.replaceAll('+', ' '));
}

/** As it is if it cannot be decoded. */
export function decodedSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
