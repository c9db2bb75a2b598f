/**
 * All rows that the page has, outside of any component. In: batches of rows. Out: those that the filter shows, in their order.
 * Bounded: the oldest rows go.
 */

import type { Row, State } from '../outputs/view/shapes';
import { COLUMNS, type ColumnId } from './columns';

/** As many as the server keeps. */
export const MAX_ROWS = 100_000;
/** They go many at a time. */
const SLACK = 5_000;
/** Facts of rows whose texts come again and again. */
const REPEATED = ['client', 'server', 'host', 'path', 'type'] as const;
/** Sorting again may take one part in so many of the time. */
const SORT_PART = 10;

export interface Order {
  column: ColumnId;
  descending: boolean;
}

export type Connection = 'connecting' | 'live' | 'paused' | 'ended' | 'closed';

export class Store {
  rows: Row[] = [];
  /** Those that the filter shows, in the order of `n`. */
  #seen: Row[] = [];
  /** The same, sorted; absent where the order is that of time. */
  #sorted: Row[] | undefined;
  #order: Order | undefined;
  #isStale = false;
  #sortAgainAt = 0;
  #matches: (row: Row) => boolean = () => true;
  /** Rows up to it were cleared away. */
  #clearedUpTo = 0;
  /** The newest time of the capture: what is unanswered is told by it. */
  newestAt = 0;
  state: State | undefined;
  connection: Connection = 'connecting';
  /** Something changed. */
  version = 0;
  readonly #texts = new Map<string, string>();

  get order(): Order | undefined {
    return this.#order;
  }

  get shown(): readonly Row[] {
    if (this.#order === undefined) return this.#seen;
    const now = performance.now();
    if (this.#sorted === undefined || (this.#isStale && now >= this.#sortAgainAt)) {
      this.#sorted = sorted(this.#seen, this.#order);
      this.#isStale = false;
      const took = performance.now() - now;
      this.#sortAgainAt = now + took * SORT_PART;
    }
    return this.#sorted;
  }

  add(batch: readonly Row[]): void {
    for (const row of batch) if (row.n > this.#clearedUpTo) this.#put(this.#interned(row));
    if (this.rows.length > MAX_ROWS + SLACK) this.#cut();
    this.#isStale = true;
    this.version++;
  }

  get(n: number): Row | undefined {
    const row = this.rows[place(this.rows, n)];
    return row?.n === n ? row : undefined;
  }

  /** True of a row that the filter shows. */
  isShown(n: number): boolean {
    return this.#seen[place(this.#seen, n)]?.n === n;
  }

  byId(id: string): Row | undefined {
    return this.rows.find((row) => row.id === id);
  }

  filter(matches: (row: Row) => boolean): void {
    this.#matches = matches;
    this.#seen = this.rows.filter(matches);
    this.#sorted = undefined;
    this.version++;
  }

  sort(order: Order | undefined): void {
    this.#order = order;
    this.#sorted = undefined;
    this.version++;
  }

  clear(): void {
    this.#clearedUpTo = this.rows.at(-1)?.n ?? this.#clearedUpTo;
    this.rows = [];
    this.#seen = [];
    this.#sorted = undefined;
    this.version++;
  }

  tell(change: { state?: State; connection?: Connection }): void {
    if (change.state !== undefined) this.state = change.state;
    if (change.connection !== undefined) this.connection = change.connection;
    this.version++;
  }

  #put(row: Row): void {
    if (row.at > this.newestAt) this.newestAt = row.at;
    const last = this.rows.at(-1);
    if (last === undefined || row.n > last.n) {
      this.rows.push(row);
      if (this.#matches(row)) this.#seen.push(row);
      return;
    }
    const at = place(this.rows, row.n);
    // A row that has gone already.
    if (this.rows[at]?.n !== row.n) return;
    this.rows[at] = row;
    const seenAt = place(this.#seen, row.n);
    const wasSeen = this.#seen[seenAt]?.n === row.n;
    if (this.#matches(row)) this.#seen.splice(seenAt, wasSeen ? 1 : 0, row);
    else if (wasSeen) this.#seen.splice(seenAt, 1);
  }

  #cut(): void {
    this.rows = this.rows.slice(-MAX_ROWS);
    const first = this.rows[0]?.n ?? 0;
    this.#seen = this.#seen.slice(place(this.#seen, first));
    this.#sorted = undefined;
  }

  /** The same text once. */
  #interned(row: Row): Row {
    if (this.#texts.size > MAX_ROWS) this.#texts.clear();
    for (const name of REPEATED) {
      const text = row[name];
      if (text !== undefined) row[name] = this.#text(text);
    }
    return row;
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }
}

/** Where a row with this number stands, or would stand. */
function place(rows: readonly Row[], n: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as Row).n < n) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sorted(rows: readonly Row[], { column, descending }: Order): Row[] {
  const { value } = COLUMNS[column];
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === right) return a.n - b.n;
    // Unknown values come last in either order.
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return left < right ? -sign : sign;
  });
}
