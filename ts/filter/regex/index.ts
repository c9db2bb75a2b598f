/**
 * Regular expressions whose time grows with the text alone, however hostile the text: V8's own go back and try again, which
 * takes minutes for 1 MiB of the wrong letters. Each character is read once. The sets of states that come up are kept as
 * states of their own, so that most characters cost one look into a table.
 */

import { compile, type Program } from './program';
import { AT_START, MATCHED, Steps } from './steps';
import { type Node, parseRegex } from './syntax';

/** Sets of states that are kept, with the classes of an expression some MiB at the most; past it none is looked up. */
const MAX_KEPT = 500;

const NOT_YET = -1;
/** In `Kept.next`: a match. */
const FOUND = -2;

/** True for a text in which the expression is found. @throws {FilterError} with the position in `pattern` */
export function compileRegex(pattern: string): (text: string) => boolean {
  const { tree, multiline } = parseRegex(pattern);
  const literal = literalOf(tree);
  if (literal !== undefined) return (text) => text.includes(literal);
  const search = new Search(compile(tree, multiline));
  return (text) => search.isIn(text);
}

/** The text that the expression is, if it is nothing else. */
function literalOf(node: Node): string | undefined {
  if (node.kind === 'sequence') {
    const parts = node.parts.map(literalOf);
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  const [range] = node.kind === 'set' && node.ranges.length === 1 ? node.ranges : [];
  if (range === undefined || range[0] !== range[1]) return undefined;
  // Half a pair would be found inside a whole one.
  return range[0] >= 0xd800 && range[0] <= 0xdfff ? undefined : String.fromCodePoint(range[0]);
}

interface Kept {
  /** States of the program, before what takes no character. */
  readonly states: Int32Array;
  readonly before: number;
  /** By class: the index of the set that follows. */
  readonly next: Int32Array;
}

class Search {
  readonly #program: Program;
  readonly #steps: Steps;
  #kept: Kept[] = [];
  #indexes = new Map<string, number>();

  constructor(program: Program) {
    this.#program = program;
    this.#steps = new Steps(program);
    this.#reset();
  }

  isIn(text: string): boolean {
    const { classOf, classes } = this.#program;
    if (this.#kept.length >= MAX_KEPT) this.#reset();
    let current = 0;
    for (let at = 0; at < text.length; at++) {
      const from = at;
      let code = text.charCodeAt(at);
      if (code >= 0xd800 && code <= 0xdbff) {
        code = text.codePointAt(at) as number;
        if (code > 0xffff) at++;
      }
      const index = classOf(code);
      let next = (this.#kept[current] as Kept).next[index] as number;
      if (next === NOT_YET) {
        if (this.#kept.length >= MAX_KEPT) return this.#withoutSets(this.#kept[current] as Kept, text, from);
        next = this.#step(current, index);
      }
      if (next === FOUND) return true;
      current = next;
    }
    const { states, before } = this.#kept[current] as Kept;
    return this.#steps.take(states, states.length, before, classes - 1) === MATCHED;
  }

  /** The set that follows on a character of this class. */
  #step(current: number, index: number): number {
    const from = this.#kept[current] as Kept;
    const count = this.#steps.take(from.states, from.states.length, from.before, index);
    const next =
      count === MATCHED ? FOUND : this.#keep(this.#steps.next.slice(0, count).sort(), this.#steps.after(index));
    from.next[index] = next;
    return next;
  }

  #withoutSets({ states, before }: Kept, text: string, start: number): boolean {
    const { classOf, classes } = this.#program;
    const now = new Int32Array(this.#steps.next.length);
    now.set(states);
    let count = states.length;
    let last = before;
    for (let at = start; at <= text.length; at++) {
      const code = text.codePointAt(at);
      if (code !== undefined && code > 0xffff) at++;
      const index = code === undefined ? classes - 1 : classOf(code);
      count = this.#steps.take(now, count, last, index);
      if (count === MATCHED) return true;
      now.set(this.#steps.next.subarray(0, count));
      last = this.#steps.after(index);
    }
    return false;
  }

  #keep(states: Int32Array, before: number): number {
    const key = `${before}:${states.join()}`;
    const found = this.#indexes.get(key);
    if (found !== undefined) return found;
    const next = new Int32Array(this.#program.classes).fill(NOT_YET);
    const index = this.#kept.push({ states, before, next }) - 1;
    this.#indexes.set(key, index);
    return index;
  }

  #reset(): void {
    this.#kept = [];
    this.#indexes = new Map();
    this.#keep(Int32Array.of(this.#program.start), AT_START);
  }
}
