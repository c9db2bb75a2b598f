/**
 * Several captures as one, one after the other. Each id begins with the number of its input: `2/1.4`. An input that breaks is told
 * of, the others are read all the same, and at the end that is a failure.
 */

import { lineEnd } from '../../exchange/lines';
import type { CaptureEvent, CaptureInfo, NativeCapture } from '../../native';
import { readText, readThrown } from '../../thrown';

const ID = /^\{(?:"stream":"[a-z]+",)?"id":"/;
/** Where an id begins at the latest. */
const MAX_HEAD_BYTES = 64;

export interface Source {
  create(): NativeCapture;
}

interface Told {
  lines: Buffer;
  capture: NativeCapture;
}

export class Chain implements NativeCapture {
  readonly #sources: readonly Source[];
  #index = 0;
  #current: NativeCapture;
  #onEvent: (event: CaptureEvent) => void = () => {};
  #isStopped = false;
  /** Of the inputs that have ended. */
  readonly #past: Record<string, number> = {};
  readonly #told: Told[] = [];
  readonly #lent: NativeCapture[] = [];
  readonly #failures: { code: string; message: string }[] = [];

  constructor(sources: readonly Source[]) {
    const [first] = sources;
    if (first === undefined) throw new Error('a chain of no inputs');
    this.#sources = sources;
    this.#current = first.create();
  }

  /** Resolves with the first that opens; rejects if none does. */
  async open(onEvent: (event: CaptureEvent) => void): Promise<CaptureInfo> {
    this.#onEvent = onEvent;
    for (;;) {
      try {
        return await this.#openCurrent();
      } catch (error) {
        if (this.#index + 1 >= this.#sources.length || this.#isStopped) throw error;
        this.#failed(error);
        this.#next();
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#current.stop();
  }

  addTlsKeys(text: string): boolean {
    return this.#current.addTlsKeys(text);
  }

  copyLines(target?: Buffer | null): void {
    const told = this.#told.shift();
    if (told === undefined) throw new Error('no batch was told of');
    if (target) told.lines.copy(target);
    this.#lent.push(told.capture);
  }

  release(): void {
    this.#lent.shift()?.release();
  }

  /** Its lines are not those of the engine. */
  openStdout(): void {}

  wantChanges(): void {}

  wantFacts(): void {}

  releaseFacts(): void {}

  writtenToStdout(): number {
    return 0;
  }

  seal(body: Buffer): string {
    return this.#current.seal(body);
  }

  stats(): Record<string, number> {
    const sums = { ...this.#past };
    add(sums, this.#current.stats());
    return sums;
  }

  #openCurrent(): Promise<CaptureInfo> {
    const capture = this.#current;
    return capture.open((event) => this.#handle(capture, event));
  }

  #handle(capture: NativeCapture, event: CaptureEvent): void {
    switch (event.kind) {
      case 'batch': {
        const lines = Buffer.alloc(event.bytes ?? 0);
        capture.copyLines(lines);
        const numbered = withNumber(lines, this.#index + 1);
        this.#told.push({ lines: numbered, capture });
        this.#onEvent({ ...event, bytes: numbered.length });
        break;
      }
      case 'unanswered': {
        const fields = Object.entries(event.fields ?? {}).map(([id, how]) => [`${this.#index + 1}/${id}`, how]);
        this.#onEvent({ ...event, fields: Object.fromEntries(fields) });
        break;
      }
      case 'error':
        this.#failed(event);
        break;
      case 'stats':
        this.#onEvent({ ...event, stats: this.stats() });
        break;
      case 'end':
        void this.#end();
        break;
      default:
        this.#onEvent(event);
    }
  }

  #failed(error: unknown): void {
    const message = readText(error, 'message') ?? readThrown(error).message;
    this.#failures.push({ code: readText(error, 'code') ?? 'UNRECOVERABLE', message });
    if (this.#index + 1 < this.#sources.length)
      this.#onEvent({
        kind: 'notice',
        level: 'warn',
        name: 'input-failed',
        message: `${message}; the next input is read`,
      });
  }

  #next(): void {
    add(this.#past, this.#current.stats());
    this.#index++;
    this.#current = (this.#sources[this.#index] as Source).create();
  }

  /** Of the current input. Never rejects. */
  async #end(): Promise<void> {
    while (!this.#isStopped && this.#index + 1 < this.#sources.length) {
      try {
        this.#next();
        await this.#openCurrent();
        if (this.#isStopped) this.#current.stop();
        return;
      } catch (error) {
        this.#failed(error);
      }
    }
    const [first] = this.#failures;
    if (first !== undefined) {
      const others = this.#failures.length - 1;
      const message = others === 0 ? first.message : `${first.message}; ${others} more of the inputs failed`;
      this.#onEvent({ kind: 'error', code: first.code, message });
    }
    this.#onEvent({ kind: 'end' });
  }
}

function add(sums: Record<string, number>, stats: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(stats)) sums[name] = (sums[name] ?? 0) + count;
}

function withNumber(lines: Buffer, number: number): Buffer {
  const prefix = Buffer.from(`${number}/`);
  const parts: Buffer[] = [];
  for (let start = 0; start < lines.length; ) {
    const end = lineEnd(lines, start);
    const head = ID.exec(lines.toString('latin1', start, Math.min(end, start + MAX_HEAD_BYTES)))?.[0];
    const at = start + (head?.length ?? 0);
    if (head === undefined) parts.push(renamed(lines.subarray(start, end), number));
    else parts.push(lines.subarray(start, at), prefix, lines.subarray(at, end));
    start = end;
  }
  return Buffer.concat(parts);
}

/** A line that does not begin as ours do. */
function renamed(line: Buffer, number: number): Buffer {
  const message = JSON.parse(line.toString()) as { id: string };
  return Buffer.from(`${JSON.stringify({ ...message, id: `${number}/${message.id}` })}\n`);
}
