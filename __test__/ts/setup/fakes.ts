// Fakes of the world outside: a clock that goes when told, a log that is kept, a stream that can be held.

import { Writable } from 'node:stream';
import { createLogger } from '../../../ts/logger';
import type { Schedule } from '../../../ts/outputs/output';

/** Time that passes when told. */
export class FakeTime {
  ms = 0;
  readonly #due: { at: number; run: () => void }[] = [];

  readonly schedule: Schedule = (ms, run) => {
    const entry = { at: this.ms + ms, run };
    this.#due.push(entry);
    return () => {
      const index = this.#due.indexOf(entry);
      if (index !== -1) this.#due.splice(index, 1);
    };
  };

  readonly now = (): number => this.ms;

  /** How long the pending timers have to go, in ms. */
  get pending(): number[] {
    return this.#due.map(({ at }) => at - this.ms).sort((a, b) => a - b);
  }

  advance(ms: number): void {
    this.ms += ms;
    for (const entry of this.#due.filter(({ at }) => at <= this.ms)) {
      this.#due.splice(this.#due.indexOf(entry), 1);
      entry.run();
    }
  }
}

/** Keeps every line that was logged. */
export class FakeLog {
  readonly lines: Record<string, unknown>[] = [];
  readonly createLogger = (level: Parameters<typeof createLogger>[0]): ReturnType<typeof createLogger> =>
    createLogger(level, { write: (text: string) => this.lines.push(JSON.parse(text)) });

  messages(level?: string): unknown[] {
    return this.lines.filter((line) => level === undefined || line.level === level).map((line) => line.message);
  }
}

/** A stream that takes what it is told to take. */
export class FakeStream extends Writable {
  text = '';
  /** Holds each write back until it is called. */
  readonly held: ((error?: Error) => void)[] = [];
  hold = false;

  constructor() {
    super({ decodeStrings: true });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.text += chunk.toString('utf8');
    if (this.hold) this.held.push(done);
    else done();
  }
}

/** Lets everything that is ready happen. */
export async function settle(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate);
}
