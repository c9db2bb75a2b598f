/** A tree of JSON: folded, unfolded, searched. */

import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Find } from './find';
import { type Folds, type Nodes, readNodes, unfolded } from './json';
import * as TEXT from './strings';
import { useTurns } from './turns';
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
  const read = useTurns(() => nodesOrNot(text), text);
  if (read === undefined) {
    return (
      <p class="empty" role="status">
        {TEXT.loading}
      </p>
    );
  }
  if (read.value === 'no JSON') return otherwise;
  if (read.value !== 'too many') return <Folded nodes={read.value} />;
  return (
    <>
      <p class="quiet">{TEXT.bodyTooMany}</p>
      {otherwise}
    </>
  );
}

function* nodesOrNot(text: string): Generator<void, Nodes | 'no JSON' | 'too many'> {
  try {
    return (yield* readNodes(text)) ?? 'too many';
  } catch {
    return 'no JSON';
  }
}

function Folded({ nodes }: { nodes: Nodes }) {
  const [folds, setFolds] = useState(() => firstFolds(nodes));
  const [words, setWords] = useState('');
  const [found, setFound] = useState<{ index: number; offset: number }>();
  const [said, setSaid] = useState('');
  const rows = useMemo(() => unfolded(nodes, folds), [nodes, folds]);

  const toggle = (at: number): void => {
    const next = folds.slice();
    next[at] = next[at] ? 0 : 1;
    setFolds(next);
  };
  const find = (): void => {
    const match = words === '' ? undefined : search(nodes, words, found === undefined ? 0 : found.offset + 1);
    setSaid(words === '' ? '' : match === undefined ? TEXT.bodyNotFound : TEXT.bodyFound);
    if (match === undefined) {
      setFound(undefined);
      return;
    }
    const next = opened(nodes, folds, match.node);
    setFolds(next);
    setFound({ offset: match.offset, index: unfolded(nodes, next).indexOf(match.node) });
  };
  return (
    <>
      <Find words={words} said={said} change={setWords} next={find} />
      <Virtual
        count={rows.length}
        height={LINE_HEIGHT}
        label={TEXT.modes.tree}
        show={found}
        row={(index) => {
          const at = rows[index] ?? 0;
          return <NodeRow nodes={nodes} at={at} isFolded={folds[at] === 1} toggle={() => toggle(at)} />;
        }}
      />
    </>
  );
}

/** All of a small document is open; of a large one the top. */
function firstFolds(nodes: Nodes): Folds {
  const folds = new Uint8Array(nodes.count);
  if (nodes.count <= MUCH) return folds;
  for (let at = 0; at < nodes.count; at++) if (nodes.depth(at) >= FIRST_DEPTH && nodes.size(at) > 0) folds[at] = 1;
  return folds;
}

/** Opens the nodes around the node. */
function opened(nodes: Nodes, folds: Folds, node: number): Folds {
  const next = folds.slice();
  for (let at = 0; at < node; ) {
    if (node < nodes.next(at)) next[at++] = 0;
    else at = nodes.next(at);
  }
  return next;
}

/** The next node whose name or value has these words; from the top again where there is none. */
function search(nodes: Nodes, words: string, from: number): { node: number; offset: number } | undefined {
  const pattern = new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu');
  for (const start of [from, 0]) {
    pattern.lastIndex = start;
    for (let match = pattern.exec(nodes.text); match !== null; match = pattern.exec(nodes.text)) {
      const node = nodes.find(match.index, match.index + match[0].length);
      if (node !== undefined) return { node, offset: match.index };
    }
  }
  return undefined;
}

interface NodeRowProps {
  nodes: Nodes;
  at: number;
  isFolded: boolean;
  toggle(): void;
}

function NodeRow({ nodes, at, isFolded, toggle }: NodeRowProps) {
  const { kind, depth, name, start, end, size } = nodes.get(at);
  const value =
    kind === 'object'
      ? `{${size}}`
      : kind === 'array'
        ? `[${size}]`
        : nodes.text.slice(start, Math.min(end, start + MAX_VALUE));
  return (
    <code style={{ paddingInlineStart: `${Math.min(depth, MAX_INDENT) * INDENT_EM}em` }}>
      {size > 0 ? (
        <button
          type="button"
          class="fold"
          aria-expanded={!isFolded}
          aria-label={isFolded ? TEXT.bodyUnfold : TEXT.bodyFold}
          onClick={toggle}
        >
          {isFolded ? '▸' : '▾'}
        </button>
      ) : (
        <span class="fold" />
      )}
      {name !== undefined && (
        <span class="name">{typeof name === 'number' ? name : JSON.stringify(name).slice(0, MAX_VALUE)}: </span>
      )}
      <span class={`value ${kind}`}>{value}</span>
      {end - start > MAX_VALUE && size === 0 && '…'}
    </code>
  );
}
