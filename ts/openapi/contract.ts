/** A document to check exchanges against. In: a document. Out: its operations, found by path and method, their schemas resolved. */

import { CUT } from './budget';
import type { Document } from './document';
import { METHODS, type Method } from './exchanges';
import { PathTree } from './path-tree';
import { References } from './references';
import { Schemas, type Use } from './schemas';
import { basesOf } from './servers';
import type { Schema } from './shape';
import { isObject } from './source';

/** Parameters and responses of all operations; those of a path that many refer to count for each. */
const MAX_PARTS = 1_000_000;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  isRequired: boolean;
  /** The name of its schema's definition; of others it is not checked what they are. */
  schema: string | undefined;
  /** Values that stand in one text are between these. */
  between: string | undefined;
  /** The text is JSON. */
  isJson: boolean;
  /** It is an object, whose members may be parameters of their own names. */
  isObject: boolean;
}

export interface Body {
  isRequired: boolean;
  /** By media type in lower case, of each the name of its schema's definition, if there is one. */
  content: ReadonlyMap<string, string | undefined>;
}

export interface Operation {
  method: Method;
  path: string;
  parameters: readonly Parameter[];
  /** Some of the parameters are not listed. */
  isCut: boolean;
  body: Body | undefined;
  /** By status, `4XX` in upper case, or `default`. */
  responses: ReadonlyMap<string, Body>;
}

export type Operations = Map<Method, Operation>;

export class Contract {
  readonly schemas: Schemas;
  /** All that the document has. */
  readonly operations: Operation[] = [];
  readonly #tree = new PathTree<Operations>();
  readonly #references: References;
  readonly #maxParts: number;
  #parts = 0;

  /** `label`: the flag that names the document. @throws {ValidationError} for a `$ref` that cannot be followed, and past limits */
  constructor(
    document: Document,
    label: string,
    { parts = MAX_PARTS, schemas }: { parts?: number; schemas?: number } = {},
  ) {
    this.#maxParts = parts;
    this.#references = new References(document, label);
    this.schemas = new Schemas(this.#references, document.openapi, schemas);
    for (const [path, item] of Object.entries(document.paths)) {
      if (path.startsWith('/')) this.#addPath(path, this.#references.object(item), document.servers);
    }
  }

  /** `path`: normal. */
  match(path: string): { path: string; operations: Operations; values: ReadonlyMap<string, string> } | undefined {
    const match = this.#tree.match(path);
    return match && { path: match.path, operations: match.value, values: match.values };
  }

  #addPath(path: string, item: Schema, servers: unknown): void {
    for (const method of METHODS) {
      const value = item[method];
      if (!isObject(value)) continue;
      const operation = this.#operation(method, path, value, item.parameters);
      this.operations.push(operation);
      for (const base of basesOf(value.servers ?? item.servers ?? servers)) {
        const operations = this.#tree.add(base, path, new Map());
        if (!operations.has(method)) operations.set(method, operation);
      }
    }
  }

  #operation(method: Method, path: string, operation: Schema, common: unknown): Operation {
    const parameters = new Map<string, Parameter>();
    const given = isObject(operation.responses) ? operation.responses : {};
    this.#parts += listOf(common).length + listOf(operation.parameters).length + Object.keys(given).length;
    if (this.#parts > this.#maxParts)
      throw this.#references.refuse(`the document has more than ${this.#maxParts} parameters and responses`);
    for (const each of [...listOf(common), ...listOf(operation.parameters)]) {
      const parameter = this.#parameter(this.#references.object(each));
      if (parameter !== undefined) parameters.set(`${parameter.in} ${parameter.name}`, parameter);
    }
    const body = operation.requestBody === undefined ? undefined : this.#references.object(operation.requestBody);
    const responses = Object.entries(given).map(([status, response]): [string, Body] => [
      status === 'default' ? status : status.toUpperCase(),
      this.#body(this.#references.object(response), 'response'),
    ]);
    return {
      ...{ method, path, parameters: [...parameters.values()], isCut: operation[CUT] !== undefined },
      body: body && this.#body(body, 'request'),
      responses: new Map(responses),
    };
  }

  #parameter(parameter: Schema): Parameter | undefined {
    const { name, in: place, required, schema, style, explode, content } = parameter;
    if (typeof name !== 'string' || !isPlace(place)) return undefined;
    // OpenAPI: parameters of these names have no effect.
    if (place === 'header' && /^(?:accept|content-type|authorization)$/i.test(name)) return undefined;
    const isForm = place === 'query' || place === 'cookie';
    const plainStyle = isForm ? 'form' : 'simple';
    const isPlain = style === undefined || style === plainStyle;
    const isExploded = typeof explode === 'boolean' ? explode : isForm;
    const media = isObject(content) ? Object.entries(content)[0] : undefined;
    const isJson = media !== undefined && /json$/i.test(media[0]);
    const given = isJson && isObject(media[1]) ? media[1].schema : schema;
    const delimiters: Record<string, string> = { spaceDelimited: ' ', pipeDelimited: '|' };
    const delimiter = delimiters[`${style}`];
    const isChecked = given !== undefined && (isPlain || isJson || delimiter !== undefined);
    const between = delimiter ?? (isPlain && !(isForm && isExploded) ? ',' : undefined);
    const isOfObject = !isJson && this.#isOfObject(given);
    return {
      ...{ name: place === 'header' ? name.toLowerCase() : name, in: place, isJson, between, isObject: isOfObject },
      isRequired: required === true,
      schema: isChecked && !isOfObject ? this.schemas.define(given, 'request') : undefined,
    };
  }

  #isOfObject(schema: unknown): boolean {
    const { type, properties } = this.#references.object(schema);
    return type === 'object' || (Array.isArray(type) && type.includes('object')) || properties !== undefined;
  }

  #body({ required, content }: Schema, use: Use): Body {
    const types = Object.entries(isObject(content) ? content : {}).map(
      ([type, media]): [string, string | undefined] => [
        (type.split(';', 1)[0] ?? '').trim().toLowerCase(),
        isObject(media) && media.schema !== undefined ? this.schemas.define(media.schema, use) : undefined,
      ],
    );
    return { isRequired: required === true, content: new Map(types) };
  }
}

function isPlace(place: unknown): place is Parameter['in'] {
  return ['path', 'query', 'header', 'cookie'].includes(place as string);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
