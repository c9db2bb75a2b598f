/**
 * The request of an exchange as a command of curl, after comments that say what of it is left out. Pure. Nothing of the wire
 * comes into a comment, and nothing of it is read by curl as an option or as the name of a file. Browsers run it too, so it imports
 * nothing of Node.
 */

import { TOKEN } from '../token';
import type { HttpMessage } from '../types';
import { authorityOf, percentEncoded } from './authority';
import { bytesOfBase64 } from './base64';
import { endpointText } from './endpoints';
import type { Exchange } from './pairing';
import { schemeOf } from './scheme';
import { isPlain, printing, word } from './shell';

/** curl makes them itself; of a body that is left out they would be wrong. */
const OWN_FIELDS = new Set(['host', 'content-length', 'transfer-encoding']);
/** No field has them (RFC 9110 §5.5): another field would begin after them. */
const BREAKS_FIELDS = /[\0\r\n]/;
const DEFAULT_PORTS = { http: 80, https: 443 };
const REDACTED = '[REDACTED]';
/** Bytes that are not UTF-8 are read as ISO 8859-1; no other character is in such a text. */
const BEYOND_ASCII = /[\u0080-\u00ff]/;
const BEYOND_LATIN1 = /[^\0-\u00ff]/;

/** Of a message that is not needed nothing is kept but who it belongs to. */
export function factsOf(message: HttpMessage): HttpMessage {
  return message.direction === 'request' ? message : { ...message, body: '', headers: {} };
}

export function commandOf({ request }: Exchange<HttpMessage>): string {
  if (request === undefined) return '# an exchange whose request was not seen\n';
  const { method = '', path = '' } = request;
  if (!TOKEN.test(method) || method === 'CONNECT' || path === '' || path.includes('\0'))
    return '# a request that curl cannot send\n';
  const notes: string[] = [];
  const body = bodyOf(request, notes);
  const words = [
    'curl',
    ...versionOf(request),
    ...methodOf(method, body !== undefined),
    ...targetOf(request),
    ...fieldsOf(request, body !== undefined, notes),
  ];
  if (request.trailers !== undefined) notes.push('trailers are left out');
  if ([path, ...Object.values(request.headers)].some((each) => BEYOND_ASCII.test(each) && !BEYOND_LATIN1.test(each)))
    notes.push('characters that may have been sent as ISO 8859-1 are sent as UTF-8');
  if (words.some((each) => each.includes(REDACTED)) || path.includes(REDACTED) || request.bodyRedacted !== undefined)
    notes.push(`${REDACTED} stands for what is hidden`);
  const comments = notes.map((note) => `# ${note}\n`).join('');
  const command = words.map(word).join(' ');
  if (body === undefined) return `${comments}${command}\n`;
  if (typeof body === 'string' && isPlain(body)) return `${comments}${command} --data-raw ${word(body)}\n`;
  return `${comments}${printing(body)} | ${command} --data-binary @-\n`;
}

function versionOf({ httpVersion, streamId, tls }: HttpMessage): string[] {
  if (httpVersion === '1.0') return ['--http1.0'];
  if (streamId === undefined) return [];
  return [tls === undefined ? '--http2-prior-knowledge' : '--http2'];
}

function methodOf(method: string, hasBody: boolean): string[] {
  // curl would wait for the body that no response to HEAD has.
  if (method === 'HEAD' && !hasBody) return ['--head'];
  return method === 'GET' && !hasBody ? [] : ['-X', method];
}

/** As it was sent: curl is kept from removing dots, and from reading brackets and braces. */
function targetOf(request: HttpMessage): string[] {
  const { path = '', receiver } = request;
  const scheme = schemeOf(request);
  const authority = authorityOf(request.headers.host, request);
  const origin = `${scheme}://${authority}`;
  const port = Number(/:(\d+)$/.exec(authority)?.[1] ?? DEFAULT_PORTS[scheme]);
  const options = ['--globoff', '--path-as-is'];
  // With a proxy or a published port in front the server has another port than the port that was asked for.
  if (port !== receiver.port) options.push('--connect-to', `::${endpointText(receiver)}`);
  if (path.startsWith('/')) return [...options, `${origin}${sendable(path)}`];
  return [...options, '--request-target', sendable(path), `${origin}/`];
}

/** Encodes the bytes of characters that a URL cannot hold, and the `#` from which on curl would send nothing (RFC 3986 §3.5). */
function sendable(target: string): string {
  return target.replace(/[^\x21-\x7e]|#/gu, percentEncoded);
}

function fieldsOf({ headers, bodyDecoded, receiver, ...request }: HttpMessage, hasBody: boolean, notes: string[]) {
  const fields: string[] = [];
  let isLeftOut = false;
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'host' && authorityOf(value, { receiver }) !== value && !BREAKS_FIELDS.test(value)) {
      fields.push('-H', fieldOf(name, value));
      continue;
    }
    if (OWN_FIELDS.has(name) || (name === 'content-encoding' && bodyDecoded !== undefined)) continue;
    if (TOKEN.test(name) && !BREAKS_FIELDS.test(value)) fields.push('-H', fieldOf(name, value));
    else isLeftOut = true;
  }
  if (isLeftOut) notes.push('fields that curl cannot send are left out');
  if (request.headersIncomplete || request.headersTruncated) notes.push('fields are missing');
  // It would be that of a form.
  if (hasBody && headers['content-type'] === undefined) fields.push('-H', 'content-type:');
  return fields;
}

/** curl removes a field without a value, unless it ends so. */
function fieldOf(name: string, value: string): string {
  return value.trim() === '' ? `${name};` : `${name}: ${value}`;
}

/** All of it, or `undefined`: a part would be another request. */
export function bodyOf(request: HttpMessage, notes: string[]): string | Uint8Array | undefined {
  const { body, bodySize, bodyEncoding, bodyTruncated, incomplete } = request;
  if (bodySize === 0 && incomplete === undefined) return undefined;
  if (bodyTruncated || incomplete !== undefined) {
    notes.push('the body is left out: it was not kept whole (--max-body-size), or not seen whole');
    return undefined;
  }
  if (body === undefined) {
    notes.push('a binary body is left out: --binary-bodies base64 keeps it');
    return undefined;
  }
  const bytes = bodyEncoding === 'base64' ? bytesOfBase64(body) : body;
  if (bytes === undefined) notes.push('the body is left out: it is not base64, as its line says');
  else if (request.bodyDecoded !== undefined) notes.push('the body without its content-encoding');
  return bytes;
}
