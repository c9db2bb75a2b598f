// biome-ignore-all lint/a11y/useSemanticElements: only the rows in sight are there, which no table element can say
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names its active row (aria-activedescendant)
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys

/**
 * The table: a grid of which only the rows in sight are there (WAI-ARIA grid). It follows the newest row until one scrolls away
 * from it.
 *
 * A hundred thousand rows are 2.4 million pixels high, which every browser takes as they are.
 */

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../outputs/view/shapes';
import { isError, isUnanswered } from './chips';
import { COLUMNS, type ColumnId, totalOf, waitOf } from './columns';
import { useHeight } from './hooks';
import type { Store } from './store';
import * as TEXT from './strings';

const ROW_HEIGHT = 24;
const OVERSCAN = 6;
/** As the style has them, in rem. */
const GAP = 0.5;
const PADDING = 0.6;

interface TableProps {
  store: Store;
  columns: readonly ColumnId[];
  selected: number | undefined;
  onSelect(row: Row | undefined, open: boolean): void;
  grid: RefObject<HTMLDivElement | null>;
}

export function Table({ store, columns, selected, onSelect, grid }: TableProps) {
  const [box, height] = useHeight<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [follows, setFollows] = useState(true);
  /** Scrolling that is ours. */
  const ours = useRef(-1);
  const rows = store.shown;
  const all = rows.length * ROW_HEIGHT;
  const isByTime = store.order === undefined;
  const isFollowing = follows && isByTime;

  useLayoutEffect(() => {
    if (!isFollowing || box.current === null) return;
    box.current.scrollTop = all;
    ours.current = box.current.scrollTop;
  }, [all, height, isFollowing]);

  const shownTop = isFollowing ? Math.max(0, all - height) : Math.min(top, Math.max(0, all - height));
  const first = Math.max(0, Math.floor(shownTop / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(rows.length, Math.ceil((shownTop + height) / ROW_HEIGHT) + OVERSCAN);
  const visible = rows.slice(first, last);
  const span = spanOf(visible);
  const pool = Math.ceil(height / ROW_HEIGHT) + 2 * OVERSCAN + 2;

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    setTop(element.scrollTop);
    if (element.scrollTop === ours.current) return;
    ours.current = -1;
    setFollows(element.scrollTop + element.clientHeight >= element.scrollHeight - ROW_HEIGHT);
  };
  const show = (at: number): void => {
    const element = box.current;
    if (element === null) return;
    const [above, below] = [at * ROW_HEIGHT, (at + 1) * ROW_HEIGHT - element.clientHeight];
    if (element.scrollTop > above) element.scrollTop = above;
    else if (element.scrollTop < below) element.scrollTop = below;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
    const at = selected === undefined ? -1 : rows.findIndex(({ n }) => n === selected);
    const next = {
      ArrowDown: at + 1,
      ArrowUp: at === -1 ? rows.length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (event.key === 'Enter') {
      if (at !== -1) onSelect(rows[at], true);
      return;
    }
    if (next === undefined || rows.length === 0) return;
    event.preventDefault();
    const target = Math.max(0, Math.min(rows.length - 1, next));
    setFollows(event.key === 'End');
    onSelect(rows[target], false);
    show(target);
  };

  const template = columns.map((id) => COLUMNS[id].width).join(' ');
  /** Narrower, the last columns could not be reached. */
  const least = columns.reduce((sum, id) => sum + leastOf(COLUMNS[id].width) + GAP, 2 * PADDING);
  const isSelectedVisible = visible.some(({ n }) => n === selected);
  return (
    <div
      class="grid"
      role="grid"
      aria-label={TEXT.gridLabel}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={isSelectedVisible ? `row-${selected}` : undefined}
      tabIndex={0}
      ref={grid}
      onKeyDown={onKeyDown}
      style={{ '--columns': template, '--least': `${least}rem` }}
    >
      <div class="head row" role="row" aria-rowindex={1}>
        {columns.map((id) => (
          <Heading key={id} id={id} store={store} />
        ))}
      </div>
      <div class="rows" ref={box} onScroll={onScroll} role="presentation">
        <div class="canvas" role="presentation" style={{ height: `${all}px` }}>
          {visible.map((row, index) => (
            <Line
              // Elements are used again as rows scroll by.
              key={(first + index) % pool}
              row={row}
              at={first + index}
              columns={columns}
              span={span}
              isSelected={row.n === selected}
              isUnanswered={isUnanswered(row, { newestAt: store.newestAt, ended: store.state?.ended === true })}
              onSelect={onSelect}
            />
          ))}
        </div>
        {rows.length === 0 && <p class="empty">{store.rows.length === 0 ? TEXT.empty : TEXT.emptyFilter}</p>}
      </div>
      {!isFollowing && isByTime && rows.length > 0 && (
        <button type="button" class="newest" title={TEXT.newestHint} onClick={() => setFollows(true)}>
          {TEXT.newest} ↓
        </button>
      )}
    </div>
  );
}

/** In rem. */
function leastOf(width: string): number {
  return Number.parseFloat(width.replace('minmax(', ''));
}

function Heading({ id, store }: { id: ColumnId; store: Store }) {
  const { order } = store;
  const { isNumber } = COLUMNS[id];
  const isChosen = order?.column === id;
  const sort = isChosen
    ? order.descending
      ? 'descending'
      : 'ascending'
    : id === 'time' && !order
      ? 'ascending'
      : 'none';
  /** First the greatest or the newest on top, then the other way round, then as they came. */
  const next = (): void => {
    const descending = isNumber === true || id === 'time';
    if (!isChosen) store.sort({ column: id, descending });
    else store.sort(order.descending === descending ? { column: id, descending: !descending } : undefined);
  };
  return (
    <div role="columnheader" aria-sort={sort} class={isNumber ? 'number' : ''}>
      <button type="button" onClick={next}>
        {TEXT.columns[id]}
        {isChosen && <span aria-hidden="true">{order.descending ? ' ↓' : ' ↑'}</span>}
      </button>
    </div>
  );
}

interface LineProps {
  row: Row;
  at: number;
  columns: readonly ColumnId[];
  span: Span;
  isSelected: boolean;
  isUnanswered: boolean;
  onSelect: TableProps['onSelect'];
}

function Line({ row, at, columns, span, isSelected, isUnanswered: isAlone, onSelect }: LineProps) {
  const names = ['row', isError(row) || isAlone ? 'bad' : '', isSelected ? 'selected' : ''].filter(Boolean);
  return (
    <div
      class={names.join(' ')}
      role="row"
      id={`row-${row.n}`}
      aria-rowindex={at + 2}
      aria-selected={isSelected}
      style={{ transform: `translateY(${at * ROW_HEIGHT}px)` }}
      onClick={() => onSelect(row, true)}
    >
      {columns.map((id) =>
        id === 'waterfall' ? (
          <div key={id} role="gridcell" class="cell">
            <Bar row={row} span={span} />
          </div>
        ) : (
          <div key={id} role="gridcell" class={cellClass(id, row)} title={id === 'path' ? row.path : undefined}>
            {textOf(id, row, isAlone)}
          </div>
        ),
      )}
    </div>
  );
}

function cellClass(id: ColumnId, row: Row): string {
  if (COLUMNS[id].isNumber === true) return 'cell number';
  if (id !== 'status') return id === 'method' ? 'cell strong' : 'cell';
  const { status = 0, grpcStatus } = row;
  return `cell status-${grpcStatus === undefined ? Math.floor(status / 100) : grpcStatus === 0 ? 2 : 5}`;
}

function textOf(id: ColumnId, row: Row, isAlone: boolean): string {
  if (id === 'status' && row.response !== true)
    return isAlone ? TEXT.noAnswer : row.request === true ? TEXT.pending : '';
  return COLUMNS[id].text(row);
}

interface Span {
  from: number;
  ms: number;
}

/** The time that the rows in sight take up. */
function spanOf(rows: readonly Row[]): Span {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    from = Math.min(from, row.at);
    to = Math.max(to, row.at + (totalOf(row) ?? 0));
  }
  return { from, ms: Math.max(1, to - from) };
}

function Bar({ row, span }: { row: Row; span: Span }) {
  const percent = (ms: number): string => `${Math.min(100, (100 * ms) / span.ms)}%`;
  const wait = waitOf(row) ?? 0;
  const upload = Math.max(0, (row.latency ?? 0) - wait);
  return (
    <div class="bars" aria-hidden="true" style={{ marginInlineStart: percent(row.at - span.from) }}>
      <i class="upload" style={{ width: percent(upload) }} />
      <i class="wait" style={{ width: percent(wait) }} />
      <i class="download" style={{ width: percent(row.download ?? 0) }} />
    </div>
  );
}
