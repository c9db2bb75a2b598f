/** A trigger that is fed messages, and what came out of it. */

import { expect } from 'vitest';
import { Endings } from '../../ts/exchange/endings';
import { parseFilter } from '../../ts/filter';
import { Trigger, type TriggerOptions } from '../../ts/trigger/trigger';
import { request, response } from '../filter/exchanges';

export const START = Date.UTC(2024, 4, 17, 14);

export interface Message {
  id: string;
  direction?: string;
  timestamp: string;
  stream?: string;
  sequence?: number;
  statusCode?: number;
}

const time = (atMs: number): string => new Date(START + atMs).toISOString();

/** Times are in ms after the start. */
export const asked = (id: string, atMs: number, fields: object = {}): Message => ({
  ...request({ id, timestamp: time(atMs) }),
  ...fields,
});

export const answered = (id: string, atMs: number, fields: object = {}): Message => ({
  ...response({ id, timestamp: time(atMs), latencyMs: undefined, waitMs: undefined, durationMs: undefined }),
  ...fields,
});

export const inStream = (id: string, atMs: number, sequence = 1): Message => ({
  stream: 'websocket',
  id,
  sequence,
  direction: 'response',
  timestamp: time(atMs),
});

/** Both halves of an exchange without a body. */
export const exchange = (id: string, fromMs: number, toMs: number, statusCode = 200): Message[] => [
  asked(id, fromMs),
  answered(id, toMs, { statusCode, latencyMs: toMs - fromMs }),
];

export const lineOf = (message: object): string => `${JSON.stringify(message)}\n`;
const bytesOf = (messages: readonly object[]): Buffer => Buffer.from(messages.map(lineOf).join(''));

export const nameOf = ({ id, direction, stream, sequence, statusCode = 200 }: Message): string =>
  `${id} ${statusCode < 200 ? 'interim' : direction}${stream === undefined ? '' : ` ${sequence}`}`;

export interface RigOptions extends Partial<Omit<TriggerOptions, 'filter' | 'wallMs' | 'endings'>> {
  filter?: string;
  /** The time of packets is that of a clock. */
  live?: boolean;
}

export class Rig {
  readonly trigger: Trigger;
  readonly #endings = new Endings();
  readonly windows: Parameters<TriggerOptions['onWindow']>[0][] = [];
  wallMs = START;
  came = 0;
  out: string[] = [];
  readonly #maxBytes: number;

  constructor({ filter, live, ...options }: RigOptions = {}) {
    this.#maxBytes = options.maxBytes ?? 1 << 30;
    this.trigger = new Trigger({
      beforeMs: 1_000,
      afterMs: 500,
      patienceMs: 300_000,
      onWindow: (window) => this.windows.push(window),
      wallMs: live === true ? () => this.wallMs : undefined,
      ...options,
      endings: this.#endings,
      maxBytes: this.#maxBytes,
      filter: filter === undefined ? undefined : parseFilter(filter),
    });
  }

  /** A batch; returns what comes out of it. */
  take(...messages: readonly object[]): string[] {
    const batch = bytesOf(messages);
    this.trigger.take(batch);
    this.came += messages.length;
    return this.#taken();
  }

  /** The same, except that nothing is handed on until the batch is overwritten. */
  takeLate(...messages: readonly object[]): string[] {
    const batch = bytesOf(messages);
    this.trigger.take(batch);
    this.came += messages.length;
    this.trigger.keep();
    batch.fill('x');
    return this.#taken();
  }

  /** The exchange is over without a response. */
  over(id: string, atMs?: number): string[] {
    this.#endings.note({ [id]: atMs === undefined ? 'closed client' : `closed client@${(START + atMs) * 1_000}` });
    this.trigger.unanswered([id]);
    return this.#taken();
  }

  call(): string[] {
    this.trigger.trigger();
    return this.#taken();
  }

  look(): string[] {
    this.trigger.look();
    return this.#taken();
  }

  end(): string[] {
    this.trigger.end();
    const out = this.#taken();
    expect(this.trigger.counters()).toMatchObject({ triggerHeldMessages: 0, triggerHeldBytes: 0 });
    return out;
  }

  /** Messages in = messages out, or gone otherwise, or here; nothing twice; the memory is as it was said. */
  expectBalance(): void {
    const {
      untriggered = 0,
      triggerEvicted = 0,
      triggerHeldMessages = 0,
      triggerHeldBytes = 0,
    } = this.trigger.counters();
    expect(this.out.length + untriggered + triggerEvicted + triggerHeldMessages).toBe(this.came);
    expect(new Set(this.out).size).toBe(this.out.length);
    expect(triggerHeldBytes).toBeLessThanOrEqual(this.#maxBytes);
  }

  #taken(): string[] {
    const out: string[] = [];
    for (let piece = this.trigger.next(); piece !== undefined; piece = this.trigger.next()) {
      const lines = piece.lines.toString().split('\n');
      expect(lines.pop()).toBe('');
      expect(lines).toHaveLength(piece.messages);
      out.push(...lines.map((line) => nameOf(JSON.parse(line))));
    }
    this.out.push(...out);
    this.expectBalance();
    return out;
  }
}
