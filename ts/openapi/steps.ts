/**
 * The steps that it may take to look at one value. Schemas that refer to themselves in `oneOf` or `anyOf` have a validator look at the same part of
 * a value twice for each level, so that time would double with each of them. In: steps. Out: a throw past the limit.
 */

/** In all schemas that look at further schemas: Ajv calls it before them. */
export const STEPS = 'x-tcp-sniffer-steps';

/** For small values with schemas of many alternatives: some 20 ms. */
const MIN_STEPS = 50_000;
/** A member takes at least 2 characters, and a few steps for each alternative; a text a step for each character. */
const STEPS_PER_UNIT = 20;

export class Steps {
  #left = 0;

  /** `size`: of the text of the value. */
  begin(size: number): void {
    this.#left = MIN_STEPS + STEPS_PER_UNIT * size;
  }

  /** @throws {RangeError} past the limit, as for a value that is deeper than the stack */
  take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new RangeError('too many steps');
  }

  /** All of its members may be looked at. */
  takeFor(value: unknown): void {
    if (typeof value !== 'object' || value === null) this.take(1);
    else this.take(1 + (Array.isArray(value) ? value.length : Object.keys(value).length));
  }

  /** It is read from its beginning to its end. */
  takeForText({ length }: string): void {
    this.take(1 + length);
  }
}
