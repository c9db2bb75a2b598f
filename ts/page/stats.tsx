/** Tables of what the exchanges in sight have in common. */

import { useState } from 'preact/hooks';
import { templateOf } from '../exchange/templates';
import { BUCKETS, type Group, groupsOf } from './groups';
import { useCounted } from './hooks';
import type { Store } from './store';
import * as TEXT from './strings';
import { bytesOf, durationOf, grouped } from './strings';

const OTHERS = '…';
/** Rows of the table; the largest. */
const MAX_SHOWN = 500;

type Sort = Exclude<keyof Group, 'name' | 'trend'>;

export function Endpoints({ store }: { store: Store }) {
  return (
    <Groups
      store={store}
      heading={TEXT.statsEndpoint}
      nameOf={(row) => `${row.method ?? ''} ${templateOf(row.path ?? '')}`}
    />
  );
}

export function Hosts({ store }: { store: Store }) {
  return <Groups store={store} heading={TEXT.statsHost} nameOf={(row) => row.host ?? row.server} />;
}

function Groups({ store, heading, nameOf }: { store: Store; heading: string; nameOf: Parameters<typeof groupsOf>[1] }) {
  const [sort, setSort] = useState<Sort>('count');
  const { groups, bucketMs } = useCounted(store, () => groupsOf(store.shown, nameOf, OTHERS));
  const shown = [...groups].sort((a, b) => (b[sort] ?? -1) - (a[sort] ?? -1)).slice(0, MAX_SHOWN);
  const columns: readonly [Sort, (value: number | undefined) => string][] = [
    ['count', grouped],
    ['errors', grouped],
    ['p50', durationOf],
    ['p95', durationOf],
    ['p99', durationOf],
    ['max', durationOf],
    ['bytes', bytesOf],
  ];
  return (
    <section class="sheet">
      <p class="quiet">{TEXT.statsOf}</p>
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
            <th scope="col">{TEXT.statsTrend}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((group) => (
            <tr key={group.name}>
              <th scope="row">{group.name}</th>
              {columns.map(([id, text]) => (
                <td key={id} class={id === 'errors' && group.errors > 0 ? 'number bad' : 'number'}>
                  {text(group[id])}
                </td>
              ))}
              <td>
                <Trend counts={group.trend} bucketMs={bucketMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Columns side by side, cut out of one element. */
function Trend({ counts, bucketMs }: { counts: readonly number[]; bucketMs: number }) {
  const most = Math.max(...counts);
  const corners = counts.flatMap((count, at) => {
    const height = `${100 - (100 * count) / most}%`;
    return [`${(100 * at) / BUCKETS}% ${height}`, `${(100 * (at + 1)) / BUCKETS}% ${height}`];
  });
  const words = TEXT.statsTrendOf(grouped(most), durationOf(bucketMs));
  const shape = `polygon(0% 100%, ${corners.join(', ')}, 100% 100%)`;
  return <div class="trend" role="img" aria-label={words} title={words} style={{ clipPath: shape }} />;
}
