/**
 * The cost of parsing a JSON text, found out from its bytes before it is parsed. Three bytes (`[],`) become 40 bytes of
 * memory, and a text that nests deeply is expensive to walk later: a cap on bytes alone is not enough.
 */

/** A review of a pod with managed fields nests some 20 deep. */
export const MAX_DEPTH = 64;
/**
 * Brackets, colons and commas outside of strings. A pod of 1 MiB with managed fields has fewer, and etcd takes no more than
 * 1.5 MiB; one of them costs up to 70 bytes once it is parsed, so these are 14 MB.
 */
export const MAX_TOKENS = 200_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The bound that a text breaks, for its sender; `undefined` for a text within all of them. Up to the first byte that is no JSON
 * it reads as a parser does, and from there on a parser reads nothing.
 */
export function brokenBound(json: Uint8Array): string | undefined {
  let depth = 0;
  let tokens = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    switch (byte) {
      case QUOTE:
        inString = true;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        tokens++;
        if (depth > MAX_DEPTH) return `the body nests more than ${MAX_DEPTH} deep`;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
      case COLON:
        tokens++;
        break;
    }
    if (tokens > MAX_TOKENS) return `the body has more than ${MAX_TOKENS} values`;
  }
  return undefined;
}
