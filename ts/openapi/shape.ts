/**
 * The JSON values of one place, as one schema that all of them fit. In: values, one after the other. Out: JSON Schema 2020-12.
 * Keeps no value, unless examples are asked for; bounded by a budget.
 */

import { type Budget, CUT, type Cut, MAX_DEPTH, MAX_EXAMPLE_UNITS, MAX_EXAMPLES, MAX_PROPERTIES } from './budget';
import { formatOf, type TextFormat } from './formats';
import { isName, REDACTED } from './names';

export type Schema = Record<string, unknown>;
type Scalar = string | number | boolean;

/** Of an object with more members than this, of which few are in each object, the names are data. */
const MAX_RARE_PROPERTIES = 48;
const RARE_SHARE = 1 / 4;
/** Marks the items of arrays that were all empty. */
export const UNSEEN = 'x-tcp-sniffer-unseen';

interface Property {
  shape: Shape;
  /** Objects that have it. */
  count: number;
}

interface Members {
  /** Objects. */
  count: number;
  properties: Map<string, Property>;
  /** The values of all members whose names are data. */
  others: Shape | undefined;
  isMap: boolean;
}

export class Shape {
  readonly #budget: Budget;
  readonly #depth: number;
  #isAny = false;
  #hasNull = false;
  #hasBoolean = false;
  #number: 'integer' | 'number' | undefined;
  /** The format that all strings have; `'none'` if they have none in common. */
  #string: TextFormat | 'none' | undefined;
  #hasArray = false;
  #items: Shape | undefined;
  #members: Members | undefined;
  #cuts: Set<Cut> | undefined;
  #examples: Scalar[] | undefined;

  /** The caller has taken it from the budget. */
  constructor(budget: Budget, depth = 0) {
    this.#budget = budget;
    this.#depth = depth;
  }

  add(value: unknown): void {
    if (this.#isAny) return;
    if (value === null) this.#hasNull = true;
    else if (typeof value === 'string') this.#addString(value);
    else if (typeof value === 'number') this.#addNumber(value);
    else if (typeof value === 'boolean') {
      this.#hasBoolean = true;
      this.#exemplify(value);
    } else if (this.#depth >= MAX_DEPTH) this.#become('depth');
    else if (Array.isArray(value)) this.#addArray(value);
    else if (typeof value === 'object') this.#addObject(value as Record<string, unknown>);
  }

  /** Takes over all that is known of another shape's values; that shape is not used any more. */
  takeOver(other: Shape): void {
    for (const cut of other.#cuts ?? []) this.#cut(cut);
    if (other.#isAny) this.#become();
    if (!this.#isAny) {
      this.#hasNull ||= other.#hasNull;
      this.#hasBoolean ||= other.#hasBoolean;
      if (other.#number !== undefined) this.#noteNumber(other.#number === 'integer');
      if (other.#string !== undefined) this.#noteString(other.#string);
      this.#hasArray ||= other.#hasArray;
      for (const example of other.#examples ?? []) this.#exemplify(example);
      if (other.#items !== undefined) {
        if (this.#items === undefined) this.#items = other.#items;
        else this.#items.takeOver(other.#items);
        other.#items = undefined;
      }
      if (other.#members !== undefined) {
        this.#takeMembers(other.#members);
        other.#members = undefined;
      }
    }
    other.release();
  }

  /** It is gone, with all that is below it. */
  release(): void {
    this.#releaseBelow();
    this.#budget.release(1);
  }

  schema(): Schema {
    const cuts = this.#cuts === undefined ? {} : { [CUT]: [...this.#cuts].sort() };
    if (this.#isAny) return cuts;
    const members = this.#members;
    if (members !== undefined && hasRareNames(members)) toMap(members);
    const { properties, others, count } = members ?? {
      properties: new Map<string, Property>(),
      others: undefined,
      count: 0,
    };
    const names = [...properties].sort(([a], [b]) => (a < b ? -1 : 1));
    const required = names.filter(([, property]) => property.count === count).map(([name]) => name);
    const types = [
      ...(this.#hasNull ? ['null'] : []),
      ...(this.#hasBoolean ? ['boolean'] : []),
      ...(this.#number === undefined ? [] : [this.#number]),
      ...(this.#string === undefined ? [] : ['string']),
      ...(this.#hasArray ? ['array'] : []),
      ...(members === undefined ? [] : ['object']),
    ];
    return {
      ...(types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }),
      ...(this.#string === undefined || this.#string === 'none' ? {} : { format: this.#string }),
      ...(this.#hasArray ? { items: this.#items?.schema() ?? { [UNSEEN]: true } } : {}),
      ...(names.length === 0
        ? {}
        : { properties: Object.fromEntries(names.map(([name, { shape }]) => [name, shape.schema()])) }),
      ...(required.length === 0 ? {} : { required }),
      ...(others === undefined ? {} : { additionalProperties: others.schema() }),
      ...(this.#examples === undefined ? {} : { examples: this.#examples }),
      ...cuts,
    };
  }

  #addString(value: string): void {
    // It stood for a value of any type.
    if (value === REDACTED) this.#become();
    else {
      this.#noteString(formatOf(value) ?? 'none');
      if (!value.includes(REDACTED)) this.#exemplify(value);
    }
  }

  #addNumber(value: number): void {
    // JSON has larger numbers than doubles can be.
    if (!Number.isFinite(value)) this.#become();
    else {
      this.#noteNumber(Number.isInteger(value));
      this.#exemplify(value);
    }
  }

  #addArray(values: readonly unknown[]): void {
    this.#hasArray = true;
    if (values.length === 0) return;
    this.#items ??= this.#below();
    if (this.#items === undefined) {
      this.#become('schemas');
      return;
    }
    for (const value of values) this.#items.add(value);
  }

  #addObject(value: Record<string, unknown>): void {
    this.#members ??= { count: 0, properties: new Map(), others: undefined, isMap: false };
    const members = this.#members;
    members.count++;
    for (const [name, member] of Object.entries(value)) {
      const property =
        members.properties.get(name) ?? (members.isMap || !isName(name) ? undefined : this.#newProperty(members, name));
      if (property !== undefined) {
        property.count++;
        property.shape.add(member);
        continue;
      }
      members.others ??= this.#below();
      if (members.others === undefined) {
        this.#become('schemas');
        return;
      }
      members.others.add(member);
    }
  }

  /** `undefined` if it is a map now, or no further schema may be. */
  #newProperty(members: Members, name: string): Property | undefined {
    if (members.properties.size >= MAX_PROPERTIES) {
      this.#cut('properties');
      toMap(members);
      return undefined;
    }
    const shape = this.#below();
    if (shape === undefined) {
      // A place that has no schema of its own now must have none later either.
      this.#cut('schemas');
      toMap(members);
      return undefined;
    }
    const property = { shape, count: 0 };
    members.properties.set(name, property);
    return property;
  }

  #takeMembers(other: Members): void {
    const members = this.#members;
    if (members === undefined) {
      this.#members = other;
      return;
    }
    if (other.isMap) toMap(members);
    if (members.isMap) toMap(other);
    members.count += other.count;
    for (const [name, { shape, count }] of other.properties) {
      const there = members.properties.get(name);
      if (there === undefined) members.properties.set(name, { shape, count });
      else {
        there.count += count;
        there.shape.takeOver(shape);
      }
    }
    if (members.others === undefined) members.others = other.others;
    else if (other.others !== undefined) members.others.takeOver(other.others);
    if (members.properties.size > MAX_PROPERTIES) {
      this.#cut('properties');
      toMap(members);
    }
  }

  #below(): Shape | undefined {
    return this.#budget.take() ? new Shape(this.#budget, this.#depth + 1) : undefined;
  }

  #noteNumber(isInteger: boolean): void {
    this.#number = isInteger ? (this.#number ?? 'integer') : 'number';
  }

  #noteString(format: TextFormat | 'none'): void {
    this.#string = this.#string === undefined || this.#string === format ? format : 'none';
  }

  #exemplify(value: Scalar): void {
    if (!this.#budget.wantsExamples || `${value}`.length > MAX_EXAMPLE_UNITS) return;
    this.#examples ??= [];
    if (this.#examples.length < MAX_EXAMPLES && !this.#examples.includes(value)) this.#examples.push(value);
  }

  /** Any value fits from now on. */
  #become(cut?: Cut): void {
    this.#isAny = true;
    if (cut !== undefined) this.#cut(cut);
    this.#releaseBelow();
    this.#examples = undefined;
  }

  #cut(cut: Cut): void {
    this.#cuts ??= new Set();
    this.#cuts.add(cut);
  }

  #releaseBelow(): void {
    this.#items?.release();
    this.#items = undefined;
    for (const { shape } of this.#members?.properties.values() ?? []) shape.release();
    this.#members?.others?.release();
    this.#members = undefined;
  }
}

/** All of its members are alike from now on. */
function toMap(members: Members): void {
  members.isMap = true;
  for (const { shape } of members.properties.values()) {
    if (members.others === undefined) members.others = shape;
    else members.others.takeOver(shape);
  }
  members.properties.clear();
}

function hasRareNames({ properties, count }: Members): boolean {
  if (properties.size <= MAX_RARE_PROPERTIES) return false;
  let sum = 0;
  for (const property of properties.values()) sum += property.count;
  return sum < RARE_SHARE * properties.size * count;
}
