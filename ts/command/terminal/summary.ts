/** The summary of a run. In: the lines of every batch, or the facts of them, at the end the ledger. Out: rows of text. */

import type { Endings } from '../../exchange/endings';
import { findingsOf } from '../../exchange/findings';
import { MAX_ROUTES, MAX_SERVERS } from '../../exchange/servers';
import { Traffic } from '../../exchange/traffic';
import { lossesOf } from '../../losses';
import type { SnifferStats } from '../../types';
import { day, timeOfDay } from './clock';
import { findingRows } from './finding';
import { count, duration } from './quantities';
import { routeRows } from './routes';
import type { Paint } from './style';
import type { Text } from './text';
import { EVENTS, UNREAD, unreadRows } from './unread';

/** Columns of the names before the facts. */
const LABEL = 11;

export type Loss = readonly [times: number, words: string];

interface SummaryOptions {
  text: Text;
  paint: Paint;
  endings?: Endings;
}

export class Summary {
  readonly #options: SummaryOptions;
  readonly #traffic: Traffic;
  readonly #looks = new Map<string, Set<string>>();

  constructor(options: SummaryOptions) {
    this.#options = options;
    this.#traffic = new Traffic(options.endings);
  }

  /** Takes whole JSON lines; keeps no byte. */
  read(lines: Buffer): void {
    this.#traffic.read(lines);
  }

  /** Takes a table of the engine, of so many messages. */
  readFacts(table: Buffer, messages: number): void {
    this.#traffic.readFacts(table, messages);
  }

  /** Takes a line of the log: of what could not be read the engine counts how much, and the log says what it looks like. */
  note({ event, protocol }: Record<string, unknown>): void {
    const counter = typeof event === 'string' && Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined;
    if (counter === undefined || typeof protocol !== 'string') return;
    const looks = this.#looks.get(counter) ?? new Set();
    this.#looks.set(counter, looks.add(protocol));
  }

  /** At the end; each of at most so many columns. The table has the rows that are left of one screen, or a few. */
  rows(
    stats: SnifferStats,
    { columns, rows }: { columns: number; rows: number },
    losses: readonly Loss[] = [],
  ): string[] {
    const traffic = this.#traffic;
    traffic.end();
    const first = [...this.#facts(stats, columns, losses)];
    const findings = findingsOf(traffic);
    for (const finding of findingRows(findings, this.#options, columns)) first.push('', ...finding);
    return [...first, ...routeRows(traffic, findings, this.#options, { columns, rows: rows - first.length })];
  }

  *#facts({ engine, outputs }: SnifferStats, columns: number, others: readonly Loss[]): Generator<string> {
    const { exchanges, responses, unanswered, underWay, ended, classes, firstMs, lastMs } = this.#traffic;
    const { beyondServers, beyondRoutes } = this.#traffic;
    // Some may have been dropped on the way here; what the engine parsed is what there was.
    const messages = (engine.requests ?? 0) + (engine.responses ?? 0);
    const { filtered = 0, untriggered = 0 } = engine;
    const leftOut = [
      ...(filtered > 0 ? [`filtered out: ${count(filtered)}`] : []),
      ...(untriggered > 0 ? [`no trigger came for: ${count(untriggered)}`] : []),
    ];
    const alone = responses - exchanges;
    const known = [...ended, ...(underWay > 0 ? [['under way at the end', underWay] as const] : [])];
    const of = known.map(([words, times]) => `${words}: ${count(times)}`).join(', ');
    const open = of === '' ? '' : ` (${of})`;
    const asides = [
      ...(unanswered > 0 ? [`requests without a response: ${count(unanswered)}${open}`] : []),
      ...(alone > 0 ? [`responses without a request: ${count(alone)}`] : []),
    ];
    const losses = [
      ...lossesOf(Object.fromEntries(Object.entries(engine).filter(([name]) => !UNREAD.has(name)))),
      ...Object.entries(outputs).flatMap(([name, { droppedBy }]) =>
        Object.entries(droppedBy).map(([reason, lost]): [number, string] => [
          lost,
          `messages dropped by ${name} (${reason})`,
        ]),
      ),
      ...others,
    ].filter(([lost]) => lost > 0);
    const unread = [...unreadRows(engine, this.#looks)];
    const limits = [
      ...(beyondServers > 0
        ? [`requests to servers beyond the first ${count(MAX_SERVERS)}: ${count(beyondServers)}`]
        : []),
      ...(beyondRoutes > 0
        ? [`requests to endpoints beyond the first ${count(MAX_ROUTES)}: ${count(beyondRoutes)}`]
        : []),
    ];
    const facts: [string, string][] = [
      ...(firstMs <= lastMs ? [['time', spanOf(firstMs, lastMs)] as [string, string]] : []),
      ['messages', [count(messages), ...leftOut].join('; ')],
      ['exchanges', [count(exchanges), ...asides].join('; ')],
      [
        'status',
        [...classes]
          .sort()
          .map(([name, times]) => `${name} ${count(times)}`)
          .join('  ') || 'no response',
      ],
      ...unread.map((words): [string, string] => ['not read', words]),
      [
        'lost',
        losses.length === 0
          ? unread.length === 0
            ? 'nothing'
            : 'nothing else'
          : losses.map(([lost, words]) => `${words}: ${count(lost)}`).join('; '),
      ],
      ...(limits.length > 0 ? [['limits', limits.join('; ')] as [string, string]] : []),
    ];
    const { text } = this.#options;
    for (const [name, words] of facts) {
      for (const [index, row] of [...text.wrap(words, Math.max(1, columns - LABEL))].entries())
        yield `${(index === 0 ? name : '').padEnd(LABEL)}${row}`;
    }
  }
}

/** `14:00:00.000 to 14:05:00.000 (5.00 min), 2024-05-17 UTC` */
function spanOf(firstMs: number, lastMs: number): string {
  return `${timeOfDay(firstMs)} to ${timeOfDay(lastMs)} (${duration(lastMs - firstMs)}), ${day(firstMs)}`;
}
