/**
 * The display of the command for a user who looks: lines in place of JSON on a terminal, a progress on stderr, a summary at
 * the end. Decides which of these parts are there; the parts do not know each other.
 */

import { fstatSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { Endings } from '../../exchange/endings';
import { createLogger, type Log } from '../../logger';
import type { InterfaceInfo } from '../../native';
import type { Coming } from '../../outputs/kind';
import type { Output, Schedule } from '../../outputs/output';
import { type StdoutOptions, StdoutOutput } from '../../outputs/stdout/output';
import type { Sniffer } from '../../run/sniffer';
import { isTerminal } from '../../run/standard';
import type { LogLevel, SnifferStats } from '../../types';
import type { Format } from '../formats/names';
import { interfaceRows } from './interfaces';
import { JsonOnTerminal } from './json';
import { Lines } from './line';
import { createTerminalLog } from './log';
import { Progress } from './progress';
import { openTerminal, type TerminalStream } from './stream';
import { createPaint, type Paint } from './style';
import { type Loss, Summary } from './summary';
import { loadText, type Text } from './text';
import type { Traced } from './traces';
import { View } from './view';

/** Flags of the command that are no options of the library. */
export interface Appearance {
  /** Of stdout; text on a terminal and JSON lines elsewhere, unless it is asked for. */
  format?: Format | undefined;
  verbose?: boolean;
  /** The whole input is there already, so nothing has to be shown before its exchange is whole. */
  together?: boolean;
  summary?: boolean;
  /** Trees of traces in place of lines. */
  traces?: Traced | undefined;
}

/** The source that a sniffer reads. */
interface Attached {
  pcapFile: string | undefined;
  inputs: readonly string[];
  /** The log says where a page is, or how much it says was asked for. */
  wantsInfo: boolean;
}

/** Where the terminal does not say: as wide as they once were. */
const DEFAULT_COLUMNS = 80;
/** Of a summary in a file or a log, which nothing cuts. */
const FILE_COLUMNS = 133;
const FILE_ROWS = 50;
/** The time that a stopped terminal may take for the last words. */
const LAST_WORDS_MS = 1_000;

export class Terminal {
  readonly #appearance: Appearance;
  readonly #text: Text;
  readonly #paint: Paint = createPaint(process.env);
  /** Even after it went away. */
  readonly #isOnStdout = isTerminal(1);
  readonly #isOnStderr = isTerminal(2);
  readonly #stdout: TerminalStream | undefined;
  readonly #stderr: TerminalStream | undefined;
  readonly #summary: Summary | undefined;
  /** To be told of exchanges that are over without a response. */
  readonly endings = new Endings();
  #progress: Progress | undefined;
  #inputs: readonly string[] = [];
  /** The input ends by itself, and the reader of stdout may be a pager: rows of the log would scroll its screen. */
  #hidesInfo = false;

  static async create(appearance: Appearance): Promise<Terminal> {
    return new Terminal(appearance, await loadText());
  }

  private constructor(appearance: Appearance, text: Text) {
    this.#appearance = appearance;
    this.#text = text;
    this.#stdout = this.#isOnStdout ? openTerminal(1) : undefined;
    this.#stderr = this.#isOne() ? this.#stdout : this.#isOnStderr ? openTerminal(2) : undefined;
    if (appearance.summary ?? (this.#isViewed && this.#isOnStderr))
      this.#summary = new Summary({
        text,
        endings: this.endings,
        paint: this.#isOnStderr ? this.#paint : (_, words) => words,
      });
  }

  /** stdout and stderr are on it. */
  #isOne(): boolean {
    if (!this.#isOnStdout || !this.#isOnStderr) return false;
    const [stdout, stderr] = [fstatSync(1), fstatSync(2)];
    return stdout.dev === stderr.dev && stdout.ino === stderr.ino;
  }

  /** Of what goes to stdout. */
  get #format(): Format {
    return this.#appearance.format ?? (this.#isOnStdout ? 'text' : 'json');
  }

  /** JSON lines are for a program. */
  get #mayBePaged(): boolean {
    return this.#appearance.traces !== undefined || this.#format !== 'json';
  }

  /** Lines for people on a terminal. */
  get #isViewed(): boolean {
    return this.#isOnStdout && this.#format === 'text';
  }

  /** In words where stderr is looked at, else as JSON lines. */
  readonly createLogger = (level: LogLevel): Log => {
    const log = this.#loggerOf(level);
    const summary = this.#summary;
    if (summary === undefined) return log;
    const warn: Log['warn'] = (fields, message) => {
      summary.note(fields);
      log.warn(fields, message);
    };
    return { ...log, warn };
  };

  #loggerOf(level: LogLevel): Log {
    if (!this.#isOnStderr) return createLogger(level);
    const log = this.#logOnTerminal(level);
    if (level !== 'info') return log;
    const info: Log['info'] = (fields, message) => {
      if (!this.#hidesInfo) log.info(fields, message);
    };
    return { ...log, info };
  }

  #logOnTerminal(level: LogLevel): Log {
    const write = (rows: string): void => this.#say(rows);
    if (this.#appearance.format === 'json') return createLogger(level, { write });
    const columns = (): number => columnsOf(process.stderr);
    return createTerminalLog({ level, text: this.#text, paint: this.#paint, columns, write });
  }

  /** The output for stdout where it is a terminal, or its format is not JSON lines. */
  get createStdout(): ((options: StdoutOptions, come: Coming) => Output) | undefined {
    const stream = this.#stdout;
    const isTerminal = this.#isOnStdout;
    // The engine writes JSON lines, and those alone.
    const on = (stdout: StdoutOptions): StdoutOptions =>
      stream === undefined ? { ...stdout, engine: undefined } : { ...stdout, engine: undefined, target: { stream } };
    const paint: Paint = isTerminal ? this.#paint : (_, text) => text;
    const { traces } = this.#appearance;
    if (traces !== undefined) {
      const { TracesView } = require('./traces') as typeof import('./traces');
      const columns = (): number => (isTerminal ? columnsOf(process.stdout) : FILE_COLUMNS);
      return (stdout) =>
        new TracesView(
          { ...traces, text: this.#text, paint, columns, inputs: () => this.#inputs, endings: this.endings },
          on(stdout),
        );
    }
    const format = this.#format;
    // Elsewhere JSON goes as it is.
    const inJson = (stdout: StdoutOptions): StdoutOptions => {
      const options = on(stdout);
      return isTerminal ? { ...options, target: { stream: new JsonOnTerminal(options.target.stream) } } : options;
    };
    if (format === 'json') return isTerminal ? (stdout) => new StdoutOutput(inJson(stdout)) : undefined;
    if (format !== 'text') {
      const { createFormat } = require('../formats') as typeof import('../formats');
      return (stdout, come) => createFormat(format, (format === 'har' ? inJson : on)(stdout), come);
    }
    const options = {
      lines: new Lines(this.#text, paint, isTerminal ? () => columnsOf(process.stdout) : undefined),
      text: this.#text,
      paint,
      verbose: this.#appearance.verbose === true,
      endings: this.endings,
      together: this.#appearance.together === true,
      schedule: scheduleInBackground,
    };
    return (stdout) => new View(options, on(stdout));
  }

  /** Gets the lines of each batch, if there is anything to be made of them. */
  get observe(): ((lines: Buffer) => void) | undefined {
    const summary = this.#summary;
    return summary && ((lines) => summary.read(lines));
  }

  /** The same from facts. */
  get observeFacts(): ((table: Buffer, messages: number) => void) | undefined {
    const summary = this.#summary;
    return summary && ((table, messages) => summary.readFacts(table, messages));
  }

  /** To be called before the start. */
  attach(sniffer: Sniffer, { pcapFile, inputs, wantsInfo }: Attached): void {
    this.#inputs = inputs;
    this.#hidesInfo = pcapFile !== undefined && !wantsInfo && this.#mayBePaged && isPiped();
    // A dumb terminal cannot write over a line; and what reads stdout from a pipe may be a pager, whose screen that is.
    if (pcapFile === undefined || this.#stderr === undefined || process.env.TERM === 'dumb' || isPiped()) return;
    this.#progress = new Progress({
      file: pcapFile,
      terminal: this.#stderr,
      text: this.#text,
      columns: () => columnsOf(process.stderr),
      read: () => sniffer.stats().engine.savefileBytes ?? 0,
    });
  }

  /** Nothing more comes; resolves when it may all be read. Without counters there was no run; `losses` are those of the command. */
  async close(stats?: SnifferStats, losses?: readonly Loss[]): Promise<void> {
    this.#progress?.close();
    if (this.#summary !== undefined && stats !== undefined) {
      const columns = columnsOf(process.stderr, FILE_COLUMNS) - 1;
      // Its own empty line, and the one of the prompt.
      const rows = this.#summary.rows(stats, { columns, rows: (process.stderr.rows || FILE_ROWS) - 2 }, losses);
      this.#say(`\n${rows.map((row) => `${row}\n`).join('')}`);
    }
    await this.#stderr?.drained(LAST_WORDS_MS);
  }

  /** The rows that `tcp-sniffer interfaces` lists. */
  interfaces(interfaces: readonly InterfaceInfo[]): string[] {
    return interfaceRows(interfaces, this.#text, this.#isOnStdout ? columnsOf(process.stdout) : undefined);
  }

  #say(rows: string): void {
    if (this.#stderr === undefined) process.stderr.write(rows);
    else this.#stderr.say(rows);
  }
}

/** Does not keep the process: what is shown then is of interest as long as it runs. */
const scheduleInBackground: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

function columnsOf(stream: WriteStream, otherwise = DEFAULT_COLUMNS): number {
  return stream.columns || otherwise;
}

function isPiped(): boolean {
  const stdout = fstatSync(1);
  return stdout.isFIFO() || stdout.isSocket();
}
