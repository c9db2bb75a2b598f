/**
 * The messages of a batch, made of what changes from one to another: most are like one before but for a few values, so not all of
 * each is parsed again. In: what the engine tells (src/delivery/changes has the form). Out: the same objects as `JSON.parse` of each
 * line. Each message is an object of its own, and shares nothing with another but strings and numbers.
 */

import { LINE_FEED } from '../../exchange/lines';
import type { Kind, Makers, Value } from './makers';
import type { Messages } from './messages';

/** Values whose ways are in one word: two bits for each, the first one lowest. */
const PLACES = 15;
const NUMBER = 1;
const SHORT_TEXT = 2;
/** The lowest bits of a number's word are those of its decimals. */
const DECIMALS_BITS = 3;
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7] as const;

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** The last message of its kind, without the object that was handed out. */
class Pattern {
  readonly values: Value[] = [];
  readonly isOfStream: boolean;
  readonly #kind: Kind;

  /** @throws if it has not so many values */
  constructor(message: object, count: number, makers: Makers) {
    this.#kind = makers.kindOf(message, this.values);
    if (this.values.length !== count) throw new RangeError('the pattern has another number of values');
    this.isOfStream = isOfStream(message);
  }

  make(): object {
    return this.#kind.make(this.values);
  }
}

export class ChangedMessages implements Messages {
  isOfStream = false;
  /** How many messages were read. */
  passed = 0;
  /** The rest cannot be read. */
  broken = false;
  readonly #makers: Makers;
  readonly #patterns: Pattern[] = [];
  #words: Int32Array = new Int32Array();
  #wordAt = 0;
  #texts = '';
  #textAt = 0;
  /** Those that were read: some come again. */
  readonly #knownTexts: string[] = [];
  #arrays: Buffer;
  #arrayAt = 0;
  #items: readonly unknown[] = [];
  #itemAt = 0;
  /** Of the message, or else the message itself. */
  #pattern: Pattern | undefined;
  #whole: object | undefined;

  constructor(changes: Buffer, makers: Makers) {
    this.#makers = makers;
    this.#arrays = changes;
    try {
      const { buffer, byteOffset, length } = changes;
      const lens = new Int32Array(buffer, byteOffset + length - 2 * WORD_BYTES, 2);
      const [words, arraysBytes] = lens as unknown as [number, number];
      this.#words = new Int32Array(buffer, lens.byteOffset - words * WORD_BYTES, words);
      this.#texts = changes.toString('latin1', arraysBytes, this.#words.byteOffset - byteOffset);
      this.#arrays = changes.subarray(0, arraysBytes);
    } catch {
      this.broken = true;
    }
  }

  next(): boolean {
    if (this.#wordAt >= this.#words.length) return false;
    try {
      this.#read();
    } catch {
      this.broken = true;
      return false;
    }
    this.passed++;
    return true;
  }

  message(): object | undefined {
    return this.#pattern === undefined ? this.#whole : this.#pattern.make();
  }

  #read(): void {
    const word = this.#word();
    if (word > 0) {
      const pattern = this.#patterns[word - 1];
      if (pattern === undefined) throw new RangeError('there is no such pattern');
      this.#change(pattern.values);
      this.#pattern = pattern;
      this.isOfStream = pattern.isOfStream;
      return;
    }
    const message = messageOf(this.#item());
    if (word < 0) this.#patterns.push(new Pattern(message, -word, this.#makers));
    this.#pattern = undefined;
    this.#whole = message;
    this.isOfStream = isOfStream(message);
  }

  #change(values: Value[]): void {
    let waysAt = this.#wordAt;
    this.#wordAt += Math.ceil(values.length / PLACES);
    for (let first = 0; first < values.length; first += PLACES) {
      for (let ways = this.#words[waysAt++] as number; ways !== 0; ) {
        const place = (31 - Math.clz32(ways & -ways)) >> 1;
        const way = (ways >> (2 * place)) & 3;
        values[first + place] = way === NUMBER ? this.#number() : way === SHORT_TEXT ? this.#text() : this.#value();
        ways ^= way << (2 * place);
      }
    }
  }

  #word(): number {
    const word = this.#words[this.#wordAt++];
    if (word === undefined) throw new RangeError('there is no such word');
    return word;
  }

  #number(): number {
    const word = this.#word();
    const decimals = word & (POWERS.length - 1);
    const digits = word >> DECIMALS_BITS;
    // Both are exact, and so is what comes nearest to their quotient.
    return decimals === 0 ? digits : digits / (POWERS[decimals] as number);
  }

  #text(): string {
    const word = this.#word();
    if (word < 0) return this.#knownText(~word);
    const start = this.#textAt;
    this.#textAt += word;
    // It is so short that V8 copies it: it does not keep the other texts alive.
    const text = this.#texts.substring(start, this.#textAt);
    this.#knownTexts.push(text);
    return text;
  }

  #knownText(number: number): string {
    const text = this.#knownTexts[number];
    if (text === undefined) throw new RangeError('there is no such text');
    return text;
  }

  #value(): Value {
    return this.#item() as Value;
  }

  #item(): unknown {
    if (this.#itemAt >= this.#items.length) this.#nextArray();
    return this.#items[this.#itemAt++];
  }

  #nextArray(): void {
    const start = this.#arrayAt;
    const end = this.#arrays.indexOf(LINE_FEED, start);
    if (end === -1) throw new RangeError('there is no further array');
    this.#arrayAt = end + 1;
    this.#items = JSON.parse(this.#arrays.toString('utf8', start, end));
    this.#itemAt = 0;
  }
}

function messageOf(item: unknown): object {
  if (typeof item !== 'object' || item === null) throw new TypeError('there is no message');
  return item;
}

function isOfStream(message: object): boolean {
  return Object.hasOwn(message, 'stream');
}
