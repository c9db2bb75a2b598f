/** The clocks of several inputs beside each other, in rows: offsets, and the hops that contradict them. */

import type { Alignment } from '../../trace/alignment';
import type { Clock, Contradiction, Disagreement } from '../../trace/clocks';
import type { Hop } from '../../trace/hop';
import { count, duration } from './quantities';
import type { Style } from './style';

/** Of each kind. */
const MAX_ROWS = 20;

/** The name of a capture point. */
type NameOf = (point: string) => string;

/** Of inputs in the order of their numbers; `2/1` is the first that a file of lines was made of. */
export function pointNames(inputs: readonly string[]): NameOf {
  return (point) => {
    const [number = '', ...rest] = point.split('/');
    const name = inputs.length > 1 ? inputs[Number(number) - 1] : undefined;
    if (name === undefined) return `input ${point}`;
    return rest.length === 0 ? name : `${name} (input ${rest.join('/')})`;
  };
}

/** `isShown`: what stands above the rows has the hop. */
export function* clockRows(
  { clocks, disagreements, contradictions, seenTwice }: Alignment,
  nameOf: NameOf,
  isShown: (hop: Hop) => boolean,
): Generator<[words: string, style?: Style]> {
  if (seenTwice.length > 0) yield [`exchanges that several inputs have, shown once: ${count(seenTwice.length)}`];
  for (const clock of clocks.slice(0, MAX_ROWS)) yield [wordsOfClock(clock, nameOf)];
  yield* more(clocks.length, 'clocks');
  for (const disagreement of disagreements.slice(0, MAX_ROWS)) yield [wordsOfDisagreement(disagreement, nameOf), 'red'];
  yield* more(disagreements.length, 'pairs of clocks');
  const shown = contradictions.filter(({ bound: { outer, inner } }) => isShown(outer) || isShown(inner));
  for (const each of shown.slice(0, MAX_ROWS)) yield [wordsOfContradiction(each, nameOf), 'red'];
  yield* more(shown.length, 'hops that contradict the clocks');
}

export function wordsOfClocks(alignment: Alignment, inputs: readonly string[]): string[] {
  return [...clockRows(alignment, pointNames(inputs), () => true)].map(([words]) => words);
}

function* more(all: number, what: string): Generator<[words: string]> {
  if (all > MAX_ROWS) yield [`and ${count(all - MAX_ROWS)} ${what} more`];
}

function wordsOfClock({ point, reference, offsetMs, slackMs, hops, isSame }: Clock, nameOf: NameOf): string {
  const one = isSame ? 'exchange that both have' : 'call between them';
  const many = isSame ? 'exchanges that both have' : 'calls between them';
  const by = `by ${hops === 1 ? `1 ${one}` : `${count(hops)} ${many}`}`;
  const clock = `clock of ${nameOf(point)}:`;
  const other = `that of ${nameOf(reference)}`;
  if (offsetMs === 0) return `${clock} as ${other}, within ${duration(slackMs)}, ${by}`;
  const way = offsetMs > 0 ? 'ahead of' : 'behind';
  return `${clock} ${duration(Math.abs(offsetMs))} ${way} ${other}, give or take ${duration(slackMs)}, ${by}; times are set right`;
}

function wordsOfDisagreement({ a, b, bounds, agreeing }: Disagreement, nameOf: NameOf): string {
  return `clocks of ${nameOf(a)} and ${nameOf(b)}: no offset makes more than ${count(agreeing)} of ${count(bounds)} hops fit; times stay as they are`;
}

function wordsOfContradiction({ bound, byMs, isEarly, isNever }: Contradiction, nameOf: NameOf): string {
  const { inner, outer, isSame } = bound;
  const [one, other] = [hopName(inner), hopName(outer)];
  const [there, here] = [nameOf(inner.point), nameOf(outer.point)];
  if (isNever)
    return `no offset makes ${one} (${there}) fit within ${other} (${here}): it takes ${duration(byMs)} longer; it goes on after that, or another exchange called it`;
  const how = isEarly ? `begins ${duration(byMs)} too early` : `ends ${duration(byMs)} too late`;
  if (isSame) return `with these clocks ${one} as ${there} has it ${how} for what ${here} has of it`;
  return `with these clocks ${one} (${there}) does not fit within ${other} (${here}): it ${how}`;
}

function hopName({ method, path, server }: Hop): string {
  return `${method} ${path} on ${server}`;
}
