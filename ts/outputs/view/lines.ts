/** Lines of one exchange to its messages. */

import { type Exchange, isFinal } from '../../exchange/pairing';
import { isStreamLine } from './row';
import type { Message, StreamLine } from './shapes';

export function messageOf(line: Buffer): Message | StreamLine {
  return JSON.parse(line.toString()) as Message | StreamLine;
}

/** Without what passed inside. */
export function exchangeIn(lines: readonly Buffer[]): Exchange<Message> {
  const exchange: Exchange<Message> = { interim: [] };
  for (const line of lines) {
    const message = messageOf(line);
    if (isStreamLine(message)) continue;
    if (message.direction === 'request') exchange.request = message;
    else if (isFinal(message)) exchange.response = message;
    else exchange.interim.push(message);
  }
  return exchange;
}
