/**
 * The last exchanges, in memory with a cap. In: lines of messages. Out: rows that have changed since a version, and all lines of
 * one exchange. The oldest lines go first; their rows stay, until there are too many of those too.
 */

import type { Endings } from '../../exchange/endings';
import type { HttpMessage, StreamMessage } from '../../types';
import { addTo, bytesOf, isStreamLine, newRow } from './row';
import type { Row } from './shapes';

/** Rows: as many as the page shows. */
export const MAX_ROWS = 100_000;
/** Memory of rows. A row of usual traffic takes some 500 bytes; a hostile one three times as much. */
const MAX_ROW_BYTES = 96 * 1024 * 1024;
/** Lines of the last exchanges: some 50 000 of usual traffic. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** Counted for each line on top of its bytes. */
const LINE_OVERHEAD_BYTES = 128;
/** Lines of one exchange; a stream may have any number of messages inside. The first and the last messages stay. */
const MAX_LINES = 2_000;
/** Changes beyond those that are current, before the journal is written anew. */
const JOURNAL_SLACK = 4_096;

interface Limits {
  maxRows: number;
  maxRowBytes: number;
  maxLineBytes: number;
}

interface Entry {
  readonly row: Row;
  rowBytes: number;
  /** `undefined` when they have gone. */
  lines: Buffer[] | undefined;
  lineBytes: number;
  /** Of the last change. */
  version: number;
}

interface Change {
  readonly version: number;
  readonly entry: Entry;
}

export class Ring {
  readonly #limits: Limits;
  readonly #endings: Endings | undefined;
  readonly #unwatch: (() => void) | undefined;
  readonly #byId = new Map<string, Entry>();
  /** By `n`, the oldest first. */
  readonly #entries = new Map<number, Entry>();
  /** Those that still have lines, the oldest first. */
  readonly #whole = new Set<Entry>();
  #journal: Change[] = [];
  #rowBytes = 0;
  #lineBytes = 0;
  #version = 0;
  /** Exchanges that have come. */
  exchanges = 0;
  rowsGone = 0;
  messagesGone = 0;
  /** Lines that came and are not in memory. */
  linesGone = 0;

  /** `endings`: how exchanges end that have no response. */
  constructor(limits: Partial<Limits> = {}, endings?: Endings) {
    this.#limits = { maxRows: MAX_ROWS, maxRowBytes: MAX_ROW_BYTES, maxLineBytes: MAX_LINE_BYTES, ...limits };
    this.#endings = endings;
    this.#unwatch = endings?.watch((id) => this.#noteEnding(this.#byId.get(id)));
  }

  /** Nothing more comes; what is there can still be read. */
  end(): void {
    this.#unwatch?.();
  }

  /** Of the last change. */
  get version(): number {
    return this.#version;
  }

  /** `line`: the message as it was written, for as long as it is kept. */
  add(message: HttpMessage | StreamMessage, line: Buffer): void {
    const known = this.#byId.get(message.id);
    if (isStreamLine(message)) {
      // The exchange has gone, or its head was not captured.
      if (known === undefined) {
        this.linesGone++;
        return;
      }
      known.row.streamed = (known.row.streamed ?? 0) + 1;
      this.#keep(known, line);
    } else if (known === undefined) this.#begin(message, line);
    else {
      addTo(known.row, message);
      this.#noteAnswer(known.row);
      this.#keep(known, line);
    }
    this.#keepLimits();
  }

  /** The row and the lines of an exchange; without lines if they have gone. */
  get(n: number): { row: Row; lines: readonly Buffer[] | undefined } | undefined {
    return this.#entries.get(n);
  }

  rows(): Row[] {
    return [...this.#entries.values()].map(({ row }) => row);
  }

  /** Facts of an exchange that no message of it tells. */
  change(n: number, facts: Pick<Row, 'ending' | 'endedAt' | 'copies' | 'isCopy'>): void {
    const entry = this.#entries.get(n);
    if (entry === undefined) return;
    Object.assign(entry.row, facts);
    this.#measure(entry);
  }

  /** At most so many rows that have changed after this version, as long as there is room, and up to which version these are all. */
  changedAfter(version: number, most: number, hasRoom = (_row: Row) => true): { rows: Row[]; version: number } {
    const rows: Row[] = [];
    for (let at = this.#after(version); at < this.#journal.length; at++) {
      const { entry, version: changed } = this.#journal[at] as Change;
      if (entry.version !== changed || !this.#entries.has(entry.row.n)) continue;
      if (rows.length === most || !hasRoom(entry.row)) return { rows, version: changed - 1 };
      rows.push(entry.row);
    }
    return { rows, version: this.#version };
  }

  #begin(message: HttpMessage, line: Buffer): void {
    const row = newRow(++this.exchanges, message);
    this.#noteAnswer(row);
    const entry: Entry = { row, rowBytes: 0, lines: [], lineBytes: 0, version: 0 };
    this.#byId.set(row.id, entry);
    this.#entries.set(row.n, entry);
    this.#whole.add(entry);
    this.#keep(entry, line);
    this.#noteEnding(entry);
  }

  /** It may come before its exchange, and after its row has gone. */
  #noteEnding(entry: Entry | undefined): void {
    if (entry === undefined || entry.row.response === true) return;
    const ending = this.#endings?.of(entry.row.id);
    if (ending === undefined) return;
    const { words, atMicros } = ending;
    this.change(entry.row.n, { ending: words, ...(atMicros !== undefined && { endedAt: atMicros / 1_000 }) });
  }

  #noteAnswer(row: Row): void {
    if (row.response === true) row.answered ??= this.exchanges;
  }

  /** The row has changed. */
  #measure(entry: Entry): void {
    this.#change(entry);
    const rowBytes = bytesOf(entry.row);
    this.#rowBytes += rowBytes - entry.rowBytes;
    entry.rowBytes = rowBytes;
  }

  #keep(entry: Entry, line: Buffer): void {
    this.#measure(entry);
    // The rest of an exchange without its beginning would look like all of it.
    if (entry.lines === undefined) {
      this.linesGone++;
      return;
    }
    entry.lines.push(line);
    this.#weigh(entry, line.length + LINE_OVERHEAD_BYTES);
    if (entry.lines.length <= MAX_LINES) return;
    const [gone] = entry.lines.splice(MAX_LINES / 2, 1);
    this.#weigh(entry, -((gone?.length ?? 0) + LINE_OVERHEAD_BYTES));
    this.linesGone++;
  }

  #weigh(entry: Entry, bytes: number): void {
    entry.lineBytes += bytes;
    this.#lineBytes += bytes;
  }

  #change(entry: Entry): void {
    entry.version = ++this.#version;
    this.#journal.push({ version: this.#version, entry });
    if (this.#journal.length <= 2 * this.#entries.size + JOURNAL_SLACK) return;
    this.#journal = this.#journal.filter(
      (change) => change.entry.version === change.version && this.#entries.has(change.entry.row.n),
    );
  }

  #keepLimits(): void {
    const { maxRows, maxRowBytes, maxLineBytes } = this.#limits;
    while (this.#lineBytes > maxLineBytes) {
      const [oldest] = this.#whole;
      if (oldest === undefined) break;
      this.#letLinesGo(oldest);
      this.messagesGone++;
    }
    while (this.#entries.size > maxRows || this.#rowBytes > maxRowBytes) {
      const [oldest] = this.#entries.values();
      if (oldest === undefined) break;
      this.#letLinesGo(oldest);
      this.#rowBytes -= oldest.rowBytes;
      this.#entries.delete(oldest.row.n);
      this.#byId.delete(oldest.row.id);
      this.rowsGone++;
    }
  }

  #letLinesGo(entry: Entry): void {
    this.linesGone += entry.lines?.length ?? 0;
    this.#lineBytes -= entry.lineBytes;
    entry.lineBytes = 0;
    entry.lines = undefined;
    this.#whole.delete(entry);
  }

  /** Where in the journal the first change stands after this version. */
  #after(version: number): number {
    let [low, high] = [0, this.#journal.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#journal[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
