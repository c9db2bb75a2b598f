/**
 * A request as a program. Pure. It holds texts of the wire, which an engine must take for texts and for nothing else. As a command of curl
 * it is what `--format curl` makes of it.
 */

import { authorityOf } from '../exchange/authority';
import { bodyOf } from '../exchange/curl';
import { schemeOf } from '../exchange/scheme';
import type { HttpMessage } from '../types';

/**
 * The client sets these itself, from the URL and the body; or a browser lets no program set them (WHATWG Fetch, forbidden
 * request-header).
 */
const NOT_SET =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|accept-(?:charset|encoding)|access-control-request-(?:headers|method)|(?:set-)?cookie2?|date|dnt|expect|origin|referer|via|proxy-.*|sec-.*)$/;

/** The target URI (RFC 9110 §7.1), or the nearest to it. */
export function urlOf(message: HttpMessage): string {
  const { path = '/', headers } = message;
  if (/^https?:\/\//i.test(path)) return path;
  return `${schemeOf(message)}://${authorityOf(headers.host, message)}${path.startsWith('/') ? path : '/'}`;
}

export function fetchOf(request: HttpMessage): string {
  const { method = 'GET', headers, body = '' } = request;
  const notes: string[] = [];
  const content = bodyOf(request, notes);
  const isDecoded = request.bodyDecoded !== undefined;
  const fields = Object.entries(headers).filter(
    ([name]) => !NOT_SET.test(name) && !(isDecoded && name === 'content-encoding'),
  );
  const value =
    typeof content === 'string'
      ? literal(body)
      : `Uint8Array.from(atob(${literal(body)}), (character) => character.charCodeAt(0))`;
  const parts = [
    `  method: ${literal(method)},`,
    ...(fields.length === 0
      ? []
      : ['  headers: {', ...fields.map(([name, text]) => `    ${literal(name)}: ${literal(text)},`), '  },']),
    ...(content === undefined || method === 'GET' || method === 'HEAD' ? [] : [`  body: ${value},`]),
  ];
  const comments = notes.map((words) => `// ${words}\n`).join('');
  return `${comments}await fetch(${literal(urlOf(request))}, {\n${parts.join('\n')}\n});`;
}

/** JSON is JavaScript (ECMA-262, since 2019). */
function literal(text: string): string {
  return JSON.stringify(text);
}
