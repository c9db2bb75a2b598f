/**
 * A request as a command and as a program. Pure. Both hold texts of the wire, which a shell and an engine must take for texts and
 * for nothing else.
 */

import { schemeOf } from '../exchange/scheme';
import type { HttpMessage } from '../types';

/** The client sets these itself, from the URL and the body. */
const OWN = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
]);
/** Those that a browser lets no program set (WHATWG Fetch, forbidden request-header). */
const FORBIDDEN = new Set([
  ...['accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method', 'cookie'],
  ...['cookie2', 'date', 'dnt', 'expect', 'origin', 'referer', 'set-cookie', 'via'],
]);

const CUT = 'the body is not whole: the capture has only a part of it';
const LEFT_OUT = 'the body is no text: the capture has left it out';

/** The target URI (RFC 9110 §7.1), or the nearest to it. */
export function urlOf(message: HttpMessage): string {
  const { path = '/', headers, receiver } = message;
  if (/^https?:\/\//i.test(path)) return path;
  const { ip, port } = receiver;
  const authority = headers.host || (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
  return `${schemeOf(message)}://${authority}${path.startsWith('/') ? path : '/'}`;
}

/** For a POSIX shell (POSIX.1-2024, Shell Command Language §2.2.2): nothing within single quotes has a meaning. */
export function curlOf(request: HttpMessage): string {
  const { method = 'GET', headers, body, bodyEncoding, bodyText } = request;
  const isBase64 = bodyEncoding === 'base64' && body !== undefined;
  const fields = Object.entries(headers).filter(([name]) => !OWN.has(name));
  const words = [
    'curl',
    ...(method === 'HEAD' ? ['--head'] : ['--request', quoted(method)]),
    '--globoff --path-as-is',
    quoted(urlOf(request)),
    // A field without a value ends in a semicolon (curl(1), --header).
    ...fields.map(([name, value]) => `\\\n  --header ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`),
    ...(isBase64 ? ['\\\n  --data-binary @-'] : []),
    ...(!isBase64 && (bodyText ?? body) ? [`\\\n  --data-raw ${quoted(bodyText ?? body ?? '')}`] : []),
  ];
  const command = words.join(' ');
  const piped = isBase64 ? `printf %s ${quoted(body)} | base64 --decode | ${command}` : command;
  return complaintsOf(request)
    .map((words) => `# ${words}\n`)
    .concat(piped)
    .join('');
}

export function fetchOf(request: HttpMessage): string {
  const { method = 'GET', headers, body, bodyEncoding, bodyText } = request;
  const fields = Object.entries(headers).filter(
    ([name]) => !OWN.has(name) && !FORBIDDEN.has(name) && !/^(proxy-|sec-)/.test(name),
  );
  const isBase64 = bodyEncoding === 'base64' && body !== undefined;
  const text = bodyText ?? body;
  const content = isBase64
    ? `Uint8Array.from(atob(${literal(body)}), (character) => character.charCodeAt(0))`
    : text && literal(text);
  const isBodyless = method === 'GET' || method === 'HEAD';
  const parts = [
    `  method: ${literal(method)},`,
    ...(fields.length === 0
      ? []
      : ['  headers: {', ...fields.map(([name, value]) => `    ${literal(name)}: ${literal(value)},`), '  },']),
    ...(content && !isBodyless ? [`  body: ${content},`] : []),
  ];
  const notes = complaintsOf(request).map((words) => `// ${words}\n`);
  return `${notes.join('')}await fetch(${literal(urlOf(request))}, {\n${parts.join('\n')}\n});`;
}

function complaintsOf({ body, bodyText, bodyEncoding, bodyTruncated }: HttpMessage): string[] {
  if (bodyTruncated === true) return [CUT];
  return body === undefined && bodyText === undefined && bodyEncoding !== undefined ? [LEFT_OUT] : [];
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** JSON is JavaScript (ECMA-262, since 2019). */
function literal(text: string): string {
  return JSON.stringify(text);
}
