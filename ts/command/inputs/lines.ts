/**
 * JSON lines of this product as a capture: what a sniffer has written comes in again. In: any text, such as the log of a pod. Out:
 * the messages among its lines, in batches; other lines are passed over, and damaged messages are counted.
 */

import { LINE_FEED } from '../../exchange/lines';
import type { CaptureEvent, CaptureInfo, NativeCapture } from '../../native';
import { kindOf } from './kind';
import { isMessage } from './message';
import { Names } from './names';

/** Longer than the longest message; a text without line feeds is no reason to keep all of it. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** Batches that are told of at one time. */
const CREDITS = 4;
const BATCH_BYTES = 256 * 1024;

interface LinesSource {
  /** Its name in the log. */
  name: string;
  /** Ends by itself, or when `signal` says so. */
  read(signal: AbortSignal): AsyncIterable<Buffer>;
}

export class LinesCapture implements NativeCapture {
  readonly #source: LinesSource;
  readonly #names = new Names();
  readonly #stopped = new AbortController();
  #onEvent: (event: CaptureEvent) => void = () => {};
  #credits = CREDITS;
  #wake: () => void = () => {};
  /** The beginning of a line whose end has not come, and its length so far. */
  #open: Buffer[] = [];
  #openBytes = 0;
  #isTooLong = false;
  #batch: string[] = [];
  #batchUnits = 0;
  readonly #told: Buffer[] = [];
  readonly #counts = { requests: 0, responses: 0, savefileBytes: 0, linesPassedOver: 0, linesDamaged: 0 };

  constructor(source: LinesSource) {
    this.#source = source;
  }

  async open(onEvent: (event: CaptureEvent) => void): Promise<CaptureInfo> {
    this.#onEvent = onEvent;
    setImmediate(() => void this.#run());
    return { interface: this.#source.name, loopback: false };
  }

  stop(): void {
    this.#stopped.abort();
    this.#wake();
  }

  copyLines(target?: Buffer | null): void {
    const lines = this.#told.shift();
    if (lines === undefined) throw new Error('no batch was told of');
    if (target) lines.copy(target);
  }

  release(): void {
    this.#credits++;
    this.#wake();
  }

  stats(): Record<string, number> {
    return { ...this.#counts };
  }

  addTlsKeys(): boolean {
    return false;
  }

  openStdout(): void {}

  wantChanges(): void {}

  wantFacts(): void {}

  releaseFacts(): void {}

  writtenToStdout(): number {
    return 0;
  }

  seal(): string {
    return '';
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const { name } = this.#source;
    try {
      for await (const chunk of this.#source.read(signal)) {
        if (signal.aborted) break;
        if (this.#counts.savefileBytes === 0 && kindOf(chunk, name) === 'savefile')
          throw new Error('it is a savefile; name its server ports, e.g. --ports 8080');
        this.#counts.savefileBytes += chunk.length;
        for (let start = 0; start < chunk.length; ) {
          const newline = chunk.indexOf(LINE_FEED, start);
          const end = newline === -1 ? chunk.length : newline;
          this.#add(chunk.subarray(start, end));
          if (newline !== -1) this.#endLine();
          if (this.#batchUnits >= BATCH_BYTES) await this.#flush();
          start = end + 1;
        }
        // The lines that have come are shown, also if more are on their way.
        await this.#flush();
      }
      if (this.#openBytes > 0 && !signal.aborted) this.#endLine();
      await this.#flush();
      if (!signal.aborted) this.#complain();
    } catch (error) {
      if (!signal.aborted) {
        const message = `cannot read '${name}': ${(error as Error).message}`;
        this.#onEvent({ kind: 'error', code: 'UNRECOVERABLE', message });
      }
    }
    this.#onEvent({ kind: 'stats', stats: this.stats() });
    this.#onEvent({ kind: 'end' });
  }

  /** A text of other lines, or none, may be a mistake. */
  #complain(): void {
    const { requests, responses, linesPassedOver, linesDamaged } = this.#counts;
    if (requests + responses > 0) return;
    const lines = linesPassedOver + linesDamaged;
    const message = `${lines === 0 ? 'nothing stands' : `no line of ${lines} is a message of tcp-sniffer`} in '${this.#source.name}'`;
    this.#onEvent({ kind: 'notice', level: 'warn', name: 'no-messages', message });
  }

  #add(part: Buffer): void {
    if (this.#isTooLong) return;
    this.#openBytes += part.length;
    if (this.#openBytes > MAX_LINE_BYTES) {
      this.#isTooLong = true;
      this.#open = [];
    } else this.#open.push(part);
  }

  #endLine(): void {
    const line = this.#isTooLong ? undefined : Buffer.concat(this.#open).toString();
    const isEmpty = this.#openBytes === 0;
    this.#open = [];
    this.#openBytes = 0;
    this.#isTooLong = false;
    if (line === undefined) this.#counts.linesDamaged++;
    else if (!isEmpty) this.#take(line);
  }

  #take(line: string): void {
    // A log may have a time or a name before each line.
    const start = line.indexOf('{"');
    const text = start === -1 ? '' : line.slice(start).trimEnd();
    const value = parse(text);
    if (value === undefined || typeof value !== 'object' || !Object.hasOwn(value as object, 'direction')) {
      // A line that was cut off on its way is a message that is missing here.
      if (value === undefined && text.includes('"direction":"re')) this.#counts.linesDamaged++;
      else this.#counts.linesPassedOver++;
      return;
    }
    if (!isMessage(value)) {
      this.#counts.linesDamaged++;
      return;
    }
    const id = this.#names.idOf(value, line.slice(0, start).replace(TIMESTAMP, ''));
    const isAsWritten = id === value.id && /^\{"(id|stream)":"/.test(text);
    const out = isAsWritten ? text : JSON.stringify({ ...value, id });
    this.#counts[value.direction === 'request' ? 'requests' : 'responses']++;
    this.#batch.push(out);
    this.#batchUnits += out.length;
  }

  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    while (this.#credits === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#credits--;
    const lines = Buffer.from(`${this.#batch.join('\n')}\n`);
    const messages = this.#batch.length;
    this.#batch = [];
    this.#batchUnits = 0;
    this.#told.push(lines);
    this.#onEvent({ kind: 'batch', bytes: lines.length, messages });
  }
}

/** Of `kubectl logs --timestamps`: another on each line. */
const TIMESTAMP = /\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/;

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
