/** Expressions that are wrong: where, and the nearest right word. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterError, KEY_NAMES, MAX_CHARACTERS, parseFilter } from '../../ts/filter';

function complaint(text: string): FilterError {
  try {
    parseFilter(text);
  } catch (error) {
    expect(error).toBeInstanceOf(FilterError);
    return error as FilterError;
  }
  throw new Error(`it was accepted: ${text}`);
}

describe('a wrong expression', () => {
  it.each([
    ['', 0, 'the filter is empty'],
    ['   ', 0, 'the filter is empty'],
    ['metod=GET', 0, "'metod' is not a key; did you mean method?"],
    ['status=5xx and code=3', 15, 'did you mean status?'],
    ['http.response.code==500', 0, 'did you mean status?'],
    ['zebra=1', 0, 'the keys are method, path'],
    ['response.status=500', 0, "'response.status' is not a key; did you mean status?"],
    ['request.url=/x', 0, 'did you mean path?'],
    ['res.code=500', 0, 'did you mean status?'],
    ['response.zebra=1', 0, 'the keys are method, path'],
    ["path~''", 5, "path must not be empty, which would be everything, got ''"],
    ['path=""', 5, 'path must not be empty'],
    ['body!=""', 6, 'body must not be empty'],
    ['header~""', 7, 'header must not be empty'],
    ['header.x~""', 9, 'header.x must not be empty'],
    ['host=https://shop.test/x', 5, 'without scheme and path; did you mean shop.test?'],
    ['host=shop.test/x', 5, 'without scheme and path; did you mean shop.test?'],
    ['status', 0, 'status needs a comparison, e.g. status=5xx'],
    ['status=', 7, 'status needs a value, e.g. status=5xx'],
    ['status= and path=/x', 8, "got 'and'"],
    ['status==500', 6, "did you mean '='?"],
    ['path=~x', 4, "did you mean '~'?"],
    ['status=5', 7, 'e.g. 5xx'],
    ['status=50', 7, '404, 5xx or none'],
    ['status>=5xx', 8, 'e.g. 500; or =5xx'],
    ['status~5', 6, 'only by = != < <= > >=; e.g. status=5xx'],
    ['status=200,,404', 7, 'empty place'],
    ['grpc=shop.Orders', 4, 'grpc stands alone'],
    ['grpc.status=NOTFOUND', 12, 'NOT_FOUND'],
    ['latency>5', 8, '5ms or 5s'],
    ['latency>fast', 8, '250ms, 1.5s, 2m'],
    ['size>1M', 5, '1MiB or 1MB'],
    ['port=0', 5, 'from 1 to 65535'],
    ['port=9000-8000', 5, 'did you mean 8000-9000?'],
    ['port>80-90', 5, 'a range stands after ='],
    ['client=8080', 7, 'did you mean port=8080?'],
    ['client=localhost', 7, 'must be an address'],
    ['client=10.0.0.0/33', 7, 'must be an address'],
    ['client=1::2::3', 7, 'must be an address'],
    ['method=G T', 9, 'a value with spaces stands in quotes'],
    ['path=/a path=/b', 8, "'and', 'or' or the end is expected"],
    ['path=/a &', 8, 'write and, or'],
    ['(path=/a', 0, "this '(' is not closed"],
    ['path=/a)', 7, "this ')' closes nothing"],
    ['and path=/a', 0, 'a comparison is expected'],
    ['path=/a and', 11, 'a comparison is expected'],
    ['not', 3, 'a comparison is expected'],
    ['body="abc', 5, 'the quote is not closed'],
    ['version=two', 8, 'must be a version of HTTP'],
    ['method="G T"', 7, 'must be a method'],
    ['path~a(b', 6, "the group has no ')'"],
    ['body~"x(?=y)"', 7, 'look-around is not supported'],
    ['header.', 0, "'header.' is not a key"],
    [`path=/${'a'.repeat(MAX_CHARACTERS)}`, MAX_CHARACTERS, `longer than ${MAX_CHARACTERS}`],
    [`${'('.repeat(60)}tls${')'.repeat(60)}`, 51, 'more than 50 parentheses'],
    ['not '.repeat(60), 204, 'more than 50'],
  ])('%s', (text, position, words) => {
    const { position: at, message } = complaint(text);
    expect(message).toContain(words);
    expect(at).toBe(position);
    expect(message).toContain(`at character ${position + 1}: `);
  });

  it('does not show what may be a secret', () => {
    for (const text of [
      'header.authorization=Bearer s3cret',
      'body="s3cret" s3cret',
      'header.cookie~"s3cret("',
      'body~s3cret(',
    ]) {
      expect(complaint(text).message).not.toContain('s3cret');
    }
  });
});

it('any text is an expression or a FilterError in it', () => {
  const pieces = fc.constantFrom(
    ...KEY_NAMES,
    'and',
    'or',
    'not',
    '(',
    ')',
    '!',
    '=',
    '~',
    '!=',
    '<',
    '"',
    "'",
    '5xx',
    '\\',
    '[',
    ' ',
    '*',
    'é',
  );
  const anything = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(anything, (text) => {
      try {
        parseFilter(text).matches({});
      } catch (error) {
        expect(error).toBeInstanceOf(FilterError);
        expect((error as FilterError).position).toBeGreaterThanOrEqual(0);
        expect((error as FilterError).position).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 2_000 },
  );
});
