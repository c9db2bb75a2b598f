/** Tables of what the exchanges in sight have in common. Counted anew at most once a second. */

import { useMemo, useState } from 'preact/hooks';
import { templateOf } from '../exchange/templates';
import { type Group, groupsOf } from './groups';
import type { Store } from './store';
import { bytesOf, durationOf, TEXT } from './strings';

const COUNT_MS = 1_000;
const OTHERS = '…';
/** Rows of the table; the largest. */
const MAX_SHOWN = 500;

type Sort = Exclude<keyof Group, 'name'>;

export function Endpoints({ store }: { store: Store }) {
  return (
    <Groups
      store={store}
      heading={TEXT.stats.endpoint}
      nameOf={(row) => `${row.method ?? ''} ${templateOf(row.path ?? '')}`}
    />
  );
}

export function Hosts({ store }: { store: Store }) {
  return <Groups store={store} heading={TEXT.stats.host} nameOf={(row) => row.host ?? row.server} />;
}

function Groups({ store, heading, nameOf }: { store: Store; heading: string; nameOf: Parameters<typeof groupsOf>[1] }) {
  const [sort, setSort] = useState<Sort>('count');
  const second = Math.floor(performance.now() / COUNT_MS);
  const groups = useMemo(() => groupsOf(store.shown, nameOf, OTHERS), [second, store.shown.length === 0]);
  const shown = [...groups].sort((a, b) => (b[sort] ?? -1) - (a[sort] ?? -1)).slice(0, MAX_SHOWN);
  const columns: readonly [Sort, (group: Group) => string][] = [
    ['count', ({ count }) => count.toLocaleString('en')],
    ['errors', ({ errors }) => errors.toLocaleString('en')],
    ['p50', ({ p50 }) => durationOf(p50)],
    ['p95', ({ p95 }) => durationOf(p95)],
    ['p99', ({ p99 }) => durationOf(p99)],
    ['max', ({ max }) => durationOf(max)],
    ['bytes', ({ bytes }) => bytesOf(bytes)],
  ];
  return (
    <section class="sheet">
      <p class="quiet">{TEXT.stats.of}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{heading}</th>
            {columns.map(([id]) => (
              <th key={id} scope="col" class="number" aria-sort={id === sort ? 'descending' : 'none'}>
                <button type="button" class="sort" onClick={() => setSort(id)}>
                  {TEXT.stats[id]}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((group) => (
            <tr key={group.name}>
              <th scope="row">{group.name}</th>
              {columns.map(([id, text]) => (
                <td key={id} class={id === 'errors' && group.errors > 0 ? 'number bad' : 'number'}>
                  {text(group)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
