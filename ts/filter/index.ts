/**
 * Expressions over exchanges: `status=5xx and path=/orders`. In: the text that a user wrote. Out: what it says of an
 * exchange. It runs in browsers too, and imports nothing of Node. The language: docs/filters.md.
 *
 * The text that it looks at comes from the wire and may be hostile: the time that an expression takes grows only with that text.
 */

import { awaitsRequest, type Exchange } from './exchange';
import { parse } from './parser';

export { FilterError } from './error';
export type { Exchange } from './exchange';
export { KEY_NAMES, KEYS } from './keys';
export { type Moment, parseMoment } from './moment';
export { MAX_CHARACTERS } from './parser';

export interface Filter {
  /** True if the exchange as it is matches: what is missing of it will not come. */
  matches(exchange: Exchange): boolean;
  /** The same as soon as it is known; `undefined` as long as the half that is missing may tell. */
  decide(exchange: Exchange): boolean | undefined;
}

/** @throws {FilterError} */
export function parseFilter(text: string): Filter {
  const test = parse(text);
  return {
    matches: (exchange) => test(exchange, true) === true,
    decide: (exchange) => test(exchange, exchange.response !== undefined && !awaitsRequest(exchange)),
  };
}
