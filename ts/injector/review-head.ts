/**
 * The beginning of a review that is too large to be parsed. The API server writes what a short answer needs before the pod: who asks
 * has to be answered all the same, or it takes the webhook for broken and, with `failurePolicy: Fail`, refuses the pod.
 */

/** The API server writes the uid within the first 200 bytes. */
export const HEAD_BYTES = 4_096;

/** The members by their names, all of them texts. */
export interface ReviewHead {
  review: Record<string, string>;
  request: Record<string, string>;
}

/** A text, a mark of JSON's structure, or anything else up to the next mark. */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([[\]{}:,])|[^\s"[\]{}:,]+)/y;

/**
 * The texts of the review and of its request that stand in the first bytes. `undefined` if that is no beginning of JSON, or if a
 * member is there twice: which of them counts is a matter of the parser.
 */
export function readHead(body: Uint8Array): ReviewHead | undefined {
  // A text that is cut is no token, so what is cut there is not read.
  const json = Buffer.from(body.subarray(0, HEAD_BYTES)).toString();
  const head: ReviewHead = { review: Object.create(null), request: Object.create(null) };
  const seen = new Set<string>();
  /** The name in each object that is open, outermost first; `null` for a list. */
  const open: (string | null)[] = [];
  let isName = false;
  const token = new RegExp(TOKEN);
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    const [, text, mark] = found;
    if (text === undefined) {
      if (mark === '{') open.push('');
      else if (mark === '[') open.push(null);
      else if ((mark === '}' || mark === ']') && open.pop() === undefined) return undefined;
      isName = mark === '{' || (mark === ',' && typeof open.at(-1) === 'string');
      continue;
    }
    const value = parse(text);
    if (value === undefined) return undefined;
    const members =
      open.length === 1 ? head.review : open.length === 2 && open[0] === 'request' ? head.request : undefined;
    const name = open.at(-1);
    if (isName) {
      const member = `${open.length} ${value}`;
      if (members !== undefined && seen.has(member)) return undefined;
      seen.add(member);
      open[open.length - 1] = value;
    } else if (members !== undefined && typeof name === 'string') members[name] = value;
  }
  return head;
}

function parse(text: string): string | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
