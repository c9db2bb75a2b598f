/** The size that an inferred document may have, and what was cut off for that. */

/** Schemas of all endpoints together: some 500 bytes each with their names, 25 MiB of all. */
const MAX_SCHEMAS = 50_000;
/** Members of an object that are told apart; with more of them it is a map. */
export const MAX_PROPERTIES = 256;
/** Parameters of an endpoint, and fields of a form. */
export const MAX_FIELDS = 64;
/** Deeper values may be anything. */
export const MAX_DEPTH = 24;
/** Media types of a request or a response. */
export const MAX_MEDIA_TYPES = 16;
/** Examples of a value. */
export const MAX_EXAMPLES = 3;
export const MAX_EXAMPLE_UNITS = 200;
/** Longer bodies are not looked into: parsed, they take several times as much. */
export const MAX_BODY_UNITS = 8 * 1024 * 1024;

/** Marks a place of the document where a limit cut something off; it takes anything there. */
export const CUT = 'x-tcp-sniffer-cut';
export type Cut = 'depth' | 'properties' | 'schemas' | 'parameters' | 'media types';

export class Budget {
  readonly wantsExamples: boolean;
  #left: number;

  constructor({ examples = false, schemas = MAX_SCHEMAS }: { examples?: boolean; schemas?: number } = {}) {
    this.wantsExamples = examples;
    this.#left = schemas;
  }

  /** False if there may be no further schema. */
  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    return true;
  }

  release(schemas: number): void {
    this.#left += schemas;
  }
}
