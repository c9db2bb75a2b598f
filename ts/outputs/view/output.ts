/**
 * Batches in, a page out. The page is served from before the capture is opened; of a savefile it stays after its end, until the
 * sniffer is told to stop.
 *
 * Live the page must not cost messages: past its share of the time messages are left out of it, and counted.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENGINE_ERROR_CODES, EngineError } from '../../errors';
import type { Endings } from '../../exchange/endings';
import { linesOf, parseLine } from '../../exchange/lines';
import { lossesOf } from '../../losses';
import type { OutputStats } from '../../types';
import type { OutputDeps } from '../kind';
import { type Batch, type Output, type Schedule, Tally } from '../output';
import { readAssets } from './assets';
import { alignRows } from './clocks';
import { Feed } from './feed';
import type { PacketCopies } from './packets';
import { Ring } from './ring';
import { type Listening, ViewServer } from './server';
import type { State } from './shapes';

/** Of the event loop's time, live: the outputs and the host process have the rest. */
const SHARE_OF_TIME = 0.25;
/** The time that may be used at once after a pause. */
const MAX_BURST_MS = 50;
/** Lines between looks at the clock. */
const LINES_BETWEEN_LOOKS = 32;
/** Free ports that are tried, where the port that was free is captured. */
const MAX_TRIES = 8;

const SILENCED = 'times that a page read nothing for a minute and was disconnected; it connects again by itself';

export interface ViewOptions {
  listening: Omit<Listening, 'tls'> & { certFile: string | undefined; keyFile: string | undefined };
  /** Of the capture: a page on one of them would show itself, and that without end. */
  ports: readonly number[];
  /** Wait instead of leaving out: a savefile is read. */
  lossless: boolean;
  source: string;
  /** Absent: packets cannot be had. */
  packets?: PacketCopies | undefined;
  /** How exchanges end that have no response; absent: nothing is known of it. */
  endings?: Endings;
  engineStats(): Record<string, number>;
  wordsOfClocks?: OutputDeps['wordsOfClocks'];
  /** The page's address, with the token that opens it. */
  say(url: string): void;
  schedule: Schedule;
  now(): number;
  /** Of the page's files. */
  assets?: string | undefined;
}

export class ViewOutput implements Output {
  readonly name = 'view';
  readonly #options: ViewOptions;
  readonly #tally = new Tally();
  readonly #ring: Ring;
  readonly #feed: Feed;
  readonly #run = randomUUID();
  #server: ViewServer | undefined;
  #ended = false;
  #clocks: State['clocks'];
  #stopped = false;
  /** Ms that may be used now, live. */
  #budgetMs = MAX_BURST_MS;
  #refilledAt: number;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#refilledAt = options.now();
    const { endings, schedule, now } = options;
    this.#ring = new Ring({}, endings);
    this.#feed = new Feed({ ring: this.#ring, state: () => this.#state(), schedule, now });
  }

  async open(): Promise<void> {
    const { listening, ports, say } = this.#options;
    for (let tries = 0; this.#server === undefined; tries++) {
      const server = this.#create();
      try {
        await server.listen();
      } catch (cause) {
        const message = `cannot serve the page on ${listening.host} port ${listening.port}: ${(cause as Error).message}`;
        throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
      }
      if (ports.includes(server.port) && tries < MAX_TRIES) await server.close();
      else this.#server = server;
    }
    say(this.#server.url);
  }

  get url(): string | undefined {
    return this.#server?.url;
  }

  write(batch: Batch): void {
    this.#tally.hand(batch.messages);
    const begun = this.#options.now();
    this.#refill(begun);
    let taken = 0;
    for (const line of linesOf(batch.lines)) {
      if (taken % LINES_BETWEEN_LOOKS === 0 && this.#isOverBudget(begun)) break;
      taken++;
      const message = parseLine(line);
      if (message === undefined) this.#tally.drop('invalid', 1);
      else {
        this.#ring.add(message, Buffer.from(line));
        this.#tally.deliver(1);
      }
    }
    this.#tally.drop('overflow', batch.messages - taken);
    this.#budgetMs -= this.#options.now() - begun;
  }

  /** The page goes with the run. */
  limitDrain(): void {
    this.#stopped = true;
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#ring.end();
    this.#clocks = alignRows(this.#ring, this.#options.wordsOfClocks ?? (() => []));
    this.#feed.flush();
    if (this.#stopped || !this.#options.lossless) await this.leave();
  }

  /** True while the page is served although the run is over. */
  get stays(): boolean {
    return this.#ended && this.#server !== undefined;
  }

  async leave(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  stats(): OutputStats {
    return this.#tally.stats();
  }

  #create(): ViewServer {
    const { listening, say, assets, packets } = this.#options;
    const { certFile, keyFile } = listening;
    const server: ViewServer = new ViewServer({
      ...listening,
      tls:
        certFile === undefined || keyFile === undefined
          ? undefined
          : { cert: readPem(certFile, 'certificate'), key: readPem(keyFile, 'key') },
      assets: readAssets(assets),
      ring: this.#ring,
      feed: this.#feed,
      packets,
      onUsed: () => say(server.url),
    });
    return server;
  }

  #refill(now: number): void {
    this.#budgetMs = Math.min(MAX_BURST_MS, this.#budgetMs + (now - this.#refilledAt) * SHARE_OF_TIME);
    this.#refilledAt = now;
  }

  #isOverBudget(begun: number): boolean {
    return !this.#options.lossless && this.#options.now() - begun >= this.#budgetMs;
  }

  #state(): State {
    const { source, lossless, packets, engineStats } = this.#options;
    const { exchanges, rowsGone, messagesGone } = this.#ring;
    const { silenced } = this.#feed;
    return {
      run: this.#run,
      source,
      savefile: lossless,
      ...(packets === undefined ? {} : { packets: true as const }),
      ended: this.#ended,
      ...(this.#clocks === undefined ? {} : { clocks: this.#clocks }),
      exchanges,
      rowsGone,
      messagesGone,
      overflow: this.#tally.droppedFor('overflow'),
      losses: [...lossesOf(engineStats()), ...(silenced === 0 ? [] : [[silenced, SILENCED] as const])],
    };
  }
}

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `cannot read the page's ${what} '${path}': ${(cause as Error).message}`;
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
  }
}
