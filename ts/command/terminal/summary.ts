/** What a run amounts to. In: every message, at the end the ledger. Out: a few rows of text. */

import { isFinal } from '../../exchange/pairing';
import { lossesOf } from '../../losses';
import type { HttpMessage, SnifferStats } from '../../types';
import { count, duration } from './quantities';
import { printable, type Text } from './text';

/** Distinct paths that are told apart; those that come later are counted together. */
export const MAX_PATHS = 1_000;
/** Longer paths are cut to this. */
const MAX_PATH_UNITS = 256;
const SHOWN_PATHS = 10;

interface PathTimes {
  exchanges: number;
  timed: number;
  totalMs: number;
  maxMs: number;
  serverErrors: number;
}

export class Summary {
  #requests = 0;
  #answered = 0;
  #responses = 0;
  readonly #classes = new Map<string, number>();
  readonly #paths = new Map<string, PathTimes>();
  readonly #others: PathTimes = times();

  readonly add = (message: HttpMessage): void => {
    if (message.direction === 'request') {
      this.#requests++;
      return;
    }
    if (!isFinal(message)) return;
    this.#responses++;
    const { statusCode = 0, request, latencyMs } = message;
    const statusClass = `${Math.floor(statusCode / 100)}xx`;
    this.#classes.set(statusClass, (this.#classes.get(statusClass) ?? 0) + 1);
    if (request === undefined) return;
    this.#answered++;
    const path = this.#timesOf(`${request.method} ${request.path.split(/[?#]/, 1)[0]}`.slice(0, MAX_PATH_UNITS));
    path.exchanges++;
    if (statusCode >= 500) path.serverErrors++;
    if (latencyMs === undefined) return;
    path.timed++;
    path.totalMs += latencyMs;
    path.maxMs = Math.max(path.maxMs, latencyMs);
  };

  /** Each of at most so many columns. */
  *rows({ engine, outputs }: SnifferStats, text: Text, columns: number): Generator<string> {
    const messages = (engine.requests ?? 0) + (engine.responses ?? 0);
    const filtered = engine.filtered ?? 0;
    // Some may have been dropped on the way here; what the engine parsed is what there was.
    const unanswered = Math.max(0, this.#requests - this.#answered);
    const alone = this.#responses - this.#answered;
    const classes = [...this.#classes].sort().map(([name, responses]) => `${name} ${count(responses)}`);
    const asides = [
      ...(unanswered > 0 ? [`requests without a response: ${count(unanswered)}`] : []),
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
    const facts: [string, string][] = [
      ['messages', [count(messages), ...(filtered > 0 ? [`filtered out: ${count(filtered)}`] : [])].join('; ')],
      ['exchanges', [count(this.#answered), ...asides].join('; ')],
      ['status', classes.join('  ') || 'no response'],
      ['lost', losses.length === 0 ? 'nothing' : losses.map(([lost, words]) => `${words}: ${count(lost)}`).join('; ')],
    ];
    const label = 11;
    for (const [name, words] of facts) {
      for (const [index, row] of [...text.wrap(words, Math.max(1, columns - label))].entries())
        yield `${(index === 0 ? name : '').padEnd(label)}${row}`;
    }
    yield* this.#slowest(text, columns);
  }

  *#slowest(text: Text, columns: number): Generator<string> {
    const slowest = [...this.#paths].filter(([, { timed }]) => timed > 0).sort(([, a], [, b]) => mean(b) - mean(a));
    if (slowest.length === 0) return;
    yield '';
    yield text.clip('  mean     max     count    5xx  slowest paths', columns);
    const row = (path: PathTimes, name: string): string => {
      const numbers = [
        duration(mean(path)).padStart(6),
        duration(path.maxMs).padStart(6),
        count(path.exchanges).padStart(8),
        count(path.serverErrors).padStart(5),
      ].join('  ');
      return text.clip(`${numbers}  ${printable(name)}`, columns);
    };
    for (const [name, path] of slowest.slice(0, SHOWN_PATHS)) yield row(path, name);
    if (this.#others.timed > 0) yield row(this.#others, `(all further paths: more than ${count(MAX_PATHS)} came)`);
  }

  #timesOf(name: string): PathTimes {
    const known = this.#paths.get(name);
    if (known !== undefined) return known;
    if (this.#paths.size >= MAX_PATHS) return this.#others;
    const path = times();
    this.#paths.set(name, path);
    return path;
  }
}

function times(): PathTimes {
  return { exchanges: 0, timed: 0, totalMs: 0, maxMs: 0, serverErrors: 0 };
}

function mean({ totalMs, timed }: PathTimes): number {
  return timed === 0 ? 0 : totalMs / timed;
}
