/** Lines of one exchange to its messages. */

import { type Exchange, isFinal } from '../../exchange/pairing';
import type { HttpMessage, StreamMessage } from '../../types';
import { isStreamLine } from './row';

export function messageOf(line: Buffer): HttpMessage | StreamMessage {
  return JSON.parse(line.toString()) as HttpMessage | StreamMessage;
}

/** The exchange, and what passed inside of it. */
export function exchangeIn(lines: readonly Buffer[]): { exchange: Exchange<HttpMessage>; inside: StreamMessage[] } {
  const exchange: Exchange<HttpMessage> = { interim: [] };
  const inside: StreamMessage[] = [];
  for (const line of lines) {
    const message = messageOf(line);
    if (isStreamLine(message)) inside.push(message);
    else if (message.direction === 'request') exchange.request = message;
    else if (isFinal(message)) exchange.response = message;
    else exchange.interim.push(message);
  }
  return { exchange, inside };
}
