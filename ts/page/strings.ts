/** All English that the page shows, and how numbers stand in it. Most texts are constants of their own: a bundle has no names of those. */

import { GRPC_STATUSES } from '../filter/grpc';

export const title = 'tcp-sniffer';
export const views = {
  exchanges: 'Exchanges',
  endpoints: 'Endpoints',
  hosts: 'Hosts',
  traces: 'Traces',
  losses: 'Losses',
} as const;
export const viewsLabel = 'Views';
export const filter = 'Filter';
export const filterHint = 'Filter ( / )';
export const chipsLabel = 'Quick filters';
export const chooseColumns = 'Columns';
export const pause = 'Pause';
export const resume = 'Resume';
export const clear = 'Clear';
export const saveHar = 'Save HAR';
export const saving = 'Saving…';
export const savePackets = 'Save packets';
export const packetsHint = 'Whole connections, as pcapng; nothing in packets is redacted';
export const saveFailed = 'Not saved';
export const newest = 'Newest';
export const newestHint = 'Follow the newest';
export const gridLabel = 'Exchanges';
export const empty = 'Nothing yet';
export const emptyFilter = 'No exchange matches the filter';
export const ended = 'The capture has ended';
export const read = 'The savefile is read';
export const paused = 'Paused';
export const live = 'Live';
export const connecting = 'Connecting…';
export const disconnected = 'Not connected';
export const pending = 'pending';
export const noAnswer = 'no response';
export const detail = 'Exchange';
export const close = 'Close';
export const link = 'Link to this exchange';
export const tabs = {
  head: 'Head',
  request: 'Request',
  response: 'Response',
  messages: 'Messages',
  timing: 'Timing',
} as const;
export const requestHead = 'Request';
export const responseHead = 'Response';
export const interimHead = 'Interim response';
export const trailers = 'Trailers';
export const connection = 'Connection';
export const loading = 'Loading…';
export const loadFailed = 'It could not be loaded';
export const gone = 'No longer in memory: newer messages took its place';
export const noBody = 'No body';
export const noMessage = 'It was not seen';
export const columns = {
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
} as const;
export const chips = {
  errors: 'Errors',
  slow: 'Slow',
  unanswered: 'Unanswered',
  grpc: 'gRPC',
  websocket: 'WebSocket',
  sse: 'SSE',
} as const;
export const chipHints = {
  errors: 'Status 400 and above, a gRPC status that is not OK, ended early',
  slow: 'The server took 1 s or more',
  unanswered: 'No response has come',
  grpc: 'gRPC calls',
  websocket: 'WebSocket connections',
  sse: 'Server-sent events',
} as const;
export const copyCurl = 'Copy as cURL';
export const copyFetch = 'Copy as fetch';
export const copyJson = 'Copy as JSON';
export const copyDone = 'Copied';
export const copyFailed = 'Not copied';
export const modes = {
  text: 'Text',
  tree: 'Tree',
  form: 'Form',
  parts: 'Parts',
  image: 'Image',
  hex: 'Hex',
} as const;
export const bodyMode = 'Show as';
export const bodyFind = 'Find in the body';
export const bodyNext = 'Next';
export const bodyNotFound = 'Not found';
export const bodyFound = 'Found';
export const bodyFold = 'Fold';
export const bodyUnfold = 'Unfold';
export const bodyTooMany = 'It has more values than a tree can show';
export const bodyCut = 'There is more: the text has all of it';
export const bodyImageFailed = 'The browser cannot show this image';
export const bodyPart = 'Part';
export const bodySent = (codings: string): string => `As it was sent, in ${codings}`;
export const bodyHalf = '; not all of it could be decoded';
export const lossesNone = 'Nothing was lost';
export const lossesHeading = 'What was lost or left out';
export const lossesCount = 'Count';
export const lossesWhat = 'What';
export const lossesOverflow = 'messages left out of this page to keep the capture fast';
export const lossesRowsGone = 'exchanges no longer in memory, oldest first';
export const lossesMessagesGone = 'exchanges whose messages are no longer in memory, oldest first';
export const stats = {
  count: 'Count',
  errors: 'Errors',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  max: 'Max',
  bytes: 'Bytes',
} as const;
export const statsEndpoint = 'Endpoint';
export const statsHost = 'Host';
export const statsTrend = 'Over time';
export const statsTrendOf = (count: string, time: string): string => `At most ${count} in ${time}`;
export const statsOf = 'Of the exchanges that the filter shows; times are how long the server took';
export const tracesOf =
  'Traces of which the filter shows an exchange, the slowest first; self is the time in which the server waited for no other';
export const tracesNone = 'No exchange here has traceparent, B3 or x-request-id';
export const tracesAt = 'At';
export const tracesAll = 'All';
export const tracesSelf = 'Self';
export const tracesExchange = 'Exchange';
export const tracesOpen = 'Open the trace';
export const tracesFailed = (count: number): string => `${count} failed`;
export const tracesOn = (request: string, server: string): string => `${request} on ${server}`;
export const tracesCount = (count: number): string => `${grouped(count)} ${count === 1 ? 'exchange' : 'exchanges'}`;
export const tracesMore = (count: number): string => `and ${grouped(count)} exchanges more`;
export const tracesMost = (name: string, time: string, percent: number): string =>
  `Most of it: ${name}, ${time} itself, ${percent} %`;
export const tracesUncertain = '? another caller fits as well, or a call has no response';
export const tracesSkew = (name: string, time: string): string =>
  `${name} began ${time} before its caller: clocks differ, or its caller was not captured`;
export const timingUpload = 'Request: first packet to last';
export const timingWait = 'Server: last packet of the request to first of the response';
export const timingDownload = 'Response: first packet to last';
export const timingLatency = 'First packet of the request to first of the response';
export const timingUnknown = 'Not measured';
export const messagesClient = 'client';
export const messagesServer = 'server';
export const messagesMissing = (count: number): string => `Not read, or gone at the limit of a stream: ${count}`;
export const messagesCut = (units: number): string => `… and ${units} characters more`;
export const messagesTruncated = 'cut at maxBodySize, or not whole';
export const facts = {
  id: 'id',
  client: 'client',
  server: 'server',
  stream: 'stream',
  pushed: 'pushed',
  tls: 'TLS',
  proxied: 'proxied for',
} as const;

/** Why a message ended early. */
export const INCOMPLETE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    gap: 'Packets are missing in it',
    closed: 'Its connection ended before it did',
    reset: 'It was reset',
    evicted: 'It was cut at a limit of the capture',
    timeout: 'Its connection went silent',
    stopped: 'The capture ended before it did',
    malformed: 'Where it ends is in doubt',
  }),
);

export const lossGapBytes = (bytes: number): string => `${bytes} ${bytes === 1 ? 'byte' : 'bytes'} of it never arrived`;
export const lossBodyTruncated = 'Bytes of the body are missing';
export const lossHeadersTruncated = 'Text of the head is missing';
export const lossHeadersIncomplete = (count: number | undefined): string =>
  count === undefined
    ? 'Header fields are missing'
    : `${count} header ${count === 1 ? 'field is' : 'fields are'} not known`;
export const lossBinary = 'The body is not text and was left out; the option binaryBodies keeps such bodies';
export const lossErrorCode = (code: string): string => `Reset by ${code}`;

export const madeDecoded = (codings: string, size: string): string =>
  `Decoded from ${codings}; the ${size} that were sent are kept by --no-decode-body --binary-bodies base64`;
export const madeCharset = (name: string): string => `Text from ${name}; Hex has its bytes`;
export const madeRedacted = 'Values in it are hidden';

export function countOf(shown: number, all: number): string {
  return `${shown === all ? '' : `${grouped(shown)} of `}${grouped(all)} exchanges`;
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

export function grouped(count: number | undefined): string {
  return count?.toLocaleString('en') ?? '';
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
