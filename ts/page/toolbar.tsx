/** The bar: views, filter, quick filters, columns, and what is done with all exchanges. */

import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { CHIP_IDS, type ChipId } from './chips';
import { COLUMN_IDS, type ColumnId } from './columns';
import { download } from './download';
import type { Source } from './source';
import type { Store } from './store';
import * as TEXT from './strings';
import { countOf } from './strings';
import { Tabs } from './tabs';

export type View = keyof typeof TEXT.views;

interface ToolbarProps {
  store: Store;
  source: Source;
  view: View;
  setView(view: View): void;
  filter: string;
  setFilter(text: string): void;
  complaint: string | undefined;
  filterBox: RefObject<HTMLInputElement | null>;
  /** The filter is as it shall be. */
  onDone(): void;
  chips: readonly ChipId[];
  setChips(chips: readonly ChipId[]): void;
  columns: readonly ColumnId[];
  setColumns(columns: readonly ColumnId[]): void;
}

export function Toolbar(props: ToolbarProps) {
  const { store, source, view, setView, filter, setFilter, complaint, filterBox, onDone } = props;
  return (
    <header class="bar">
      <div class="line">
        <h1>{TEXT.title}</h1>
        <Tabs label={TEXT.viewsLabel} panel="view" names={TEXT.views} chosen={view} choose={setView} />
        <Status store={store} />
      </div>
      <div class="line">
        <input
          ref={filterBox}
          class="filter"
          type="search"
          value={filter}
          placeholder={TEXT.filterHint}
          aria-label={TEXT.filter}
          aria-invalid={complaint !== undefined}
          aria-describedby="complaint"
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          onKeyDown={({ key }) => key === 'Enter' && onDone()}
        />
        <Chips chips={props.chips} setChips={props.setChips} />
        <Actions store={store} source={source} />
        <Columns columns={props.columns} setColumns={props.setColumns} />
      </div>
      <p id="complaint" class="complaint" role="status">
        {complaint}
      </p>
    </header>
  );
}

function Status({ store }: { store: Store }) {
  const { state, connection } = store;
  const words = {
    connecting: TEXT.connecting,
    live: state?.ended === true ? endedOf(state.savefile) : TEXT.live,
    paused: TEXT.paused,
    ended: endedOf(state?.savefile === true),
    closed: TEXT.disconnected,
  }[connection];
  return (
    <span class="status" role="status">
      <span>{countOf(store.shown.length, store.rows.length)}</span>
      {state !== undefined && <span class="source">{state.source}</span>}
      <span class={`dot ${connection}`}>{words}</span>
    </span>
  );
}

function endedOf(isSavefile: boolean): string {
  return isSavefile ? TEXT.read : TEXT.ended;
}

function Chips({ chips, setChips }: Pick<ToolbarProps, 'chips' | 'setChips'>) {
  const toggle = (chip: ChipId): void =>
    setChips(chips.includes(chip) ? chips.filter((other) => other !== chip) : [...chips, chip]);
  return (
    <fieldset class="chips" aria-label={TEXT.chipsLabel}>
      {CHIP_IDS.map((chip) => (
        <button
          key={chip}
          type="button"
          class="chip"
          aria-pressed={chips.includes(chip)}
          title={TEXT.chipHints[chip]}
          onClick={() => toggle(chip)}
        >
          {TEXT.chips[chip]}
        </button>
      ))}
    </fieldset>
  );
}

function Actions({ store, source }: { store: Store; source: Source }) {
  const isPaused = store.connection === 'paused';
  if (!source.isLive) return null;
  return (
    <>
      {(isPaused || store.connection !== 'ended') && (
        <button type="button" onClick={() => (isPaused ? source.resume() : source.pause())}>
          {isPaused ? TEXT.resume : TEXT.pause}
        </button>
      )}
      <button type="button" onClick={() => store.clear()}>
        {TEXT.clear}
      </button>
      <Save words={TEXT.saveHar} file="exchanges.har" store={store} load={source.har} />
      {store.state?.packets && (
        <Save
          words={TEXT.savePackets}
          hint={TEXT.packetsHint}
          file="exchanges.pcapng"
          store={store}
          load={source.packets}
        />
      )}
    </>
  );
}

interface SaveProps {
  words: string;
  hint?: string;
  file: string;
  store: Store;
  load: Source['har'];
}

/** Of the exchanges that the filter shows. */
function Save({ words, hint, file, store, load }: SaveProps) {
  const [isSaving, setIsSaving] = useState(false);
  const [complaint, setComplaint] = useState('');
  const save = async (): Promise<void> => {
    setIsSaving(true);
    setComplaint('');
    try {
      const content = await load?.(store.shown.map(({ n }) => n));
      if (content !== undefined) download(content, file);
    } catch (error) {
      setComplaint(`${TEXT.saveFailed}: ${(error as Error).message}`);
    }
    setIsSaving(false);
  };
  return (
    <>
      <button type="button" title={hint} disabled={isSaving || store.shown.length === 0} onClick={() => void save()}>
        {isSaving ? TEXT.saving : words}
      </button>
      <span class="complaint" role="status">
        {complaint}
      </span>
    </>
  );
}

function Columns({ columns, setColumns }: Pick<ToolbarProps, 'columns' | 'setColumns'>) {
  const toggle = (id: ColumnId): void => {
    const chosen = COLUMN_IDS.filter((other) => (other === id) !== columns.includes(other));
    if (chosen.length > 0) setColumns(chosen);
  };
  return (
    <details class="columns">
      <summary>{TEXT.chooseColumns}</summary>
      <div class="menu">
        {COLUMN_IDS.map((id) => (
          <label key={id}>
            <input type="checkbox" checked={columns.includes(id)} onChange={() => toggle(id)} /> {TEXT.columns[id]}
          </label>
        ))}
      </div>
    </details>
  );
}
