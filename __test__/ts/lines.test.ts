import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../ts/exchange/lines';

describe('the lines of a batch', () => {
  it('are those between the line feeds, of any length, whichever way they are cut into pieces', () => {
    const line = fc
      .tuple(fc.constantFrom('a', 'ä', '€', '😀'), fc.nat(40_000))
      .map(([unit, count]) => unit.repeat(count));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, isEnded) => {
        const text = lines.join('\n') + (isEnded ? '\n' : '');
        expect([...linesOf(Buffer.from(text))].map(String)).toEqual(lines.filter((each) => each !== ''));
      }),
      { numRuns: 50 },
    );
  });
});
