/**
 * The values of JSON text replaced where they stand; all else stays as it is written. In: JSON, or several JSON texts one after
 * the other. It does not check what a parser checks: all that could hold a value is replaced, whatever its order. But numbers that stand
 * side by side, as in a card number, are no JSON: each for itself is so short that it would be kept.
 */

interface JsonReplacing {
  /** True if all that belongs to a member of this name is secret. */
  isSecret(name: string): boolean;
  name(text: string): string;
  text(text: string, isSecret: boolean): string;
  /** As it is written; returns a number again. */
  number(text: string, isSecret: boolean): string;
}

/** Deeper JSON is no JSON here. */
const MAX_DEPTH = 1_000;
/** All but strings, whose ends are searched for: an expression would keep a state for each of their characters. */
const TOKEN =
  /[ \t\r\n]+|(?<number>-?(?:0|[1-9]\d{0,1000})(?:\.\d{1,1000})?(?:[eE][+-]?\d{1,9})?)(?![\w.])|true(?!\w)|false(?!\w)|null(?!\w)|[[\]{},]/y;
/** Before each text of a sequence (RFC 7464 §2.2). */
const RECORD_SEPARATOR = '\u001e';
const COLON = /[ \t\r\n]*:/y;
const LINE_END = /[\r\n]/;

/** `undefined` if it is no JSON. */
export function replaceJson(json: string, replacing: JsonReplacing): string | undefined {
  const out: string[] = [];
  /** For each array and object that is open: all in it is secret, and the present member's value is. */
  const open: { all: boolean; member: boolean }[] = [];
  let here = { all: false, member: false };
  let values = 0;
  /** A value has ended, and nothing separates it from what follows. */
  let isAfterValue = false;
  for (let at = 0; at < json.length; ) {
    const isSecret = here.all || here.member;
    if (json[at] === RECORD_SEPARATOR) {
      out.push(RECORD_SEPARATOR);
      isAfterValue = false;
      at++;
      continue;
    }
    if (json[at] === '"') {
      const end = stringEnd(json, at + 1);
      const text = end === undefined ? undefined : parsed(json.slice(at, end));
      if (end === undefined || text === undefined) return undefined;
      at = end;
      const colon = match(COLON, json, at)?.[0];
      if (colon === undefined) out.push(JSON.stringify(replacing.text(text, isSecret)));
      else {
        if (open.length === 0) return undefined;
        here.member = replacing.isSecret(text);
        out.push(JSON.stringify(replacing.name(text)), colon);
        at += colon.length;
      }
      isAfterValue = colon === undefined;
      values++;
      continue;
    }
    const found = match(TOKEN, json, at);
    if (found === null) return undefined;
    const [part] = found;
    at += part.length;
    if (found.groups?.number !== undefined) {
      if (isAfterValue) return undefined;
      isAfterValue = true;
      out.push(replacing.number(part, isSecret));
      values++;
      continue;
    }
    out.push(part);
    if (part.trim() === '') {
      // JSON texts that follow each other stand in lines of their own.
      if (open.length === 0 && LINE_END.test(part)) isAfterValue = false;
      continue;
    }
    isAfterValue = !/[[{,]/.test(part);
    if (part === '{' || part === '[') {
      if (open.length >= MAX_DEPTH) return undefined;
      open.push(here);
      here = { all: isSecret, member: false };
      values++;
    } else if (part === '}' || part === ']') {
      const before = open.pop();
      if (before === undefined) return undefined;
      here = before;
      here.member = false;
    } else if (part === ',') here.member = false;
    else values++;
  }
  return open.length === 0 && values > 0 ? out.join('') : undefined;
}

function match(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/** After the quote that ends the string whose text begins at `from`. */
function stringEnd(json: string, from: number): number | undefined {
  for (let at = json.indexOf('"', from); at !== -1; at = json.indexOf('"', at + 1)) {
    let escapes = 0;
    while (at - 1 - escapes >= from && json[at - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  return undefined;
}

function parsed(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    // A control character that is no escape.
    return undefined;
  }
}
