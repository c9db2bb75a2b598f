/** A comparison in rows for a terminal: the captures, what differs, the worst first, and by which measure. */

import type { Change, Difference, Kind } from '../../compare/differences';
import { countOf } from '../terminal/quantities';
import type { Paint, Style } from '../terminal/style';
import { printable, type Text } from '../terminal/text';
import {
  type Comparison,
  callersOf,
  capturesOf,
  clientOf,
  foundOf,
  limitsOf,
  measuredOf,
  nameOf,
  presenceOf,
  WORDS,
} from './words';

const INDENT = '    ';
const SHOWN_CALLERS = 5;
const STYLES: Readonly<Record<Kind, Style>> = {
  failing: 'red',
  slower: 'yellow',
  vanished: 'yellow',
  changed: 'cyan',
  new: 'cyan',
  better: 'green',
};

/** Each of at most so many columns. */
export function* reportRows(
  comparison: Comparison,
  { text, paint }: { text: Text; paint: Paint },
  columns: number,
): Generator<string> {
  for (const { letter, name, facts } of capturesOf(comparison))
    yield* text.wrap(printable(`${letter}  ${name}: ${facts.join('; ')}`), columns, INDENT);
  const { differences } = comparison;
  for (const change of differences.changes) {
    yield '';
    const head = printable(`${WORDS[change.kind]}  ${nameOf(change.at)}`);
    for (const row of text.wrap(head, columns, INDENT)) yield paint(STYLES[change.kind], row);
    for (const words of detailsOf(change))
      for (const row of text.wrap(printable(words), Math.max(1, columns - INDENT.length), '  ')) yield INDENT + row;
  }
  yield '';
  for (const words of [foundOf(differences), ...limitsOf(comparison)]) yield* text.wrap(words, columns, INDENT);
}

function detailsOf(change: Change): string[] {
  const callers = callersOf(change);
  const more = callers.length - SHOWN_CALLERS;
  return [
    ...[presenceOf(change) ?? []].flat(),
    ...change.differences.map(differenceOf),
    ...[clientOf(change) ?? []].flat(),
    ...callers.slice(0, SHOWN_CALLERS),
    ...(more > 0 ? [`with it: ${countOf(more, 'endpoint')} more`] : []),
  ];
}

function differenceOf(difference: Difference): string {
  const { what, values, counts } = measuredOf(difference);
  return `${what}: ${values.join(' -> ')}${difference.what === 'wait' ? '' : ` (${counts.join(' -> ')})`}`;
}
