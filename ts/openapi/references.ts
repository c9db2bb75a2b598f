/** `$ref` in a document, by JSON Pointer (RFC 6901). Nothing is fetched: a reference to somewhere else is refused. */

import { ValidationError } from '../errors';
import type { Schema } from './shape';
import { isObject } from './source';

/** A reference to a reference; longer chains are circles. */
const MAX_HOPS = 32;

export class References {
  readonly #document: Schema;
  readonly #label: string;

  /** `label`: the flag that names the document. */
  constructor(document: Schema, label: string) {
    this.#document = document;
    this.#label = label;
  }

  /** The object there, followed through references. @throws {ValidationError} */
  object(value: unknown): Schema {
    let found = value;
    for (let hops = 0; isObject(found) && typeof found.$ref === 'string'; hops++) {
      if (hops > MAX_HOPS) throw this.#refuse(found.$ref, 'refers to itself');
      found = this.at(found.$ref);
    }
    return isObject(found) ? found : {};
  }

  /** The value that a reference names. @throws {ValidationError} */
  at(reference: string): unknown {
    if (!reference.startsWith('#'))
      throw this.#refuse(
        reference,
        'is outside of the document, and nothing is fetched: bundle it into one document first',
      );
    const pointer = decoded(reference.slice(1));
    if (pointer === '') return this.#document;
    if (!pointer.startsWith('/')) throw this.#refuse(reference, 'is no JSON pointer, and anchors are not read');
    let value: unknown = this.#document;
    for (const token of pointer.slice(1).split('/')) {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
        throw this.#refuse(reference, 'names nothing in the document');
      value = (value as Schema)[name];
    }
    return value;
  }

  /** For what is wrong with the document. */
  refuse(complaint: string): ValidationError {
    return new ValidationError('openapi', complaint, this.#label);
  }

  #refuse(reference: string, complaint: string): ValidationError {
    return this.refuse(`$ref '${reference}' ${complaint}`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
