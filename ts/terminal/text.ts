/**
 * Text from the wire to text for a terminal: nothing that a terminal obeys gets through, and what is shown has a known
 * width in columns. In: any string. Out: strings of visible characters.
 */

/** Of one code point: 1 or 2 columns. */
export type ColumnsOf = (codePoint: number) => number;

/** The package is an ES module; this one is not, so it comes by `import()`. */
export async function loadText(): Promise<Text> {
  const { eastAsianWidth } = await import('get-east-asian-width');
  return new Text((codePoint) => eastAsianWidth(codePoint));
}

/**
 * Controls (C0, DEL, C1), format characters (bidi overrides, tags, joiners), separators of lines, surrogates that stand
 * alone, private and unassigned code points: a terminal obeys them or nobody knows how wide they are. Nor do terminals
 * agree on emoji with a skin colour or a style.
 */
const UNSAFE = /\ufe0f|[\p{C}\p{Zl}\p{Zp}\p{Emoji_Modifier}]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
/** Where characters, UTF-16 units and columns are the same in number; what our own cells hold is among it. */
const ONE_EACH = /^[\x20-\x7e\xa1-\xac\xae-\u02ff…→]*$/;
/** What stands on the character before it. */
const MARK = /^(?:\p{Mn}|\p{Me})$/u;
/** Hangul vowels and finals, which melt into what is before them. */
const CONJOINING = [
  [0x1160, 0x11ff],
  [0xd7b0, 0xd7ff],
] as const;
const FLAG = /^\p{Regional_Indicator}{2}$/u;
/** Of one cluster: towers of marks are cut down. */
const MAX_CLUSTER_UNITS = 32;
export const ELLIPSIS = '…';

/** One line, with everything unsafe as a visible escape: `\n`, `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, escaped);
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
}

/** Lengths in columns. All of it takes printable text only. */
export class Text {
  readonly #columnsOf: ColumnsOf;
  readonly #clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });

  constructor(columnsOf: ColumnsOf) {
    this.#columnsOf = columnsOf;
  }

  width(text: string): number {
    if (ONE_EACH.test(text)) return text.length;
    let columns = 0;
    for (const { segment } of this.#clusters.segment(text)) columns += this.#clusterWidth(segment);
    return columns;
  }

  /** At most so many columns; what is cut ends in `…`. */
  clip(text: string, columns: number): string {
    if (columns <= 0) return '';
    // No character is longer than its cluster may be: of a long text only the front is looked at.
    const front = text.length > columns * MAX_CLUSTER_UNITS ? text.slice(0, columns * MAX_CLUSTER_UNITS) : text;
    if (ONE_EACH.test(front)) return text.length <= columns ? text : `${text.slice(0, columns - 1)}${ELLIPSIS}`;
    let kept = '';
    let whole = '';
    let used = 0;
    for (const { segment } of this.#clusters.segment(front)) {
      const shown = segment.length > MAX_CLUSTER_UNITS ? '\ufffd' : segment;
      used += this.#clusterWidth(shown);
      if (used > columns) return `${kept}${ELLIPSIS}`;
      whole += shown;
      if (used < columns) kept = whole;
    }
    return front.length < text.length ? `${kept}${ELLIPSIS}` : whole;
  }

  /** Exactly so many columns, cut or filled up. */
  fit(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
    const cut = this.clip(text, columns);
    const fill = ' '.repeat(Math.max(0, columns - this.width(cut)));
    return align === 'left' ? cut + fill : fill + cut;
  }

  /** In rows of at most so many columns, broken at spaces where there are some; further rows are indented. */
  wrap(text: string, columns: number, indent = ''): string[] {
    const rows: string[] = [];
    let row = '';
    for (const word of text.split(' ')) {
      const longer = row === '' ? word : `${row} ${word}`;
      if (this.width(longer) <= columns) {
        row = longer;
        continue;
      }
      if (row !== '') rows.push(row);
      row = rows.length === 0 ? word : `${indent}${word}`;
      while (this.width(row) > columns) {
        // A cluster for which there is no room behind the indent goes without it.
        const head = this.#head(row, columns);
        if (rows.length > 0 && head.length <= indent.length) row = row.slice(indent.length);
        else {
          rows.push(head);
          row = `${indent}${row.slice(head.length)}`;
        }
      }
    }
    rows.push(row);
    return rows;
  }

  /** As many whole clusters from the front as fit, at least one. */
  #head(text: string, columns: number): string {
    let head = '';
    let used = 0;
    for (const { segment } of this.#clusters.segment(text)) {
      used += this.#clusterWidth(segment);
      if (used > columns && head !== '') break;
      head += segment;
    }
    return head;
  }

  #clusterWidth(cluster: string): number {
    if (FLAG.test(cluster)) return 2;
    let columns = 0;
    for (const character of cluster) {
      const code = character.codePointAt(0) ?? 0;
      const melts = CONJOINING.some(([first, last]) => code >= first && code <= last);
      if (!melts && !MARK.test(character)) columns += this.#columnsOf(code);
    }
    return columns;
  }
}
