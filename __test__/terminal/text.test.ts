import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadText, printable, Text } from '../../ts/command/terminal/text';
import { Random } from '../differential/random.js';

let text: Text;
beforeAll(async () => {
  text = await loadText();
});

const PIECES = [
  'a',
  'Z',
  ' ',
  'é',
  'e\u0301',
  '日',
  '한',
  'ｗ',
  '🎉',
  '🇪🇺',
  '❤',
  '…',
  'ﷺ',
  'क्षि',
  'ไทย',
  '\u0300\u0301',
];
const CONTROLS = ['\x1b', '\x00', '\x9b', '\x7f', '\r', '\n', '\t', '\u202e', '\u2028', '\ud800', '\ue000'];
const HOSTILE = [...CONTROLS, '\u{e0041}', '\u200d', '\u{1f3fd}', '\ufe0f'];

function some(random: Random, pieces: string[], most: number): string {
  return Array.from({ length: random.upTo(most) }, () => random.pick(pieces)).join('');
}

/** The text that `wrap` must return, made in the plainest way: it measures what it has again for every row. */
function naiveWrap(sample: string, columns: number, indent: string): string[] {
  const clusters = (row: string) => [...new Intl.Segmenter('en').segment(row)].map(({ segment }) => segment);
  const rows: string[] = [];
  let row = '';
  for (const [index, word] of sample.split(' ').entries()) {
    const longer = index === 0 ? word : `${row} ${word}`;
    if (text.width(longer) <= columns) {
      row = longer;
      continue;
    }
    const begins = row.trimStart() === '';
    if (!begins) rows.push(row);
    if (begins && text.width(longer) - text.width(word) < columns) row = longer;
    else row = rows.length === 0 ? word : `${indent}${word}`;
    while (text.width(row) > columns) {
      let fitting = clusters(row);
      while (text.width(fitting.join('')) > columns) fitting = fitting.slice(0, -1);
      const head = fitting.join('');
      rows.push(head);
      row = `${indent}${row.slice(head.length)}`;
    }
  }
  return [...rows, row];
}

describe('width', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['🎉', 2],
    ['🇪🇺', 2],
    ['한', 2],
    ['ｗ', 2],
    ['→', 1],
  ])('%j is %i', (sample, columns) => expect(text.width(sample)).toBe(columns));
});

describe('any text', () => {
  const random = new Random(8);
  const samples = Array.from({ length: 500 }, () => [some(random, PIECES, 30), random.upTo(20) + 1] as const);

  it('is clipped to what there is, and to no less than a cluster short of it', () => {
    for (const [sample, columns] of samples) {
      const cut = text.clip(sample, columns);
      expect(text.width(cut)).toBeLessThanOrEqual(columns);
      if (text.width(sample) <= columns) expect(cut).toBe(sample);
      else {
        expect(cut.endsWith('…')).toBe(true);
        expect(sample.startsWith(cut.slice(0, -1))).toBe(true);
        expect(text.width(cut)).toBeGreaterThan(columns - 3);
      }
    }
  });

  it('is fitted to exactly so many columns', () => {
    for (const [sample, columns] of samples) {
      expect(text.width(text.fit(sample, columns))).toBe(columns);
      expect(text.width(text.fit(sample, columns, 'right'))).toBe(columns);
    }
  });

  it('is wrapped without losing a character', () => {
    for (const [sample, columns] of samples) {
      const rows = [...text.wrap(sample, columns + 3, '  ')];
      for (const row of rows) expect(text.width(row)).toBeLessThanOrEqual(columns + 3);
      expect(rows.join('').replaceAll(' ', '')).toBe(sample.replaceAll(' ', ''));
    }
  });

  it('is wrapped as by a wrap that measures every row from its start', () => {
    const characters = [...PIECES, ...HOSTILE, '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', ' ', ' ', 'word'];
    for (let i = 0; i < 300; i++) {
      // The widest cluster and the indent fit into the narrowest row.
      const [sample, columns] = [printable(some(random, characters, 40)), random.upTo(24) + 8];
      for (const indent of ['', '  '])
        expect([...text.wrap(sample, columns, indent)]).toEqual(naiveWrap(sample, columns, indent));
    }
  });

  it('keeps its indent, as far as there is room for it', () => {
    expect([...text.wrap('  "a": 1', 20)]).toEqual(['  "a": 1']);
    expect([...text.wrap('    aaaa bbbb', 9)]).toEqual(['    aaaa', 'bbbb']);
    expect([...text.wrap('    aaaaaaaa', 8)]).toEqual(['    aaaa', 'aaaa']);
    for (const row of text.wrap(`${' '.repeat(50)}a`, 8)) expect(text.width(row)).toBeLessThanOrEqual(8);
  });

  it('is wrapped with work for the rows that are taken, and once a character for all of them', () => {
    // V8's segmenter copies the whole of its text for each cluster: what it was given is work too.
    const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment');
    let measured = 0;
    const counting = new Text(() => {
      measured++;
      return 2;
    });
    const segmented = (): number[] => segment.mock.calls.map(([piece]) => piece.length);
    const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);
    try {
      const long = '漢'.repeat(70_000);
      const rows = counting.wrap(long, 80);
      for (let row = 0; row < 40; row++) expect(rows.next().value).toBe('漢'.repeat(40));
      expect(measured).toBeLessThan(2 * 40 * 40);
      expect(sum(segmented())).toBeLessThan(3 * 40 * 40);

      measured = 0;
      segment.mockClear();
      expect([...counting.wrap(long, 80)].length).toBe(long.length / 40);
      expect(measured).toBeLessThan(1.01 * long.length);
      expect(sum(segmented())).toBeLessThan(1.1 * long.length);
      expect(Math.max(...segmented())).toBeLessThanOrEqual(64);
    } finally {
      segment.mockRestore();
    }
  });

  it('is made printable: nothing is left that a terminal obeys, and what was printable stays', () => {
    for (const [sample] of samples) expect(printable(sample)).toBe(sample);
    for (let i = 0; i < 500; i++) {
      const shown = printable(some(random, [...PIECES, ...HOSTILE], 30));
      for (const hostile of HOSTILE) expect(shown).not.toContain(hostile);
    }
    expect(printable('👍🏽')).toBe('👍\\u{1f3fd}');
    expect(printable('\x1b[2J\n\x9b\u202e')).toBe('\\x1b[2J\\n\\x9b\\u{202e}');
  });

  it('of a megabyte costs no more than its front', () => {
    const long = '日'.repeat(1_000_000);
    expect(text.clip(long, 10)).toBe('日日日日…');
    expect(text.clip(`a${'\u0301'.repeat(1_000_000)}`, 10)).toBe('\ufffd…');
  });
});
