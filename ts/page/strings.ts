import { GRPC_STATUSES } from '../filter/grpc';

/** All English that the page shows, and how numbers stand in it. */

export const TEXT = {
  title: 'tcp-sniffer',
  views: { exchanges: 'Exchanges', endpoints: 'Endpoints', hosts: 'Hosts', traces: 'Traces', losses: 'Losses' },
  viewsLabel: 'Views',
  columns: {
    time: 'Time',
    method: 'Method',
    host: 'Host',
    path: 'Path',
    status: 'Status',
    type: 'Type',
    size: 'Size',
    wait: 'Wait',
    waterfall: 'Waterfall',
    client: 'Client',
    server: 'Server',
    requestSize: 'Sent',
    total: 'Total',
    version: 'HTTP',
  },
  chips: {
    errors: 'Errors',
    slow: 'Slow',
    unanswered: 'Unanswered',
    grpc: 'gRPC',
    websocket: 'WebSocket',
    sse: 'SSE',
  },
  chipHints: {
    errors: 'Status 400 and above, a gRPC status that is not OK, ended early',
    slow: 'The server took 1 s or more',
    unanswered: 'No response has come',
    grpc: 'gRPC calls',
    websocket: 'WebSocket connections',
    sse: 'Server-sent events',
  },
  filter: 'Filter',
  filterHint: 'Filter ( / )',
  chipsLabel: 'Quick filters',
  chooseColumns: 'Columns',
  pause: 'Pause',
  resume: 'Resume',
  clear: 'Clear',
  saveHar: 'Save HAR',
  saving: 'Saving…',
  savePackets: 'Save packets',
  packetsHint: 'Whole connections, as pcapng; nothing in packets is redacted',
  saveFailed: 'Not saved',
  newest: 'Newest',
  newestHint: 'Follow the newest',
  gridLabel: 'Exchanges',
  empty: 'Nothing yet',
  emptyFilter: 'No exchange matches the filter',
  ended: 'The capture has ended',
  read: 'The savefile is read',
  paused: 'Paused',
  live: 'Live',
  connecting: 'Connecting…',
  disconnected: 'Not connected',
  pending: 'pending',
  noAnswer: 'no response',
  detail: 'Exchange',
  close: 'Close',
  link: 'Link to this exchange',
  tabs: { head: 'Head', request: 'Request', response: 'Response', messages: 'Messages', timing: 'Timing' },
  requestHead: 'Request',
  responseHead: 'Response',
  interimHead: 'Interim response',
  trailers: 'Trailers',
  connection: 'Connection',
  copy: {
    ...{ curl: 'Copy as cURL', fetch: 'Copy as fetch', json: 'Copy as JSON', done: 'Copied', failed: 'Not copied' },
  },
  loading: 'Loading…',
  loadFailed: 'It could not be loaded',
  gone: 'Its messages are not in memory any more: newer messages took their place',
  noBody: 'No body',
  noMessage: 'It was not seen',
  body: {
    text: 'Text',
    tree: 'Tree',
    form: 'Form',
    parts: 'Parts',
    image: 'Image',
    hex: 'Hex',
    mode: 'Show as',
    find: 'Find in the body',
    next: 'Next',
    notFound: 'Not found',
    found: 'Found',
    fold: 'Fold',
    unfold: 'Unfold',
    tooMany: 'It has more values than a tree can show',
    cut: 'There is more: the text has all of it',
    imageFailed: 'The browser cannot show this image',
    part: 'Part',
  },
  losses: {
    none: 'Nothing was lost',
    heading: 'What was lost or left out',
    count: 'Count',
    what: 'What',
    overflow: 'messages left out of this page, to keep the capture fast',
    rowsGone: 'exchanges that are not in memory any more, oldest first',
    messagesGone: 'exchanges whose messages are not in memory any more, oldest first',
  },
  stats: {
    endpoint: 'Endpoint',
    host: 'Host',
    count: 'Count',
    errors: 'Errors',
    p50: 'p50',
    p95: 'p95',
    p99: 'p99',
    max: 'Max',
    bytes: 'Bytes',
    trend: 'Over time',
    trendOf: (count: string, time: string): string => `At most ${count} in ${time}`,
    of: 'Of the exchanges that the filter shows; times are how long the server took',
  },
  traces: {
    of: 'Traces of which the filter shows an exchange, the slowest first; self is the time in which the server waited for no other',
    none: 'No exchange here has traceparent, B3 or x-request-id',
    at: 'At',
    all: 'All',
    self: 'Self',
    exchange: 'Exchange',
    open: 'Open the trace',
    failed: (count: number): string => `${count} failed`,
    on: (request: string, server: string): string => `${request} on ${server}`,
    count: (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'exchange' : 'exchanges'}`,
    more: (count: number): string => `and ${count.toLocaleString('en')} exchanges more`,
    most: (name: string, time: string, percent: number): string => `Most of it: ${name}, ${time} itself, ${percent} %`,
    uncertain: '? another caller fits as well, or a call has no response',
    skew: (name: string, time: string): string =>
      `${name} began ${time} before its caller: the clocks differ, or its caller was not captured`,
  },
  timing: {
    upload: 'Request: first packet to last',
    wait: 'Server: last packet of the request to first of the response',
    download: 'Response: first packet to last',
    latency: 'First packet of the request to first of the response',
    unknown: 'Not measured',
  },
  messages: {
    client: 'client',
    server: 'server',
    missing: (count: number): string => `Not read, or gone at the limit of a stream: ${count}`,
    cut: (units: number): string => `… and ${units} characters more`,
    truncated: 'cut at maxBodySize, or not whole',
  },
  facts: {
    id: 'id',
    client: 'client',
    server: 'server',
    stream: 'stream',
    pushed: 'pushed',
    tls: 'TLS',
    proxied: 'proxied for',
  },
} as const;

/** Why a message ended early. */
export const INCOMPLETE: Readonly<Record<string, string>> = {
  gap: 'Packets are missing in it',
  closed: 'Its connection ended before it did',
  reset: 'It was reset',
  evicted: 'It was cut at a limit of the capture',
  timeout: 'Its connection went silent',
  stopped: 'The capture ended before it did',
  malformed: 'Where it ends is in doubt',
};

export const LOSS = {
  gapBytes: (bytes: number): string => `${bytes} ${bytes === 1 ? 'byte' : 'bytes'} of it never arrived`,
  bodyTruncated: 'Bytes of the body are missing',
  headersTruncated: 'Text of the head is missing',
  headersIncomplete: (count: number | undefined): string =>
    count === undefined
      ? 'Header fields are missing'
      : `${count} header ${count === 1 ? 'field is' : 'fields are'} not known`,
  binary: 'The body is not text and was left out; the option binaryBodies keeps such bodies',
  errorCode: (code: string): string => `Reset by ${code}`,
};

export const MADE = {
  decoded: (codings: string, size: string): string =>
    `Decoded from ${codings}; the ${size} that were sent are not kept`,
  charset: (name: string): string => `Text from ${name}; Hex has its bytes`,
  redacted: 'Values in it are hidden',
};

export function countOf(shown: number, all: number): string {
  return shown === all
    ? `${all.toLocaleString('en')} exchanges`
    : `${shown.toLocaleString('en')} of ${all.toLocaleString('en')} exchanges`;
}

export function bytesOf(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${round(bytes / 1_000)} kB`;
  return `${round(bytes / 1_000_000)} MB`;
}

export function durationOf(ms: number | undefined): string {
  if (ms === undefined) return '';
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 999.5) return `${round(ms)} ms`;
  return `${round(ms / 1_000)} s`;
}

/** Three digits are enough. */
function round(value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

export function timeOf(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

export function grpcStatusOf(status: number): string {
  return GRPC_STATUSES[status] ?? String(status);
}
