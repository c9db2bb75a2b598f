/** Headers and body of a message below its line, as curl shows them: `>` is what the client sent, `<` the server. */

import type { HttpMessage } from '../types';
import { bytes } from './quantities';
import type { Paint } from './style';
import { printable, type Text } from './text';

/** Rows of a body; a terminal is no place for more. */
export const MAX_BODY_ROWS = 40;
/** Characters of a body that are looked at for that. */
const MAX_BODY_UNITS = 64 * 1_024;
const TAB = '    ';

/** Rows of at most so many columns, without their line ends. */
export function* details(message: HttpMessage, text: Text, paint: Paint, columns: number): Generator<string> {
  const mark = message.direction === 'request' ? '> ' : '< ';
  const width = Math.max(mark.length + 1, columns) - mark.length;
  for (const fields of [message.headers, message.trailers ?? {}]) {
    for (const [name, value] of Object.entries(fields)) {
      const shown = printable(`${name}: ${value}`);
      for (const [index, row] of text.wrap(shown, width, '  ').entries()) {
        const colon = index === 0 ? Math.min(row.length, printable(name).length + 1) : 0;
        yield paint('dim', mark) + paint('cyan', row.slice(0, colon)) + row.slice(colon);
      }
    }
  }
  for (const row of bodyRows(message, text, width)) yield paint('dim', mark) + row;
}

function* bodyRows(message: HttpMessage, text: Text, width: number): Generator<string> {
  const { bodyText, bodySize, bodyEncoding, bodyTruncated, incomplete, gapBytes } = message;
  const notes: string[] = [];
  const body = bodyText ?? (bodyEncoding === undefined ? message.body : undefined) ?? '';
  if (body === '' && bodyEncoding !== undefined) notes.push(`${bytes(bodySize)} of binary body`);
  if (body !== '') {
    yield '';
    const front = body.slice(0, MAX_BODY_UNITS);
    let rows = 0;
    let all = front.length === body.length;
    for (const line of front.replace(/\r?\n$/, '').split(/\r?\n/)) {
      const shown = text.wrap(printable(line.replaceAll('\t', TAB)), width).slice(0, MAX_BODY_ROWS - rows + 1);
      for (const row of shown) {
        if (rows++ < MAX_BODY_ROWS) yield row;
        else all = false;
      }
      if (rows > MAX_BODY_ROWS) break;
    }
    if (!all) notes.push(`more of it with --json; ${bytes(bodySize)} in all`);
  }
  if (incomplete !== undefined) notes.push(`ended early: ${incomplete}`);
  if (gapBytes !== undefined) notes.push(`${bytes(gapBytes)} never arrived`);
  else if (bodyTruncated === true) notes.push('bytes of the body are missing');
  if (notes.length > 0) yield text.clip(`(${notes.join('; ')})`, width);
}
