/**
 * The members of a JSON object, read where they stand. In: the engine's text, as bytes and as a string of one character a byte
 * (latin1), so that what is cut out of it is bytes again. Out: values as they are written. To go through a whole line costs about
 * as much as `JSON.parse`; what it saves is to escape strings again that go into JSON.
 *
 * That relies on what the engine writes: no space between tokens. Any other text throws, and is no message.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING = 0x7b;
const CLOSING = 0x7d;

const ZERO = 0x30;
const NINE = 0x39;
/** Of a whole number that is exact. */
const MAX_DIGITS = 15;

/** After a string that is a value, and before the next name. Within a string its second quote would be escaped. */
const BETWEEN = '","';

/** Longer strings are searched for their end by the runtime: it is faster, but a call costs as much as so many bytes. */
const SHORT_BYTES = 48;

/** Goes through an object, and on demand through the objects in it: `enter`, `next` until it is false, `leave`. */
export class Members {
  #bytes: Uint8Array = new Uint8Array();
  #text = '';
  /** Where the next token stands, or the value if it was not looked at. */
  #at = 0;
  #isPassed = true;
  #nameStart = 0;
  #nameEnd = 0;

  /** From the brace at `at`. */
  begin(bytes: Uint8Array, text: string, at: number): void {
    this.#bytes = bytes;
    this.#text = text;
    this.#at = at;
    this.#isPassed = true;
    if (bytes[at] !== OPENING) throw new Error('no object');
  }

  /** To the next member; false after the last. */
  next(): boolean {
    const bytes = this.#bytes;
    if (!this.#isPassed) this.#pass();
    let at = this.#at;
    const before = bytes[at];
    if (before === CLOSING) return false;
    if (before !== OPENING && before !== COMMA) throw new Error('no member');
    at++;
    if (before === OPENING && bytes[at] === CLOSING) {
      this.#at = at;
      return false;
    }
    if (bytes[at] !== QUOTE) throw new Error('no name');
    const nameEnd = this.#stringEnd(at + 1);
    this.#nameStart = at + 1;
    this.#nameEnd = nameEnd;
    if (bytes[nameEnd + 1] !== COLON) throw new Error('no value');
    this.#at = nameEnd + 2;
    this.#isPassed = false;
    return true;
  }

  get nameLength(): number {
    return this.#nameEnd - this.#nameStart;
  }

  /** True if it is the member's name; `name` is of ASCII without quotes. */
  is(name: string): boolean {
    const start = this.#nameStart;
    if (this.#nameEnd - start !== name.length) return false;
    for (let index = 0; index < name.length; index++) {
      if (this.#bytes[start + index] !== name.charCodeAt(index)) return false;
    }
    return true;
  }

  /** Of a string: what stands between its quotes, with its escapes. `''` of any other value. */
  string(): string {
    if (this.#bytes[this.#at] !== QUOTE) return '';
    const start = this.#at + 1;
    const end = this.#stringEnd(start);
    this.#passTo(end + 1);
    return this.#text.slice(start, end);
  }

  /**
   * The same of a long string in a line that ends at `lineEnd`, where another member follows: what stands between two strings is looked
   * for in one call, and not each quote that is escaped.
   */
  longString(lineEnd: number): string {
    const start = this.#at + 1;
    if (this.#bytes[start - 1] !== QUOTE) return '';
    const between = this.#text.indexOf(BETWEEN, start);
    if (between === -1 || between >= lineEnd) return this.string();
    // If its first quote is escaped, the last quote is the end: no name begins with what follows an end.
    const after = this.#bytes[between + BETWEEN.length];
    const end = after === COMMA || after === CLOSING ? between + BETWEEN.length - 1 : between;
    this.#passTo(end + 1);
    return this.#text.slice(start, end);
  }

  /** NaN of a string. */
  number(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let value = 0;
    // Most are short and whole.
    for (let at = start; at < start + MAX_DIGITS; at++) {
      const byte = bytes[at] as number;
      if (byte >= ZERO && byte <= NINE) value = value * 10 + byte - ZERO;
      else if (at > start && (byte === COMMA || byte === CLOSING)) {
        this.#passTo(at);
        return value;
      } else break;
    }
    if (bytes[start] === QUOTE) return Number.NaN;
    this.#pass();
    return Number(this.#text.slice(start, this.#at));
  }

  /** Into the object that is the value; false if it is none. */
  enter(): boolean {
    if (this.#bytes[this.#at] !== OPENING) return false;
    this.#isPassed = true;
    return true;
  }

  /** Out of it, after its last member. */
  leave(): void {
    this.#passTo(this.#at + 1);
  }

  #passTo(at: number): void {
    this.#at = at;
    this.#isPassed = true;
  }

  #pass(): void {
    const first = this.#bytes[this.#at];
    if (first === QUOTE) this.#passTo(this.#stringEnd(this.#at + 1) + 1);
    else if (first === OPENING || first === OPENING_BRACKET) this.#passTo(this.#nestedEnd(this.#at));
    else this.#passTo(this.#literalEnd(this.#at));
  }

  /** Where the quote stands that ends the string whose text begins at `from`. */
  #stringEnd(from: number): number {
    const bytes = this.#bytes;
    for (let at = from; at < from + SHORT_BYTES; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at++;
      if (byte === undefined) break;
    }
    for (let at = this.#text.indexOf('"', from); at !== -1; at = this.#text.indexOf('"', at + 1)) {
      let escapes = 0;
      while (bytes[at - 1 - escapes] === BACKSLASH) escapes++;
      if (escapes % 2 === 0) return at;
    }
    throw new Error('a string without its end');
  }

  /** After the object or the array that begins at `from`. */
  #nestedEnd(from: number): number {
    let depth = 0;
    for (let at = from; at < this.#text.length; at++) {
      const byte = this.#bytes[at];
      if (byte === QUOTE) at = this.#stringEnd(at + 1);
      else if (byte === OPENING || byte === OPENING_BRACKET) depth++;
      else if (byte === CLOSING || byte === CLOSING_BRACKET) {
        depth--;
        if (depth === 0) return at + 1;
      }
    }
    throw new Error('a value without its end');
  }

  /** After the number, the `true`, the `false` or the `null` that begins at `from`. */
  #literalEnd(from: number): number {
    for (let at = from; at < this.#text.length; at++) {
      const byte = this.#bytes[at];
      if (byte === COMMA || byte === CLOSING || byte === CLOSING_BRACKET) return at;
    }
    throw new Error('a value without its end');
  }
}
