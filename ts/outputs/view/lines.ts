/** Lines of one exchange to its messages. */

import { type Exchange, isFinal } from '../../exchange/pairing';
import type { HttpMessage, StreamMessage } from '../../types';
import { isStreamLine } from './row';

export function messageOf(line: Buffer): HttpMessage | StreamMessage {
  return JSON.parse(line.toString()) as HttpMessage | StreamMessage;
}

/** Without what passed inside. */
export function exchangeIn(lines: readonly Buffer[]): Exchange<HttpMessage> {
  const exchange: Exchange<HttpMessage> = { interim: [] };
  for (const line of lines) {
    const message = messageOf(line);
    if (isStreamLine(message)) continue;
    if (message.direction === 'request') exchange.request = message;
    else if (isFinal(message)) exchange.response = message;
    else exchange.interim.push(message);
  }
  return exchange;
}
