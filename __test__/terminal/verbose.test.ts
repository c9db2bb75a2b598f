import { beforeAll, expect, it, vi } from 'vitest';
import { loadText, printable, Text } from '../../ts/command/terminal/text';
import { details, MAX_ROWS, tlsRows } from '../../ts/command/terminal/verbose';
import type { HttpRequest } from '../../ts/types';
import { REQUEST } from '../bases';
import { Random } from '../differential/random.js';

const COLUMNS = 79;
let text: Text;
let columnsOf: (codePoint: number) => number;
/** How often the width of a character was asked for. */
let measured = 0;
beforeAll(async () => {
  const { eastAsianWidth } = await import('get-east-asian-width');
  columnsOf = (codePoint) => {
    measured++;
    return eastAsianWidth(codePoint);
  };
  text = new Text(columnsOf);
  // The tests measure with another clock, so that this is not counted.
  plainText = await loadText();
});
let plainText: Text;

const shown = (message: Partial<HttpRequest>): string[] => {
  measured = 0;
  return [...details({ ...REQUEST, ...message }, text, (_, words) => words, COLUMNS)];
};

const HUGE: [string, string][] = [
  ['wide characters', '漢'.repeat(70_000)],
  ['NULs', '\0'.repeat(70_000)],
  ['controls', '\x01\x1b\x9b\u202e'.repeat(50_000)],
  ['minified JSON', `{"名前":"${'日本語のとても長い値'.repeat(10_000)}"}`],
  ['ASCII in one word', 'x'.repeat(200_000)],
  ['marks on nothing', '\u0301'.repeat(200_000)],
  ['words', 'two words '.repeat(20_000)],
];

it.each(HUGE)('a body of %s gets its rows, a note, and no more work than they are', (_, body) => {
  const rows = shown({ body, bodySize: 200_000 });
  expect(rows.length).toBeLessThanOrEqual(1 + MAX_ROWS + 1);
  expect(rows.at(-1)).toMatch(/^> \(more of it with --json; .* in all\)$/);
  for (const row of rows) expect(plainText.width(row)).toBeLessThanOrEqual(COLUMNS);
  // A character a column at the most, and what was looked at of the next word to see that it does not fit.
  expect(measured).toBeLessThan(2 * MAX_ROWS * COLUMNS);
});

it.each(HUGE)('so does a header of %s', (_, value) => {
  const rows = shown({ headers: { host: 'h', 'x-long': value, 'x-next': 'n' } });
  expect(rows.length).toBeLessThanOrEqual(1 + MAX_ROWS + 1 + 1);
  expect(rows[0]).toBe('> host: h');
  expect(rows[1]).toMatch(/^> x-long:/);
  expect(rows.slice(-2)).toEqual(['>   (more of it with --json)', '> x-next: n']);
  for (const row of rows) expect(plainText.width(row)).toBeLessThanOrEqual(COLUMNS);
  expect(measured).toBeLessThan(2 * MAX_ROWS * COLUMNS);
});

it('of a body of controls no more is escaped than is shown', () => {
  // Each character is asked for its number when it is escaped, and what comes of it when it is measured.
  const asked = vi.spyOn(String.prototype, 'codePointAt');
  try {
    shown({ body: '\0'.repeat(70_000), bodySize: 70_000 });
    expect(asked.mock.calls.length).toBeLessThan(4 * MAX_ROWS * COLUMNS);
  } finally {
    asked.mockRestore();
  }
});

it('the rows of a long line are those that all of it would have', () => {
  const random = new Random(15);
  const pieces = [
    'a',
    ' ',
    'word ',
    '日',
    '🎉',
    'e\u0301',
    '\u0300\u0301'.repeat(20),
    '\0',
    '\x1b',
    '\ud800',
    '\u202e',
    '🇪🇺',
  ];
  for (let n = 0; n < 40; n++) {
    const some = Array.from({ length: 4 }, () => random.pick(pieces));
    const body = Array.from({ length: 3_000 + random.upTo(6_000) }, () => random.pick(some)).join('');
    const rows = [...plainText.wrap(printable(body), COLUMNS - 2)].slice(0, MAX_ROWS);
    expect(
      shown({ body, bodySize: body.length })
        .slice(1, 1 + MAX_ROWS)
        .filter((row) => !row.startsWith('> (')),
    ).toEqual(rows.map((row) => `> ${row}`).filter((row) => !row.startsWith('> (')));
  }
});

it('what fits exactly has no note', () => {
  const line = 'x'.repeat(COLUMNS - 2);
  expect(shown({ body: `${line}\n`.repeat(MAX_ROWS) }).length).toBe(1 + MAX_ROWS);
  expect(shown({ body: `${line}\n`.repeat(MAX_ROWS + 1) }).at(-1)).toMatch(/more of it/);
  // The word does not fit behind the name, so that has a row of its own.
  const field = (rows: number) => ({ n: 'x'.repeat((rows - 1) * (COLUMNS - 4)) });
  expect(shown({ headers: field(MAX_ROWS) }).length).toBe(MAX_ROWS);
  expect(shown({ headers: field(MAX_ROWS + 1) }).at(-1)).toMatch(/more of it/);
});

it('says in which TLS it came, whatever its client has sent', () => {
  const rows = (tls: HttpRequest['tls'], columns = COLUMNS): string[] => [
    ...tlsRows({ ...REQUEST, ...(tls && { tls }) }, plainText, (_, words) => words, columns),
  ];
  const tls = { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'shop.test', alpn: 'h2' };
  expect(rows(tls)).toEqual(['* TLS 1.3, TLS_AES_128_GCM_SHA256, server name shop.test, ALPN h2']);
  expect(rows({ version: '1.2', cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA' })).toEqual([
    '* TLS 1.2, TLS_RSA_WITH_AES_128_CBC_SHA',
  ]);
  expect(rows(undefined)).toEqual([]);
  expect(rows(tls, 39)).toEqual(['* TLS 1.3, TLS_AES_128_GCM_SHA256,', '  server name shop.test, ALPN h2']);
  const hostile = rows({ ...tls, serverName: '\x1b[2J'.repeat(50_000), alpn: '漢'.repeat(9) });
  expect(hostile.length).toBeLessThanOrEqual(MAX_ROWS + 1);
  for (const row of hostile) expect(plainText.width(row)).toBeLessThanOrEqual(COLUMNS);
  expect(hostile.join('')).not.toContain('\x1b');
});

it('shows the messages of a gRPC body in place of their bytes', () => {
  const messages = [
    { size: 5, json: { text: 'ü' } },
    { size: 2_000, data: 'AA==', truncated: true as const },
  ];
  const body = '\0\0\0\0\x05\n\x03abc';
  expect(shown({ body, bodySize: 2_015, grpcMessages: messages })).toEqual([
    '> ',
    '> {"text":"ü"}',
    '> (a message of 2.0kB)',
  ]);
  const many = Array.from({ length: 1_024 }, () => ({ size: 1, json: 'x'.repeat(10_000) }));
  expect(shown({ bodyEncoding: 'binary', bodySize: 9, grpcMessages: many }).at(-1)).toBe(
    '> (more of it with --json; 9B in all)',
  );
});
