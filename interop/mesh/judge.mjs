// The messages of a watcher, compared with what was asked, and with what it is to see of that. Pure.
import { OF_LOSS } from '../losses.mjs';

/** The clocks of the client, the application and the kernel, each with its own rounding. */
const CLOCKS_MS = 1;
/** The counts of the proxies' TLS, of which there are no keys, are no losses. */
const OF_TLS = new Set(['notHttpStreams']);
const NAMES = [
  ...OF_LOSS.filter((name) => !OF_TLS.has(name)),
  'unpairedResponses',
  'passedOverBytes',
  'lostHeads',
  'unreadBytes',
];

const addressOf = ({ ip, port }) => `${ip}:${port}`;
const named = ({ from, to, version }) => `${from} -> ${to} (HTTP/${version})`;
const legOf = ({ receiver, destination, httpVersion }) => ({
  from: destination.ip,
  to: addressOf(receiver),
  version: httpVersion,
});

function* judgeExchange(record, application, { request, response }) {
  const { method, path, sent, status, body, got, ms } = record;
  if (request.method !== method || request.body !== sent) yield `request ${request.method} '${request.body}'`;
  if (response.statusCode !== status || response.body !== body)
    yield `response ${response.statusCode} '${response.body}'`;
  if (response.headers['x-got'] !== got || got !== path) yield `answers ${response.headers['x-got']}, ${got}`;
  const { latencyMs } = response;
  if (!(latencyMs >= application.heldMs - CLOCKS_MS))
    yield `latency ${latencyMs} ms, and the application took ${application.heldMs} ms`;
  if (!(latencyMs <= ms + CLOCKS_MS)) yield `latency ${latencyMs} ms, and the client waited ${ms} ms`;
  for (const message of [request, response])
    if (message.incomplete || message.gapBytes || message.bodyTruncated) yield `${message.direction} is flagged`;
}

/** The messages of one path by their exchange, the first that came first. */
function exchangesOf(messages) {
  const found = new Map();
  for (const message of messages) {
    const exchange = found.get(message.id) ?? {};
    found.set(message.id, exchange);
    if (exchange[message.direction] !== undefined) exchange.more = true;
    exchange[message.direction] = message;
  }
  return [...found.values()];
}

/** In which legs what is seen differs from what is expected, whatever their order. */
function difference(seen, expected) {
  const [left, right] = [seen.map(named).sort(), expected.map(named).sort()];
  return left.join() === right.join()
    ? undefined
    : `${left.join(', ') || 'nothing'}; expected ${right.join(', ') || 'nothing'}`;
}

function* judgePath(record, application, messages, expected) {
  const exchanges = exchangesOf(messages);
  for (const { request, response, more } of exchanges)
    if (more || request === undefined || response === undefined) yield 'not one request and one response';
  const whole = exchanges.filter(({ request, response }) => request !== undefined && response !== undefined);
  for (const { request, response } of whole) {
    for (const end of ['receiver', 'destination'])
      if (addressOf(request[end]) !== addressOf(response[end])) yield `its two messages have different ends: ${end}`;
    yield* judgeExchange(record, application, { request, response });
  }
  const different = difference(
    whole.map(({ request }) => legOf(request)),
    expected,
  );
  if (different !== undefined) yield different;
  // A proxy's own exchange lies within that of its client.
  const inOrder = expected.map((leg) => whole.find(({ request }) => named(legOf(request)) === named(leg)));
  if (inOrder.includes(undefined)) return;
  for (const [index, { response }] of inOrder.entries()) {
    const outer = inOrder[index - 1]?.response;
    if (outer !== undefined && response.latencyMs > outer.latencyMs + CLOCKS_MS)
      yield `${response.latencyMs} ms within ${outer.latencyMs} ms`;
  }
}

function* judgeCounters(legs, { counters, log }, besides) {
  for (const name of NAMES) if ((counters[name] ?? 0) !== 0) yield `${name} is ${counters[name]}`;
  const splits = legs.filter(({ isSplit }) => isSplit).length + besides;
  const { joinedConnections = 0, natCopies = 0 } = counters;
  if (joinedConnections !== splits) yield `joinedConnections is ${joinedConnections}, of ${splits}`;
  const copies = legs.filter(({ isCopied }) => isCopied).length;
  if (natCopies !== copies) yield `natCopies is ${natCopies}, of ${copies}`;
  const said = log.filter(({ event }) => event === 'nat-copy').length;
  if (said !== copies) yield `${said} log lines say that exchanges come out twice, of ${copies}`;
}

const wayOf = (outer, from, inner) => `${outer}, then ${from} -> ${inner}`;

/** Exchanges that a proxy or NAT sends on from another address: the log says of each such way that they come out twice. */
function* judgeRelays(cases, log) {
  const sentOn = cases.filter((legs) => legs.length > 1 && !legs.some(({ isCopied }) => isCopied));
  const expected = sentOn.map((legs) => legs.slice(-2)).map(([outer, { from, to }]) => wayOf(outer.to, from, to));
  const said = log
    .filter(({ event }) => event === 'relay')
    .map(({ connection, copy }) => [connection, copy].map((ends) => ends.split(' - ')))
    .map(([[outer], [inner, client]]) => wayOf(outer, client.replace(/:\d+$/, ''), inner));
  for (const way of new Set(expected))
    if (!said.includes(way)) yield `nothing says that exchanges come out twice: ${way}`;
  for (const way of said) if (!expected.includes(way)) yield `it says that exchanges come out twice: ${way}`;
}

function grouped(messages) {
  const groups = new Map();
  for (const message of messages) {
    const path = message.path ?? message.request?.path;
    groups.set(path, [...(groups.get(path) ?? []), message]);
  }
  return groups;
}

/**
 * As lines of text. `cases` are those of cases.mjs, `records` what the clients say, `applied` what the applications say, and `seen`
 * what the watcher of this name shows: its messages, its counters and its log.
 */
export function* judge(watcher, { cases, records, applied, seen }) {
  const byPath = grouped(seen.messages);
  const known = new Set(records.map(({ path }) => path));
  for (const [path, { length }] of byPath) if (!known.has(path)) yield `${length} messages of ${path}`;
  const legsOf = new Map(cases.map((one) => [one.name, one.seen[watcher] ?? []]));
  for (const record of records) {
    const application = applied.find(({ path }) => path === record.path);
    // That is said by the client.
    if (record.error !== undefined || application === undefined) continue;
    const own = byPath.get(record.path) ?? [];
    for (const text of judgePath(record, application, own, legsOf.get(record.case))) yield `${record.path}: ${text}`;
  }
  const besides = cases.reduce((sum, one) => sum + (one.besides?.[watcher] ?? 0), 0);
  yield* judgeCounters([...legsOf.values()].flat(), seen, besides);
  yield* judgeRelays([...legsOf.values()], seen.log);
}

/** By how many ms the waits by a client's own clock are longer than the latencies that this watcher shows, in the median. */
export function longer(records, { messages }) {
  const waited = new Map(records.map(({ path, ms }) => [path, ms]));
  const answers = messages.filter(({ direction, request }) => direction === 'response' && waited.has(request?.path));
  const sorted = answers.map(({ latencyMs, request }) => waited.get(request.path) - latencyMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Faults of the clients and applications themselves, with which a sniffer cannot be compared. */
export function* unsaid(cases, { records, applied }) {
  for (const { name, holds } of cases) {
    const own = records.filter((record) => record.case === name);
    if (own.length !== holds.length) yield `${name}: ${own.length} of ${holds.length} exchanges`;
    for (const { path, error, status, got } of own) {
      if (error !== undefined || status !== 200 || got !== path) yield `${path}: ${error ?? `${status}, ${got}`}`;
      const times = applied.filter((one) => one.path === path).length;
      if (times !== 1) yield `${path}: the application was asked ${times} times`;
    }
  }
}
