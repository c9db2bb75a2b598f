/** Exchanges that belong together, the slowest first: each trace is a line, and unfolds into a tree of its exchanges. */

import { useMemo, useState } from 'preact/hooks';
import type { Row } from '../outputs/view/shapes';
import type { Trace } from '../trace/grouping';
import { awaitedSpanOf, type Hop } from '../trace/hop';
import { inOrder, mostItself, type Node, type Placement, treesOf } from '../trace/tree';
import { statusText } from './columns';
import { useCounted } from './hooks';
import { numberOf, tracesIn } from './hops';
import type { Store } from './store';
import * as TEXT from './strings';
import { durationOf, timeOf } from './strings';

/** Of one trace. */
const MAX_SHOWN = 200;
/** Deeper calls stand as deep as this. */
const MAX_DEPTH = 24;
const INDENT_EM = 1.2;

interface TracesViewProps {
  store: Store;
  onOpen(row: Row): void;
}

export function TracesView({ store, onOpen }: TracesViewProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const clocks = store.state?.clocks;
  const traces = useCounted(store, () => tracesIn(store.rows, clocks, (n) => store.isShown(n)));
  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <section class="sheet">
      <p class="quiet">{TEXT.tracesOf}</p>
      {clocks?.words.map((words) => (
        <p key={words} class="quiet">
          {words}
        </p>
      ))}
      {traces.length === 0 ? (
        <p>{TEXT.tracesNone}</p>
      ) : (
        <table class="traces">
          <thead>
            <tr>
              {[TEXT.tracesAt, TEXT.tracesAll, TEXT.tracesSelf].map((words) => (
                <th key={words} scope="col" class="number">
                  {words}
                </th>
              ))}
              <th scope="col">{TEXT.columns.status}</th>
              <th scope="col">{TEXT.tracesExchange}</th>
              <th scope="col">{TEXT.columns.waterfall}</th>
            </tr>
          </thead>
          {traces.map((trace) => (
            <tbody key={trace.id}>
              <Summary trace={trace} isOpen={open.has(trace.id)} toggle={() => toggle(trace.id)} />
              {open.has(trace.id) && <Hops trace={trace} store={store} onOpen={onOpen} />}
            </tbody>
          ))}
        </table>
      )}
    </section>
  );
}

function Summary({ trace, isOpen, toggle }: { trace: Trace; isOpen: boolean; toggle(): void }) {
  const { id, named, hops, more, firstMs, lastMs } = trace;
  const first = hops.reduce((best, hop) => (hop.atMs < best.atMs ? hop : best));
  const failed = hops.filter(({ isFailed }) => isFailed).length;
  return (
    <tr class="trace">
      <td class="number">{timeOf(firstMs)}</td>
      <td class="number">{durationOf(lastMs - firstMs)}</td>
      <td />
      <td class="bad">{failed > 0 && TEXT.tracesFailed(failed)}</td>
      <th scope="row" colSpan={2}>
        <button type="button" class="sort" aria-expanded={isOpen} title={TEXT.tracesOpen} onClick={toggle}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'} </span>
          {nameOf(first)}
        </button>{' '}
        <span class="quiet">
          {TEXT.tracesCount(hops.length + more)}, {named} {id}
        </span>
      </th>
    </tr>
  );
}

function Hops({ trace, store, onOpen }: { trace: Trace } & TracesViewProps) {
  const { hops, more, firstMs, lastMs } = trace;
  // A trace is made anew with the others; its tree only when one of its exchanges has changed.
  const known = hops.reduce((sum, { atMs, allMs = -1 }) => sum + atMs + allMs, 0);
  const placements = useMemo(() => [...inOrder(treesOf(hops))], [hops.length, firstMs, lastMs, known]);
  const most = mostItself(placements);
  const wholeMs = Math.max(lastMs - firstMs, Number.EPSILON);
  const shown = placements.slice(0, MAX_SHOWN);
  const hidden = placements.length - shown.length + more;
  const notes = [
    ...(hidden > 0 ? [TEXT.tracesMore(hidden)] : []),
    ...(most?.selfMs !== undefined && placements.length > 1
      ? [TEXT.tracesMost(nameOf(most.hop), selfOf(most), Math.round((100 * most.selfMs) / wholeMs))]
      : []),
    ...(shown.some(({ node }) => node.isUncertain || node.isSelfUncertain) ? [TEXT.tracesUncertain] : []),
    ...shown
      .filter(({ node }) => node.skewMs > 0)
      .map(({ node }) => TEXT.tracesSkew(nameOf(node.hop), durationOf(node.skewMs))),
  ];
  return (
    <>
      {shown.map(({ node, depth }) => (
        <HopRow
          key={numberOf(node.hop)}
          {...{ node, depth, firstMs, wholeMs, onOpen }}
          isMost={node === most && placements.length > 1}
          row={store.get(numberOf(node.hop))}
        />
      ))}
      {notes.map((words) => (
        <tr key={words}>
          <td colSpan={4} />
          <td colSpan={2} class="quiet">
            {words}
          </td>
        </tr>
      ))}
    </>
  );
}

interface HopRowProps extends Placement {
  firstMs: number;
  wholeMs: number;
  isMost: boolean;
  /** It may have gone. */
  row: Row | undefined;
  onOpen(row: Row): void;
}

function HopRow({ node, depth, firstMs, wholeMs, isMost, row, onOpen }: HopRowProps) {
  const { hop, isUncertain } = node;
  const { atMs, allMs } = awaitedSpanOf(hop);
  const percent = (ms: number): string => `${Math.min(100, (100 * ms) / wholeMs)}%`;
  return (
    <tr class={hop.isFailed ? 'bad' : ''}>
      <td class="number">{durationOf(atMs - firstMs)}</td>
      <td class="number">{durationOf(allMs)}</td>
      <td class={isMost ? 'number strong' : 'number'}>{selfOf(node)}</td>
      <td>{row?.response === true ? statusText(row) : (row?.ending ?? TEXT.noAnswer)}</td>
      <th scope="row" style={{ paddingInlineStart: `${Math.min(depth + 1, MAX_DEPTH) * INDENT_EM}em` }}>
        <button
          type="button"
          class="sort"
          disabled={row === undefined}
          onClick={() => row !== undefined && onOpen(row)}
        >
          {nameOf(hop)}
        </button>
        {isUncertain && ' ?'}
      </th>
      <td aria-hidden="true">
        <span class="track lane">
          <i class="wait" style={{ marginInlineStart: percent(atMs - firstMs), width: percent(allMs ?? 0) }} />
        </span>
      </td>
    </tr>
  );
}

function selfOf({ selfMs, isSelfUncertain }: Node): string {
  return `${durationOf(selfMs)}${isSelfUncertain ? '?' : ''}`;
}

function nameOf({ method, path, server }: Hop): string {
  return TEXT.tracesOn(`${method} ${path}`, server);
}
