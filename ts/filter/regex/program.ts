/** The tree of a regular expression to the states of an automaton that tries all ways at once. */

import { FilterError } from '../error';
import { type Assertion, LINE_FEED, type Node, type Range, WORD } from './syntax';

/** A class is a set of code points that no part of the expression tells apart; the last is the end of the text. */
export interface Program {
  readonly states: readonly State[];
  readonly start: number;
  /** How many states follow on others without a character, at the most. */
  readonly ways: number;
  readonly multiline: boolean;
  readonly hasAssertions: boolean;
  /** How many classes there are, with the end of the text. */
  readonly classes: number;
  classOf(code: number): number;
  /** By class. */
  readonly isWord: readonly boolean[];
  readonly isLineFeed: readonly boolean[];
}

export type State =
  | { readonly kind: 'set'; readonly next: number /** By class. */; readonly has: readonly boolean[] }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; readonly next: number }
  | { readonly kind: 'match' };

/** The most steps that one character of a text may cost. */
const MAX_STATES = 500;
/** Of so many code points the class stands in a table. */
const TABLE_SIZE = 128;

const TOO_LARGE = 'regular expression: it is too large; a counted repetition takes as much as if it were written out';

/** @throws {FilterError} for an expression that is too large */
export function compile(tree: Node, multiline: boolean): Program {
  const starts = boundaries(tree);
  const classes = starts.length + 1;
  const table = Uint16Array.from({ length: TABLE_SIZE }, (_, code) => find(starts, code));
  const states: State[] = [];
  const add = (state: State): number => {
    if (states.length >= MAX_STATES) throw new FilterError(TOO_LARGE, 0);
    return states.push(state) - 1;
  };
  const hasOf = (ranges: readonly Range[]): boolean[] => {
    const has = new Array<boolean>(classes).fill(false);
    for (const [low, high] of ranges) {
      for (let index = find(starts, low); index < starts.length && (starts[index] as number) <= high; index++) {
        has[index] = true;
      }
    }
    return has;
  };
  /** Returns where `node` begins; after it comes `next`. */
  let built = 0;
  const build = (node: Node, next: number): number => {
    // Nothing repeated takes no state, and still its time.
    if (++built > 2 * MAX_STATES) throw new FilterError(TOO_LARGE, 0);
    switch (node.kind) {
      case 'set':
        return add({ kind: 'set', next, has: hasOf(node.ranges) });
      case 'sequence':
        return node.parts.reduceRight((after, part) => build(part, after), next);
      case 'choice':
        return add({ kind: 'split', next: node.options.map((option) => build(option, next)) });
      case 'assertion':
        return add({ kind: 'assertion', assertion: node.assertion, next });
      case 'repeat':
        return repeat(node.part, node.min, node.max, next);
    }
  };
  const repeat = (part: Node, min: number, max: number, next: number): number => {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const ways: number[] = [];
      start = add({ kind: 'split', next: ways });
      ways.push(build(part, start), next);
    } else {
      for (let count = min; count < max; count++) start = add({ kind: 'split', next: [build(part, start), next] });
    }
    for (let count = 0; count < min; count++) start = build(part, start);
    return start;
  };
  const start = build(tree, add({ kind: 'match' }));
  return {
    states,
    start,
    ways: states.reduce((sum, state) => sum + (state.kind === 'split' ? state.next.length : 1), 0),
    multiline,
    hasAssertions: states.some(({ kind }) => kind === 'assertion'),
    classes,
    classOf: (code) => (code < TABLE_SIZE ? (table[code] as number) : find(starts, code)),
    isWord: hasOf(WORD),
    isLineFeed: hasOf([[LINE_FEED, LINE_FEED]]),
  };
}

/** Where each class begins, in order; the first one at 0. */
function boundaries(tree: Node): number[] {
  const starts = new Set([0]);
  const note = (ranges: readonly Range[]): void => {
    for (const [low, high] of ranges) starts.add(low).add(high + 1);
  };
  const visit = (node: Node): void => {
    if (node.kind === 'set') note(node.ranges);
    else if (node.kind === 'sequence') node.parts.forEach(visit);
    else if (node.kind === 'choice') node.options.forEach(visit);
    else if (node.kind === 'repeat') visit(node.part);
    else note([...WORD, [LINE_FEED, LINE_FEED]]);
  };
  visit(tree);
  return [...starts].sort((a, b) => a - b);
}

/** The last index whose value is not above `code`. */
function find(starts: readonly number[], code: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= code) low = middle;
    else high = middle - 1;
  }
  return low;
}
