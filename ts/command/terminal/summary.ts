/** What a run amounts to. In: the lines of every batch, at the end the ledger. Out: rows of text. */

import { findingsOf } from '../../exchange/findings';
import { MAX_ROUTES, MAX_SERVERS, Traffic } from '../../exchange/traffic';
import { lossesOf } from '../../losses';
import type { SnifferStats } from '../../types';
import { day, timeOfDay } from './clock';
import { findingRows } from './finding';
import { count, duration } from './quantities';
import { routeRows } from './routes';
import type { Paint } from './style';
import type { Text } from './text';

/** Columns of the names before the facts. */
const LABEL = 11;

export interface SummaryOptions {
  text: Text;
  paint: Paint;
}

export class Summary {
  readonly #options: SummaryOptions;
  readonly #traffic = new Traffic();

  constructor(options: SummaryOptions) {
    this.#options = options;
  }

  /** Takes whole JSON lines; keeps none of the bytes. */
  read(lines: Buffer): void {
    this.#traffic.read(lines);
  }

  /** At the end; each of at most so many columns. The table has the rows that are left of one screen, or a few. */
  rows(stats: SnifferStats, { columns, rows }: { columns: number; rows: number }): string[] {
    const traffic = this.#traffic;
    traffic.end();
    const first = [...this.#facts(stats, columns)];
    const findings = findingsOf(traffic);
    for (const finding of findingRows(findings, this.#options, columns)) first.push('', ...finding);
    return [...first, ...routeRows(traffic, findings, this.#options, { columns, rows: rows - first.length })];
  }

  *#facts({ engine, outputs }: SnifferStats, columns: number): Generator<string> {
    const { exchanges, responses, unanswered, underWay, classes, firstMs, lastMs } = this.#traffic;
    const { beyondServers, beyondRoutes } = this.#traffic;
    // Some may have been dropped on the way here; what the engine parsed is what there was.
    const messages = (engine.requests ?? 0) + (engine.responses ?? 0);
    const filtered = engine.filtered ?? 0;
    const alone = responses - exchanges;
    const open = underWay > 0 ? ` (under way at the end: ${count(underWay)})` : '';
    const asides = [
      ...(unanswered > 0 ? [`requests without a response: ${count(unanswered)}${open}`] : []),
      ...(alone > 0 ? [`responses without a request: ${count(alone)}`] : []),
    ];
    const losses = [
      ...lossesOf(engine),
      ...Object.entries(outputs).flatMap(([name, { droppedBy }]) =>
        Object.entries(droppedBy).map(([reason, lost]): [number, string] => [
          lost,
          `messages dropped by ${name} (${reason})`,
        ]),
      ),
    ].filter(([lost]) => lost > 0);
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
      ['messages', [count(messages), ...(filtered > 0 ? [`filtered out: ${count(filtered)}`] : [])].join('; ')],
      ['exchanges', [count(exchanges), ...asides].join('; ')],
      [
        'status',
        [...classes]
          .sort()
          .map(([name, times]) => `${name} ${count(times)}`)
          .join('  ') || 'no response',
      ],
      ['lost', losses.length === 0 ? 'nothing' : losses.map(([lost, words]) => `${words}: ${count(lost)}`).join('; ')],
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
