/**
 * The paths of a document, to be found by the paths of requests. A concrete segment goes before a parameter, from left to right,
 * as OpenAPI says (Paths Object, "concrete definitions are matched before"). Each request costs no more than the document is large.
 */

import { decodedSegment } from './fields';
import { normalPath } from './paths';

const BRACED = /\{([^{}]*)\}/;

/** Texts and names in turn: `report-{year}.pdf` has `report-`, year, `.pdf`. */
interface Pattern {
  texts: string[];
  names: string[];
}

interface Node<Value> {
  literals: Map<string, Node<Value>>;
  /** Those with more text of their own first. */
  patterns: { key: string; pattern: Pattern; node: Node<Value> }[];
  leaf: { path: string; value: Value } | undefined;
}

export interface Match<Value> {
  /** As the document has it. */
  path: string;
  value: Value;
  /** By the names of parameters, decoded. */
  values: Map<string, string>;
  /** Where the parameters are that are whole segments, counted in the path of the request. */
  segments: { name: string; segment: number }[];
}

export class PathTree<Value> {
  readonly #root: Node<Value> = emptyNode();

  /** Below a server's own path, `''` or `/v1`. Returns the value that is there, or else is put there. */
  add(base: string, path: string, value: Value): Value {
    let node = this.#root;
    for (const segment of `${base}${path}`.slice(1).split('/')) node = childOf(node, segment);
    node.leaf ??= { path, value };
    return node.leaf.value;
  }

  /**
   * The path with a mark for each segment that is a parameter here, as far as the tree goes: beside parameters there may be no texts
   * for the same values. `path`: normal.
   */
  follow(path: string, mark: string): string {
    let node: Node<Value> | undefined = this.#root;
    const segments = path
      .slice(1)
      .split('/')
      .map((segment) => {
        const literal: Node<Value> | undefined = node?.literals.get(segment);
        const pattern =
          literal === undefined
            ? node?.patterns.find((each) => textsIn(segment, each.pattern) !== undefined)
            : undefined;
        node = literal ?? pattern?.node;
        return pattern === undefined ? segment : mark;
      });
    return `/${segments.join('/')}`;
  }

  /** `path`: normal. */
  match(path: string): Match<Value> | undefined {
    const segments = path.slice(1).split('/');
    const values: [name: string, text: string][] = [];
    const places: Match<Value>['segments'] = [];
    const leaf = find(this.#root, segments, 0, values, places);
    return leaf && { ...leaf, values: new Map(values), segments: places };
  }
}

function emptyNode<Value>(): Node<Value> {
  return { literals: new Map(), patterns: [], leaf: undefined };
}

function childOf<Value>(node: Node<Value>, segment: string): Node<Value> {
  if (!BRACED.test(segment)) {
    const text = normalPath(segment);
    const child = node.literals.get(text) ?? emptyNode<Value>();
    node.literals.set(text, child);
    return child;
  }
  const parts = segment.split(BRACED);
  const pattern = {
    texts: parts.filter((_, index) => index % 2 === 0).map(normalPath),
    names: parts.filter((_, index) => index % 2 === 1),
  };
  const key = pattern.texts.join('{}');
  const there = node.patterns.find((each) => each.key === key);
  if (there !== undefined) return there.node;
  const child = emptyNode<Value>();
  node.patterns.push({ key, pattern, node: child });
  node.patterns.sort((a, b) => b.key.length - a.key.length);
  return child;
}

function find<Value>(
  node: Node<Value>,
  segments: readonly string[],
  at: number,
  values: [name: string, text: string][],
  places: Match<Value>['segments'],
): Node<Value>['leaf'] {
  const segment = segments[at];
  if (segment === undefined) return node.leaf;
  const literal = node.literals.get(segment);
  const found = literal && find(literal, segments, at + 1, values, places);
  if (found !== undefined) return found;
  for (const { pattern, node: child } of node.patterns) {
    const texts = textsIn(segment, pattern);
    if (texts === undefined) continue;
    const [valuesBefore, placesBefore] = [values.length, places.length];
    for (const [index, text] of texts.entries()) values.push([pattern.names[index] ?? '', decodedSegment(text)]);
    if (texts[0] === segment) places.push({ name: pattern.names[0] ?? '', segment: at });
    const leaf = find(child, segments, at + 1, values, places);
    if (leaf !== undefined) return leaf;
    values.length = valuesBefore;
    places.length = placesBefore;
  }
  return undefined;
}

/** The texts of the parameters, each of one character or more; `undefined` if the segment does not fit. Looks at each place once. */
function textsIn(segment: string, { texts }: Pattern): string[] | undefined {
  const [first = '', ...others] = texts;
  const last = others.pop() ?? '';
  if (!segment.startsWith(first) || !segment.endsWith(last)) return undefined;
  const end = segment.length - last.length;
  const found: string[] = [];
  let at = first.length;
  for (const text of others) {
    const next = segment.indexOf(text, at + 1);
    if (next === -1) return undefined;
    found.push(segment.slice(at, next));
    at = next + text.length;
  }
  if (at >= end) return undefined;
  found.push(segment.slice(at, end));
  return found;
}
