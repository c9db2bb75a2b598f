/** One character of the text for all states of the automaton that are reached: no state is looked at twice. */

import type { Program } from './program';
import type { Assertion } from './syntax';

/** In place of a count of states. */
export const MATCHED = -1;

/** The context before a position. */
export const AT_START = 0;
const AFTER_WORD = 1;
const AFTER_LINE_FEED = 2;
const AFTER_OTHER = 3;

export class Steps {
  /** Where the last step led. */
  readonly next: Int32Array;
  readonly #program: Program;
  readonly #stack: Int32Array;
  /** By state: the last step in which it was reached, and in which it was led to. */
  readonly #reached: Float64Array;
  readonly #ledTo: Float64Array;
  #step = 0;

  constructor(program: Program) {
    const count = program.states.length;
    this.#program = program;
    this.next = new Int32Array(count);
    this.#stack = new Int32Array(program.ways + count);
    this.#reached = new Float64Array(count);
    this.#ledTo = new Float64Array(count);
  }

  /** From the first `count` of `states`, on a character of class `index`; returns how many stand in `next`, or `MATCHED`. */
  take(states: Int32Array, count: number, before: number, index: number): number {
    const { states: program, start } = this.#program;
    const step = ++this.#step;
    const stack = this.#stack;
    stack.set(states.subarray(0, count));
    let found = 0;
    for (let top = count; top > 0; ) {
      const id = stack[--top] as number;
      if (this.#reached[id] === step) continue;
      this.#reached[id] = step;
      const state = program[id];
      if (state === undefined || state.kind === 'match') return MATCHED;
      if (state.kind === 'split') for (const way of state.next) stack[top++] = way;
      else if (state.kind === 'assertion') {
        if (this.#holds(state.assertion, before, index)) stack[top++] = state.next;
      } else if (state.has[index] === true && this.#ledTo[state.next] !== step) {
        this.#ledTo[state.next] = step;
        this.next[found++] = state.next;
      }
    }
    // It may begin at any place.
    if (this.#ledTo[start] !== step) this.next[found++] = start;
    return found;
  }

  /** The context before the next position, after a character of class `index`. */
  after(index: number): number {
    const { hasAssertions, isWord, isLineFeed } = this.#program;
    if (!hasAssertions) return AFTER_OTHER;
    return isWord[index] ? AFTER_WORD : isLineFeed[index] ? AFTER_LINE_FEED : AFTER_OTHER;
  }

  #holds(assertion: Assertion, before: number, index: number): boolean {
    const { classes, multiline, isWord, isLineFeed } = this.#program;
    if (assertion === 'start') return before === AT_START || (multiline && before === AFTER_LINE_FEED);
    if (assertion === 'end') return index === classes - 1 || (multiline && isLineFeed[index] === true);
    const isBoundary = (before === AFTER_WORD) !== (isWord[index] === true);
    return isBoundary === (assertion === 'boundary');
  }
}
