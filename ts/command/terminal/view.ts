/**
 * The output that people read: a line an exchange. In: the engine's batches. Out: text, through the same bounded line of
 * waiting batches as JSON lines go through, so a slow terminal makes nobody wait and a savefile waits for it.
 */

import type { Endings } from '../../exchange/endings';
import { endpointText } from '../../exchange/endpoints';
import { isOfStream, linesOf, parseLine, parseStreamLine } from '../../exchange/lines';
import { isFinal } from '../../exchange/pairing';
import { Slow } from '../../exchange/slow';
import { Unanswered } from '../../exchange/unanswered';
import type { Batch, Output, Schedule } from '../../outputs/output';
import { type StdoutOptions, StdoutOutput } from '../../outputs/stdout/output';
import type { HttpMessage, OutputStats, StreamMessage } from '../../types';
import { day } from './clock';
import { insideRow } from './inside';
import { type Facts, factsOf, factsOfResponse, type Lines, lineColumns } from './line';
import type { Paint } from './style';
import type { Text } from './text';
import { isInside, Together } from './together';
import { details, timesRows, tlsRows } from './verbose';

export interface ViewOptions {
  lines: Lines;
  text: Text;
  paint: Paint;
  /** Of requests that will have no response. */
  endings?: Endings;
  /** Headers and bodies too. */
  verbose: boolean;
  /** With `verbose`: each exchange is shown together, once it is whole. */
  together?: boolean;
  /** For requests that wait too long while nothing else comes; holds no process that is done otherwise. */
  schedule: Schedule;
}

export class View implements Output {
  readonly name = 'stdout';
  readonly #options: ViewOptions;
  readonly #stdout: StdoutOutput;
  readonly #unanswered = new Unanswered(factsOf);
  /** A request that hangs is shown at once, unless all that will ever come is there already. */
  readonly #together: Together | undefined;
  readonly #slow = new Slow();
  /** The heading stands for so many columns. */
  #headed: number | undefined;
  /** Which day the last line was of. */
  #day = '';
  readonly #now: () => number;
  /** Requests wait by the clock too, until the stop. The time of a savefile is that of its messages alone. */
  #watches: boolean;
  #cancelWatch: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ViewOptions, stdout: StdoutOptions) {
    this.#options = options;
    this.#watches = !stdout.lossless;
    this.#now = stdout.now;
    this.#stdout = new StdoutOutput(stdout);
    this.#together = options.verbose && options.together ? new Together() : undefined;
  }

  write(batch: Batch): Promise<void> | void {
    const held = this.#held;
    const rows: string[] = [];
    for (const line of linesOf(batch.lines)) {
      if (isOfStream(line)) {
        const inside = parseStreamLine(line);
        if (inside === undefined) continue;
        if (this.#together === undefined) rows.push(...this.#inside(inside));
        else this.#together.addInside(inside, line.length);
        continue;
      }
      const message = parseLine(line);
      if (message === undefined) continue;
      if (this.#together === undefined) rows.push(...this.#rows(message));
      else this.#together.add(message, line.length);
    }
    rows.push(...this.#takeWhole());
    this.#watch();
    // A request counts when its line is written, which is that of its response.
    return this.#put(rows, batch.messages + held - this.#held);
  }

  limitDrain(ms: number): void {
    this.#stopWatching();
    this.#stdout.limitDrain(ms);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  stats(): OutputStats {
    const stats = this.#stdout.stats();
    const held = this.#held;
    return { ...stats, accepted: stats.accepted + held, waiting: stats.waiting + held };
  }

  /** Messages that are not written yet. */
  get #held(): number {
    return this.#unanswered.size + (this.#together?.size ?? 0);
  }

  #takeWhole(): string[] {
    if (this.#together === undefined) return [];
    const rows: string[] = [];
    let lastId: string | undefined;
    for (const message of this.#together.take()) {
      if (message.id !== lastId) rows.push(...this.#takeUnanswered());
      lastId = message.id;
      rows.push(...(isInside(message) ? this.#inside(message) : this.#rows(message)));
    }
    rows.push(...this.#takeUnanswered());
    return rows;
  }

  /** Of an exchange that is shown together, and whose response will not come. */
  #takeUnanswered(): string[] {
    return this.#unanswered.rest().flatMap((facts) => [...this.#noResponse(facts), '']);
  }

  /** One timer, for the request that has waited longest. Where that has been answered since, the next one gets it. */
  #watch(): void {
    const { nextOverdueMs } = this.#unanswered;
    if (!this.#watches || this.#cancelWatch !== undefined || nextOverdueMs === undefined) return;
    this.#cancelWatch = this.#options.schedule(Math.max(0, nextOverdueMs - this.#now()), () => {
      this.#cancelWatch = undefined;
      const overdue = this.#unanswered.overdue(this.#now());
      // Live, nobody has to wait for that.
      void this.#put(
        overdue.flatMap((facts) => this.#stillWaiting(facts)),
        overdue.length,
      );
      this.#watch();
    });
  }

  #stopWatching(): void {
    this.#watches = false;
    this.#cancelWatch?.();
  }

  async #end(): Promise<void> {
    this.#stopWatching();
    while (this.#together?.settleOldest()) {
      const before = this.#held;
      const rows = this.#takeWhole();
      await this.#put(rows, before - this.#held);
    }
    const held = this.#held;
    const rows = this.#unanswered.rest().flatMap((facts) => this.#noResponse(facts));
    await this.#put(rows, held);
    await this.#stdout.close();
  }

  *#rows(message: HttpMessage): Generator<string> {
    const { lines, text, paint, verbose } = this.#options;
    const request = this.#unanswered.factsOf(message.id);
    for (const facts of this.#unanswered.note(message, this.#now())) yield* this.#stillWaiting(facts);
    if (message.direction === 'response') {
      const facts = request ?? factsOfResponse(message);
      if (verbose || isFinal(message))
        yield* this.#dated(facts, lines.response(message, facts, this.#isSlow(message, facts)));
      if (verbose && isFinal(message)) yield* timesRows(message, facts, text, paint, lines.columns - 1);
    } else if (verbose) {
      const facts = factsOf(message);
      yield* this.#dated(facts, lines.request(facts, 'request', 'dim'));
    }
    if (!verbose) return;
    // Once an exchange, which is in one connection.
    if (request === undefined) yield* tlsRows(message, text, paint, lines.columns - 1);
    yield* details(message, text, paint, lines.columns - 1);
    yield '';
  }

  #isSlow(response: HttpMessage, { method, path, server }: Facts): boolean {
    const { latencyMs } = response;
    return latencyMs !== undefined && isFinal(response) && this.#slow.is(endpointText(server), method, path, latencyMs);
  }

  #inside(message: StreamMessage): string[] {
    const { lines, text, paint } = this.#options;
    const row = insideRow(message, text, paint, lineColumns(lines.columns));
    return this.#dated({ atMs: Date.parse(message.timestamp) }, row);
  }

  #noResponse(facts: Facts): string[] {
    const { lines, endings } = this.#options;
    return this.#dated(facts, lines.request(facts, endings?.of(facts.id)?.brief ?? 'no response', 'red'));
  }

  #stillWaiting(facts: Facts): string[] {
    if (this.#options.endings?.of(facts.id) !== undefined) return this.#noResponse(facts);
    return this.#dated(facts, this.#options.lines.request(facts, 'still waiting', 'yellow'));
  }

  /** With the day above it where that is another day. */
  #dated({ atMs }: Pick<Facts, 'atMs'>, row: string): string[] {
    const before = this.#day;
    this.#day = day(atMs);
    return this.#day === before ? [row] : [this.#options.lines.day(atMs), row];
  }

  #put(rows: string[], messages: number): Promise<void> | void {
    if (rows.length === 0 && messages === 0) return;
    const { lines } = this.#options;
    if (rows.length > 0 && this.#headed !== lines.columns) {
      this.#headed = lines.columns;
      rows.unshift(lines.heading());
    }
    return this.#stdout.write({ lines: Buffer.from(rows.map((row) => `${row}\n`).join('')), messages });
  }
}
