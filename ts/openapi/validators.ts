/**
 * Values against schemas, by Ajv, which is the user's to install. In: definitions. Out: for a value where it does not fit, and by which
 * keyword, never the value. Hostile values cost no more than their size: regular expressions and `uniqueItems` are linear.
 */

import type { ErrorObject, ValidateFunction } from 'ajv';
import { compileRegex } from '../filter/regex';
import { loadPackage, missingPackage } from './source';

export interface Misfit {
  /** JSON Pointer into the value. */
  pointer: string;
  keyword: string;
  /** Of `required`: the member that is missing; of `additionalProperties` the one that is there. */
  name?: string | undefined;
}

/** All places of a value are told; of a larger one the first. */
const MAX_ALL_UNITS = 64 * 1024;
const DOCUMENT = 'tcp-sniffer:document';
/** Ajv tells them beside the one that says what is wrong. */
const OUTER: ReadonlySet<string> = new Set(['if', 'propertyNames']);

export type AjvClass = typeof import('ajv/dist/2020.js').Ajv2020;
export type LoadAjv = () => Promise<AjvClass | undefined>;

export const loadAjv: LoadAjv = async () => (await loadPackage(() => import('ajv/dist/2020.js')))?.Ajv2020;

/** @throws {ValidationError} which says how to install it */
export async function requireAjv(label: string, load: LoadAjv = loadAjv): Promise<AjvClass> {
  const Ajv = await load();
  if (Ajv === undefined) throw missingPackage('ajv', 'openapi', 'comparing with a document', label);
  return Ajv;
}

type Kind = 'all' | 'first' | 'texts';

export class Validators {
  /** Schemas that could not be compiled, with what is wrong. */
  readonly broken = new Map<string, string>();
  readonly #Ajv: AjvClass;
  readonly #definitions: Record<string, unknown>;
  readonly #ajvs = new Map<Kind, InstanceType<AjvClass>>();
  readonly #compiled = new Map<string, ValidateFunction | undefined>();

  constructor(Ajv: AjvClass, definitions: Record<string, unknown>) {
    this.#Ajv = Ajv;
    this.#definitions = definitions;
  }

  /** Of a JSON value; `undefined` if it could not be looked at. `size`: of its text. */
  misfits(name: string, value: unknown, size: number): Misfit[] | undefined {
    return this.#run(name, size > MAX_ALL_UNITS ? 'first' : 'all', value);
  }

  /** Of a text, or several, that are read as the schema says: `17` is a string and a number. */
  misfitsOfTexts(name: string, value: unknown): Misfit[] | undefined {
    return this.#run(name, 'texts', { value })?.map(({ pointer, ...rest }) => ({
      ...rest,
      pointer: pointer.replace(/^\/value/, ''),
    }));
  }

  #run(name: string, kind: Kind, value: unknown): Misfit[] | undefined {
    const validate = this.#validator(name, kind);
    if (validate === undefined) return undefined;
    try {
      if (validate(value)) return [];
    } catch (error) {
      // A schema that refers to itself, and a value that is deeper than the stack.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
    const errors = validate.errors ?? [];
    const told = errors.filter(({ keyword }) => !OUTER.has(keyword));
    return (told.length > 0 ? told : errors).map(misfitOf);
  }

  #validator(name: string, kind: Kind): ValidateFunction | undefined {
    const key = `${kind} ${name}`;
    if (this.#compiled.has(key)) return this.#compiled.get(key);
    let validate: ValidateFunction | undefined;
    try {
      const schema = { $ref: `${DOCUMENT}#/$defs/${name}` };
      validate = this.#ajv(kind).compile(kind === 'texts' ? { properties: { value: schema } } : schema);
    } catch (error) {
      this.broken.set(name, (error as Error).message);
    }
    this.#compiled.set(key, validate);
    return validate;
  }

  #ajv(kind: Kind): InstanceType<AjvClass> {
    const there = this.#ajvs.get(kind);
    if (there !== undefined) return there;
    const ajv = new this.#Ajv({
      allErrors: kind === 'all',
      coerceTypes: kind === 'texts' ? 'array' : false,
      strict: false,
      // OpenAPI's formats say something of a value and forbid none, as in JSON Schema 2020-12.
      validateFormats: false,
      validateSchema: false,
      ownProperties: true,
      logger: false,
      code: { regExp: linearRegex },
    });
    ajv.removeKeyword('uniqueItems');
    ajv.addKeyword({
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      validate: areUnique,
      errors: false,
    });
    ajv.addSchema({ $id: DOCUMENT, $defs: this.#definitions }, DOCUMENT);
    this.#ajvs.set(kind, ajv);
    return ajv;
  }
}

function misfitOf({ instancePath, keyword, params }: ErrorObject): Misfit {
  const { missingProperty, additionalProperty, unevaluatedProperty } = params as Record<string, string | undefined>;
  return { pointer: instancePath, keyword, name: missingProperty ?? additionalProperty ?? unevaluatedProperty };
}

const linearRegex = Object.assign((pattern: string) => ({ test: compileRegex(pattern), code: 'linear' }), {
  code: 'linear',
}) as unknown as NonNullable<NonNullable<import('ajv').Options['code']>['regExp']>;

/** Ajv's own compares each item with each other one. */
function areUnique(isAsked: boolean, items: readonly unknown[]): boolean {
  if (!isAsked) return true;
  const seen = new Set<string>();
  for (const item of items) {
    const text = JSON.stringify(item, sortedMembers);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function sortedMembers(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
