/** Traces as trees, in place of lines on stdout. In: the engine's batches. Out: rows, at the end. */

import type { Endings } from '../../exchange/endings';
import type { Batch, Output } from '../../outputs/output';
import { type StdoutOptions, StdoutOutput } from '../../outputs/stdout/output';
import { type Alignment, aligned } from '../../trace/alignment';
import type { Trace } from '../../trace/grouping';
import { awaitedSpanOf, type Hop } from '../../trace/hop';
import { Traces } from '../../trace/traces';
import { inOrder, isOpenEnded, mostItself, type Node, treesOf } from '../../trace/tree';
import type { OutputStats } from '../../types';
import { day, timeOfDay } from './clock';
import { clockRows, pointNames } from './clocks';
import { count, duration, exchangeCount, percent } from './quantities';
import type { Paint } from './style';
import { printable, type Text } from './text';

/** Of a trace among others. */
const MAX_SHOWN_HOPS = 25;
/** Deeper calls stand as deep as this. */
const MAX_DEPTH = 24;
const COLUMN = 9;
const INDENT = '    ';

/** The traces that are asked for. */
export interface Traced {
  /** One trace, by any of its ids; else the slowest are shown. */
  only?: string | undefined;
}

interface TracesViewOptions extends Traced {
  text: Text;
  paint: Paint;
  columns(): number;
  /** The names of the inputs, in the order of their numbers in ids. */
  inputs(): readonly string[];
  /** Without them nothing is known of how exchanges without a response ended. */
  endings?: Endings;
}

export class TracesView implements Output {
  readonly name = 'stdout';
  readonly #options: TracesViewOptions;
  readonly #stdout: StdoutOutput;
  readonly #traces: Traces;
  /** Messages that are read and whose rows are not written. */
  #held = 0;
  #closed: Promise<void> | undefined;

  constructor(options: TracesViewOptions, stdout: StdoutOptions) {
    this.#options = options;
    this.#stdout = new StdoutOutput(stdout);
    this.#traces = new Traces({ only: options.only, endings: options.endings });
  }

  write({ lines, messages }: Batch): void {
    this.#held += messages;
    this.#traces.read(lines);
  }

  limitDrain(ms: number): void {
    this.#stdout.limitDrain(ms);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    const stats = this.#stdout.stats();
    return { ...stats, accepted: stats.accepted + this.#held, waiting: stats.waiting + this.#held };
  }

  async #end(): Promise<void> {
    const messages = this.#held;
    this.#held = 0;
    this.#traces.end();
    if (messages > 0) {
      const rows = [...traceRows(this.#traces, this.#options)];
      await this.#stdout.write({ lines: Buffer.from(rows.map((row) => `${row}\n`).join('')), messages });
    }
    await this.#stdout.close();
  }
}

function* traceRows(traces: Traces, options: TracesViewOptions): Generator<string> {
  const { only, text } = options;
  const columns = options.columns() - 1;
  const alignment = aligned(traces.all);
  if (only !== undefined) {
    const trace = traces.find(only);
    if (trace === undefined) yield text.clip(printable(`no exchange has the trace ${only}`), columns);
    else {
      yield* treeRows(trace, Number.POSITIVE_INFINITY, options, columns);
      yield* alignmentRows(alignment, [trace], options, columns);
    }
    return;
  }
  const slowest = traces.slowest();
  for (const trace of slowest) {
    yield* treeRows(trace, MAX_SHOWN_HOPS, options, columns);
    yield '';
  }
  yield* alignmentRows(alignment, traces.all, options, columns);
  const { count: all, judgedEarly, untraced } = traces;
  const facts = [
    `traces: ${count(all)}${all > slowest.length ? `, of which the ${slowest.length} slowest are shown` : ''}`,
    ...(untraced > 0 ? [`exchanges without traceparent, B3 and x-request-id: ${count(untraced)}`] : []),
    ...(judgedEarly > 0 ? [`traces judged before the end, at a limit: ${count(judgedEarly)}`] : []),
  ];
  for (const fact of facts) yield text.clip(fact, columns);
}

function* alignmentRows(
  alignment: Alignment,
  traces: readonly Trace[],
  { inputs, text, paint }: TracesViewOptions,
  columns: number,
): Generator<string> {
  const hops = new Set(traces.flatMap((trace) => trace.hops));
  const isShown = (hop: Hop): boolean => hops.has(hop);
  for (const [words, style] of clockRows(alignment, pointNames(inputs()), isShown))
    for (const row of text.wrap(printable(words), columns, INDENT)) yield style === undefined ? row : paint(style, row);
}

function* treeRows(
  trace: Trace,
  limit: number,
  { text, paint, endings }: TracesViewOptions,
  columns: number,
): Generator<string> {
  const { id, named, hops, more, firstMs, lastMs } = trace;
  const rows = [...inOrder(treesOf(hops))];
  const most = mostItself(rows);
  const wholeMs = lastMs - firstMs;
  const head = `trace ${id} (${named}): ${exchangeCount(hops.length)}, ${duration(wholeMs)}, from ${timeOfDay(firstMs)}, ${day(firstMs)}`;
  yield paint('bold', text.clip(printable(head), columns));
  yield paint(
    'dim',
    text.clip(`${['at', 'all', 'self'].map((title) => title.padStart(COLUMN)).join('')}  status`, columns),
  );
  for (const { node, depth } of rows.slice(0, limit)) {
    const row = text.clip(hopRow(node, depth, firstMs, endings), columns);
    yield node === most ? paint('yellow', row) : node.hop.isFailed ? paint('red', row) : row;
  }
  const hidden = Math.max(0, rows.length - limit) + more;
  if (hidden > 0) yield text.clip(`and ${exchangeCount(hidden)} more`, columns);
  if (most?.selfMs !== undefined && rows.length > 1)
    yield text.clip(`most of it: ${nameOf(most)}, ${selfOf(most)} itself, ${percent(most.selfMs / wholeMs)}`, columns);
  if (rows.some(({ node }) => node.isUncertain))
    yield text.clip('? by the times alone; another caller fits as well', columns);
  if (rows.some(({ node }) => node.selfMs !== undefined && node.children.some(({ hop }) => isOpenEnded(hop))))
    yield text.clip(
      'self with ?: a call without a response and without an end counts to the end of its caller',
      columns,
    );
  for (const { node } of rows.filter(({ node: { skewMs } }) => skewMs > 0).slice(0, limit)) {
    const words = `${nameOf(node)} began ${duration(node.skewMs)} before its caller: the clocks differ, or its caller was not captured`;
    yield paint('red', text.clip(words, columns));
  }
}

function hopRow(node: Node, depth: number, firstMs: number, endings: Endings | undefined): string {
  const { hop, isUncertain } = node;
  const { atMs, goneMs, allMs = goneMs } = awaitedSpanOf(hop);
  const times = [timeOf(atMs - firstMs), timeOf(allMs), selfOf(node)].map((time) => time.padStart(COLUMN));
  const indent = depth === 0 ? '' : `${'  '.repeat(Math.min(depth, MAX_DEPTH) - 1)}└ `;
  const ending = hop.id === undefined ? undefined : endings?.of(hop.id)?.words;
  return `${times.join('')}  ${hop.outcome.padEnd(6)}  ${indent}${nameOf(node)}${isUncertain ? ' ?' : ''}${ending === undefined ? '' : `, ${ending}`}`;
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : duration(ms);
}

function selfOf({ selfMs, isSelfUncertain }: Node): string {
  return `${timeOf(selfMs)}${isSelfUncertain ? '?' : ''}`;
}

function nameOf({ hop: { method, path, server } }: Node): string {
  return printable(`${method} ${path} on ${server}`);
}
