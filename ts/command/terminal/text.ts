/**
 * Text from the wire to text for a terminal: nothing that a terminal obeys gets through, and what is shown has a known
 * width in columns. In: any string. Out: strings of visible characters.
 */

/** Of one code point: 1 or 2 columns. */
type ColumnsOf = (codePoint: number) => number;

/** The package is an ES module; this is not, so it comes by `import()`. */
export async function loadText(): Promise<Text> {
  const { eastAsianWidth } = await import('get-east-asian-width');
  return new Text((codePoint) => eastAsianWidth(codePoint));
}

/**
 * Controls (C0, DEL, C1), format characters (bidi overrides, tags, joiners), separators of lines, surrogates that stand
 * alone, private and unassigned code points: a terminal obeys them or nobody knows how wide they are. Nor do terminals
 * agree on emoji with a skin colour or a style. In runs that are short enough for the stack of a regular expression.
 */
const UNSAFE = /(?:\ufe0f|[\p{C}\p{Zl}\p{Zp}\p{Emoji_Modifier}]){1,256}/gu;
const PLAIN = /^[\x20-\x7e]*$/;
/** Where characters, UTF-16 units and columns are the same in number; what our own cells hold is among it. */
const ONE_EACH = /^[\x20-\x7e\xa1-\xac\xae-\u02ff…→]*$/;
/** A mark that stands on the character before it. */
const MARK = /^(?:\p{Mn}|\p{Me})$/u;
/** Hangul vowels and finals, which melt into what is before them. */
const CONJOINING = [
  [0x1160, 0x11ff],
  [0xd7b0, 0xd7ff],
] as const;
const FLAG = /^\p{Regional_Indicator}{2}$/u;
/** Of one cluster: towers of marks are cut down. */
const MAX_CLUSTER_UNITS = 32;
/** The length of the piece in which clusters are looked for at one time: many of the usual clusters. */
const PIECE_UNITS = 64;
export const ELLIPSIS = '…';

/** One line, with everything unsafe as a visible escape: `\n`, `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, escaped);
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Of the codes up to 0xff, which make up most of what is no text. */
const ESCAPES = Array.from({ length: 0x1_00 }, (_, code) => {
  return SHORT[String.fromCharCode(code)] ?? `\\x${code.toString(16).padStart(2, '0')}`;
});

/** A run of unsafe characters: a call for each of them would take most of the time. */
function escaped(run: string): string {
  let text = '';
  for (const character of run) {
    const code = character.codePointAt(0) ?? 0;
    text += ESCAPES[code] ?? `\\u{${code.toString(16)}}`;
  }
  return text;
}

/** Lengths in columns. All of it takes printable text only. */
export class Text {
  readonly #columnsOf: ColumnsOf;
  #madeSegmenter: Intl.Segmenter | undefined;

  constructor(columnsOf: ColumnsOf) {
    this.#columnsOf = columnsOf;
  }

  /** To make it takes some ten milliseconds, which most runs do not need. */
  get #segmenter(): Intl.Segmenter {
    this.#madeSegmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
    return this.#madeSegmenter;
  }

  /** Stops counting at the first cluster that makes it more than `enough`. */
  width(text: string, enough = Number.POSITIVE_INFINITY): number {
    if (ONE_EACH.test(text)) return text.length;
    let columns = 0;
    for (const cluster of this.#clustersOf(text)) {
      columns += this.#clusterWidth(cluster);
      if (columns > enough) break;
    }
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
    for (const cluster of this.#clustersOf(front)) {
      const shown = cluster.length > MAX_CLUSTER_UNITS ? '\ufffd' : cluster;
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

  /**
   * In rows of at most so many columns, broken at spaces where there are some; further rows are indented. Each character
   * is looked at once, and only when its row is asked for: who takes the first rows of a long text pays for those alone.
   */
  *wrap(text: string, columns: number, indent = ''): Generator<string> {
    let row = '';
    let used = 0;
    /** The beginning of a row: nothing for the first row. */
    let start = '';
    for (const [index, word] of text.split(' ').entries()) {
      const gap = index === 0 ? '' : ' ';
      const room = columns - used - gap.length;
      const wordColumns = this.width(word, room);
      if (wordColumns <= room) {
        row += gap + word;
        used += gap.length + wordColumns;
        continue;
      }
      if (row.trimStart() === '' && room > 0) {
        // The text's own indent stays before its first word.
        row += gap;
        used += gap.length;
      } else {
        if (row.trimStart() !== '') {
          yield row;
          start = indent;
        }
        row = start;
        used = start.length;
      }
      for (const cluster of this.#clustersOf(word)) {
        const clusterColumns = this.#clusterWidth(cluster);
        if (used + clusterColumns > columns && row !== start) {
          yield row;
          start = indent;
          row = start;
          used = start.length;
        }
        // A cluster for which there is no room after the indent goes without it.
        if (used + clusterColumns > columns) {
          row = '';
          used = 0;
        }
        row += cluster;
        used += clusterColumns;
      }
    }
    yield row;
  }

  /**
   * The text in grapheme clusters, which are looked for in one short piece after the other: V8's segmenter copies all that
   * it was given for every cluster that it returns. Where a cluster ends depends on what is before that and on the next
   * character, so within a piece only the last may be cut.
   */
  *#clustersOf(text: string): Generator<string> {
    let start = 0;
    let units = PIECE_UNITS;
    while (start < text.length) {
      const piece = text.slice(start, start + units);
      const isLast = start + piece.length === text.length;
      let done = 0;
      if (ONE_EACH.test(piece)) {
        // No segmenter is needed to see them; a mark may still follow the last character.
        for (const end = isLast ? piece.length : piece.length - 1; done < end; done++) yield piece.charAt(done);
        start += done;
        units = PIECE_UNITS;
        continue;
      }
      for (const { segment } of this.#segmenter.segment(piece)) {
        if (!isLast && done + segment.length === piece.length) break;
        yield segment;
        done += segment.length;
      }
      start += done;
      // One cluster is longer than the piece: a tower of marks.
      units = done === 0 ? 2 * units : PIECE_UNITS;
    }
  }

  #clusterWidth(cluster: string): number {
    if (cluster.length === 1 && ONE_EACH.test(cluster)) return 1;
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
