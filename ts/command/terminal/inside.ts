/** A message inside a stream in one line, indented below its exchange: `>` is what the client sent, `<` the server. */

import { endpointText } from '../../exchange/endpoints';
import type { StreamMessage } from '../../types';
import { timeOfDay } from './clock';
import { bytes } from './quantities';
import type { Paint } from './style';
import { printable, type Text } from './text';

/** Longer texts are cut at any width. */
const MAX_UNITS = 1_024;
const INDENT = '  ';

/** A row of at most so many columns. */
export function insideRow(message: StreamMessage, text: Text, paint: Paint, columns: number): string {
  const { timestamp, direction, destination, data, dataEncoding, dataSize, truncated } = message;
  const time = timeOfDay(Date.parse(timestamp));
  const mark = direction === 'request' ? '>' : '<';
  const who = `${INDENT}${printable(endpointText(destination))} ${mark} `;
  const what = `${kindOf(message)} ${bytes(dataSize)}${truncated === undefined ? '' : '!'}`;
  const shown = dataEncoding === undefined ? printable(data.slice(0, MAX_UNITS).replace(/\s+/g, ' ')) : '';
  let left = columns;
  const parts = [paint('dim', take(time)), take(who), paint('cyan', take(what)), take(shown === '' ? '' : ` ${shown}`)];
  return parts.join('');

  function take(part: string): string {
    const fitting = text.clip(part, left);
    left -= text.width(fitting);
    return fitting;
  }
}

function kindOf({ stream, opcode, closeCode, event, grpc }: StreamMessage): string {
  const word = opcode ?? (grpc === undefined ? event : grpc.method) ?? stream;
  return printable(closeCode === undefined ? word.slice(0, MAX_UNITS) : `${word} ${closeCode}`);
}
