/**
 * The lines of a batch with pseudonyms in place of what is private. In: JSON lines. Out: the same messages, member by member in their
 * order, with those that are known here; any other is left out, and so is a body of which the text is not here as a whole.
 */

import { STATUS_CODES } from 'node:http';
import { type Line, linesOf, parseLine } from '../exchange/lines';
import type { Endpoint, HttpMessage, StreamMessage } from '../types';
import { MAX_TEXT_UNITS, replaceBody } from './body';
import { protocolText, replaceFields } from './fields';
import type { Kind } from './pseudonyms';
import { Replacer } from './replacer';

export type LeftOut = 'binaryBodies' | 'cutBodies' | 'longBodies' | 'brokenLines';

/** In words for people. */
const LEFT_OUT: Record<LeftOut, string> = {
  binaryBodies: 'bodies left out for pseudonyms: they are no text',
  cutBodies: 'bodies left out for pseudonyms: parts of them are missing',
  longBodies: 'bodies left out for pseudonyms: they are too long',
  brokenLines: 'lines left out for pseudonyms: they are no messages',
};

type Members = Record<string, unknown>;
/** Returns `undefined` for a member that is left out. */
type Member = (value: never, message: HttpMessage, replace: Replace) => unknown;

interface Replace {
  readonly replacer: Replacer;
  readonly leftOut: Record<LeftOut, number>;
}

const ID = /^[\d./-]{1,64}$/;
const METHOD = /^[A-Z-]{1,24}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const CIPHER = /^TLS_[A-Z\d_]{1,64}$/;

const amount: Member = (value: unknown) => (typeof value === 'number' ? value : undefined);
const mark: Member = (value: unknown) => (value === true ? true : undefined);
/** Of the engine, or of a protocol. */
const word: Member = (value: string, _, { replacer }) => protocolText(value, replacer);
const value: Member = (text: string, _, { replacer }) => replacer.value(text);
const name: Member = (text: string, _, { replacer }) => replacer.name(text);
const fields: Member = (given: Record<string, string>, _, { replacer }) => replaceFields(given, replacer);
const endpoint = ({ ip, port }: Endpoint, { replacer }: Replace): Endpoint => ({
  ip: replacer.pseudonyms.address(ip),
  port: Number(port),
});
const end: Member = (given: Endpoint, _, replace) => endpoint(given, replace);
const method: Member = (text: string, _, { replacer }) => (METHOD.test(text) ? text : replacer.text(text));
const json: Member = (given: unknown, _, { replacer }) => {
  const text = replacer.json(JSON.stringify(given));
  return text === undefined ? undefined : JSON.parse(text);
};
const members =
  (known: Readonly<Record<string, Member>>): Member =>
  (given: Members, message, replace) =>
    replaceMembers(given, known, message, replace);

function target(path: string, verb: string | undefined, { replacer }: Replace): string {
  return verb === 'CONNECT' ? replacer.authority(path) : replacer.url(path);
}

const GRPC: Record<string, Member> = {
  service: name,
  method: name,
  status: amount,
  statusName: word,
  statusMessage: value,
  encoding: word,
  messageCount: amount,
};

const COMMON = {
  id: (text: string, _, { replacer }) => (ID.test(text) ? text : replacer.text(text)),
  timestamp: (text: string) => (TIME.test(text) ? text : undefined),
  timestampUnknown: mark,
  direction: (text: string) => (text === 'request' ? text : 'response'),
  receiver: end,
  destination: end,
  gapBytes: amount,
  grpc: members(GRPC),
} satisfies Record<string, Member>;

const HTTP: Readonly<Record<keyof HttpMessage, Member>> = {
  ...COMMON,
  method,
  path: (path: string, { method: verb }, replace) => target(path, verb, replace),
  scheme: word,
  protocol: word,
  statusCode: amount,
  reason: (text: string, { statusCode = 0 }, { replacer }) =>
    text === STATUS_CODES[statusCode] ? text : replacer.text(text),
  httpVersion: word,
  streamId: amount,
  headers: fields,
  body: (text: string, message, replace) => bodyOf(text, message, replace),
  bodyEncoding: () => 'binary',
  bodyText: (text: string, message, replace) => textOf(text, message, replace),
  bodyCharset: word,
  bodyDecoded: word,
  bodyRedacted: word,
  bodySize: amount,
  bodyTruncated: mark,
  headersTruncated: mark,
  headersIncomplete: mark,
  unknownHeaders: amount,
  incomplete: word,
  errorCode: word,
  pushed: mark,
  streamedMessages: amount,
  trailers: fields,
  request: ({ method: verb, path }: { method: string; path: string }, message, replace) => ({
    method: method(verb as never, message, replace),
    path: target(path, verb, replace),
  }),
  latencyMs: amount,
  waitMs: amount,
  durationMs: amount,
  stallMs: amount,
  proxied: ({ source, destination }: NonNullable<HttpMessage['proxied']>, _, replace) => ({
    source: endpoint(source, replace),
    destination: endpoint(destination, replace),
  }),
  tls: members({
    version: word,
    cipher: (text: string) => (CIPHER.test(text) ? text : undefined),
    serverName: (text: string, _, { replacer }) => replacer.host(text),
    alpn: word,
  }),
  grpcMessages: (messages: Members[], message, replace) =>
    messages.map((each) => {
      if (each.data !== undefined && each.data !== '') replace.leftOut.binaryBodies++;
      return replaceMembers(each, { size: amount, compressed: mark, truncated: mark, json }, message, replace);
    }),
};

const INSIDE: Readonly<Record<keyof StreamMessage, Member>> = {
  ...COMMON,
  stream: word,
  sequence: amount,
  data: (text: string, message, replace) => {
    const { dataEncoding, truncated } = message as unknown as StreamMessage;
    if (text === '') return text;
    const reason = dataEncoding !== undefined ? 'binaryBodies' : truncated ? 'cutBodies' : longOf(text);
    if (reason === undefined) return replaceBody(text, '', replace.replacer);
    replace.leftOut[reason]++;
    return '';
  },
  // Its data is left out.
  dataEncoding: () => undefined,
  dataSize: amount,
  truncated: mark,
  opcode: word,
  closeCode: amount,
  event: value,
  eventId: value,
  retry: amount,
  json,
};

export class PseudonymizedLines {
  readonly #replace: Replace = {
    replacer: new Replacer(),
    leftOut: { binaryBodies: 0, cutBodies: 0, longBodies: 0, brokenLines: 0 },
  };

  /** How often each kind was replaced. */
  get replaced(): Readonly<Record<Kind, number>> {
    return this.#replace.replacer.pseudonyms.counts;
  }

  /** Bodies that are left out, and lines that are no messages. */
  get leftOut(): Readonly<Record<LeftOut, number>> {
    return this.#replace.leftOut;
  }

  /** The parts that are left out, in words, with how often they were. */
  get losses(): [times: number, words: string][] {
    return Object.entries(this.leftOut).map(([reason, times]) => [times, LEFT_OUT[reason as LeftOut]]);
  }

  replace(lines: Buffer): { lines: Buffer; messages: number } {
    const out: string[] = [];
    for (const line of linesOf(lines)) {
      const replaced = this.#line(line);
      if (replaced === undefined) this.#replace.leftOut.brokenLines++;
      else out.push(`${replaced}\n`);
    }
    return { lines: Buffer.from(out.join('')), messages: out.length };
  }

  /** `undefined` if it is no message, or one with a member of another type, of which nothing is known. */
  #line(line: Line): string | undefined {
    const message = parseLine(line);
    if (typeof message !== 'object' || message === null) return undefined;
    try {
      return JSON.stringify(this.#message(message));
    } catch {
      return undefined;
    }
  }

  #message(message: HttpMessage): Members {
    const given = message as unknown as Members;
    const inside = given.stream !== undefined;
    const out = replaceMembers(given, inside ? INSIDE : HTTP, message, this.#replace);
    if (inside) {
      // Nothing of it is there, and it had something.
      if (out.data === '' && given.data !== '') out.truncated = true;
    } else if (out.body === '' && given.body !== '') out.bodyTruncated = true;
    return out;
  }
}

function replaceMembers(
  given: Members,
  known: Readonly<Record<string, Member>>,
  message: HttpMessage,
  replace: Replace,
): Members {
  const out: Members = {};
  for (const [member, value] of Object.entries(given)) {
    const replaced = Object.hasOwn(known, member) ? known[member]?.(value as never, message, replace) : undefined;
    if (replaced !== undefined) out[member] = replaced;
  }
  return out;
}

/** A body that is left out as if nothing of it had been kept is `''`; its bytes, which are no text, are as if they were never kept. */
function bodyOf(body: string, message: HttpMessage, { replacer, leftOut }: Replace): string | undefined {
  if (body === '') return body;
  if (message.bodyEncoding !== undefined) {
    // The text, which is there as well, stands for it.
    if (message.bodyText === undefined) leftOut.binaryBodies++;
    return undefined;
  }
  const reason = cutOf(message) ?? longOf(body);
  if (reason === undefined) return replaceBody(body, message.headers?.['content-type'] ?? '', replacer);
  leftOut[reason]++;
  return '';
}

function textOf(text: string, message: HttpMessage, { replacer, leftOut }: Replace): string | undefined {
  const reason = cutOf(message) ?? longOf(text);
  if (reason === undefined) return replaceBody(text, message.headers?.['content-type'] ?? '', replacer);
  leftOut[reason]++;
  return undefined;
}

function cutOf({ bodyTruncated, incomplete }: HttpMessage): LeftOut | undefined {
  return bodyTruncated === true || incomplete !== undefined ? 'cutBodies' : undefined;
}

function longOf(text: string): LeftOut | undefined {
  return text.length > MAX_TEXT_UNITS ? 'longBodies' : undefined;
}
