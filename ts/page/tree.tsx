/** A tree of JSON: folded, unfolded, searched. */

import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Find } from './find';
import { type Node, nodesOf, unfolded } from './json';
import { TEXT } from './strings';
import { Virtual } from './virtual';

const LINE_HEIGHT = 18;
/** Below it everything is folded at first, where there is much. */
const FIRST_DEPTH = 2;
const MUCH = 200;
/** Characters of a value in its row. */
const MAX_VALUE = 500;
const INDENT_EM = 1.2;
const MAX_INDENT = 30;

export function Tree({ text, otherwise }: { text: string; otherwise: VNode }) {
  const nodes = useMemo(() => readNodes(text), [text]);
  return nodes === undefined ? otherwise : <Nodes text={text} nodes={nodes} />;
}

function readNodes(text: string): Node[] | undefined {
  try {
    return nodesOf(text);
  } catch {
    return undefined;
  }
}

function Nodes({ text, nodes }: { text: string; nodes: readonly Node[] }) {
  const [folded, setFolded] = useState(() => firstFolds(nodes));
  const [words, setWords] = useState('');
  const [found, setFound] = useState<{ index: number; node: number }>();
  const [said, setSaid] = useState('');
  const rows = useMemo(() => unfolded(nodes, folded), [nodes, folded]);

  const toggle = (at: number): void => {
    const next = new Set(folded);
    if (!next.delete(at)) next.add(at);
    setFolded(next);
  };
  const find = (): void => {
    const node = words === '' ? -1 : search(text, nodes, words.toLowerCase(), (found?.node ?? -1) + 1);
    setSaid(words === '' ? '' : node === -1 ? TEXT.body.notFound : TEXT.body.found);
    if (node === -1) {
      setFound(undefined);
      return;
    }
    // What is around it is opened.
    const next = new Set([...folded].filter((at) => node <= at || node >= (nodes[at] as Node).next));
    setFolded(next);
    setFound({ node, index: unfolded(nodes, next).indexOf(node) });
  };
  return (
    <>
      <Find words={words} said={said} change={setWords} next={find} />
      <Virtual
        count={rows.length}
        height={LINE_HEIGHT}
        label={TEXT.body.tree}
        show={found}
        row={(index) => {
          const at = rows[index] as number;
          return <NodeRow text={text} node={nodes[at] as Node} isFolded={folded.has(at)} toggle={() => toggle(at)} />;
        }}
      />
    </>
  );
}

/** All of a small document is open; of a large one the top. */
function firstFolds(nodes: readonly Node[]): ReadonlySet<number> {
  if (nodes.length <= MUCH) return new Set();
  return new Set(nodes.flatMap(({ depth, size }, at) => (depth >= FIRST_DEPTH && size > 0 ? [at] : [])));
}

/** The next node whose name or value has these words; from the top again where there is none. */
function search(text: string, nodes: readonly Node[], words: string, from: number): number {
  const has = ({ name, kind, start, end }: Node): boolean =>
    (typeof name === 'string' && name.toLowerCase().includes(words)) ||
    (kind !== 'object' && kind !== 'array' && text.slice(start, end).toLowerCase().includes(words));
  const after = nodes.slice(from).findIndex(has);
  return after === -1 ? nodes.findIndex(has) : from + after;
}

interface NodeRowProps {
  text: string;
  node: Node;
  isFolded: boolean;
  toggle(): void;
}

function NodeRow({ text, node, isFolded, toggle }: NodeRowProps) {
  const { kind, depth, name, start, end, size } = node;
  const isOpenable = size > 0;
  const value =
    kind === 'object'
      ? `{${size}}`
      : kind === 'array'
        ? `[${size}]`
        : text.slice(start, Math.min(end, start + MAX_VALUE));
  return (
    <code style={{ paddingInlineStart: `${Math.min(depth, MAX_INDENT) * INDENT_EM}em` }}>
      {isOpenable ? (
        <button
          type="button"
          class="fold"
          aria-expanded={!isFolded}
          aria-label={isFolded ? TEXT.body.unfold : TEXT.body.fold}
          onClick={toggle}
        >
          {isFolded ? '▸' : '▾'}
        </button>
      ) : (
        <span class="fold" />
      )}
      {name !== undefined && <span class="name">{typeof name === 'number' ? name : JSON.stringify(name)}: </span>}
      <span class={`value ${kind}`}>{value}</span>
      {end - start > MAX_VALUE && size === 0 && '…'}
    </code>
  );
}
