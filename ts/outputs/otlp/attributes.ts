/** From the facts of a request, or of its response, to the attributes of a span. */

import { schemeOf } from '../../exchange/scheme';
import type { Encoding } from './encoding';
import { firstOf, forwardedPart } from './forwarded';
import { KEYS } from './keys';
import type { MessageLine } from './line';
import type { Peers } from './peers';

/** The longest body in a span: two of them and all the rest stay under the 4 MiB of a request. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** The longest of the other texts, such as a path. */
const MAX_TEXT_BYTES = 16 * 1024;

export interface AttributeOptions {
  encoding: Encoding;
  bodies: boolean;
  /** A method that is not in the list is `_OTHER`. */
  knownMethods: ReadonlySet<string>;
}

const OTHER = '_OTHER';
/** The beginning of a span's name if its method is not known. */
const HTTP = 'HTTP';
const GRPC = 'grpc';

interface RequestAttributes {
  readonly name: string;
  readonly attributes: string;
  /** `package.Service/Method` of a gRPC call. */
  readonly rpcMethod: string;
}

export function requestAttributes(line: MessageLine, options: AttributeOptions, peers: Peers): RequestAttributes {
  const { encoding } = options;
  const rpcMethod = line.rpcMethod === '' ? '' : cutText(`${line.rpcService}/${line.rpcMethod}`);
  let text: string;
  let name = rpcMethod;
  if (rpcMethod === '') {
    const known = options.knownMethods.has(line.method);
    name = known ? line.method : HTTP;
    text = encoding.text(KEYS.method, known ? line.method : OTHER);
    if (!known && line.method !== '') text += encoding.text(KEYS.methodOriginal, cutText(line.method));
    text += targetAttributes(line, encoding);
  } else text = encoding.text(KEYS.rpcSystem, GRPC);
  text += peers.attributesOf(line);
  if (line.userAgent !== '') text += encoding.text(KEYS.userAgent, cutText(line.userAgent));
  text += encoding.text(KEYS.id, line.id);
  if (line.incomplete !== '') text += encoding.text(KEYS.requestIncomplete, line.incomplete);
  const body = options.bodies ? bodyOf(line) : { text: '', isCut: false };
  if (body.text !== '') text += encoding.text(KEYS.requestBody, body.text);
  if (options.bodies && (line.isTruncated || body.isCut)) text += encoding.flag(KEYS.requestTruncated);
  return { name, attributes: text, rpcMethod };
}

/** Where the request went, by what its client has asked for. */
function targetAttributes(line: MessageLine, encoding: Encoding): string {
  const { scheme, path, query } = targetOf(line);
  let text = encoding.text(KEYS.scheme, scheme);
  if (path !== '') text += encoding.text(KEYS.path, cutText(path));
  if (query !== undefined) text += encoding.text(KEYS.query, cutText(query));
  return text;
}

/** The parts of a request target (RFC 9112 §3.2). */
function targetOf(line: MessageLine): { scheme: string; path: string; query: string | undefined } {
  const { target } = line;
  const absolute = target.startsWith('/') ? undefined : /^(https?):\/\/[^/?#]*/i.exec(target);
  const rest = absolute == null ? target : target.slice(absolute[0].length);
  const scheme = absolute?.[1]?.toLowerCase() ?? askedSchemeOf(line);
  // The target of CONNECT is an authority, which has no path.
  if (line.method === 'CONNECT' && line.scheme === '') return { scheme, path: '', query: undefined };
  const mark = rest.indexOf('?');
  const path = mark === -1 ? rest : rest.slice(0, mark);
  return { scheme, path: path === '' ? '/' : path, query: mark === -1 ? undefined : rest.slice(mark + 1) };
}

/** A proxy's word on what the first client asked for comes before what the message itself says. */
function askedSchemeOf(line: MessageLine): string {
  const { forwarded, forwardedProto } = line;
  if (forwarded !== '' || forwardedProto !== '') {
    const proto = (forwardedPart(forwarded, 'proto') || firstOf(forwardedProto)).toLowerCase();
    if (proto === 'http' || proto === 'https') return proto;
  }
  return schemeOf(line);
}

export interface ResponseAttributes {
  readonly attributes: string;
  readonly isError: boolean;
  /** The server says that it has no such method. */
  readonly isUnknownMethod: boolean;
}

/** Codes of gRPC that are a server's errors, by the conventions; those of the client are not. */
const RPC_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);
const UNIMPLEMENTED = 12;

export function responseAttributes(line: MessageLine, options: AttributeOptions): ResponseAttributes {
  const { encoding } = options;
  const isRpc = !Number.isNaN(line.rpcStatus);
  const rpcStatus = line.rpcStatusName === '' ? String(line.rpcStatus) : line.rpcStatusName;
  let text = '';
  let error = '';
  if (isRpc) {
    text += encoding.text(KEYS.rpcStatus, rpcStatus);
    if (RPC_ERRORS.has(line.rpcStatus)) error = rpcStatus;
  } else {
    if (line.statusCode > 0) text += encoding.number(KEYS.statusCode, line.statusCode);
    if (line.statusCode >= 500) error = String(line.statusCode);
  }
  // It did not get all of its response to the client.
  if (error === '' && (line.incomplete === 'closed' || line.incomplete === 'reset')) {
    error = line.errorCode === '' ? line.incomplete : line.errorCode;
  }
  if (error !== '') text += encoding.text(KEYS.errorType, error);
  if (line.incomplete !== '') text += encoding.text(KEYS.responseIncomplete, line.incomplete);
  const body = options.bodies ? bodyOf(line) : { text: '', isCut: false };
  if (body.text !== '') text += encoding.text(KEYS.responseBody, body.text);
  if (options.bodies && (line.isTruncated || body.isCut)) text += encoding.flag(KEYS.responseTruncated);
  return { attributes: text, isError: error !== '', isUnknownMethod: isRpc && line.rpcStatus === UNIMPLEMENTED };
}

/** Attributes of a method that is not known to be one: its name may be anything that a client has sent. */
export function rpcMethodAttributes(method: string, isKnown: boolean, encoding: Encoding): string {
  if (isKnown) return encoding.text(KEYS.rpcMethod, method);
  return encoding.text(KEYS.rpcMethod, OTHER) + encoding.text(KEYS.rpcMethodOriginal, method);
}

export function rpcName(method: string, isKnown: boolean): string {
  return isKnown ? method : GRPC;
}

/** Text only: bytes that are none stay out. */
function bodyOf({ body, bodyText, bodyEncoding }: MessageLine): { text: string; isCut: boolean } {
  const whole = bodyText !== '' ? bodyText : bodyEncoding === '' ? body : '';
  const text = cut(whole, MAX_BODY_BYTES);
  return { text, isCut: text.length < whole.length };
}

function cutText(text: string): string {
  return text.length <= MAX_TEXT_BYTES ? text : cut(text, MAX_TEXT_BYTES);
}

/** The front of a JSON string's text, cut between two characters. */
export function cut(text: string, maxBytes: number): string {
  if (text.length <= maxBytes) return text;
  let end = maxBytes;
  // Not within a character of UTF-8: its later bytes are 10xxxxxx.
  while (end > 0 && (text.charCodeAt(end) & 0xc0) === 0x80) end--;
  return text.slice(0, escapeAcross(text, end) ?? end);
}

const LONGEST_ESCAPE = '\\u0000'.length;

/** Where the escape begins that stands on both sides of `end`. */
function escapeAcross(text: string, end: number): number | undefined {
  const at = text.lastIndexOf('\\', end - 1);
  if (at === -1 || at <= end - LONGEST_ESCAPE) return undefined;
  let before = 0;
  while (text[at - 1 - before] === '\\') before++;
  // After an odd number of backslashes this character is what is escaped.
  const start = before % 2 === 0 ? at : at - 1;
  const length = text[start + 1] === 'u' ? LONGEST_ESCAPE : 2;
  return start + length > end ? start : undefined;
}
