/** A comparison in words, without a form: the report in the terminal and the page say the same. None of it is safe to show as it is. */

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
  MIN_VALUES,
  type Place,
} from '../../compare/differences';
import { MAX_VALUE_UNITS, STABLE_SHARE } from '../../compare/values';
import { MAX_ROUTES, MAX_SERVERS } from '../../exchange/servers';
import { day, timeOfDay } from '../terminal/clock';
import { count, countOf, duration, exchangeCount, percent } from '../terminal/quantities';

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

export const WORDS: Readonly<Record<Kind, string>> = {
  failing: 'FAILS MORE',
  slower: 'SLOWER',
  vanished: 'GONE',
  changed: 'CHANGED',
  new: 'NEW',
  better: 'BETTER',
};

/** Of either capture: its letter, its name, and the facts about it. */
export function capturesOf({ captures, reads }: Comparison): { letter: string; name: string; facts: string[] }[] {
  return reads.map(({ name, losses, broke }, index) => {
    const { exchanges, firstMs, lastMs, underWay, beyond } = captures.facts[index === 0 ? 0 : 1];
    const lost = losses.filter(([times]) => times > 0);
    const facts = [
      exchangeCount(exchanges),
      ...(firstMs <= lastMs ? [`${timeOfDay(firstMs)} to ${timeOfDay(lastMs)}, ${day(firstMs)}`] : []),
      ...(underWay > 0 ? [`under way at the end: ${count(underWay)}`] : []),
      ...(beyond > 0 ? [`not told apart: ${count(beyond)}`] : []),
      ...(broke ? ['it broke, what came before is compared'] : []),
      ...lost.map(([times, words]) => `${words}: ${count(times)}`),
    ];
    return { letter: 'AB'[index] ?? '', name, facts };
  });
}

/** `GET /orders/:id on shop.test:80` */
export function nameOf({ method, template, server }: Place): string {
  return `${method || '-'} ${template || '-'} on ${server.name}`;
}

/** Of an endpoint that only one of them has. */
export function presenceOf({ kind, at }: Change): string | undefined {
  const [a, b] = at.exchanges;
  if (kind === 'new') return `not in A; ${exchangeCount(b)} in B`;
  return kind === 'vanished' ? `${exchangeCount(a)} in A; not in B` : undefined;
}

export interface Measured {
  what: string;
  values: readonly [a: string, b: string];
  /** So many of so many; of times, how many there are. */
  counts: readonly [a: string, b: string];
}

export function measuredOf(difference: Difference): Measured {
  const { of } = difference;
  if (difference.what === 'wait') {
    const { quantile, ms } = difference;
    return {
      what: `${quantile === 0.5 ? 'half' : percent(quantile)} of the waits are within`,
      values: [duration(ms[0]), duration(ms[1])],
      counts: [countOf(of[0], 'time'), countOf(of[1], 'time')],
    };
  }
  const { what, name, hits } = difference;
  return {
    what: shareOf(what, name),
    values: 'values' in difference ? shown(difference.values) : [percent(hits[0] / of[0]), percent(hits[1] / of[1])],
    counts: [`${count(hits[0])} of ${count(of[0])}`, `${count(hits[1])} of ${count(of[1])}`],
  };
}

/** Of a value; what both have in front may be left out. */
const SHOWN_UNITS = 80;
/** Of that so much stays. */
const SHOWN_BEFORE = 16;

/** Two values, so that the first place at which they differ is in sight. */
function shown([a, b]: readonly [string, string]): [string, string] {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const from = same + SHOWN_BEFORE < SHOWN_UNITS ? 0 : same - SHOWN_BEFORE;
  const part = (text: string): string => {
    const end = text.length > from + SHOWN_UNITS ? '…' : '';
    return `"${from > 0 ? '…' : ''}${text.slice(from, from + SHOWN_UNITS)}${end}"`;
  };
  return [part(a), part(b)];
}

function shareOf(what: Exclude<Difference['what'], 'wait'>, name: string): string {
  switch (what) {
    case 'failed':
      return 'failed';
    case 'outcome':
      return name === 'none' ? 'no response' : name === 'cut' ? 'response cut' : `status ${name}`;
    case 'request-header':
      return `field ${name} of requests`;
    case 'response-header':
      return `field ${name} of responses`;
    case 'request-value':
      return `value of ${name} in requests`;
    case 'response-value':
      return `value of ${name} in responses`;
  }
}

export function clientOf({ client }: Change): string | undefined {
  return client === undefined ? undefined : `nearly all of it with the client ${client}`;
}

/** One for each caller. */
export function callersOf({ callers }: Change): string[] {
  return callers.map(({ at, left, share, through }) => {
    if (left) return `${nameOf(at)} is left with it`;
    if (through !== undefined) return `with it: ${nameOf(at)}, through ${through.server.name}`;
    return `with it: ${nameOf(at)}${share === undefined ? '' : `, ${percent(share)} of whose time it is`}`;
  });
}

export function foundOf({ changes, tests, compared, few }: Differences): string {
  const rest = few > 0 ? `; of ${count(few)} the times are too few` : '';
  const found = changes.length === 1 ? '1 endpoint differs' : `${count(changes.length)} endpoints differ`;
  const none = compared === 0 ? 'Nothing to compare' : 'No difference';
  return `${changes.length === 0 ? none : found}: ${countOf(compared, 'endpoint')} in both${rest}, ${countOf(tests, 'test')}`;
}

/** The thresholds, and all that was not compared. */
export function* limitsOf({ captures, differences: { sampled, more } }: Comparison): Generator<string> {
  yield `Told: what chance explains in less than 1 of ${1 / ALPHA} comparisons, shares from ${MIN_POINTS * 100} point on, times from ${MIN_SHIFT * 100} % and ${MIN_SHIFT_MS} ms on, of ${MIN_TIMES} times or more, values of fields that ${STABLE_SHARE * 100} % of ${MIN_VALUES} messages or more have`;
  if (sampled > 0) yield `Of ${countOf(sampled, 'endpoint')} a sample of the times is compared`;
  if (more > 0)
    yield `Of ${countOf(more, 'endpoint')} not all statuses, fields or values are told apart (values: up to ${count(MAX_VALUE_UNITS)} characters)`;
  const { beyondServers, beyondRoutes } = captures;
  if (beyondServers > 0) yield `Beyond the first ${count(MAX_SERVERS)} servers: ${exchangeCount(beyondServers)}`;
  if (beyondRoutes > 0) yield `Beyond the first ${count(MAX_ROUTES)} endpoints: ${exchangeCount(beyondRoutes)}`;
}
