/**
 * JSON as a list of nodes in the order of the text, for a tree that shows what was sent: numbers with all their digits, and members
 * whose names come twice. In: a text that is JSON (RFC 8259). Nodes are places in it, in columns of numbers: a text of 10 MB has a
 * million of them.
 */

type NodeKind = 'object' | 'array' | 'string' | 'number' | 'word';

export interface Node {
  kind: NodeKind;
  depth: number;
  /** Of a member: its name; of an element: its index. */
  name: string | number | undefined;
  /** Where its text begins and ends. */
  start: number;
  end: number;
  /** Of an object or array: the first node after all that is in it, and how many it holds itself. */
  next: number;
  size: number;
}

/** Nodes of one tree, of 24 bytes each. */
export const MAX_NODES = 2_000_000;
/** Nodes between looks at the clock, for those who read in turns. */
const NODES_A_TURN = 5_000;
/** Of a node that is neither member nor element. */
const NO_NAME = -0x8000_0000;

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
const KINDS: Readonly<Record<string, NodeKind>> = { '{': 'object', '[': 'array', '"': 'string' };

/** The cells of a node; `NAME`: of a member the position of its name, of an element the complement of its index. */
const [START, END, NEXT, SIZE, DEPTH, NAME, COLUMNS] = [0, 1, 2, 3, 4, 5, 6];

export class Nodes {
  readonly text: string;
  count = 0;
  #cells = new Int32Array(1_024 * COLUMNS);

  constructor(text: string) {
    this.text = text;
  }

  get(at: number): Node {
    const [start, name] = [this.start(at), this.#cell(at, NAME)];
    return {
      kind: this.#kindAt(start),
      depth: this.depth(at),
      name:
        name === NO_NAME ? undefined : name < 0 ? ~name : JSON.parse(this.text.slice(name, stringEnd(this.text, name))),
      start,
      end: this.#cell(at, END),
      next: this.next(at),
      size: this.size(at),
    };
  }

  start(at: number): number {
    return this.#cell(at, START);
  }

  depth(at: number): number {
    return this.#cell(at, DEPTH);
  }

  next(at: number): number {
    return this.#cell(at, NEXT);
  }

  size(at: number): number {
    return this.#cell(at, SIZE);
  }

  /** The node in whose name or value this piece of the text stands, if it is in one of them. */
  find(from: number, to: number): number | undefined {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#begin(middle) <= from) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < 0) return undefined;
    const [begin, start] = [this.#begin(at), this.start(at)];
    const isInName = begin < start && to <= stringEnd(this.text, begin);
    const isInValue = from >= start && to <= this.#cell(at, END) && !/[{[]/.test(this.text[start] ?? '');
    return isInName || isInValue ? at : undefined;
  }

  /** `nameAt`: of a member where its name begins, else negative. */
  add(start: number, end: number, parent: number, nameAt: number): void {
    const at = this.count++;
    if (at * COLUMNS === this.#cells.length) {
      const larger = new Int32Array(2 * this.#cells.length);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    const name = parent < 0 ? NO_NAME : nameAt >= 0 ? nameAt : ~this.size(parent);
    const depth = parent < 0 ? 0 : this.depth(parent) + 1;
    this.#cells.set([start, end, at + 1, 0, depth, name], at * COLUMNS);
    if (parent >= 0) this.#cells[parent * COLUMNS + SIZE] = this.size(parent) + 1;
  }

  /** All of an object or array is read. */
  close(at: number, end: number): void {
    this.#cells.set([end, this.count], at * COLUMNS + END);
  }

  #cell(at: number, column: number): number {
    return this.#cells[at * COLUMNS + column] ?? 0;
  }

  /** Of a member its name comes first. */
  #begin(at: number): number {
    const name = this.#cell(at, NAME);
    return name >= 0 ? name : this.start(at);
  }

  #kindAt(start: number): NodeKind {
    const first = this.text[start] ?? '';
    return KINDS[first] ?? (/[-\d]/.test(first) ? 'number' : 'word');
  }
}

/**
 * Reads in turns; `undefined` if there are more nodes than a tree has.
 * @throws {SyntaxError}
 */
export function* readNodes(text: string): Generator<void, Nodes | undefined> {
  // One look by the engine's own parser, and what comes after it may rely on the text.
  JSON.parse(text);
  yield;
  const nodes = new Nodes(text);
  /** Indexes of the objects and arrays that are open. */
  const open: number[] = [];
  let nameAt = -1;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const parent = open.at(-1) ?? -1;
    if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open.pop();
      at++;
      if (parent >= 0) nodes.close(parent, at);
      continue;
    }
    if (!BEGINS.has(code)) {
      at++;
      continue;
    }
    const isOpening = code === OPEN_BRACE || code === OPEN_BRACKET;
    const end = isOpening ? at + 1 : code === QUOTE ? stringEnd(text, at) : wordEnd(text, at);
    if (code === QUOTE && nameAt < 0 && parent >= 0 && text.charCodeAt(nodes.start(parent)) === OPEN_BRACE) nameAt = at;
    else {
      if (nodes.count === MAX_NODES) return undefined;
      nodes.add(at, end, parent, nameAt);
      nameAt = -1;
      if (isOpening) open.push(nodes.count - 1);
      if (nodes.count % NODES_A_TURN === 0) yield;
    }
    at = end;
  }
  return nodes;
}

/** The first characters of values and of names. */
const BEGINS = new Set([...'{["-0123456789tfn'].map((character) => character.charCodeAt(0)));

/** After a number, `true`, `false` or `null`. */
function wordEnd(text: string, start: number): number {
  WORD.lastIndex = start;
  return start + (WORD.exec(text)?.[0].length ?? 1);
}

const WORD = /[-+\w.]+/y;

/** After its closing quote. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** True at each node that is folded. */
export type Folds = Uint8Array;

/** The nodes in sight, by index, where these objects and arrays are folded. */
export function unfolded(nodes: Nodes, folds: Folds): Int32Array {
  const rows = new Int32Array(nodes.count);
  let count = 0;
  for (let at = 0; at < nodes.count; ) {
    rows[count++] = at;
    at = folds[at] ? nodes.next(at) : at + 1;
  }
  return rows.subarray(0, count);
}
