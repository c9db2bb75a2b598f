/** JSON in rows: it stays the JSON that was sent, to the last character that counts. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ENTRIES, prettyJson } from '../../ts/command/terminal/pretty';
import { expectLinear } from '../growth';

const COLUMNS = 40;
const rows = (body: string, isFront = false): string[] | undefined => {
  const pretty = prettyJson(body, COLUMNS, isFront);
  return pretty && [...pretty.rows];
};
/** No white space outside of strings. */
const bare = (json: string): string =>
  json.replace(/("(?:[^"\\]|\\.)*")|\s+/gs, (_, string: string | undefined) => string ?? '');
const CONTAINERS = fc.jsonValue().filter((value) => typeof value === 'object' && value !== null);
const hasLongArray = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > MAX_ENTRIES || value.some(hasLongArray)
    : typeof value === 'object' && value !== null && Object.values(value).some(hasLongArray);

describe('JSON in rows', () => {
  it('has in one row what fits, else a row an entry', () => {
    expect(rows('{"id":42,"name":"tea"}')).toEqual(['{ "id": 42, "name": "tea" }']);
    expect(rows('{"error":{"code":"OUT","details":["cups","saucers"]},"traceId":"4bf92f3577b34da6"}')).toEqual([
      '{',
      '  "error": {',
      '    "code": "OUT",',
      '    "details": ["cups", "saucers"]',
      '  },',
      '  "traceId": "4bf92f3577b34da6"',
      '}',
    ]);
    expect(rows('{"a":1}\n{"b":[]}\n')).toEqual(['{ "a": 1 }', '{ "b": [] }']);
  });

  it('folds long arrays', () => {
    const pretty = prettyJson(
      JSON.stringify({ all: Array.from({ length: 100 }, (_, id) => ({ id })) }),
      COLUMNS,
      false,
    );
    expect([...(pretty?.rows ?? [])].slice(-4)).toEqual(['    { "id": 4 },', '    … 95 more', '  ]', '}']);
    expect(pretty?.folded).toBe(95);
  });

  it('keeps numbers, escapes, repeated names and their order as they were sent', () => {
    expect(rows('{"b":12345678901234567890,"1":1.10,"a":"\\u00e9","a":1e400}')?.join('\n')).toBe(
      ['{', '  "b": 12345678901234567890,', '  "1": 1.10,', '  "a": "\\u00e9",', '  "a": 1e400', '}'].join('\n'),
    );
  });

  it('is the same JSON, whatever it is and however it was written', () => {
    fc.assert(
      fc.property(CONTAINERS, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        fc.pre(!hasLongArray(value));
        const body = JSON.stringify(value, null, space);
        expect(bare((rows(body) ?? []).join('\n'))).toBe(bare(body));
      }),
    );
  });

  it('shows the front of what was cut anywhere, and nothing that was not there', () => {
    fc.assert(
      fc.property(CONTAINERS, fc.nat(), (value, cut) => {
        fc.pre(!hasLongArray(value));
        const body = JSON.stringify(value);
        const front = body.slice(0, 1 + (cut % body.length));
        const shown = bare((rows(front, true) ?? [front]).join('\n'));
        // A comma at the very end goes with the entry that it stands before.
        expect([shown, `${shown},`, `${shown}:`]).toContain(bare(front).trimEnd());
      }),
    );
  });

  it.each([
    ['no container', '"text"'],
    ['a word', '[nul]'],
    ['a comma too many', '[1,]'],
    ['a comma too few', '[1 2]'],
    ['no name', '{1:2}'],
    ['no value', '{"a"}'],
    ['the wrong end', '[1}'],
    ['no end', '[1'],
    ['more after it', '[1] and more'],
    ['a line feed in a string', '["a\nb"]'],
    ['too deep', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['text', '<html>'],
    ['nothing', ''],
  ])('leaves %s as it is', (_, body) => {
    expect(prettyJson(body, COLUMNS, false)).toBeUndefined();
  });

  it.each<[string, (n: number) => string]>([
    ['quotes', (n) => '["'.repeat(n)],
    ['backslashes', (n) => `["${'\\'.repeat(2 * n + 1)}`],
    ['spaces', (n) => `[${' '.repeat(2 * n)}x`],
    ['digits', (n) => `[${'1'.repeat(2 * n)}x`],
    ['empty arrays', (n) => `[${'[],'.repeat(n)}x`],
  ])('takes time in proportion for hostile %s', (_, bodyOf) => {
    expectLinear(10_000, bodyOf, (body) => {
      for (const isFront of [true, false]) [...(prettyJson(body, COLUMNS, isFront)?.rows ?? [])].length;
    });
  });
});
