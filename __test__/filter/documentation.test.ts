/** docs/filters.md: each example finds what it says, each key is there, and each value of the tables is right. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KEY_NAMES, parseFilter } from '../../ts/filter';
import { exchangesOf } from './exchanges';

const page = readFileSync(join(__dirname, '../../docs/filters.md'), 'utf8');

/** The cells of each row below a heading, without its head. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((each) => each.startsWith(heading)) as string;
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const codeOf = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);

const examples = rowsOf('Examples').map((cells) => ({
  expression: codeOf(cells[0])[0] as string,
  ids: (cells[2] as string).split(' '),
}));
const keys = rowsOf('Keys').map(([names, values]) => ({ names: codeOf(names), values: codeOf(values) }));

const shop = exchangesOf('shop');
// The fixture's lines do not say it; each of its requests is a packet.
for (const { response } of shop.values()) if (response !== undefined) response.waitMs = response.latencyMs;

it.each(examples)('$expression', ({ expression, ids }) => {
  const { matches } = parseFilter(expression);
  expect(
    [...shop]
      .filter(([, exchange]) => matches(exchange))
      .map(([id]) => id)
      .sort(),
  ).toEqual(ids);
});

it('names each key', () => {
  const named = keys.flatMap(({ names }) => names).filter((name) => name !== 'header.NAME');
  expect(named.sort()).toEqual([...KEY_NAMES].sort());
});

it.each(keys)('$names take their values', ({ names, values }) => {
  for (const name of names) {
    const key = name.replace('NAME', 'accept');
    if (values.length === 0) parseFilter(key);
    for (const value of values) parseFilter(`${key}=${value}`);
  }
});
