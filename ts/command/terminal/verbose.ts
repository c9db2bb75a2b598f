/** Headers and body of a message below its line, as curl shows them: `>` is what the client sent, `<` the server; `*` is about both. */

import { timesOf } from '../../exchange/times';
import type { GrpcMessage, HttpMessage } from '../../types';
import type { Facts } from './line';
import { prettyJson } from './pretty';
import { bytes, duration } from './quantities';
import type { Paint } from './style';
import { printable, type Text } from './text';

/** Rows of a body, and of each field; a terminal is no place for more. */
export const MAX_ROWS = 40;
/** Characters of a body, and of each field, that are looked at for that: the rest is cut off before anything is escaped. */
const MAX_UNITS = 64 * 1_024;
const TAB = '    ';
/** JSON that is no wider than this is in one row; wider JSON is hard to read. */
const MAX_JSON_COLUMNS = 100;
/** Of the further rows of a field. */
const FIELD_INDENT = '  ';
/** Said where something was left out. */
const MORE = 'more of it with --json';

/** Rows of at most so many columns, without their line ends. */
export function* details(message: HttpMessage, text: Text, paint: Paint, columns: number): Generator<string> {
  const mark = message.direction === 'request' ? '> ' : '< ';
  const width = Math.max(mark.length + 1, columns) - mark.length;
  for (const fields of [message.headers, message.trailers ?? {}]) {
    for (const [name, value] of Object.entries(fields)) {
      for (const row of fieldRows(name, value, text, paint, width)) yield paint('dim', mark) + row;
    }
  }
  for (const row of bodyRows(message, text, width)) yield paint('dim', mark) + row;
}

/** In which TLS the message came. */
export function* tlsRows({ tls }: HttpMessage, text: Text, paint: Paint, columns: number): Generator<string> {
  if (tls === undefined) return;
  const { version, cipher, serverName, alpn } = tls;
  const words = [
    `TLS ${version}`,
    cipher,
    ...(serverName === undefined ? [] : [`server name ${serverName}`]),
    ...(alpn === undefined ? [] : [`ALPN ${alpn}`]),
  ];
  const front = `* ${words.join(', ')}`.slice(0, MAX_UNITS);
  for (const row of firstRows(text.wrap(printable(front), columns, FIELD_INDENT))) yield paint('dim', row);
}

/** Where the time of the exchange went, if that is known. */
export function* timesRows(
  response: HttpMessage,
  { uploadMs, stallMs }: Pick<Facts, 'uploadMs' | 'stallMs'>,
  text: Text,
  paint: Paint,
  columns: number,
): Generator<string> {
  if (response.latencyMs === undefined) return;
  const times = timesOf(response, uploadMs);
  const early = times.answeredEarly ? ' (the response began before its end)' : '';
  const parts: [string, number | undefined, string][] = [
    ['upload', times.uploadMs, stalled(stallMs) + early],
    ['server', times.serverMs, ''],
    ['upload and server', times.uploadAndServerMs, stalled(stallMs)],
    ['download', times.downloadMs, stalled(response.stallMs)],
  ];
  // Of one packet there is no upload, and no download.
  const words = parts.flatMap(([name, ms, note]) =>
    ms === undefined || (ms === 0 && name !== 'server') ? [] : [`${name} ${duration(ms)}${note}`],
  );
  for (const row of text.wrap(`* ${words.join(', ')}`, columns, FIELD_INDENT)) yield paint('dim', row);
}

/** They were lost and sent again, or overtaken: neither side took that time. */
function stalled(ms: number | undefined): string {
  return ms === undefined ? '' : ` (${duration(ms)} of it for late segments)`;
}

function* fieldRows(name: string, value: string, text: Text, paint: Paint, width: number): Generator<string> {
  const field = `${name}: ${value}`;
  const front = field.slice(0, MAX_UNITS);
  let colon = printable(name.slice(0, MAX_UNITS)).length + 1;
  function* painted(): Generator<string> {
    for (const row of wrappedFront(front, text, width, FIELD_INDENT)) {
      yield paint('cyan', row.slice(0, colon)) + row.slice(colon);
      colon = 0;
    }
  }
  const whole = yield* firstRows(painted());
  if (!whole || front.length < field.length) yield text.clip(`${FIELD_INDENT}(${MORE})`, width);
}

function* bodyRows(message: HttpMessage, text: Text, width: number): Generator<string> {
  const { bodyText, bodySize, bodyEncoding, bodyTruncated, incomplete, gapBytes, grpcMessages } = message;
  const notes: string[] = [];
  const asText = bodyText ?? (bodyEncoding === undefined ? message.body : undefined) ?? '';
  const body = grpcMessages === undefined ? asText : grpcText(grpcMessages);
  if (body === '' && bodyEncoding !== undefined) notes.push(`${bytes(bodySize)} of binary body`);
  if (body !== '') {
    yield '';
    const front = body.slice(0, MAX_UNITS);
    const isFront = front.length < body.length || bodyTruncated === true || incomplete !== undefined;
    const pretty = prettyJson(front, Math.min(width, MAX_JSON_COLUMNS), isFront);
    const rows = pretty === undefined ? wrappedLines(front, text, width) : wrappedJson(pretty.rows, text, width);
    const whole = yield* firstRows(rows);
    if (!whole || front.length < body.length) notes.push(`${MORE}; ${bytes(bodySize)} in all`);
    else if (pretty !== undefined && pretty.folded > 0) notes.push(`${pretty.folded} entries folded; ${MORE}`);
  }
  if (incomplete !== undefined) notes.push(`ended early: ${incomplete}`);
  if (gapBytes !== undefined) notes.push(`${bytes(gapBytes)} never arrived`);
  else if (bodyTruncated === true) notes.push('bytes of the body are missing');
  if (notes.length > 0) yield text.clip(`(${notes.join('; ')})`, width);
}

/** A row for each, as far as they are looked at. */
function grpcText(messages: GrpcMessage[]): string {
  let shown = '';
  for (const { size, json } of messages) {
    if (shown.length > MAX_UNITS) break;
    shown += `${json === undefined ? `(a message of ${bytes(size)})` : JSON.stringify(json)}\n`;
  }
  return shown;
}

function* wrappedLines(body: string, text: Text, width: number): Generator<string> {
  for (const line of body.replace(/\r?\n$/, '').split(/\r?\n/))
    yield* wrappedFront(line.replaceAll('\t', TAB), text, width);
}

/**
 * The rows of a line of any text, those that may be shown at least: of a long one only the front is escaped, which is most of the work. The
 * last row of a front may differ from that of the whole line, and is not shown. Marks, which take no columns, can make the front
 * too short.
 */
function* wrappedFront(line: string, text: Text, width: number, indent = ''): Generator<string> {
  const enough = (MAX_ROWS + 1) * width;
  if (line.length > enough) {
    const rows: string[] = [];
    for (const row of text.wrap(printable(line.slice(0, enough)), width, indent)) {
      rows.push(row);
      if (rows.length > MAX_ROWS) return yield* rows;
    }
  }
  yield* text.wrap(printable(line), width, indent);
}

/** A row that does not fit goes on below its beginning. */
function* wrappedJson(rows: Iterable<string>, text: Text, width: number): Generator<string> {
  for (const row of rows) {
    const indent = row.length - row.trimStart().length + TAB.length;
    yield* text.wrap(printable(row), width, ' '.repeat(Math.min(indent, Math.floor(width / 2))));
  }
}

/** As many as may be shown; returns whether that is all of them. */
function* firstRows(rows: Iterable<string>): Generator<string, boolean> {
  let shown = 0;
  for (const row of rows) {
    if (shown++ === MAX_ROWS) return false;
    yield row;
  }
  return true;
}
