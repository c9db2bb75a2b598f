/** The fields of a message, and trailers: each with what is known of its form. Fields that are not named here are replaced as text. */

import type { Replacer } from './replacer';
import { isName } from './text';

/** Words in them say how to read a message, and who made it is not in them; a word that could be an id is replaced in them too. */
const PROTOCOL_FIELDS = new Set(
  (
    'accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials access-control-allow-headers ' +
    'access-control-allow-methods access-control-expose-headers access-control-max-age access-control-request-headers ' +
    'access-control-request-method age allow cache-control connection content-encoding content-language ' +
    'content-length content-range content-type date dnt expect expires grpc-accept-encoding grpc-encoding grpc-status grpc-timeout ' +
    'http2-settings if-modified-since if-unmodified-since keep-alive last-modified pragma priority proxy-connection range retry-after ' +
    'sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-extensions ' +
    'sec-websocket-version strict-transport-security te trailer transfer-encoding upgrade upgrade-insecure-requests vary ' +
    'x-content-type-options x-frame-options x-forwarded-proto x-forwarded-port x-dns-prefetch-control x-xss-protection'
  ).split(' '),
);
/** IMF-fixdate (RFC 9110 §5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const PROTOCOL_WORD = /[^\s,;=/"()<>]+/g;
const AMOUNT = /^\d{1,15}$/;
const AMOUNT_FIELDS = new Set(['content-length', 'age', 'access-control-max-age', 'retry-after', 'grpc-status']);
/** Numbers with signs around them, which media types, ranges and lists have. */
const PROTOCOL_NUMBER = /^[\d.*-]{1,5}$|^[\d-]{1,12}$|^\*$/;
/** The disposition of a content (RFC 6266 §4.2, RFC 7578 §4.2). */
const DISPOSITIONS = /^(?:inline|attachment|form-data)$/i;
/** Between semicolons; those in quotes are part of it. Nothing but semicolons is outside of all of them. */
const DISPOSITION_PART = /(?:"(?:\\.?|[^"\\])*(?:"|$)|[^;"])+/gs;
/** The character set and the language before a value that is percent-encoded (RFC 8187 §3.2). */
const EXTENDED = /^((?:utf-8|iso-8859-1)'[a-z]{0,2}')(.*)$/is;
/** Their numbers look like ids. */
const CHARSET =
  /^(?:utf-?(?:8|16|32)(?:[bl]e)?|iso-?8859-\d{1,2}|iso-2022-(?:jp|kr|cn)|windows-\d{3,4}|cp\d{3,4}|big5|gb2312|gb18030|koi8-[ru])$/i;
/** A word of who made the body, which its delimiters have too. */
const BOUNDARY = /(;\s*boundary\s*=\s*(?:"[^"]*"?|[^\s;,]*))/i;
const URL_FIELDS = new Set([
  'location',
  'content-location',
  'referer',
  'origin',
  'refresh',
  'x-original-url',
  'x-rewrite-url',
  'x-forwarded-uri',
  ':path',
]);
const HOST_FIELDS = new Set(['host', 'x-forwarded-host', ':authority']);
const SCHEMES = /^(basic|bearer|digest|negotiate|ntlm|token|apikey|dpop|hawk|aws4-hmac-sha256)( +)(.*)$/is;
/** The ids in `traceparent` (https://www.w3.org/TR/trace-context/) and `b3`; what is around them says what to do with them. */
const TRACE_FIELDS = new Set(['traceparent', 'b3']);
const TRACE =
  /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$|^[\da-f]{16,32}-[\da-f]{16}(?:-[01d](?:-[\da-f]{16})?)?$/;
const COOKIE_FLAGS =
  /^(?:secure|httponly|partitioned|max-age=-?\d{1,12}|samesite=(?:strict|lax|none)|priority=(?:low|medium|high))$/i;
const COOKIE_DATE = /^expires=[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/i;

export function replaceFields(fields: Record<string, string>, replacer: Replacer): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(fields)) {
    const own = isName(name) ? name : replacer.name(name);
    const text = replaceField(name.toLowerCase(), value, replacer);
    // Two names may have become one.
    out[own] = out[own] === undefined ? text : `${out[own]}, ${text}`;
  }
  return { ...out };
}

function replaceField(name: string, value: string, replacer: Replacer): string {
  if (name === 'cookie')
    return value
      .split(';')
      .map((pair) => cookie(pair, replacer))
      .join(';');
  if (name === 'set-cookie') return setCookies(value, replacer);
  if (HOST_FIELDS.has(name))
    return value
      .split(', ')
      .map((each) => replacer.authority(each))
      .join(', ');
  if (URL_FIELDS.has(name)) return replacer.url(value);
  if (name === 'content-disposition')
    return value.replace(DISPOSITION_PART, (part, at) => dispositionPart(part, at === 0, replacer));
  if (TRACE_FIELDS.has(name) && TRACE.test(value))
    return value.replace(/[\da-f]{16,}/g, (id) => replacer.pseudonyms.word(id));
  if (PROTOCOL_FIELDS.has(name)) return protocolField(name, value, replacer);
  const [, scheme, blank, rest] = SCHEMES.exec(value) ?? [];
  if (scheme !== undefined && blank !== undefined && rest !== undefined)
    return `${scheme}${blank}${credentials(scheme, rest, replacer)}`;
  return replacer.valueOf(name, value);
}

function protocolField(name: string, value: string, replacer: Replacer): string {
  if (HTTP_DATE.test(value) || (AMOUNT_FIELDS.has(name) && AMOUNT.test(value))) return value;
  if (name !== 'content-type') return protocolText(value, replacer);
  return value
    .split(BOUNDARY)
    .map((part, index) => (index % 2 === 0 ? protocolText(part, replacer) : boundaryOf(part, replacer)))
    .join('');
}

function boundaryOf(parameter: string, replacer: Replacer): string {
  const start = parameter.indexOf('=') + 1;
  return `${parameter.slice(0, start)}${replacer.text(parameter.slice(start))}`;
}

/** The type, or a parameter: its name stays, and its value, such as the name of a file, goes. */
function dispositionPart(part: string, isFirst: boolean, replacer: Replacer): string {
  if (isFirst && DISPOSITIONS.test(part.trim())) return part;
  const [, blank = '', name, star = '', equals = '', value = ''] =
    /^(\s*)([^\s="*]+)(\*?)(\s*=\s*)(.*)$/s.exec(part) ?? [];
  if (name === undefined) return replacer.text(part);
  const [, charset = '', coded] = (star === '' ? undefined : EXTENDED.exec(value)) ?? [];
  const own = coded === undefined ? replacer.text(value) : `${charset}${replacer.coded(coded, false)}`;
  return `${blank}${replacer.name(name)}${star}${equals}${own}`;
}

/** Words that a protocol has, and short numbers, stay. */
export function protocolText(text: string, replacer: Replacer): string {
  return text.replace(PROTOCOL_WORD, (word) => {
    const isPlain =
      PROTOCOL_NUMBER.test(word) ||
      CHARSET.test(word) ||
      word.split(/[.+:]/).every((part) => isName(part) || /^\d{0,3}$/.test(part));
    return isPlain && word.length <= MAX_PROTOCOL_UNITS ? word : replacer.text(word);
  });
}

/** `application/vnd.openxmlformats-officedocument.wordprocessingml.document` is as long as they get. */
const MAX_PROTOCOL_UNITS = 64;

/** `user:password` in base64 (RFC 7617), or a token. */
function credentials(scheme: string, text: string, replacer: Replacer): string {
  if (scheme.toLowerCase() !== 'basic') return replacer.value(text, true);
  const pair = Buffer.from(text.trim(), 'base64').toString();
  const colon = pair.indexOf(':');
  if (colon === -1 || pair.includes('\ufffd')) return replacer.value(text, true);
  const [user, password] = [pair.slice(0, colon), pair.slice(colon + 1)];
  return Buffer.from(`${replacer.value(user, true)}:${replacer.value(password, true)}`).toString('base64');
}

/** One of the pairs of `cookie`, or the first of `set-cookie`. Cookies are what a session is known by, so each value goes. */
function cookie(pair: string, replacer: Replacer): string {
  const blank = /^\s*/.exec(pair)?.[0] ?? '';
  const text = pair.slice(blank.length);
  const equals = text.indexOf('=');
  // A part of a value with a semicolon in it.
  if (equals === -1) return `${blank}${replacer.value(text, true)}`;
  const name = replacer.name(text.slice(0, equals));
  const value = text.slice(equals + 1);
  const isCoded = value.includes('%') && !value.includes('+');
  return `${blank}${name}=${isCoded ? replacer.coded(value, true) : replacer.value(value, true)}`;
}

/** Several of them are joined by commas, which dates in them have as well. */
function setCookies(text: string, replacer: Replacer): string {
  return text
    .split(/(,\s*(?=[^;,=\s]+=))/)
    .map((part, index) => (index % 2 === 0 ? setCookie(part, replacer) : part))
    .join('');
}

function setCookie(text: string, replacer: Replacer): string {
  const [first = '', ...attributes] = text.split(';');
  const rest = attributes.map((attribute) => {
    const [, blank = '', own = ''] = /^(\s*)(.*)$/s.exec(attribute) ?? [];
    if (COOKIE_FLAGS.test(own) || COOKIE_DATE.test(own)) return attribute;
    const [, name = '', value = ''] = /^(path|domain)=(.*)$/is.exec(own) ?? [];
    if (name.toLowerCase() === 'path') return `${blank}${name}=${replacer.target(value)}`;
    if (name.toLowerCase() === 'domain') {
      const point = value.startsWith('.') ? '.' : '';
      return `${blank}${name}=${point}${replacer.host(value.slice(point.length))}`;
    }
    return cookie(attribute, replacer);
  });
  return [cookie(first, replacer), ...rest].join(';');
}
