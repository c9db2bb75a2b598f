/**
 * Values against schemas, by Ajv, which is the user's to install. In: definitions. Out: for a value where it does not fit, and by which
 * keyword, never the value. Hostile values cost no more than their size: the steps for each are limited.
 */

import type { ErrorObject, ValidateFunction } from 'ajv';
import { boundSteps, linearRegexOf, readLoosely } from './keywords';
import { readJson } from './media';
import { loadPackage, missingPackage } from './source';
import { Steps } from './steps';

export interface Misfit {
  /** JSON Pointer into the value. */
  pointer: string;
  keyword: string;
  /** Of `required`: the member that is missing; of `additionalProperties` the member that is there. */
  name?: string | undefined;
}

/** All places of a value are told; of a larger one the first: Ajv copies all of an array's misfits for each further misfit. */
const MAX_ALL_UNITS = 16 * 1024;
const DOCUMENT = 'tcp-sniffer:document';
/** Ajv tells them beside the error that says what is wrong. */
const OUTER: ReadonlySet<string> = new Set(['if', 'propertyNames']);

/** Of which a single schema is to fit: if several texts are in them it is not known which reading of each belongs to which. */
const ALTERNATIVES: ReadonlySet<string> = new Set(['oneOf', 'anyOf']);
/** Where texts stand when they are read by Ajv, which replaces them there. */
const VALUE = /^\/value/;

export type AjvClass = typeof import('ajv/dist/2020.js').Ajv2020;
type LoadAjv = () => Promise<AjvClass | undefined>;

const loadAjv: LoadAjv = async () => (await loadPackage(() => import('ajv/dist/2020.js')))?.Ajv2020;

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
  readonly #ajvs = new Map<Kind, InstanceType<AjvClass> | Error>();
  readonly #compiled = new Map<string, ValidateFunction | undefined>();
  readonly #steps = new Steps();
  /** Of the last run: a keyword was not looked at, since texts have several readings. */
  #isUnsure = false;

  constructor(Ajv: AjvClass, definitions: Record<string, unknown>) {
    this.#Ajv = Ajv;
    this.#definitions = definitions;
  }

  /** Of a JSON value; `undefined` if it could not be looked at. `size`: of its text. */
  misfits(name: string, value: unknown, size: number): Misfit[] | undefined {
    return this.#run(name, size > MAX_ALL_UNITS ? 'first' : 'all', value, size);
  }

  /** Of a text, or several, that are read as the schema says: `17` is a string and a number. */
  misfitsOfTexts(name: string, value: unknown): Misfit[] | undefined {
    const size = JSON.stringify(value).length;
    // Ajv writes what it reads them as into it.
    const own = typeof value === 'object' ? structuredClone(value) : value;
    const misfits = this.#run(name, 'texts', { value: own }, size);
    if (misfits === undefined || (misfits.length === 0 && !this.#isUnsure)) return misfits;
    // A reading that an alternative tried may be left to those after it.
    const read = this.#misfitsRead(name, value, size);
    if (read !== 'some text') return read;
    const isOpen = ({ keyword, pointer }: Misfit): boolean =>
      ALTERNATIVES.has(keyword) &&
      (size > MAX_ALL_UNITS || textPointerOf(value, pointer.replace(VALUE, '')) === undefined);
    if (misfits.length === 0 || misfits.some(isOpen)) return undefined;
    return misfits.map(({ pointer, ...rest }) => ({ ...rest, pointer: pointer.replace(VALUE, '') }));
  }

  /** With each text read by itself: as long as one does not fit its next reading is tried. */
  #misfitsRead(name: string, value: unknown, size: number): Misfit[] | undefined | 'some text' {
    const tried = new Map<string, number>();
    for (let round = 0; round < READINGS.length; round++) {
      const misfits = this.#run(name, size > MAX_ALL_UNITS ? 'first' : 'all', readBy(tried, value), size);
      const pointers = new Set(misfits?.flatMap(({ pointer }) => textPointerOf(value, pointer) ?? []));
      if (pointers.size === 0) return misfits?.some(({ keyword }) => ALTERNATIVES.has(keyword)) ? undefined : misfits;
      for (const pointer of pointers) tried.set(pointer, (tried.get(pointer) ?? 0) + 1);
    }
    return 'some text';
  }

  #run(name: string, kind: Kind, value: unknown, size: number): Misfit[] | undefined {
    const validate = this.#validator(name, kind);
    if (validate === undefined) return undefined;
    this.#steps.begin(size);
    if (kind === 'texts') this.#isUnsure = false;
    try {
      if (validate(value)) return [];
    } catch (error) {
      // Too many steps, or a value that is deeper than the stack.
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
      const isDeep = error instanceof RangeError;
      this.broken.set(name, isDeep ? 'its references are nested too deep' : (error as Error).message);
    }
    this.#compiled.set(key, validate);
    return validate;
  }

  #ajv(kind: Kind): InstanceType<AjvClass> {
    const there = this.#ajvs.get(kind);
    if (there instanceof Error) throw there;
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
      code: { regExp: linearRegexOf(this.#steps) },
    });
    boundSteps(ajv, this.#steps);
    if (kind === 'texts')
      readLoosely(ajv, () => {
        this.#isUnsure = true;
      });
    try {
      ajv.addSchema({ $id: DOCUMENT, $defs: this.#definitions }, DOCUMENT);
    } catch (error) {
      // It would be the same for each name, after a walk through the whole document.
      this.#ajvs.set(kind, error as Error);
      throw error;
    }
    this.#ajvs.set(kind, ajv);
    return ajv;
  }
}

/** A text as it is, as what it is in JSON, and each of them as the only item of a list. */
const READINGS: readonly ((text: string) => unknown)[] = [
  (text) => text,
  inJson,
  (text) => [text],
  (text) => [inJson(text)],
];

function inJson(text: string): unknown {
  const value = readJson(text)?.value;
  return value === undefined || typeof value === 'object' ? text : value;
}

/** `tried`: by the pointer of a text the number of its reading. */
function readBy(tried: ReadonlyMap<string, number>, value: unknown, pointer = ''): unknown {
  if (typeof value === 'string') return READINGS[tried.get(pointer) ?? 0]?.(value) ?? value;
  if (Array.isArray(value)) return value.map((item, index) => readBy(tried, item, `${pointer}/${index}`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, readBy(tried, member, `${pointer}/${escaped(name)}`)]),
  );
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The pointer to the text that this one points into; `undefined` if it points to a list or an object of texts. */
function textPointerOf(value: unknown, pointer: string): string | undefined {
  const tokens = pointer.split('/');
  let at = value;
  for (let depth = 1; ; depth++) {
    if (typeof at === 'string') return tokens.slice(0, depth).join('/');
    const token = tokens[depth];
    if (token === undefined || typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
}

function misfitOf({ instancePath, keyword, params }: ErrorObject): Misfit {
  const { missingProperty, additionalProperty, unevaluatedProperty } = params as Record<string, string | undefined>;
  return { pointer: instancePath, keyword, name: missingProperty ?? additionalProperty ?? unevaluatedProperty };
}
