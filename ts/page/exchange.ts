/** The lines of an exchange, told apart; and what of a message was lost, in words. */

import { bytesOfBase64 } from '../exchange/base64';
import type { Lines } from '../outputs/view/shapes';
import type { HttpMessage, StreamMessage } from '../types';
import * as TEXT from './strings';
import { bytesOf as bytesInWords, INCOMPLETE } from './strings';

export interface Exchange {
  request?: HttpMessage;
  interim: HttpMessage[];
  response?: HttpMessage;
  messages: StreamMessage[];
}

export function exchangeOf(lines: Lines): Exchange {
  const exchange: Exchange = { interim: [], messages: [] };
  for (const line of lines) {
    if ('stream' in line) exchange.messages.push(line);
    else if (line.direction === 'request') exchange.request = line;
    else if (isInterim(line)) exchange.interim.push(line);
    else exchange.response = line;
  }
  return exchange;
}

/** RFC 9110 §15.2; 101 ends HTTP. */
function isInterim({ statusCode }: HttpMessage): boolean {
  return statusCode !== undefined && statusCode < 200 && statusCode !== 101;
}

export function lossesOf(message: HttpMessage): string[] {
  const { incomplete, gapBytes, bodyTruncated, headersTruncated, headersIncomplete, unknownHeaders, errorCode } =
    message;
  return [
    ...(incomplete === undefined ? [] : [INCOMPLETE.get(incomplete) ?? incomplete]),
    ...(errorCode === undefined ? [] : [TEXT.lossErrorCode(errorCode)]),
    ...(gapBytes === undefined ? [] : [TEXT.lossGapBytes(gapBytes)]),
    ...(bodyTruncated === undefined ? [] : [TEXT.lossBodyTruncated]),
    ...(headersTruncated === undefined ? [] : [TEXT.lossHeadersTruncated]),
    ...(headersIncomplete === undefined ? [] : [TEXT.lossHeadersIncomplete(unknownHeaders)]),
    ...(isLeftOut(message) ? [TEXT.lossBinary] : []),
  ];
}

/** How the body that is shown was made of the bytes that were sent, which the capture does not keep beside it. */
export function madeOf({ bodyDecoded, bodyCharset, bodyRedacted, bodySize }: HttpMessage): string[] {
  return [
    ...(bodyDecoded === undefined ? [] : [TEXT.madeDecoded(bodyDecoded, bytesInWords(bodySize))]),
    ...(bodyCharset === undefined ? [] : [TEXT.madeCharset(bodyCharset)]),
    ...(bodyRedacted === undefined ? [] : [TEXT.madeRedacted]),
  ];
}

function isLeftOut({ body, bodyText, bodyEncoding }: HttpMessage): boolean {
  return body === undefined && bodyText === undefined && bodyEncoding === 'binary';
}

/** A body: its text, its bytes, or both. */
export interface Body {
  text: string | undefined;
  bytes(): Uint8Array;
  type: string;
  /** The content-codings that it still has. */
  codings?: string | undefined;
}

/** `undefined` if there is none, or none that was kept. */
export function bodyOf(message: HttpMessage): Body | undefined {
  const { body, bodyText, bodyEncoding, bodyDecoded, headers } = message;
  const type = headers['content-type'] ?? '';
  if (bodyEncoding === 'base64' && body !== undefined) {
    const codings = bodyDecoded === undefined ? headers['content-encoding'] : undefined;
    return { text: bodyText, bytes: () => bytesOfBase64(body) ?? new Uint8Array(), type, codings };
  }
  const text = bodyText ?? body;
  return text === undefined || text === '' ? undefined : { text, bytes: () => new TextEncoder().encode(text), type };
}
