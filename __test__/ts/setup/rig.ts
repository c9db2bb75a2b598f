// A sniffer with everything faked, and the engine that tests drive by hand.

import type { SnifferConfig } from '../../../ts/config';
import type { RuntimeEnv } from '../../../ts/config/env';
import type { CaptureEvent, CaptureInfo, CaptureOptions, NativeCapture } from '../../../ts/native';
import { Sniffer, type SnifferDeps } from '../../../ts/run/sniffer';
import { FakeLog, FakeStream, FakeTime } from './fakes';

/** The engine: tests say what it emits. `stop()` is answered by `end` unless `holdEnd`. */
export class FakeCapture implements NativeCapture {
  released = 0;
  stops = 0;
  holdEnd = false;
  info: CaptureInfo = { interface: 'eth0', loopback: false, linkType: 1, linkTypeName: 'EN10MB' };
  /** The promise that open() waits for. */
  opening: Promise<void> = Promise.resolve();
  /** Called when the handle is open, before open() has resolved. */
  onOpen: () => void = () => {};
  #onEvent: ((event: CaptureEvent) => void) | undefined;
  #ended = false;
  /** Batches that were told of. */
  readonly #told: Buffer[] = [];

  constructor(readonly options: CaptureOptions) {}

  async open(onEvent: (event: CaptureEvent) => void): Promise<CaptureInfo> {
    await this.opening;
    this.#onEvent = onEvent;
    this.onOpen();
    return this.info;
  }

  emit(event: CaptureEvent): void {
    this.#onEvent?.(event);
  }

  batch(...messages: object[]): void {
    this.lines(messages.map((message) => `${JSON.stringify(message)}\n`).join(''), messages.length);
  }

  lines(text: string, messages: number): void {
    const lines = Buffer.from(text);
    this.#told.push(lines);
    this.emit({ kind: 'batch', bytes: lines.length, messages });
  }

  /** Lines of key logs. */
  readonly tlsKeys: string[] = [];

  addTlsKeys(text: string): boolean {
    this.tlsKeys.push(text);
    return true;
  }

  /** The engine may write lines to stdout. */
  stdoutOpen = false;
  messagesOnStdout = 0;

  openStdout(open: boolean): void {
    this.stdoutOpen = open;
  }

  /** Batches may have changes. */
  changesWanted = false;

  wantChanges(want: boolean): void {
    this.changesWanted = want;
  }

  factsWanted = false;
  factsReleased = 0;

  wantFacts(want: boolean): void {
    this.factsWanted = want;
  }

  releaseFacts(): void {
    this.factsReleased++;
  }

  /** A table, as the engine tells of one. */
  facts(table: Buffer, messages: number): void {
    this.#told.push(table);
    this.emit({ kind: 'facts', bytes: table.length, messages });
  }

  writtenToStdout(): number {
    return this.messagesOnStdout;
  }

  seal(body: Buffer): string {
    return `seal-of-${body.length}`;
  }

  copyLines(target?: Buffer): void {
    const lines = this.#told.shift();
    if (target !== undefined && lines?.copy(target) !== target.length) throw new Error('not as long as the batch');
  }

  end(): void {
    if (this.#ended || this.#onEvent === undefined) return;
    this.#ended = true;
    this.emit({ kind: 'end' });
  }

  stop(): void {
    this.stops++;
    if (!this.holdEnd) setImmediate(() => this.end());
  }

  release(): void {
    this.released++;
  }

  stats(): Record<string, number> {
    return { released: this.released };
  }
}

export interface Rig {
  sniffer: Sniffer;
  /** The engines that were made, one a start(). */
  captures: FakeCapture[];
  capture: FakeCapture;
  log: FakeLog;
  time: FakeTime;
  stdout: FakeStream;
}

/** A sniffer with everything faked; `prepare` sees each engine before it is opened. */
export function rig(
  config: Partial<SnifferConfig> = {},
  overrides: Partial<SnifferDeps> & { prepare?: (capture: FakeCapture) => void; env?: RuntimeEnv } = {},
): Rig {
  const { prepare, env, ...deps } = overrides;
  const captures: FakeCapture[] = [];
  const log = new FakeLog();
  const time = new FakeTime();
  const stdout = new FakeStream();
  const sniffer = new Sniffer(
    { ports: [8080], ...config },
    {
      createCapture: (options) => {
        const capture = new FakeCapture(options);
        captures.push(capture);
        prepare?.(capture);
        return capture;
      },
      createLogger: log.createLogger,
      runtime: () => env ?? { production: false, identity: {} },
      onSignals: () => () => {},
      stdout: () => ({ stream: stdout }),
      createHttpClient: () => ({ post: () => Promise.reject(new Error('no network in this test')), close: () => {} }),
      kafka: { isInstalled: () => true, connect: () => Promise.reject(new Error('no network in this test')) },
      schedule: time.schedule,
      now: time.now,
      random: () => 0,
      ...deps,
    },
  );
  return {
    sniffer,
    captures,
    get capture() {
      return captures.at(-1) as FakeCapture;
    },
    log,
    time,
    stdout,
  };
}
