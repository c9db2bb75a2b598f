/** Odd but mostly acceptable HTTP/1 messages, as Latin-1 text. */

import type { Random } from './random.js';

/** An oddity of a message. Node accepts some of these and refuses the rest. */
type Oddity = (message: string, random: Random) => string;

const afterStartLine = (line: string) => (message: string) => message.replace('\r\n', `\r\n${line}\r\n`);
const replacing = (what: string | RegExp, by: string) => (message: string) => message.replace(what, by);

export const ODD_HEADS: Record<string, Oddity> = {
  'bare LF after the start line': replacing('\r\n', '\n'),
  'bare LF everywhere': (message) => message.replaceAll('\r\n', '\n'),
  'bare CR after the start line': replacing('\r\n', '\r'),
  'bare CR in a value': afterStartLine('x-odd: a\rb'),
  'NUL in a value': afterStartLine('x-odd: a\0b'),
  'control character in a value': afterStartLine('x-odd: a\x01b'),
  'byte over 0x7f in a value': afterStartLine('x-odd: \xe9'),
  'folded value': afterStartLine('x-odd: a\r\n b'),
  'white space before the first field': afterStartLine(' x-odd: a'),
  'white space before a colon': afterStartLine('x-odd : a'),
  'no colon': afterStartLine('x-odd'),
  'no name': afterStartLine(': a'),
  'odd name': afterStartLine('x(odd): a'),
  'HTTP/1.2': replacing(/HTTP\/1\.\d/, 'HTTP/1.2'),
  'HTTP/1.10': replacing(/HTTP\/1\.\d/, 'HTTP/1.10'),
  // Not HTTP/0.9, which Node reads like HTTP/1.1, nor HTTP/2.0, after which it keeps no connection.
  'lower-case http': replacing('HTTP/', 'http/'),
  'empty lines before': (message, random) => random.pick(['\r\n', '\r\n\r\n', '\n']) + message,
  'length and coding': afterStartLine('Content-Length: 3\r\nTransfer-Encoding: chunked'),
  'equal lengths': afterStartLine('Content-Length: 0\r\nContent-Length: 0'),
  'equal lengths in a list': afterStartLine('Content-Length: 0, 0'),
  'different lengths': afterStartLine('Content-Length: 0\r\nContent-Length: 1'),
  'signed length': afterStartLine('Content-Length: +0'),
  'hexadecimal length': afterStartLine('Content-Length: 0x0'),
  'length over 64 bits': afterStartLine('Content-Length: 18446744073709551616'),
  'empty length': afterStartLine('Content-Length:'),
  'white space before the colon of the length': afterStartLine('Content-Length : 0'),
  'coding xchunked': afterStartLine('Transfer-Encoding: xchunked'),
  'coding chunked, identity': afterStartLine('Transfer-Encoding: chunked, identity'),
  'coding with a vertical tab': afterStartLine('Transfer-Encoding: \x0bchunked'),
  'folded coding': afterStartLine('Transfer-Encoding:\r\n chunked'),
};

export const ODD_REQUESTS: Record<string, Oddity> = {
  ...ODD_HEADS,
  'unknown method': replacing(/^\w+/, 'BREW'),
  'lower-case method': (message) => message.replace(/^\w+/, (method) => method.toLowerCase()),
  'two spaces behind the method': replacing(' ', '  '),
  'space in the target': replacing(' HTTP/', ' b HTTP/'),
  'space behind the version': replacing('\r\n', ' \r\n'),
};

/** Node forgets what is pipelined after such a request, so it comes last. */
const LAST_REQUESTS: Record<string, Oddity> = {
  ...ODD_REQUESTS,
  'declined upgrade': afterStartLine('Connection: upgrade\r\nUpgrade: chat'),
};

export const ODD_RESPONSES: Record<string, Oddity> = {
  ...ODD_HEADS,
  'no reason phrase': replacing(/ [A-Z][\w ]*\r\n/, '\r\n'),
  'empty reason phrase': replacing(/ [A-Z][\w ]*\r\n/, ' \r\n'),
  'two-digit status': replacing(/ \d{3}/, ' 20'),
  'four-digit status': replacing(/ \d{3}/, ' 2000'),
  'status 600': replacing(/ \d{3}/, ' 600'),
  'tab behind the version': replacing(' ', '\t'),
};

export const ODD_CHUNKS: Record<string, Oddity> = {
  'size with 0x': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n0x$1'),
  'size with a sign': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n+$1'),
  'size over 64 bits': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n10000000000000000$1'),
  'size with white space': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n$1 '),
  'size with junk': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n$1 x'),
  'open quote in an extension': replacing(/\r\n\r\n(\w+)/, '\r\n\r\n$1;a="'),
  'bare LF behind a size': replacing(/(\r\n\r\n\w+[^\r]*)\r\n/, '$1\n'),
  'bare LF behind the last size': replacing(/\r\n0([^\r]*)\r\n/, '\r\n0$1\n'),
  'no empty line at the end': (message) => message.slice(0, -2),
  'trailer without a colon': (message) => `${message.slice(0, -2)}x-odd\r\n\r\n`,
};

export interface Generated {
  text: string;
  /** Its oddity, if Node may refuse it for that. */
  oddity: string | undefined;
}

const TEXT = 'abc XYZ 0123 \r\n-_\xe9"{}';

function headLines(random: Random): string[] {
  return Array.from({ length: random.upTo(4) }, (_, index) => {
    const name = random.pick([`x-${index}`, `X-Long-${index}`, `x_${index}!`]);
    const value = random.pick(['', 'a', 'a, b', '"q;\\"r"', random.text(300), 'a\tb', ': :']);
    return `${name}:${random.pick(['', ' ', '\t', ' \t '])}${value}${random.pick(['', ' ', '\t'])}`;
  });
}

function chunked(random: Random, body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const piece = body.slice(at, at + 1 + random.upTo(20));
    const size = piece.length.toString(16);
    const written = random.pick([size, size.toUpperCase(), `000${size}`]);
    text += `${written}${random.pick(['', '', ';a', ';a=b', ';a="b;\\"c";d'])}\r\n${piece}\r\n`;
    at += piece.length;
  }
  const trailers = random.chance(0.3) ? random.pick(['x-sum: 1\r\n', 'x-sum: 1\r\nx-sum2:\r\n']) : '';
  return `${text}${random.pick(['0', '000', '0;last'])}\r\n${trailers}\r\n`;
}

/** Fields that frame `body` and the body as it travels. */
function framed(random: Random, body: string): { fields: string[]; sent: string; isChunked: boolean } {
  if (random.chance(0.5)) {
    const length = random.pick([`${body.length}`, `00${body.length}`]);
    return {
      fields: [`${random.pick(['Content-Length', 'content-LENGTH'])}: ${length}`],
      sent: body,
      isChunked: false,
    };
  }
  const coding = random.pick(['chunked', 'Chunked', 'gzip, chunked']);
  return { fields: [`Transfer-Encoding: ${coding}`], sent: chunked(random, body), isChunked: true };
}

/** With something odd about it now and then. */
function oddly(random: Random, text: string, isChunked: boolean, heads: Record<string, Oddity>): Generated {
  if (!random.chance(0.4)) return { text, oddity: undefined };
  const choices = isChunked && random.chance(0.5) ? ODD_CHUNKS : heads;
  const oddity = random.pick(Object.keys(choices));
  return { text: choices[oddity]?.(text, random) ?? text, oddity };
}

export function generateRequest(random: Random, isLast: boolean): Generated {
  const method = random.pick(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH', 'PROPFIND']);
  const target = random.pick(['/', '/a?b=c&d=%20', 'http://a.example/b', '*', `/${random.text(200)}`, '/a"b|c']);
  const version = random.pick(['1.1', '1.1', '1.0']);
  const persists = version === '1.1' ? [] : ['Connection: keep-alive'];
  const connection = isLast ? random.pick([[], ['Connection: close'], persists]) : persists;
  const hasBody = random.chance(0.6);
  const { fields, sent, isChunked } = hasBody
    ? framed(random, random.text(120, TEXT))
    : { fields: [], sent: '', isChunked: false };
  const lines = [
    `${method} ${target} HTTP/${version}`,
    'Host: a.example',
    ...headLines(random),
    ...connection,
    ...fields,
  ];
  return oddly(random, `${lines.join('\r\n')}\r\n\r\n${sent}`, isChunked, isLast ? LAST_REQUESTS : ODD_REQUESTS);
}

export function generateResponse(random: Random, method: string, isLast: boolean): Generated {
  const interim = random.chance(0.2)
    ? random.pick(['HTTP/1.1 103 Early Hints\r\nx-hint: 1\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3)])
    : '';
  const status = random.pick([
    '200 OK',
    '201 Created',
    '204 No Content',
    '304 Not Modified',
    '404 Not Found',
    '200 OK',
  ]);
  const body = random.text(120, TEXT);
  const untilClose = isLast && random.chance(0.3);
  const { fields, sent, isChunked } = untilClose
    ? { fields: random.pick([[], ['Transfer-Encoding: gzip']]), sent: body, isChunked: false }
    : framed(random, body);
  const isEmpty = method === 'HEAD' || /^(204|304)/.test(status);
  const lines = [`HTTP/1.1 ${status}`, ...headLines(random), ...fields, ...(isLast ? ['Connection: close'] : [])];
  const odd = oddly(
    random,
    `${lines.join('\r\n')}\r\n\r\n${isEmpty ? '' : sent}`,
    isChunked && !isEmpty,
    ODD_RESPONSES,
  );
  return { ...odd, text: interim + odd.text };
}
