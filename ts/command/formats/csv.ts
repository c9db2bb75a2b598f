/** An exchange as a row of CSV (RFC 4180). Pure. */

import { endpointText } from '../../exchange/endpoints';
import type { Exchange } from '../../exchange/pairing';
import { startedAtOf } from '../../outputs/har/entry';
import type { HttpMessage } from '../../types';
import { printable } from '../terminal/text';

/** The facts that a row shows of a message, and no more of it: a body would be kept for nothing. */
export function factsOf(message: HttpMessage): HttpMessage {
  const { body: _, bodyText: __, grpcMessages: ___, trailers: ____, headers, ...facts } = message;
  return { ...facts, headers: headers.host === undefined ? {} : { host: headers.host } };
}

type Field = string | number | undefined;

/** The columns, in their order. */
const COLUMNS: Record<string, (exchange: Exchange<HttpMessage>, first: HttpMessage) => Field> = {
  time: (exchange, first) => (first.timestampUnknown ? undefined : startedAtOf(exchange)),
  client: (_, { destination }) => endpointText(destination),
  server: (_, { receiver }) => endpointText(receiver),
  method: ({ request }, first) => (request ?? first.request)?.method,
  host: ({ request }) => request?.headers.host,
  path: ({ request }, first) => (request ?? first.request)?.path,
  status: ({ response }) => response?.statusCode,
  grpc_status: ({ response }) => response?.grpc?.status,
  wait_ms: ({ response }) => response?.waitMs,
  latency_ms: ({ response }) => response?.latencyMs,
  request_bytes: ({ request }) => request?.bodySize,
  response_bytes: ({ response }) => response?.bodySize,
  id: (_, { id }) => id,
};

const END = '\r\n';
const NEEDS_QUOTES = /[",]/;
/**
 * The characters that a spreadsheet takes for the beginning of a formula. It takes a field with an apostrophe in front for text.
 * Since a field that begins with an apostrophe gets a second, a reader that removes a leading apostrophe from each field has what
 * was sent.
 */
const FORMULA = /^['=+\-@\uff1d\uff0b\uff0d\uff20]/;
/** Where a semicolon separates fields (many languages' spreadsheets), quotes in the middle of a field hide none: a formula may follow. */
const SEPARATOR = /;(?=["'=+\-@ \uff1d\uff0b\uff0d\uff20]|$)/g;

export const HEADER = Object.keys(COLUMNS).join(',') + END;

export function rowOf(exchange: Exchange<HttpMessage>): string {
  const first = exchange.request ?? exchange.response ?? exchange.interim[0];
  if (first === undefined) return '';
  const fields = Object.values(COLUMNS).map((column) => column(exchange, first));
  return fields.map((field) => (typeof field === 'string' ? textOf(field) : `${field ?? ''}`)).join(',') + END;
}

/** A pipe may end in a terminal, so controls are escapes wherever it goes. */
function textOf(text: string): string {
  const shown = printable(text).replace(SEPARATOR, '\\x3b');
  const guarded = FORMULA.test(shown) ? `'${shown}` : shown;
  return NEEDS_QUOTES.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
