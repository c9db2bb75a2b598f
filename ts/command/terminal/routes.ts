/** The endpoints of each server as a table, the worst first. As many columns as fit; where few do, two rows an endpoint. */

import type { Finding } from '../../exchange/findings';
import type { Quantiles } from '../../exchange/quantiles';
import type { RouteStats } from '../../exchange/route-stats';
import type { Found, ServerStats, Traffic } from '../../exchange/traffic';
import { bytes, count, countOf, duration, exchangeCount } from './quantities';
import type { Paint } from './style';
import { printable, type Text } from './text';

/** Rows of the table at least, and at most: a screen has no room for more beside the rest of the summary. */
const MIN_ROWS = 8;
const MAX_ROWS = 24;
const WIDE_COLUMNS = 118;
const NARROW_COLUMNS = 62;

interface Column {
  title: string;
  width: number;
  cell(stats: RouteStats): string;
}

const counted = (title: string, width: number, of: (stats: RouteStats) => number): Column => ({
  title,
  width,
  cell: (stats) => (of(stats) === 0 ? '-' : count(of(stats))),
});
const timed = (title: string, of: (stats: RouteStats) => Quantiles, share: number): Column => ({
  title,
  width: 7,
  cell: (stats) => timeOf(of(stats).at(share)),
});
const wait = ({ wait: times }: RouteStats): Quantiles => times;
const whole = ({ whole: times }: RouteStats): Quantiles => times;

const COUNTS = [
  counted('count', 8, ({ exchanges }) => exchanges),
  counted('4xx', 6, ({ clientErrors }) => clientErrors),
  counted('5xx', 6, ({ serverErrors }) => serverErrors),
  counted('none', 6, ({ unanswered }) => unanswered),
];
const WAITS = [timed('wait50', wait, 0.5), timed('95', wait, 0.95), timed('99', wait, 0.99)];
const MIDDLE = [...COUNTS, ...WAITS, timed('all99', whole, 0.99)];
const WIDE = [
  ...COUNTS,
  ...WAITS,
  ...[timed('all50', whole, 0.5), timed('95', whole, 0.95), timed('99', whole, 0.99)],
  {
    title: 'bytes',
    width: 7,
    cell: ({ requestBytes, responseBytes }: RouteStats) => bytes(requestBytes + responseBytes),
  },
];

/** Each of at most so many columns; about so many rows, if that is enough to be of use. */
export function routeRows(
  traffic: Traffic,
  findings: readonly Finding[],
  { text, paint }: { text: Text; paint: Paint },
  { columns, rows }: { columns: number; rows: number },
): string[] {
  const told = findings.flatMap(({ at, callers }) => [at, ...callers.map((caller) => caller.at)]);
  const ranks = new Map(told.map(({ stats }, rank) => [stats, rank]));
  const rankOf = ({ stats }: Found): number => ranks.get(stats) ?? told.length;
  const all = [...traffic.found()].sort((a, b) => rankOf(a) - rankOf(b) || worse(a.stats, b.stats));
  if (all.length === 0) return [];
  const isNarrow = columns < NARROW_COLUMNS;
  const table = columns < WIDE_COLUMNS ? MIDDLE : WIDE;
  const heading = table.map(({ title, width }) => title.padStart(width)).join('');
  const shown = ['', ...(isNarrow ? [] : [paint('dim', text.clip(`${heading}  endpoint`, columns))])];
  const limit = Math.min(MAX_ROWS, Math.max(MIN_ROWS, rows));
  const servers = new Map<ServerStats, string[]>();
  let taken = shown.length + 1;
  let shownRoutes = 0;
  for (const found of all) {
    const own = isNarrow ? narrowRows(found, text, paint, columns) : [wideRow(table, found, paint, text, columns)];
    const before = servers.get(found.server);
    taken += own.length + (before === undefined ? 1 : 0);
    if (taken > limit && shownRoutes > 0) break;
    servers.set(found.server, [...(before ?? [paint('bold', text.clip(serverRow(found.server), columns))]), ...own]);
    shownRoutes++;
  }
  shown.push(...[...servers.values()].flat());
  const more = all.length - shownRoutes;
  if (more > 0) {
    const words = `and ${countOf(more, 'endpoint')} more, not worse`;
    shown.push(paint('dim', text.clip(words, columns)));
  }
  if (traffic.beyond.exchanges > 0)
    shown.push(text.clip(`beyond the limits: ${exchangeCount(traffic.beyond.exchanges)}, not told apart`, columns));
  return shown;
}

/** Failures first, then what takes long; before both those of which something was found out. */
function worse(a: RouteStats, b: RouteStats): number {
  return b.failed - a.failed || (b.whole.at(0.95) ?? 0) - (a.whole.at(0.95) ?? 0) || b.exchanges - a.exchanges;
}

function serverRow({ name, addresses, exchanges }: ServerStats): string {
  const [first = ''] = addresses;
  const where = addresses.size > 1 ? `${count(addresses.size)} addresses` : first === name ? '' : first;
  return printable(`${name}${where === '' ? '' : ` (${where})`}: ${exchangeCount(exchanges)}`);
}

function wideRow(
  table: readonly Column[],
  { method, template, stats }: Found,
  paint: Paint,
  text: Text,
  columns: number,
): string {
  const numbers = table.map(({ width, cell }) => cell(stats).padStart(width)).join('');
  const name = text.clip(
    printable(`${labelOf(method, stats)}${template}${statusesOf(stats)}`),
    columns - numbers.length - 2,
  );
  const style = stats.failed > 0 ? 'red' : undefined;
  return `${style === undefined ? numbers : paint(style, numbers)}  ${name}`;
}

function narrowRows({ method, template, stats }: Found, text: Text, paint: Paint, columns: number): string[] {
  const name = text.clip(printable(`${labelOf(method, stats)}${template}${statusesOf(stats)}`), columns);
  const { exchanges, clientErrors, serverErrors, unanswered } = stats;
  const parts = [
    `${count(exchanges)}x`,
    ...(clientErrors > 0 ? [`4xx ${count(clientErrors)}`] : []),
    ...(serverErrors > 0 ? [`5xx ${count(serverErrors)}`] : []),
    ...(unanswered > 0 ? [`none ${count(unanswered)}`] : []),
    `${timeOf(stats.wait.at(0.5))}/${timeOf(stats.wait.at(0.95))}/${timeOf(stats.wait.at(0.99))}`,
  ];
  const row = text.clip(`  ${parts.join(' ')}`, columns);
  return [name, stats.failed > 0 ? paint('red', row) : row];
}

/** Of gRPC the method is always POST. */
function labelOf(method: string, { isGrpc }: RouteStats): string {
  return isGrpc ? 'gRPC ' : `${method || '-'} `;
}

function statusesOf({ grpcStatuses }: RouteStats): string {
  const failed = [...grpcStatuses].filter(([name]) => name !== 'OK' && name !== '0').sort(([, a], [, b]) => b - a);
  return failed.length === 0 ? '' : ` (${failed.map(([name, times]) => `${name} ${count(times)}`).join(', ')})`;
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '-' : duration(ms);
}
