/** Text that nobody foresaw: each part of a message comes to an end with it, and no part is wrong for it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replaceBody } from '../../ts/pseudonym/body';
import { replaceFields } from '../../ts/pseudonym/fields';
import { Pseudonyms } from '../../ts/pseudonym/pseudonyms';
import { Replacer } from '../../ts/pseudonym/replacer';

describe('text without letter and digit', () => {
  test.each(['', '[', '!!', '-_.', '@', '€', '\ud800'])('%j has nothing to replace', (text) => {
    const pseudonyms = new Pseudonyms();
    expect([pseudonyms.word(text), pseudonyms.address(text)]).toEqual([text, text]);
    expect(Object.values(pseudonyms.counts).every((count) => count === 0)).toBe(true);
  });

  test('ends in brackets, where an address stands, and before an @', () => {
    const replacer = new Replacer();
    expect(replaceFields({ host: '[]' }, replacer)).toEqual({ host: '[]' });
    expect(replacer.url('http://[]/')).toBe('http://[]/');
    expect(replacer.authority('[!]:80')).toBe('[!]:80');
    expect(replacer.pseudonyms.address('!!@shop.test')).not.toContain('shop');
  });

  test('brackets that hold no IPv6 address hold text', () => {
    const replacer = new Replacer();
    expect(replacer.authority('[v1.anna bob]:80')).toBe(`[${replacer.text('v1.anna bob')}]:80`);
    expect(replacer.authority('[fe80::1]:80')).toBe(`[${replacer.pseudonyms.address('fe80::1')}]:80`);
  });
});

test('all that replaces returns a text for any text', () => {
  const text = fc.string({
    maxLength: 60,
    unit: fc.oneof(
      fc.constantFrom(...'[]{}":/?#&=%+@!,;. -_\\\r\n\0', 'http://', '--', 'a', '1', '0', '::', '%5b'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('\ud800', '\udc00'),
    ),
  });
  const names = [
    'host',
    'referer',
    'cookie',
    'set-cookie',
    'accept',
    'content-disposition',
    'authorization',
    'b3',
    'x-a',
  ];
  const types = ['', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'text/event-stream'];
  fc.assert(
    fc.property(text, fc.boolean(), (given, isSecret) => {
      const replacer = new Replacer();
      const { pseudonyms } = replacer;
      const out = [
        replacer.value(given, isSecret),
        replacer.text(given),
        replacer.name(given),
        replacer.json(given, isSecret) ?? '',
        replacer.json(JSON.stringify({ [given]: given })),
        replacer.url(given),
        replacer.authority(given),
        replacer.host(given),
        replacer.target(given),
        replacer.pairs(given),
        replacer.coded(given, isSecret),
        replacer.path(given),
        replacer.valueOf(given, given),
        pseudonyms.word(given),
        pseudonyms.address(given),
        ...types.map((type) => replaceBody(given, type, replacer)),
        ...names.flatMap((name) => Object.values(replaceFields({ [name]: given, [given]: given }, replacer))),
      ];
      for (const each of out) expect(each).toBeTypeOf('string');
    }),
    { numRuns: 500 },
  );
});
