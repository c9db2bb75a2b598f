/**
 * The filter as one types it. In: an expression (docs/filters.md), or words that stand somewhere in a row. Out: what it is true of.
 */

import { FilterError, parseFilter } from '../filter';
import type { Row } from '../outputs/view/shapes';
import { askedOf } from './asked';
import { statusText } from './columns';

/** `expression`: rows do not tell, their messages have to be asked. */
export type Compiled = { matches(row: Row): boolean } | { expression: string } | { complaint: string };

/** An expression has one of these; words have none. */
const OPERATORS = /[=<>~()!&|"']/;
/** Where a key may stand that asks for more than a row has; where it is part of a value, to ask is no mistake. */
const MESSAGE_KEY = /(?:^|[\s(!&|])(?:(?:request|response)\.)?(?:header|body)(?![\w-])/i;

export function compile(text: string): Compiled {
  if (text.trim() === '') return { matches: () => true };
  try {
    const { matches } = parseFilter(text);
    return MESSAGE_KEY.test(text) ? { expression: text } : { matches: (row) => matches(askedOf(row)) };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return OPERATORS.test(text) ? { complaint: error.message } : { matches: wordsIn(text) };
  }
}

function wordsIn(text: string): (row: Row) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => {
    const { method, host, path, type, client, server } = row;
    const all = [method, host, path, statusText(row), type, client, server].join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  };
}
