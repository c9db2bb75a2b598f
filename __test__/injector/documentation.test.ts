// docs/injector.md names every reason, annotation and metric that there is, and no other.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCounters, injectorText } from '../../ts/injector/counters';
import { SKIP_REASONS } from '../../ts/injector/decide';
import { ANNOTATION_NAMES } from '../../ts/injector/settings';

const text = readFileSync(join(__dirname, '..', '..', 'docs', 'injector.md'), 'utf8');

/** The code in the first column of the table with that heading. */
function firstColumn(heading: string): string[] {
  const lines = text.slice(text.indexOf(heading)).split('\n').slice(2);
  const rows = lines.slice(0, lines.indexOf(''));
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
}

it('reasons', () => {
  expect(firstColumn('| reason | warning |')).toEqual([...SKIP_REASONS]);
});

it('annotations', () => {
  expect(firstColumn('| `tcp-sniffer/…` | value |').sort()).toEqual([...ANNOTATION_NAMES].sort());
});

it('metrics', () => {
  const metrics = injectorText(createCounters(), { version: '1', native: false, certificateExpiry: 0 });
  const names = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(firstColumn('| metric | labels |')).toEqual(names);
});
