/**
 * What the command shows where somebody looks: lines in place of JSON on a terminal, a progress on stderr, a summary at
 * the end. Decides which of it there is; the parts do not know each other.
 */

import type { WriteStream } from 'node:tty';
import { createLogger, type Log } from '../logger';
import type { Output } from '../outputs/output';
import type { StdoutOptions } from '../outputs/stdout';
import type { Sniffer } from '../sniffer';
import type { LogLevel, SnifferStats } from '../types';
import { Lines } from './line';
import { createTerminalLog } from './log';
import { Progress } from './progress';
import { openTerminal, type TerminalStream } from './stream';
import { createPaint, type Paint } from './style';
import { Summary } from './summary';
import { loadText, type Text } from './text';
import { ERASE_LINE, View } from './view';

/** Flags of the command that are no options of the library. */
export interface Appearance {
  /** JSON lines, also on a terminal. */
  json?: boolean;
  verbose?: boolean;
  summary?: boolean;
}

/** Where the terminal does not say: as wide as they once were. */
const DEFAULT_COLUMNS = 80;

export class Terminal {
  readonly #appearance: Appearance;
  readonly #text: Text;
  readonly #paint: Paint = createPaint(process.env);
  readonly #stdout: TerminalStream | undefined;
  readonly #stderr: TerminalStream | undefined;
  readonly #summary: Summary | undefined;
  #progress: Progress | undefined;

  static async create(appearance: Appearance): Promise<Terminal> {
    return new Terminal(appearance, await loadText());
  }

  private constructor(appearance: Appearance, text: Text) {
    this.#appearance = appearance;
    this.#text = text;
    this.#stdout = process.stdout.isTTY ? openTerminal(1) : undefined;
    this.#stderr = process.stderr.isTTY ? openTerminal(2) : undefined;
    if (appearance.summary ?? (this.#isViewed && process.stderr.isTTY)) this.#summary = new Summary();
  }

  /** Lines for people on stdout. */
  get #isViewed(): boolean {
    return process.stdout.isTTY && this.#appearance.json !== true;
  }

  /** JSON lines, unless both streams are looked at. */
  readonly createLogger = (level: LogLevel): Log => {
    if (!this.#isViewed || !process.stderr.isTTY) return createLogger(level);
    return createTerminalLog({
      level,
      text: this.#text,
      paint: this.#paint,
      columns: () => columnsOf(process.stderr),
      write: (rows) => this.#write(rows),
    });
  };

  /** The output for stdout where it is a terminal. */
  get createStdout(): ((options: StdoutOptions) => Output) | undefined {
    if (!this.#isViewed) return undefined;
    const options = {
      lines: new Lines(this.#text, this.#paint, () => columnsOf(process.stdout)),
      text: this.#text,
      paint: this.#paint,
      verbose: this.#appearance.verbose === true,
      takeStatusLine: () => this.#progress?.take() === true,
      onMessage: this.#summary?.add ?? (() => {}),
    };
    const stream = this.#stdout;
    return (stdout) => new View(options, stream === undefined ? stdout : { ...stdout, target: { stream } });
  }

  /** To be called before the start. `viewed`: stdout is one of the outputs. */
  attach(sniffer: Sniffer, { pcapFile, viewed }: { pcapFile: string | undefined; viewed: boolean }): void {
    if (this.#summary !== undefined && !(viewed && this.#isViewed)) sniffer.on('message', this.#summary.add);
    if (pcapFile === undefined || this.#stderr === undefined) return;
    this.#progress = new Progress({
      file: pcapFile,
      terminal: this.#stderr,
      text: this.#text,
      columns: () => columnsOf(process.stderr),
      read: () => sniffer.stats().engine.savefileBytes ?? 0,
    });
  }

  /** Nothing more comes from the sniffer; without counters there was no run. */
  close(stats?: SnifferStats): void {
    this.#progress?.close();
    if (this.#summary === undefined || stats === undefined) return;
    const rows = [...this.#summary.rows(stats, this.#text, columnsOf(process.stderr) - 1)];
    this.#write(`\n${rows.map((row) => `${row}\n`).join('')}`);
  }

  #write(rows: string): void {
    const erase = this.#progress?.take() === true ? ERASE_LINE : '';
    process.stderr.write(erase + rows);
  }
}

function columnsOf(stream: WriteStream): number {
  return stream.columns || DEFAULT_COLUMNS;
}
