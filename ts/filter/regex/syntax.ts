/**
 * The text of a regular expression to its tree. The syntax is JavaScript's without what no automaton can do: back-references and
 * look-around. Groups capture nothing, and `*?` is `*`: only whether there is a match is asked for.
 */

import { FilterError } from '../error';

/** Code points from the first to the second, both included. */
export type Range = readonly [number, number];

export type Assertion = 'start' | 'end' | 'boundary' | 'noBoundary';

export type Node =
  | { readonly kind: 'set'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion };

interface Regex {
  readonly tree: Node;
  /** `(?m)`: `^` and `$` stand at the lines' ends too. */
  readonly multiline: boolean;
}

export const LINE_FEED = 0x0a;
const MAX_CODE_POINT = 0x10_ffff;
/** A group in a group, and so on: each takes some stack. */
const MAX_NESTING = 50;
/** A counted repetition is written out; the program has a limit of its own. */
const MAX_COUNT = 1_000;

const DIGITS: readonly Range[] = [[0x30, 0x39]];
export const WORD: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
/** WhiteSpace and LineTerminator of ECMA-262 §12.2 and §12.3. */
const SPACE: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const SETS: Readonly<Record<string, readonly Range[]>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0 };

/** @throws {FilterError} with the position in `pattern` */
export function parseRegex(pattern: string): Regex {
  return new Parser(pattern).parse();
}

/** The code points that are in no set of these. */
export function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) gaps.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= MAX_CODE_POINT) gaps.push([next, MAX_CODE_POINT]);
  return gaps;
}

class Parser {
  readonly #pattern: string;
  #at = 0;
  #nesting = 0;
  #ignoreCase = false;
  #dotAll = false;
  #multiline = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Regex {
    const flags = /^\(\?([a-z]+)\)/.exec(this.#pattern);
    if (flags !== null) this.#readFlags(flags[1] as string);
    const tree = this.#choice();
    // Only a ')' ends a choice before the end.
    if (this.#at < this.#pattern.length) throw this.#wrong("')' closes no group; a literal one is \\)");
    return { tree, multiline: this.#multiline };
  }

  #readFlags(flags: string): void {
    for (const [index, flag] of [...flags].entries()) {
      if (flag === 'i') this.#ignoreCase = true;
      else if (flag === 's') this.#dotAll = true;
      else if (flag === 'm') this.#multiline = true;
      else throw this.#wrong(`'${flag}' is not a flag; there are i, m and s`, 2 + index);
    }
    this.#at = flags.length + 3;
  }

  #choice(): Node {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return options.length === 1 ? (options[0] as Node) : { kind: 'choice', options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#pattern.length && !this.#isNext('|') && !this.#isNext(')')) parts.push(this.#repeat());
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'sequence', parts };
  }

  #repeat(): Node {
    const start = this.#at;
    const part = this.#atom();
    const counts = this.#counts();
    if (counts === undefined) return part;
    if (part.kind === 'assertion' && this.#pattern[start] !== '(')
      throw this.#wrong('a position cannot be repeated', start);
    if (this.#isNext('+')) throw this.#wrong('possessive repetitions are not supported; leave the second sign out');
    this.#take('?');
    if (this.#counts() !== undefined)
      throw this.#wrong('a repetition cannot be repeated; put a group around it', start);
    return { kind: 'repeat', part, min: counts[0], max: counts[1] };
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`. Another `{` is itself. */
  #counts(): [number, number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at, this.#at + 20));
    if (counted === null) return undefined;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (max < min) throw this.#wrong('the second count is less than the first');
    if (min > MAX_COUNT || (max > MAX_COUNT && max !== Number.POSITIVE_INFINITY)) {
      throw this.#wrong(`a repetition counts to ${MAX_COUNT} at most`);
    }
    this.#at += counted[0].length;
    return [min, max];
  }

  #atom(): Node {
    const start = this.#at;
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group(start);
      case '[':
        return this.#set(this.#characterClass(start));
      case '.':
        return { kind: 'set', ranges: this.#dotAll ? complement([]) : complement([[LINE_FEED, LINE_FEED]]) };
      case '^':
        return { kind: 'assertion', assertion: 'start' };
      case '$':
        return { kind: 'assertion', assertion: 'end' };
      case '*':
      case '+':
      case '?':
        throw this.#wrong(
          `nothing stands before '${character}' that it could repeat; a literal one is \\${character}`,
          start,
        );
      case '\\':
        if (this.#take('b')) return { kind: 'assertion', assertion: 'boundary' };
        if (this.#take('B')) return { kind: 'assertion', assertion: 'noBoundary' };
        return this.#set(this.#escape(start));
      default:
        return this.#set([single(character)]);
    }
  }

  #group(start: number): Node {
    if (this.#take('?')) {
      const named = /^P?<([A-Za-z_]\w*)>/.exec(this.#pattern.slice(this.#at));
      if (named !== null) this.#at += named[0].length;
      else if (/^<?[=!]/.test(this.#pattern.slice(this.#at, this.#at + 2))) {
        throw this.#wrong('look-around is not supported; use and, or, not of the filter', start);
      } else if (!this.#take(':')) throw this.#wrong('flags stand at the beginning only, such as (?i)', start);
    }
    if (++this.#nesting > MAX_NESTING) throw this.#wrong(`more than ${MAX_NESTING} groups inside each other`, start);
    const inside = this.#choice();
    this.#nesting--;
    if (!this.#take(')')) throw this.#wrong("the group has no ')'; a literal '(' is \\(", start);
    return inside;
  }

  #characterClass(start: number): Range[] {
    const isNegated = this.#take('^');
    const ranges: Range[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#pattern.length) throw this.#wrong("the class has no ']'; a literal '[' is \\[", start);
      const low = this.#member();
      const [only] = low;
      if (this.#isNext('-') && !this.#pattern.startsWith('-]', this.#at) && only !== undefined && isSingle(low)) {
        const dash = this.#at;
        this.#next();
        if (this.#at >= this.#pattern.length) continue;
        const high = this.#member();
        if (!isSingle(high)) throw this.#wrong("a set cannot end a range; a literal '-' stands last", dash);
        const [last] = high as [Range];
        if (last[0] < only[0]) throw this.#wrong('the range ends before it begins', dash);
        ranges.push([only[0], last[0]]);
      } else ranges.push(...low);
    }
    if (ranges.length === 0) throw this.#wrong('the class is empty', start);
    // First both cases, then the complement: [^a] is not 'A' either.
    return isNegated ? complement(this.#ignoreCase ? bothCases(ranges) : ranges) : ranges;
  }

  #member(): Range[] {
    const start = this.#at;
    const character = this.#next();
    return character === '\\' ? [...this.#escape(start)] : [single(character)];
  }

  #escape(start: number): readonly Range[] {
    const character = this.#next();
    if (character === '') throw this.#wrong('a backslash ends it; a literal one is \\\\', start);
    const set = Object.hasOwn(SETS, character) ? SETS[character] : undefined;
    if (set !== undefined) return set;
    if (character === '0' && /^\d/.test(this.#pattern.slice(this.#at)))
      throw this.#wrong('octal escapes are not supported; use \\x', start);
    const control = Object.hasOwn(CONTROLS, character) ? CONTROLS[character] : undefined;
    if (control !== undefined) return [[control, control]];
    if (character === 'x' || character === 'u') return [this.#coded(character, start)];
    if (/[1-9k]/.test(character)) throw this.#wrong('back-references are not supported', start);
    if (/[\p{L}\p{N}]/u.test(character)) {
      throw this.#wrong(
        `\\${character} is not supported; there are \\d \\w \\s \\b, \\n \\r \\t, \\x41, \\u0041`,
        start,
      );
    }
    return [single(character)];
  }

  #coded(letter: string, start: number): Range {
    const form = letter === 'x' ? /^[0-9a-f]{2}/i : /^(?:[0-9a-f]{4}|\{[0-9a-f]{1,6}\})/i;
    const digits = form.exec(this.#pattern.slice(this.#at, this.#at + 8))?.[0];
    const code = digits === undefined ? Number.NaN : Number.parseInt(digits.replace('{', ''), 16);
    if (digits === undefined || code > MAX_CODE_POINT)
      throw this.#wrong(`\\${letter} needs hexadecimal digits: \\x41, \\u0041 or \\u{1f600}`, start);
    this.#at += digits.length;
    return [code, code];
  }

  #set(ranges: readonly Range[]): Node {
    return { kind: 'set', ranges: this.#ignoreCase ? bothCases(ranges) : ranges };
  }

  #isNext(character: string): boolean {
    return this.#pattern.startsWith(character, this.#at);
  }

  #take(character: string): boolean {
    const found = this.#isNext(character);
    if (found) this.#at += character.length;
    return found;
  }

  /** A whole code point; `''` at the end. */
  #next(): string {
    const code = this.#pattern.codePointAt(this.#at);
    if (code === undefined) return '';
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  #wrong(complaint: string, position = this.#at): FilterError {
    return new FilterError(`regular expression: ${complaint}`, position);
  }
}

function single(character: string): Range {
  const code = character.codePointAt(0) ?? 0;
  return [code, code];
}

function isSingle(ranges: readonly Range[]): boolean {
  const [only] = ranges;
  return ranges.length === 1 && only !== undefined && only[0] === only[1];
}

/** Wider ranges than any alphabet: of these only the ASCII letters get their other case. */
const MAX_FOLDED_RANGE = 1_024;

/** With the other case of each letter. */
function bothCases(ranges: readonly Range[]): Range[] {
  const both: Range[] = [...ranges];
  for (const [low, high] of ranges) {
    const last = high - low < MAX_FOLDED_RANGE ? high : Math.min(high, 0x7f);
    for (let code = low; code <= last; code++) {
      const character = String.fromCodePoint(code);
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        // Not ß, which becomes two.
        if (other !== character && other.length === character.length) both.push(single(other));
      }
    }
  }
  return both;
}
