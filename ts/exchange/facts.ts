/**
 * The facts of many messages, as the engine makes them of their lines (`src/delivery/facts/mod.rs` tells the form of the table). In: the
 * bytes of a table. Out: values by the number of the message. They are those that `brief.ts` reads in the lines.
 */

import type { HttpMessage } from '../types';

/** Doubles of a record. */
const SIZE = 8;
const RESPONSE = 1;
const OTHER = 2;
const KIND = 3;
const INCOMPLETE_SHIFT = 2;
const INCOMPLETE_MASK = 7;
const IS_PAIRED = 32;
const IS_HERE = 64;
const STATUS_SHIFT = 8;
const HALF_BITS = 16;
const HALF = 0xffff;
/** As the engine counts them. */
const INCOMPLETE: readonly HttpMessage['incomplete'][] = [
  undefined,
  'stopped',
  'evicted',
  'gap',
  'timeout',
  'malformed',
  'closed',
  'reset',
];

/** Of what is asked; empty or `undefined` where the line does not say it. */
export interface Target {
  method: string;
  path: string;
  host: string | undefined;
}

export class Facts {
  readonly messages: number;
  readonly targets: readonly Target[];
  readonly #table: Buffer;
  readonly #numbers: Float64Array;
  /** Where in the numbers those of connections begin, and where in the bytes their texts. */
  readonly #connectionsAt: number;
  readonly #peersAt: number;
  readonly #othersAt: number;

  /** The bytes begin where a double may. */
  constructor(table: Buffer, messages: number) {
    const numbers = new Float64Array(table.buffer, table.byteOffset, table.length >> 3);
    const [connections = 0, , peersBytes = 0, targetsBytes = 0] = numbers;
    this.messages = messages;
    this.#table = table;
    this.#numbers = numbers;
    this.#connectionsAt = SIZE * (messages + 1);
    this.#peersAt = (this.#connectionsAt + 2 * connections) * Float64Array.BYTES_PER_ELEMENT;
    const targetsAt = this.#peersAt + peersBytes;
    this.#othersAt = targetsAt + targetsBytes;
    const lines = table.toString('utf8', targetsAt, this.#othersAt).split('\n');
    // Each is ended by a line feed.
    lines.pop();
    this.targets = lines.map((line) => {
      const [method = '', path = '', host] = line.split('\t');
      return { method, path, host };
    });
  }

  /** The number that ids of this connection begin with. */
  numberOf(connection: number): number {
    return this.#numbers[this.#connectionsAt + 2 * connection] as number;
  }

  /** The JSON of its two endpoints, as `Brief` has it. */
  peersOf(connection: number): string {
    const endAt = this.#connectionsAt + 2 * connection + 1;
    const start = connection === 0 ? 0 : (this.#numbers[endAt - 2] as number);
    return this.#table.toString('latin1', this.#peersAt + start, this.#peersAt + (this.#numbers[endAt] as number));
  }

  isOther(message: number): boolean {
    return (this.#word(message) & KIND) === OTHER;
  }

  /** The line of a message that is not as usual; a long one has no body. */
  other(message: number): Buffer {
    const start = this.#othersAt + this.#number(message, 2);
    return this.#table.subarray(start, start + this.#number(message, 3));
  }

  isResponse(message: number): boolean {
    return (this.#word(message) & KIND) === RESPONSE;
  }

  /** Of a request: its final response is in the table too. Of a response: it says what it answers. */
  isPaired(message: number): boolean {
    return (this.#word(message) & IS_PAIRED) !== 0;
  }

  /** Of a final response: its request is in the table too, and `targetOf` is the message. */
  isHere(message: number): boolean {
    return (this.#word(message) & IS_HERE) !== 0;
  }

  incompleteOf(message: number): HttpMessage['incomplete'] {
    return INCOMPLETE[(this.#word(message) >> INCOMPLETE_SHIFT) & INCOMPLETE_MASK];
  }

  /** 0 if it has none. */
  statusOf(message: number): number {
    return this.#word(message) >> STATUS_SHIFT;
  }

  /** Its index. */
  connectionOf(message: number): number {
    return (this.#number(message, 1) | 0) & HALF;
  }

  /** The same. */
  targetOf(message: number): number {
    return (this.#number(message, 1) | 0) >>> HALF_BITS;
  }

  exchangeOf(message: number): number {
    return this.#number(message, 2);
  }

  atMsOf(message: number): number {
    return this.#number(message, 3);
  }

  bodySizeOf(message: number): number {
    return this.#number(message, 4);
  }

  /** NaN if it is not known, like the two that follow. */
  durationMsOf(message: number): number {
    return this.#number(message, 5);
  }

  latencyMsOf(message: number): number {
    return this.#number(message, 6);
  }

  waitMsOf(message: number): number {
    return this.#number(message, 7);
  }

  #word(message: number): number {
    return this.#number(message, 0) | 0;
  }

  #number(message: number, index: number): number {
    return this.#numbers[SIZE * (message + 1) + index] as number;
  }
}
