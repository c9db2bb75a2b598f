/**
 * Who the first client was, and what it asked for, as proxies say it: `Forwarded` (RFC 7239), `X-Forwarded-*`. In and out: texts of
 * JSON strings. The conventions want these before what the connection itself says.
 */

import { isIP } from 'node:net';

/** RFC 7239 §4: the first element of the list is that of the first proxy. */
export function forwardedPart(field: string, name: 'for' | 'host' | 'proto'): string {
  const first = field.split(',', 1)[0] as string;
  for (const pair of first.split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, Math.max(0, at)).trim().toLowerCase() !== name) continue;
    // A quoted string stands in JSON text with its quotes escaped.
    return pair
      .slice(at + 1)
      .trim()
      .replace(/^\\"(.*)\\"$/, '$1');
  }
  return '';
}

/** The first of a list. */
export function firstOf(field: string): string {
  return (field.split(',', 1)[0] as string).trim();
}

/** An IP address without port and brackets; `''` of anything else, such as `unknown` (RFC 7239 §6). */
export function addressOf(node: string): string {
  const bare = node.startsWith('[') ? node.slice(1, node.indexOf(']')) : node;
  if (isIP(bare) !== 0) return bare;
  const withoutPort = bare.replace(/:\d+$/, '');
  return isIP(withoutPort) === 4 ? withoutPort : '';
}

/** RFC 3986 §3.2.2 and §3.2.3, as far as a Host field that is one goes. */
const AUTHORITY = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::(\d{1,5}))?$/i;

/** The last authority that was asked for: nearly all requests have the same. */
let last = { authority: '', host: '', port: 0 };

/** Name and port of an authority; the name is `''` if it is none, the port 0 if it is not there. */
export function hostAndPort(authority: string): { readonly host: string; readonly port: number } {
  if (authority === last.authority) return last;
  const [, name = '', port = '0'] = AUTHORITY.exec(authority) ?? [];
  last = { authority, host: name.startsWith('[') ? name.slice(1, -1) : name, port: Number(port) };
  return last;
}
