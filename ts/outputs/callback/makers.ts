/**
 * Functions that make objects of values, for messages with the same keys. In: keys and values. Out: plain objects, as `JSON.parse`
 * makes them of the text. Knows nothing of messages.
 *
 * An object literal is the fastest way by far: its code is generated, once for each list of keys. Names of fields are among them, and
 * those are of others' choice: they get into the code only as string literals, and generating code is limited in what it takes and in
 * what it keeps. Keys that are rare, or a process that allows no code to be generated, are assigned one by one.
 */

/** No object and no array. */
export type Value = string | number | boolean | null;

/** A key; if its value is an object, the keys of that. */
export interface Key {
  readonly name: string;
  readonly inner: Keys | undefined;
}
export type Keys = readonly Key[];

export type Make = (values: readonly Value[]) => object;

/** Kinds of messages that are known, as lists of keys. A service has some dozen. */
const MAX_KNOWN = 256;
/** Longer code is not generated, and nothing as long is kept. */
const MAX_CODE_CHARS = 8 * 1024;
/** Generating code takes as long as parsing some ten messages: so it is done once for so many, */
const MESSAGES_PER_CODE = 1024;
/** but for those that a service has from the start. */
const MAX_CODES_AT_ONCE = 16;

/** A key whose place in an object is not where it stands in the text, or which is more than a key. */
const ODD_KEY = /^\d|^__proto__$/;
/** Ends of lines to some readers of code, and not escaped in JSON. */
const LINE_SEPARATORS = /[\u2028\u2029]/g;

/**
 * The keys of an object, as they stand, while its values go to `values`.
 * @throws if it does not consist of plain keys, objects and values alone
 */
export function keysOf(object: object, values: Value[]): Keys {
  return Object.entries(object).map(([name, value]: [string, unknown]) => {
    if (ODD_KEY.test(name) || Array.isArray(value)) throw new TypeError('the object is not a plain one');
    if (typeof value === 'object' && value !== null) return { name, inner: keysOf(value, values) };
    values.push(value as Value);
    return { name, inner: undefined };
  });
}

/** Assigns each key. */
export function assigning(keys: Keys): Make {
  let next = 0;
  const made = (level: Keys, values: readonly Value[]): object => {
    const object: Record<string, unknown> = {};
    for (const { name, inner } of level) object[name] = inner === undefined ? values[next++] : made(inner, values);
    return object;
  };
  return (values) => {
    next = 0;
    return made(keys, values);
  };
}

export class Makers {
  /** By their code; a kind that was seen once has none of its own yet. The oldest is first. */
  readonly #known = new Map<string, Make | undefined>();
  #codes = MAX_CODES_AT_ONCE;
  readonly #compile: (code: string) => Make;

  constructor(compile = compiled) {
    this.#compile = compile;
  }

  /** That many messages more were read. */
  earn(messages: number): void {
    this.#codes = Math.min(MAX_CODES_AT_ONCE, this.#codes + messages / MESSAGES_PER_CODE);
  }

  /** Returns the function that makes objects of these keys, if there is a better function than `assigning`. */
  of(keys: Keys): Make | undefined {
    const code = codeOf(keys);
    if (code.length > MAX_CODE_CHARS) return undefined;
    const known = this.#known.get(code);
    if (known !== undefined) return known;
    const before = this.#known.has(code);
    const make = before && this.#codes >= 1 ? this.#generate(code) : undefined;
    if (!before && this.#known.size === MAX_KNOWN) {
      const [oldest = ''] = this.#known.keys();
      this.#known.delete(oldest);
    }
    this.#known.set(code, make);
    return make;
  }

  #generate(code: string): Make | undefined {
    this.#codes--;
    try {
      return this.#compile(code);
    } catch {
      // Node's --disallow-code-generation-from-strings.
      this.#codes = Number.NEGATIVE_INFINITY;
      return undefined;
    }
  }
}

function compiled(code: string): Make {
  return new Function('v', `return ${code}`) as Make;
}

function codeOf(keys: Keys): string {
  let next = 0;
  const literal = (level: Keys): string => {
    const members = level.map(({ name, inner }) => {
      const quoted = JSON.stringify(name).replace(LINE_SEPARATORS, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
      return `${quoted}:${inner === undefined ? `v[${next++}]` : literal(inner)}`;
    });
    return `{${members.join()}}`;
  };
  return literal(keys);
}
