/**
 * The messages of a batch, made of what changes from one to another: most are like one before but for a few values, so not all of
 * each is parsed again. In: the engine's arrays (src/delivery/changes). Out: the same objects as `JSON.parse` of each line. Each
 * message is an object of its own, and shares nothing with another but strings and numbers.
 */

import { assigning, type Keys, keysOf, type Make, type Makers, type Value } from './makers';
import type { Messages } from './messages';

/** Values that one number tells of: a bit for each, the first one lowest. */
const BITS = 30;
/** So many messages of a pattern are made by assigning, until it is worth to look for a better way. */
const FEW_MESSAGES = 8;

const LINE_FEED = 0x0a;

/** The last message of its kind, without the object that was handed out. */
class Pattern {
  readonly values: Value[] = [];
  readonly isOfStream: boolean;
  readonly #keys: Keys;
  readonly #makers: Makers;
  #make: Make;
  #made = 0;

  /** @throws if it has not so many values */
  constructor(message: object, count: number, makers: Makers) {
    this.#keys = keysOf(message, this.values);
    if (this.values.length !== count) throw new RangeError('the pattern has another number of values');
    this.isOfStream = isOfStream(message);
    this.#makers = makers;
    this.#make = assigning(this.#keys);
  }

  make(): object {
    if (++this.#made === FEW_MESSAGES) this.#make = this.#makers.of(this.#keys) ?? this.#make;
    return this.#make(this.values);
  }
}

export class ChangedMessages implements Messages {
  isOfStream = false;
  /** How many messages were read. */
  passed = 0;
  /** The rest cannot be read. */
  broken = false;
  readonly #changes: Buffer;
  readonly #makers: Makers;
  readonly #patterns: Pattern[] = [];
  #start = 0;
  #items: readonly unknown[] = [];
  #at = 0;
  /** Of the message, or else the message itself. */
  #pattern: Pattern | undefined;
  #whole: object | undefined;

  constructor(changes: Buffer, makers: Makers) {
    this.#changes = changes;
    this.#makers = makers;
  }

  next(): boolean {
    try {
      if (!this.#read()) return false;
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

  #read(): boolean {
    if (this.#at >= this.#items.length && !this.#nextArray()) return false;
    const item = this.#items[this.#at++];
    if (typeof item === 'number' && item >= 0) {
      const pattern = this.#patterns[item];
      if (pattern === undefined) throw new RangeError('there is no such pattern');
      this.#change(pattern.values);
      this.#pattern = pattern;
      this.isOfStream = pattern.isOfStream;
      return true;
    }
    const message = messageOf(typeof item === 'number' ? this.#items[this.#at++] : item);
    if (typeof item === 'number') this.#patterns.push(new Pattern(message, -item, this.#makers));
    this.#pattern = undefined;
    this.#whole = message;
    this.isOfStream = isOfStream(message);
    return true;
  }

  #nextArray(): boolean {
    const start = this.#start;
    if (start >= this.#changes.length) return false;
    const end = this.#changes.indexOf(LINE_FEED, start);
    this.#start = end + 1;
    this.#items = JSON.parse(this.#changes.toString('utf8', start, end));
    this.#at = 0;
    return true;
  }

  #change(values: Value[]): void {
    const items = this.#items;
    let bitsAt = this.#at;
    let at = bitsAt + Math.ceil(values.length / BITS);
    for (let first = 0; first < values.length; first += BITS) {
      for (let bits = items[bitsAt++] as number; bits !== 0; bits &= bits - 1) {
        values[first + 31 - Math.clz32(bits & -bits)] = items[at++] as Value;
      }
    }
    this.#at = at;
  }
}

function messageOf(item: unknown): object {
  if (typeof item !== 'object' || item === null) throw new TypeError('there is no message');
  return item;
}

function isOfStream(message: object): boolean {
  return Object.hasOwn(message, 'stream');
}
