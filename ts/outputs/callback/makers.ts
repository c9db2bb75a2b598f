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
interface Key {
  readonly name: string;
  readonly inner: Keys | undefined;
}
type Keys = readonly Key[];

type Make = (values: readonly Value[]) => object;

/** Kinds of messages that are known. A service has some dozen. */
const MAX_KNOWN = 256;
/** So many messages of a kind are made by assigning, until it is worth to look for a better way. */
const FEW_MESSAGES = 8;
/** Longer code is not generated, and no name as long is kept. */
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
 * The keys of an object, as they stand.
 * @throws if one of them is not a plain one
 */
function keysOf(object: object): Keys {
  return Object.entries(object).map(([name, value]: [string, unknown]) => {
    if (ODD_KEY.test(name)) throw new TypeError('the object is not a plain one');
    return { name, inner: typeof value === 'object' && value !== null ? keysOf(value) : undefined };
  });
}

/**
 * The same for objects with the same keys, and for no other. The values go to `values`.
 * @throws if it does not consist of objects and values alone
 */
function nameOf(object: object, values: Value[]): string {
  let name = '';
  for (const [key, value] of Object.entries(object) as [string, Value | object][]) {
    // The content of a key is not taken for what stands between keys.
    name += `${key.length}:${key}`;
    if (Array.isArray(value)) throw new TypeError('the object is not a plain one');
    if (typeof value === 'object' && value !== null) name += `{${nameOf(value, values)}}`;
    else values.push(value);
  }
  return name;
}

/** Assigns each key. */
function assigning(keys: Keys): Make {
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

/** Messages with the same keys. */
export class Kind {
  readonly keys: Keys;
  /** How many were made. */
  made = 0;
  #make: Make;
  #isFinal = false;

  constructor(keys: Keys) {
    this.keys = keys;
    this.#make = assigning(keys);
  }

  make(values: readonly Value[]): object {
    this.made++;
    return this.#make(values);
  }

  get wantsBetter(): boolean {
    return this.made >= FEW_MESSAGES && !this.#isFinal;
  }

  /** The best that there is; `undefined`: it stays as it is. */
  makeBy(make: Make | undefined): void {
    this.#make = make ?? this.#make;
    this.#isFinal = true;
  }
}

export class Makers {
  /** By their names. The oldest is first. */
  readonly #known = new Map<string, Kind>();
  #codes = MAX_CODES_AT_ONCE;
  readonly #compile: (code: string) => Make;

  constructor(compile = compiled) {
    this.#compile = compile;
  }

  /** That many messages more were read. */
  earn(messages: number): void {
    this.#codes = Math.min(MAX_CODES_AT_ONCE, this.#codes + messages / MESSAGES_PER_CODE);
  }

  /**
   * The kind that a message is of, which has better code than `assigning` if it has come before. The message's values go to `values`.
   * @throws if it does not consist of plain keys, objects and values alone
   */
  kindOf(message: object, values: Value[]): Kind {
    const name = nameOf(message, values);
    const known = this.#known.get(name);
    if (known === undefined) return this.#add(name, new Kind(keysOf(message)));
    if (known.wantsBetter && this.#codes >= 1) known.makeBy(this.#generate(known.keys));
    return known;
  }

  #add(name: string, kind: Kind): Kind {
    if (name.length > MAX_CODE_CHARS) return kind;
    if (this.#known.size === MAX_KNOWN) {
      const [oldest = ''] = this.#known.keys();
      this.#known.delete(oldest);
    }
    this.#known.set(name, kind);
    return kind;
  }

  #generate(keys: Keys): Make | undefined {
    const code = codeOf(keys);
    if (code.length > MAX_CODE_CHARS) return undefined;
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
