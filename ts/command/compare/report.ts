/** A comparison in words: the captures, what differs, the worst first, and by which measure. */

import type { Captures } from '../../compare/captures';
import {
  ALPHA,
  type Change,
  type Difference,
  type Differences,
  type Kind,
  MIN_POINTS,
  MIN_SHIFT,
  MIN_SHIFT_MS,
  MIN_TIMES,
  type Place,
} from '../../compare/differences';
import { MAX_ROUTES, MAX_SERVERS } from '../../exchange/servers';
import { day, timeOfDay } from '../terminal/clock';
import { count, duration, percent } from '../terminal/quantities';
import type { Paint, Style } from '../terminal/style';
import { printable, type Text } from '../terminal/text';

export interface Read {
  /** As it was named. */
  name: string;
  /** The parts of it that are missing, in words. */
  losses: [count: number, words: string][];
  /** It broke: this was not all. */
  broke: boolean;
}

export interface Comparison {
  captures: Captures;
  reads: readonly Read[];
  differences: Differences;
}

const INDENT = '    ';
const SHOWN_CALLERS = 5;
const WORDS: Readonly<Record<Kind, readonly [word: string, style: Style]>> = {
  failing: ['FAILS MORE', 'red'],
  slower: ['SLOWER', 'yellow'],
  vanished: ['GONE', 'yellow'],
  changed: ['CHANGED', 'cyan'],
  new: ['NEW', 'cyan'],
  better: ['BETTER', 'green'],
};

/** Each of at most so many columns. */
export function* reportRows(
  { captures, reads, differences }: Comparison,
  { text, paint }: { text: Text; paint: Paint },
  columns: number,
): Generator<string> {
  for (const [index, read] of reads.entries())
    yield* text.wrap(
      printable(captureOf('AB'[index] ?? '', read, captures.facts[index === 0 ? 0 : 1])),
      columns,
      INDENT,
    );
  for (const change of differences.changes) {
    const [word, style] = WORDS[change.kind];
    yield '';
    for (const row of text.wrap(`${word}  ${nameOf(change.at)}`, columns, INDENT)) yield paint(style, row);
    for (const words of detailsOf(change))
      for (const row of text.wrap(words, Math.max(1, columns - INDENT.length), '  ')) yield INDENT + row;
  }
  yield '';
  for (const words of measureOf(captures, differences)) yield* text.wrap(words, columns, INDENT);
}

function captureOf(letter: string, { name, losses, broke }: Read, facts: Captures['facts'][number]): string {
  const { exchanges, firstMs, lastMs, underWay, beyond } = facts;
  const lost = losses.filter(([times]) => times > 0);
  return [
    `${letter}  ${name}: ${count(exchanges)} exchanges`,
    ...(firstMs <= lastMs ? [`${timeOfDay(firstMs)} to ${timeOfDay(lastMs)}, ${day(firstMs)}`] : []),
    ...(underWay > 0 ? [`under way at the end: ${count(underWay)}`] : []),
    ...(beyond > 0 ? [`not told apart: ${count(beyond)}`] : []),
    ...(broke ? ['it broke, what came before is compared'] : []),
    ...lost.map(([times, words]) => `${words}: ${count(times)}`),
  ].join('; ');
}

/** `GET /orders/:id on shop.test:80` */
function nameOf({ method, template, server }: Place): string {
  return printable(`${method || '-'} ${template || '-'} on ${server.name}`);
}

function* detailsOf({ kind, at, differences, client, callers }: Change): Generator<string> {
  const [a, b] = at.exchanges;
  if (kind === 'new') yield `not in A; ${count(b)} exchanges in B`;
  else if (kind === 'vanished') yield `${count(a)} exchanges in A; not in B`;
  for (const difference of differences) yield printable(differenceOf(difference));
  if (client !== undefined) yield printable(`nearly all of it with the client ${client}`);
  for (const { at: caller, left, share, through } of callers.slice(0, SHOWN_CALLERS)) {
    if (left) yield `${nameOf(caller)} is left with it`;
    else if (through !== undefined) yield `with it: ${nameOf(caller)}, through ${printable(through.server.name)}`;
    else yield `with it: ${nameOf(caller)}${share === undefined ? '' : `, ${percent(share)} of whose time it is`}`;
  }
  if (callers.length > SHOWN_CALLERS) yield `with it: ${count(callers.length - SHOWN_CALLERS)} endpoints more`;
}

function differenceOf(difference: Difference): string {
  if (difference.what === 'wait') {
    const { quantile, ms } = difference;
    const name = quantile === 0.5 ? 'half' : percent(quantile);
    return `${name} of the waits are within: ${duration(ms[0])} -> ${duration(ms[1])}`;
  }
  const { what, name, hits, of } = difference;
  const shares = [0, 1].map((index) => `${percent((hits[index] ?? 0) / (of[index] ?? 1))}`);
  const counts = `(${count(hits[0])} of ${count(of[0])} -> ${count(hits[1])} of ${count(of[1])})`;
  return `${wordsOf(what, name)}: ${shares.join(' -> ')} ${counts}`;
}

function wordsOf(what: Exclude<Difference['what'], 'wait'>, name: string): string {
  switch (what) {
    case 'failed':
      return 'failed';
    case 'outcome':
      return name === 'none' ? 'no response' : name === 'cut' ? 'response cut' : `status ${name}`;
    case 'request-header':
      return `field ${name} of requests`;
    case 'response-header':
      return `field ${name} of responses`;
  }
}

function* measureOf(
  captures: Captures,
  { changes, tests, compared, few, sampled, more }: Differences,
): Generator<string> {
  const rest = few > 0 ? `; of ${count(few)} the times are too few` : '';
  const found = changes.length === 1 ? '1 endpoint differs' : `${count(changes.length)} endpoints differ`;
  const none = compared === 0 ? 'Nothing to compare' : 'No difference';
  yield `${changes.length === 0 ? none : found}: ${count(compared)} endpoints in both${rest}, ${count(tests)} tests`;
  yield `Told: what chance explains in less than 1 of ${1 / ALPHA} comparisons, shares from ${MIN_POINTS * 100} point on, times from ${MIN_SHIFT * 100} % and ${MIN_SHIFT_MS} ms on, of ${MIN_TIMES} times or more`;
  if (sampled > 0) yield `Of ${count(sampled)} endpoints a sample of the times is compared`;
  if (more > 0) yield `Of ${count(more)} endpoints not all statuses or fields are told apart`;
  const { beyondServers, beyondRoutes } = captures;
  if (beyondServers > 0) yield `Beyond the first ${count(MAX_SERVERS)} servers: ${count(beyondServers)} exchanges`;
  if (beyondRoutes > 0) yield `Beyond the first ${count(MAX_ROUTES)} endpoints: ${count(beyondRoutes)} exchanges`;
}
