// The table of options: what its rows say in words is what they say in values.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMAND_OPTIONS } from '../../ts/config/command';
import type { Option } from '../../ts/config/option';
import { OPTIONS } from '../../ts/config/options';

const ROWS = Object.entries<Option>(OPTIONS);
const folder = join(__dirname, '../../ts/config/rows');
const source = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('');

/** The comment above a row. */
function commentOf(field: string): string {
  const [, before = ''] = source.match(new RegExp(`([\\s\\S]*)\\n {2}${field}: \\{`)) ?? [];
  return before.slice(before.lastIndexOf('/**')).replace(/\s*\n\s*\*\s*/g, ' ');
}

/** A default as a comment writes it: `10 000`, `41 943 040 (40 MiB)`, `'info'`, `none`. */
function shown(value: unknown): string[] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ['none', 'all'];
  if (Array.isArray(value)) return [value.join(', ')];
  return [typeof value === 'string' ? `'${value}'` : String(value)];
}

describe('each row', () => {
  it.each(ROWS)('%s has a comment whose default is that of the row', (field, row) => {
    const comment = commentOf(field);
    expect(comment).toMatch(/^\/\*\* [A-Z]/);
    const [, said] = comment.match(/Default:? ([^.:]*?)(?: \([^)]*\))?(?:\.| \*\/|:)/) ?? [];
    if (row.default !== undefined)
      expect(shown(row.default)).toContain(said?.replaceAll('`', '').replace(/(?<=\d) (?=\d)/g, ''));
    else if (said !== undefined) expect([...shown(undefined), ...OWN_WORDS]).toContain(said);
  });

  it.each(ROWS.filter(([, { help }]) => help !== undefined))('%s has all that a flag needs', (field, row) => {
    expect(row.parse).toBeTypeOf('function');
    // A switch has no argument.
    expect(row.argument === undefined).toBe(typeof row.default === 'boolean');
    expect(COMMAND_OPTIONS.filter((option) => option.field === field)).toHaveLength(1);
  });

  it.each(ROWS.filter(([, row]) => row.default !== undefined))(
    '%s has a default that passes its own check',
    (field, row) => {
      expect(row.check(row.default, field, true)).toEqual(row.default);
    },
  );
});

/** Defaults of options that are absent where they are left out. */
const OWN_WORDS = [
  'the variable `OUTPUT_URL_AUTH_TOKEN`',
  'the variable `VIEW_TOKEN`',
  'one message in each POST',
  'the type of the body',
];

it('flags and variables are distinct, and made of the field where the row has none', () => {
  const flags = COMMAND_OPTIONS.map(({ flag }) => flag);
  const variables = COMMAND_OPTIONS.flatMap(({ variable }) => (variable === undefined ? [] : [variable]));
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(variables).size).toBe(variables.length);
  expect(COMMAND_OPTIONS.find(({ field }) => field === 'maxBodySize')).toMatchObject({
    flag: '--max-body-size',
    variable: 'MAX_BODY_SIZE',
    annotation: { name: 'max-body-size' },
  });
});
