/** Regular expressions: they find what V8's own find, in a time that grows with the text alone. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterError } from '../../ts/filter/error';
import { compileRegex } from '../../ts/filter/regex';
import { expectLinear } from '../growth';

const CHARACTERS = ['a', 'b', 'A', 'é', 'É', '\n', ' ', '_', '7', '-', '\u{1f600}', '\ud83d', ']', 'ſ'];

const { node } = fc.letrec<{ node: string }>((tie) => {
  const literal = fc.constantFrom(
    'a',
    'b',
    'A',
    'é',
    ' ',
    '_',
    '7',
    '\u{1f600}',
    '\\u{1f600}',
    '\\n',
    '\\x41',
    '\\\\',
    '\\.',
  );
  const member = fc.constantFrom(
    'a',
    'b',
    'a-c',
    'A-Z',
    '\\d',
    '\\w',
    '\\s',
    '\\D',
    'é',
    '0-9',
    '\\u{1f600}',
    '\\n',
    '_',
    '\\]',
    '\\-',
  );
  const characterClass = fc
    .tuple(fc.constantFrom('', '^'), fc.array(member, { minLength: 1, maxLength: 3 }))
    .map(([not, members]) => `[${not}${members.join('')}]`);
  const atom = fc.oneof(
    literal,
    characterClass,
    fc.constantFrom('.', '\\d', '\\W', '\\s', '\\S'),
    tie('node').map((inner) => `(${inner})`),
    tie('node').map((inner) => `(?:${inner})`),
  );
  const count = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?', '+?', '{0}');
  return {
    node: fc.oneof(
      { maxDepth: 3 },
      literal,
      fc.constantFrom('^', '$', '\\b', '\\B', ''),
      fc.tuple(atom, count).map(([part, counts]) => part + counts),
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((parts) => parts.join('')),
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((parts) => parts.join('|')),
    ),
  };
});

describe('a regular expression', () => {
  const text = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 12 }).map((parts) => parts.join(''));

  it('finds what JavaScript finds', () => {
    fc.assert(
      fc.property(
        node,
        fc.constantFrom('', 'm', 's', 'ms'),
        fc.array(text, { minLength: 1, maxLength: 5 }),
        (pattern, flags, texts) => {
          const mine = compileRegex(flags === '' ? pattern : `(?${flags})${pattern}`);
          // There `.` leaves out more than the line feed, which the texts have none of.
          const theirs = new RegExp(pattern, `u${flags}`);
          // V8 finds \B inside a surrogate pair, where ECMA-262 §22.2.2 has no place.
          const isTold = (each: string): boolean => !pattern.includes('\\B') || !each.includes('\u{1f600}');
          for (const each of texts.filter(isTold)) expect([each, mine(each)]).toEqual([each, theirs.test(each)]);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['(?i)STRASSE', 'Strasse', true],
    ['(?i)[^a]', 'A', false],
    ['(?i)é', 'É', true],
    ['(?i)[à-ý]', 'Ü', true],
    ['{"id":', '{"id":1}', true],
    ['a{,2}', 'a{,2}', true],
    [']', ']', true],
    ['[]a]', 'a]', undefined],
    ['(?<day>mon|tue)s', 'tues', true],
    ['(?P<day>mon)', 'mon', true],
    ['[a-]', '-', true],
    ['a.c', 'a\u2028c', true],
    ['\\0', '\0', true],
    ['', '', true],
  ])('%s in %j', (pattern, value, expected) => {
    if (expected === undefined) expect(() => compileRegex(pattern)).toThrow(FilterError);
    else expect(compileRegex(pattern)(value)).toBe(expected);
  });

  it.each([
    ['(a', 0, "no ')'"],
    ['a)', 1, 'closes no group'],
    ['[a', 0, "no ']'"],
    ['*a', 0, 'nothing stands before'],
    ['a**', 0, 'cannot be repeated'],
    ['^*', 0, 'a position cannot be repeated'],
    ['a++', 2, 'possessive'],
    ['(?=a)', 0, 'look-around'],
    ['(?<!a)b', 0, 'look-around'],
    ['(a)\\1', 3, 'back-references'],
    ['\\k<a>', 0, 'back-references'],
    ['\\p{L}', 0, 'not supported'],
    ['[b-a]', 2, 'ends before it begins'],
    ['[\\d-z]', 0, undefined],
    ['[a-\\d]', 2, 'a set cannot end a range'],
    ['[]', 0, 'empty'],
    ['a{3,2}', 1, 'less than the first'],
    ['a{1001}', 1, '1000'],
    ['(a{100}){100}', 0, 'too large'],
    ['((((){1000}){1000}){1000}){1000}', 0, 'too large'],
    ['\\u{110000}', 0, 'hexadecimal'],
    ['\\xg1', 0, 'hexadecimal'],
    ['a\\', 1, 'backslash'],
    ['(?x)a', 2, 'is not a flag'],
    ['a(?i)', 1, 'at the beginning only'],
    ['('.repeat(60), 50, 'groups inside each other'],
  ])('%s is refused', (pattern, position, words) => {
    if (words === undefined) {
      compileRegex(pattern);
      return;
    }
    expect(() => compileRegex(pattern)).toThrow(words);
    try {
      compileRegex(pattern);
    } catch (error) {
      expect((error as FilterError).position).toBe(position);
    }
  });

  it('is found again after the sets of states had no more room', () => {
    // It asks for the letter 11 places back: 2048 sets, more than are kept.
    const search = compileRegex('a[ab]{10}c');
    let seed = 7;
    const letters = Array.from({ length: 200_000 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return (seed >> 16) & 1 ? 'a' : 'b';
    }).join('');
    expect(search(letters)).toBe(false);
    expect(search(`${letters}a${'b'.repeat(10)}c`)).toBe(true);
    expect(search(`${letters}b${'b'.repeat(10)}c`)).toBe(false);
  });

  // Of V8's own the first takes longer than anybody waits, the others minutes.
  it.each(['^(a+)+$', 'a.*b.*c', '(a|aa)+$', '(.*)*x$', 'a*a*a*a*a*b'])(
    '%s takes a time that grows with the text',
    (pattern) => {
      const search = compileRegex(pattern);
      const hostile = (length: number): string => `${'a'.repeat(length)}!`;
      expectLinear(256 * 1024, hostile, (text) => expect(search(text)).toBe(false));
    },
  );
});
