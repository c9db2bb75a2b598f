/** The whole page: bar, view, and the exchange that is looked at. Keys that work everywhere. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Row } from '../outputs/view/shapes';
import { CHIPS, type ChipId } from './chips';
import { COLUMN_IDS, type ColumnId, FIRST_COLUMNS } from './columns';
import { Detail } from './detail';
import { type Compiled, compile } from './filter';
import { useKept, useStore } from './hooks';
import { Losses } from './losses';
import { follow } from './matching';
import type { Source } from './source';
import { Endpoints, Hosts } from './stats';
import type { Store } from './store';
import { Table } from './table';
import { Toolbar, type View } from './toolbar';
import { TracesView } from './traces';

const isColumns = (value: unknown): value is readonly ColumnId[] =>
  Array.isArray(value) && value.length > 0 && value.every((id) => COLUMN_IDS.includes(id));

/** Beside an exchange there is no room for more. */
const BESIDE_DETAIL: readonly ColumnId[] = ['time', 'method', 'path', 'status', 'wait', 'total', 'waterfall'];

/** A permalink: the id of an exchange after the hash; what is no link leads nowhere. */
function linked(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return '';
  }
}

export function App({ store, source }: { store: Store; source: Source }) {
  const version = useStore(store);
  const [view, setView] = useState<View>('exchanges');
  const [filter, setFilter] = useState('');
  const [chips, setChips] = useState<readonly ChipId[]>([]);
  const [columns, setColumns] = useKept('columns', FIRST_COLUMNS, isColumns);
  const [selected, setSelected] = useState<number>();
  const [isOpen, setIsOpen] = useState(false);
  const wanted = useRef(linked());
  const filterBox = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);

  const compiled = useMemo<Compiled>(() => compile(filter), [filter]);
  const ended = store.state?.ended === true;
  useEffect(() => {
    if ('complaint' in compiled) return;
    const filterBy = (matches: (row: Row) => boolean): void =>
      store.filter((row) => {
        const progress = { newestAt: store.newestAt, ended: store.state?.ended === true };
        return matches(row) && chips.every((chip) => CHIPS[chip](row, progress));
      });
    if ('matches' in compiled) return filterBy(compiled.matches);
    return follow(compiled.expression, source, filterBy);
  }, [store, source, compiled, chips, ended]);

  const select = (row: Row | undefined, open: boolean): void => {
    setSelected(row?.n);
    if (open) setIsOpen(row !== undefined);
    if (row !== undefined && (open || isOpen)) history.replaceState(null, '', `#${encodeURIComponent(row.id)}`);
  };
  const showRow = (row: Row): void => {
    setView('exchanges');
    select(row, true);
  };
  const close = (): void => {
    setIsOpen(false);
    history.replaceState(null, '', location.pathname + location.search);
    grid.current?.focus();
  };

  // The exchange of a permalink may come later.
  useEffect(() => {
    if (wanted.current === '') return;
    const row = store.byId(wanted.current);
    if (row === undefined) return;
    wanted.current = '';
    select(row, true);
  }, [version]);
  useEffect(() => {
    const look = (): void => {
      const row = store.byId(linked());
      if (row !== undefined) select(row, true);
    };
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key === '/' && !isTyping) {
        event.preventDefault();
        filterBox.current?.focus();
        filterBox.current?.select();
      } else if (event.key === 'Escape') {
        if (event.target === filterBox.current) grid.current?.focus();
        else if (isOpen) close();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  const row = selected === undefined ? undefined : store.get(selected);
  return (
    <div class="app">
      <Toolbar
        store={store}
        source={source}
        view={view}
        setView={setView}
        filter={filter}
        setFilter={setFilter}
        complaint={'complaint' in compiled ? compiled.complaint : undefined}
        filterBox={filterBox}
        onDone={() => grid.current?.focus()}
        chips={chips}
        setChips={setChips}
        columns={columns}
        setColumns={setColumns}
      />
      <main id="view" class={isOpen && view === 'exchanges' ? 'main split' : 'main'} aria-labelledby={`view-${view}`}>
        {view === 'exchanges' && (
          <Table
            store={store}
            columns={isOpen ? columns.filter((id) => BESIDE_DETAIL.includes(id)) : columns}
            selected={selected}
            onSelect={select}
            grid={grid}
          />
        )}
        {view === 'exchanges' && isOpen && row !== undefined && (
          <Detail key={row.n} row={row} source={source} onClose={close} />
        )}
        {view === 'endpoints' && <Endpoints store={store} />}
        {view === 'hosts' && <Hosts store={store} />}
        {view === 'traces' && <TracesView store={store} onOpen={showRow} />}
        {view === 'losses' && <Losses state={store.state} />}
      </main>
    </div>
  );
}
