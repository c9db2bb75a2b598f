/**
 * The schemas of a document as JSON Schema 2020-12, each with its own part of the document. In: schemas of OpenAPI 3.0 to 3.2. Out: one
 * set of definitions, whose references are all inside of it. Regular expressions that could take long are left out, and counted.
 */

import { compileRegex } from '../filter/regex';
import type { References } from './references';
import type { Schema } from './shape';
import { isObject } from './source';
import { STEPS } from './steps';

/** A request does not have what is `readOnly`, a response not what is `writeOnly`. */
export type Use = 'request' | 'response';

/** Converted schemas, each with some 200 bytes; the largest documents that are published have some 100 000. */
const MAX_SCHEMAS = 2_000_000;

/** Keywords that are taken as they are. A keyword that is neither here nor below forbids nothing. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
  ...['maxLength', 'minLength', 'maxItems', 'minItems', 'uniqueItems', 'maxContains', 'minContains'],
  ...['maxProperties', 'minProperties', 'dependentRequired'],
]);
const SCHEMA: ReadonlySet<string> = new Set([
  ...['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
]);
const SCHEMAS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const NAMED_SCHEMAS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas']);

export class Schemas {
  readonly definitions: Record<string, unknown> = {};
  /** Names of members that the document has. */
  readonly names = new Set<string>();
  /** Regular expressions that are not looked at, since they go back in the text. */
  patternsLeftOut = 0;
  readonly #references: References;
  readonly #isOld: boolean;
  readonly #known = new Map<string, string>();
  /** The same object is defined once for each use, however many refer to it. */
  readonly #byObject: Readonly<Record<Use, WeakMap<object, string>>> = {
    request: new WeakMap(),
    response: new WeakMap(),
  };
  /** Definitions that have a name and are not converted yet: a chain of references is no recursion. */
  readonly #waiting: { name: string; schema: unknown; use: Use }[] = [];
  readonly #maxSchemas: number;
  #names = 0;
  #schemas = 0;

  constructor(references: References, version: string, maxSchemas = MAX_SCHEMAS) {
    this.#references = references;
    this.#isOld = version.startsWith('3.0');
    this.#maxSchemas = maxSchemas;
  }

  /** The name of its definition. @throws {ValidationError} for a `$ref` that cannot be followed, and for too many schemas */
  define(schema: unknown, use: Use): string {
    const name = this.#nameOf(schema, use);
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop())
      this.definitions[next.name] = this.#converted(next.schema, next.use);
    return name;
  }

  #nameOf(schema: unknown, use: Use): string {
    const known = isObject(schema) ? this.#byObject[use].get(schema) : undefined;
    if (known !== undefined) return known;
    const name = `${this.#names++}`;
    if (isObject(schema)) this.#byObject[use].set(schema, name);
    this.#waiting.push({ name, schema, use });
    return name;
  }

  #converted(schema: unknown, use: Use): unknown {
    if (++this.#schemas > this.#maxSchemas)
      throw this.#references.refuse(`the document has more than ${this.#maxSchemas} schemas`);
    if (!isObject(schema)) return schema === false ? false : {};
    const { $ref } = schema;
    if (typeof $ref !== 'string') return this.#keywords(schema, use);
    const reference = { $ref: `#/$defs/${this.#referred($ref, use)}` };
    // OpenAPI 3.0: what stands beside a reference has no effect.
    return this.#isOld ? reference : { [STEPS]: true, allOf: [reference, this.#keywords(schema, use)] };
  }

  #referred(reference: string, use: Use): string {
    const key = `${use} ${reference}`;
    const name = this.#known.get(key) ?? this.#nameOf(this.#references.at(reference), use);
    this.#known.set(key, name);
    return name;
  }

  #keywords(schema: Schema, use: Use): unknown {
    const out: Schema = {};
    let isOpen = false;
    for (const [keyword, value] of Object.entries(schema)) {
      if (PLAIN.has(keyword)) out[keyword] = value;
      else if (SCHEMA.has(keyword)) out[keyword] = this.#converted(value, use);
      else if (SCHEMAS.has(keyword) && Array.isArray(value))
        out[keyword] = value.map((each) => this.#converted(each, use));
      else if (NAMED_SCHEMAS.has(keyword) && isObject(value)) {
        const [named, isWhole] = this.#named(keyword, value, use);
        out[keyword] = named;
        isOpen ||= !isWhole;
      } else if (keyword === 'pattern' && this.#isLinear(value)) out.pattern = value;
      else if (keyword === 'required' && Array.isArray(value)) out.required = this.#required(value, schema, use);
    }
    if (Object.keys(out).some((keyword) => SCHEMA.has(keyword) || SCHEMAS.has(keyword) || NAMED_SCHEMAS.has(keyword)))
      out[STEPS] = true;
    // Members that a pattern would have taken are no further members.
    if (isOpen) for (const keyword of ['additionalProperties', 'unevaluatedProperties']) delete out[keyword];
    return this.#isOld ? modern(out, schema.nullable === true) : out;
  }

  /** False with it if a pattern is left out. */
  #named(keyword: string, value: Schema, use: Use): [Schema, boolean] {
    const names = Object.keys(value).filter((name) => keyword !== 'patternProperties' || this.#isLinear(name));
    if (keyword === 'properties') for (const name of names) this.names.add(name);
    const named = names.map((name) => [name, this.#converted(value[name], use)]);
    return [Object.fromEntries(named), names.length === Object.keys(value).length];
  }

  #required(names: readonly unknown[], { properties }: Schema, use: Use): unknown[] {
    const mark = use === 'request' ? 'readOnly' : 'writeOnly';
    return names.filter((name) => {
      if (typeof name !== 'string') return false;
      const property = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
      return !(isObject(property) && (property[mark] === true || this.#references.object(property)[mark] === true));
    });
  }

  #isLinear(pattern: unknown): boolean {
    try {
      if (typeof pattern === 'string') compileRegex(pattern);
      return typeof pattern === 'string';
    } catch {
      this.patternsLeftOut++;
      return false;
    }
  }
}

/** OpenAPI 3.0, whose schemas are of an older draft: `nullable`, and limits that are excluded by true. */
function modern(schema: Schema, isNullable: boolean): unknown {
  const out = { ...schema };
  for (const [excluding, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (out[excluding] === true && out[limit] !== undefined) {
      out[excluding] = out[limit];
      delete out[limit];
    } else if (typeof out[excluding] === 'boolean') delete out[excluding];
  }
  return isNullable ? { anyOf: [{ type: 'null' }, out] } : out;
}
