/**
 * JSON as a list of nodes in the order of the text, for a tree that shows what was sent: numbers with all their digits, and members
 * whose names come twice. In: a text that is JSON (RFC 8259). Nodes hold places in it, and no copies.
 */

export type NodeKind = 'object' | 'array' | 'string' | 'number' | 'word';

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

/** @throws {SyntaxError} */
export function nodesOf(text: string): Node[] {
  // One look by the engine's own parser, and what comes after it may rely on the text.
  JSON.parse(text);
  const nodes: Node[] = [];
  /** Indexes of the objects and arrays that are open. */
  const open: number[] = [];
  let at = 0;
  let name: string | number | undefined;
  const add = (kind: NodeKind, start: number, end: number): Node => {
    const parent = nodes[open.at(-1) ?? -1];
    if (parent !== undefined) {
      if (parent.kind === 'array') name = parent.size;
      parent.size++;
    }
    const node: Node = { kind, depth: open.length, name, start, end, next: nodes.length + 1, size: 0 };
    nodes.push(node);
    name = undefined;
    return node;
  };
  while (at < text.length) {
    const character = text[at];
    if (character === '{' || character === '[') {
      add(character === '{' ? 'object' : 'array', at, at + 1);
      open.push(nodes.length - 1);
      at++;
    } else if (character === '}' || character === ']') {
      const node = nodes[open.pop() ?? -1];
      at++;
      if (node !== undefined) Object.assign(node, { end: at, next: nodes.length });
    } else if (character === '"') {
      const end = stringEnd(text, at);
      const parent = nodes[open.at(-1) ?? -1];
      if (parent?.kind === 'object' && name === undefined) name = JSON.parse(text.slice(at, end)) as string;
      else add('string', at, end);
      at = end;
    } else if (/[-\dtfn]/.test(character ?? '')) {
      VALUE.lastIndex = at;
      const end = at + (VALUE.exec(text)?.[0].length ?? 1);
      add(/[-\d]/.test(character ?? '') ? 'number' : 'word', at, end);
      at = end;
    } else at++;
  }
  return nodes;
}

const VALUE = /[-+\w.]+/y;

/** After its closing quote. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The nodes in sight, by index, where these objects and arrays are folded. */
export function unfolded(nodes: readonly Node[], folded: ReadonlySet<number>): number[] {
  const rows: number[] = [];
  for (let at = 0; at < nodes.length; ) {
    rows.push(at);
    at = folded.has(at) ? (nodes[at] as Node).next : at + 1;
  }
  return rows;
}
