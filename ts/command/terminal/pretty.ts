/**
 * JSON as people read it, by its text alone: numbers, escapes, repeated names and their order stay as they were sent. In: a body, or
 * the front of one. Out: rows, or `undefined` if it is no JSON.
 */

/** Text that is nested deeper is shown as it is. */
const MAX_DEPTH = 100;
/** Of a longer array, which is folded, so many entries are shown. */
const SHOWN_ENTRIES = 5;
export const MAX_ENTRIES = 12;
const INDENT = '  ';

interface Container {
  open: '{' | '[';
  /** False if the text ended before it did. */
  closed: boolean;
  entries: Entry[];
}

interface Entry {
  /** With its colon; `''` in an array. */
  name: string;
  /** Scalars are their text. */
  value: string | Container;
}

interface Pretty {
  /** Without their line ends; each at least as long as its containers are deep. */
  rows: Iterable<string>;
  /** Entries that are in no row. */
  folded: number;
}

/** `columns`: what fits into them stays in one row. `isFront`: the end is not there. */
export function prettyJson(body: string, columns: number, isFront: boolean): Pretty | undefined {
  const values = parse(body, isFront);
  if (values === undefined) return undefined;
  return {
    rows: allRows(values, columns),
    folded: values.reduce((sum, value) => sum + foldedIn(value), 0),
  };
}

function* allRows(values: readonly Container[], columns: number): Generator<string> {
  for (const value of values) yield* rowsOf({ name: '', value }, '', '', columns);
}

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("[^"\\\p{Cc}]*(?:\\.[^"\\\p{Cc}]*)*")|(-?\d[\d.eE+-]*|true|false|null)(?![\w.+-]))/uy;
const COLON = /[ \t\r\n]*:/y;
const END = /[ \t\r\n]*$/y;
/** The possible ends of a front: the beginning of a string, of a number or of a word. */
const CUT = /[ \t\r\n]*(?:"[^"\\\p{Cc}]*(?:\\.[^"\\\p{Cc}]*)*\\?|-?[\d.eE+-]*|[a-z]*)$/uy;

/** Values one after the other, as lines of JSON are. Grammar: RFC 8259 §2. */
function parse(text: string, isFront: boolean): Container[] | undefined {
  const values: Container[] = [];
  const path: Container[] = [];
  let name: string | undefined;
  /** The token that may come: a value, a name, a comma or the end of the container. */
  let next: 'value' | 'first' | 'name' | 'after' = 'value';
  let at = 0;
  while (true) {
    const parent = path.at(-1);
    TOKEN.lastIndex = at;
    const [token, mark, string, scalar] = TOKEN.exec(text) ?? [];
    if (token === undefined) break;
    at += token.length;
    if (parent === undefined && mark !== '{' && mark !== '[') return undefined;
    if (mark === ',') {
      if (next !== 'after') return undefined;
      next = parent?.open === '{' ? 'name' : 'value';
    } else if (mark === '}' || mark === ']') {
      if ((next !== 'after' && next !== 'first') || parent?.open !== (mark === '}' ? '{' : '[')) return undefined;
      parent.closed = true;
      path.pop();
      next = path.length === 0 ? 'value' : 'after';
    } else if (string !== undefined && parent?.open === '{' && (next === 'first' || next === 'name')) {
      COLON.lastIndex = at;
      const isNamed = COLON.test(text);
      name = isNamed ? `${string}: ` : string;
      if (isNamed) at = COLON.lastIndex;
      else break;
      next = 'value';
    } else if (mark === ':' || next === 'after' || next === 'name' || (next === 'first' && parent?.open === '{')) {
      return undefined;
    } else {
      const value: Entry['value'] =
        mark === '{' || mark === '[' ? { open: mark, closed: false, entries: [] } : (string ?? scalar ?? '');
      if (parent === undefined) values.push(value as Container);
      else parent.entries.push({ name: name ?? '', value });
      name = undefined;
      if (typeof value === 'string') next = 'after';
      else {
        path.push(value);
        if (path.length > MAX_DEPTH) return undefined;
        next = 'first';
      }
    }
  }
  if (values.length === 0) return undefined;
  END.lastIndex = at;
  if (path.length === 0 && END.test(text)) return values;
  if (!isFront) return undefined;
  CUT.lastIndex = at;
  const [rest] = CUT.exec(text) ?? [];
  if (rest === undefined || path.length === 0) return undefined;
  // The last value is shown as well, as far as it is there.
  if (rest.trim() !== '' || name !== undefined) path.at(-1)?.entries.push({ name: name ?? '', value: rest.trim() });
  return values;
}

function* rowsOf({ name, value }: Entry, indent: string, comma: string, columns: number): Generator<string> {
  const start = indent + name;
  const short = inOneRow(value, columns - start.length - comma.length);
  if (typeof value === 'string' || short !== undefined) {
    yield start + (short ?? value) + comma;
    return;
  }
  const { open, closed, entries } = value;
  yield start + open;
  const shown = isFolded(value) ? entries.slice(0, SHOWN_ENTRIES) : entries;
  const inner = indent + INDENT;
  for (const [index, entry] of shown.entries())
    yield* rowsOf(entry, inner, index < entries.length - 1 ? ',' : '', columns);
  if (shown.length < entries.length) yield `${inner}… ${entries.length - shown.length} more`;
  if (closed) yield indent + (open === '{' ? '}' : ']') + comma;
}

/** `undefined` if it takes more columns, or is not whole. */
function inOneRow(value: Entry['value'], columns: number): string | undefined {
  if (typeof value === 'string') return value.length <= columns ? value : undefined;
  const { open, closed, entries } = value;
  if (!closed || isFolded(value)) return undefined;
  if (entries.length === 0) return open === '{' ? '{}' : '[]';
  const [before, after] = open === '{' ? ['{ ', ' }'] : ['[', ']'];
  let text = before;
  for (const [index, entry] of entries.entries()) {
    if (index > 0) text += ', ';
    const inner = inOneRow(entry.value, columns - text.length - entry.name.length - after.length);
    if (inner === undefined) return undefined;
    text += entry.name + inner;
  }
  return text.length + after.length <= columns ? text + after : undefined;
}

/** Only of arrays: names are looked for. */
function isFolded({ open, entries }: Container): boolean {
  return open === '[' && entries.length > MAX_ENTRIES;
}

function foldedIn(value: Entry['value']): number {
  if (typeof value === 'string') return 0;
  const shown = isFolded(value) ? value.entries.slice(0, SHOWN_ENTRIES) : value.entries;
  return shown.reduce((sum, entry) => sum + foldedIn(entry.value), value.entries.length - shown.length);
}
