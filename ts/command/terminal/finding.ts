/** Findings in words: the endpoint, the onset, the side of the cause. */

import type { Caller } from '../../exchange/causes';
import type { Finding } from '../../exchange/findings';
import type { RouteStats } from '../../exchange/route-stats';
import type { Found } from '../../exchange/traffic';
import { timeOfDay } from './clock';
import { count, duration, exchangeCount, percent } from './quantities';
import type { Paint, Style } from './style';
import { printable, type Text } from './text';

/** More of them are no first look. */
const SHOWN_FINDINGS = 3;
const SHOWN_CALLERS = 3;
const SHOWN_STATUSES = 3;
const INDENT = '    ';
/** More calls than this in each exchange are retries. */
const MIN_RETRIES = 1.2;

/** For each finding its rows, of at most so many columns. */
export function* findingRows(
  findings: readonly Finding[],
  { text, paint }: { text: Text; paint: Paint },
  columns: number,
): Generator<string[]> {
  for (const finding of findings.slice(0, SHOWN_FINDINGS)) {
    const style: Style = finding.kind === 'failing' ? 'red' : 'yellow';
    const words = [
      onsetOf(finding),
      `side of the cause: ${sideOf(finding)}`,
      ...finding.callers.slice(0, SHOWN_CALLERS).map(callerOf),
      ...(finding.callers.length > SHOWN_CALLERS
        ? [`and through ${finding.callers.length - SHOWN_CALLERS} further endpoints`]
        : []),
    ];
    const width = Math.max(1, columns - INDENT.length);
    yield [
      ...[...text.wrap(`${finding.kind === 'failing' ? 'FAILS' : 'SLOW'}  ${nameOf(finding.at)}`, columns, INDENT)].map(
        (row) => paint(style, row),
      ),
      ...words.flatMap((each) => [...text.wrap(each, width, '  ')]).map((row) => text.clip(INDENT + row, columns)),
    ];
  }
  if (findings.length > SHOWN_FINDINGS) {
    yield [
      text.clip(`and ${count(findings.length - SHOWN_FINDINGS)} further endpoints that fail or slow down`, columns),
    ];
  }
}

/** `GET /orders/:id on shop.test:80` */
function nameOf({ method, template, server }: Found): string {
  return printable(`${method || '-'} ${template || '-'} on ${server.name}`);
}

function onsetOf({ kind, how, onset, at }: Finding): string {
  const { fromMs, untilMs, always, inside, outside, exchanges } = onset;
  const since = always
    ? `from the first on (${timeOfDay(fromMs)})`
    : `${untilMs === undefined ? 'since' : 'from'} ${timeOfDay(fromMs)}${untilMs === undefined ? '' : ` to ${timeOfDay(untilMs)}`}`;
  if (kind === 'slow')
    return `${since}: the server takes ${duration(inside)}, else ${duration(outside)} (${exchangeCount(exchanges)})`;
  if (kind === 'transfer')
    return `${since}: up- and download take ${duration(inside)}, else ${duration(outside)} (${exchangeCount(exchanges)})`;
  const { unanswered, cut } = at.stats;
  const parts = [
    ...errorsOf(at.stats),
    ...(unanswered > 0 ? [`no response: ${count(unanswered)}`] : []),
    ...(cut > 0 ? [`cut: ${count(cut)}`] : []),
  ];
  const words = how === 'errors' ? 'fail' : how === 'cut' ? 'are cut off' : 'get no response';
  return `${since}: ${percent(inside)} ${words}${always ? '' : `, else ${percent(outside)}`} (${parts.join(', ')})`;
}

/** The statuses that came most, with how often each came. */
function errorsOf({ serverErrors, errorStatuses }: RouteStats): string[] {
  const shown = [...errorStatuses].sort(([, a], [, b]) => b - a).slice(0, SHOWN_STATUSES);
  const others = shown.reduce((rest, [, times]) => rest - times, serverErrors);
  const words = shown.map(([status, times]) => `${printable(status)}: ${count(times)}`);
  return others > 0 ? [...words, `other errors: ${count(others)}`] : words;
}

function sideOf({ kind, side, client, how, at, callers }: Finding): string {
  const server = printable(at.server.name);
  const dependency = callers.length > 0 ? ', on which others depend' : '';
  if (kind === 'transfer') return 'the client or the network: the server does not take longer';
  if (client !== undefined)
    return `the client ${printable(client)}: nearly all of it is with this client, others are served`;
  if (kind === 'slow')
    return `the server ${server}${dependency}: the time passes in it or in calls that were not captured, not in the transfer`;
  if (how === 'errors' && side === 'server') return `the server ${server}${dependency}: it answers so`;
  if (how === 'unanswered' && side === 'server')
    return `the server ${server}${dependency}: it does not answer in time, and those answer with errors`;
  return how === 'cut'
    ? 'open: the connection ended within the response; messages do not say who ended it'
    : 'open: the server hangs, or the client left; messages do not say which';
}

function callerOf({ at, callsEach, share, left, through }: Caller<Found>): string {
  if (left) return `${nameOf(at)} is left with it`;
  if (through !== undefined) return `${nameOf(at)}, through ${printable(through.server.name)}`;
  const retried =
    callsEach !== undefined && callsEach >= MIN_RETRIES ? `, retried: ${callsEach.toFixed(1)} calls each` : '';
  const waits = share === undefined ? 'fails with it' : `waits for it, ${percent(share)} of its time`;
  return `${nameOf(at)} ${waits}${retried}`;
}
