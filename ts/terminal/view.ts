/**
 * The output that people read: a line an exchange. In: the engine's batches. Out: text, through the same bounded line of
 * waiting batches as JSON lines go through, so a slow terminal makes nobody wait and a savefile waits for it.
 */

import { isFinal, messagesOf } from '../outputs/messages';
import type { Batch, Output } from '../outputs/output';
import { type StdoutOptions, StdoutOutput } from '../outputs/stdout';
import type { HttpMessage, OutputStats } from '../types';
import { factsOf, type Lines } from './line';
import type { Paint } from './style';
import type { Text } from './text';
import { Unanswered } from './unanswered';
import { details } from './verbose';

/** Back to the first column, and away with what stands there: a line of the progress. */
export const ERASE_LINE = '\r\x1b[K';

export interface ViewOptions {
  lines: Lines;
  text: Text;
  paint: Paint;
  /** Headers and bodies too. */
  verbose: boolean;
  /** Whether a line that is no line of this output stands at the cursor; it is gone then. */
  takeStatusLine(): boolean;
  onMessage(message: HttpMessage): void;
}

export class View implements Output {
  readonly name = 'stdout';
  readonly #options: ViewOptions;
  readonly #stdout: StdoutOutput;
  readonly #unanswered = new Unanswered();
  /** The heading stands for so many columns. */
  #headed: number | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ViewOptions, stdout: StdoutOptions) {
    this.#options = options;
    this.#stdout = new StdoutOutput(stdout);
  }

  write(batch: Batch): Promise<void> | void {
    const { onMessage } = this.#options;
    const held = this.#unanswered.size;
    const rows: string[] = [];
    for (const [message] of messagesOf(batch)) {
      if (message === undefined) continue;
      onMessage(message);
      rows.push(...this.#rows(message));
    }
    // A request counts when its line is written, which is that of its response.
    return this.#put(rows, batch.messages + held - this.#unanswered.size);
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
    const held = this.#unanswered.size;
    return { ...stats, handed: stats.handed + held, waiting: stats.waiting + held };
  }

  async #end(): Promise<void> {
    const held = this.#unanswered.size;
    const { lines } = this.#options;
    const rows = [...this.#unanswered.rest()].map((facts) => lines.request(facts, 'no response', 'red'));
    await this.#put(rows, held);
    await this.#stdout.close();
  }

  *#rows(message: HttpMessage): Generator<string> {
    const { lines, text, paint, verbose } = this.#options;
    for (const facts of this.#unanswered.note(message)) yield lines.request(facts, 'still waiting', 'yellow');
    if (verbose && message.direction === 'request') yield lines.request(factsOf(message), 'request', 'dim');
    else if (verbose || isFinal(message)) yield lines.response(message);
    if (!verbose) return;
    yield* details(message, text, paint, lines.columns - 1);
    yield '';
  }

  #put(rows: string[], messages: number): Promise<void> | void {
    if (rows.length === 0 && messages === 0) return;
    const { lines, takeStatusLine } = this.#options;
    if (rows.length > 0 && this.#headed !== lines.columns) {
      this.#headed = lines.columns;
      rows.unshift(lines.heading());
    }
    const erase = rows.length > 0 && takeStatusLine() ? ERASE_LINE : '';
    return this.#stdout.write({ lines: Buffer.from(`${erase}${rows.map((row) => `${row}\n`).join('')}`), messages });
  }
}
