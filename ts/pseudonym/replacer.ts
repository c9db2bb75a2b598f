/** Replaces words in the parts of messages: values, URLs and request targets, forms, JSON. Each of them may hold the others. */

import { isIPv6 } from 'node:net';
import { replaceJson } from './json';
import { Pseudonyms } from './pseudonyms';
import { isName, isSecretName, replaceValue, replaceWords } from './text';

/** JSON in a string of JSON, a URL in a query: what is nested deeper is text. */
const MAX_NESTING = 4;
const SCHEME = /^([a-z][a-z\d+.-]{1,15}):\/\/([^/?#]*)/i;
const AUTHORITY = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:]*)(:\d{0,5})?$/;
/** The characters that may stand in a segment as they are (RFC 3986 §3.3). */
const SEGMENT = /^[\w.~!$&'()*+,;=:@-]*$/;

export class Replacer {
  readonly pseudonyms = new Pseudonyms();
  #nesting = 0;

  /** Of a field with this name. */
  valueOf(name: string, text: string): string {
    return this.value(text, isSecretName(name));
  }

  value(text: string, isSecret = false): string {
    const first = text.trimStart()[0];
    if (first === '{' || first === '[') {
      const json = this.json(text, isSecret);
      if (json !== undefined) return json;
    }
    return replaceValue(text, isSecret, this.pseudonyms, this);
  }

  /** A text of any form. */
  text(text: string, isSecret = false): string {
    return replaceWords(text, isSecret, this.pseudonyms, this);
  }

  name(text: string): string {
    return isName(text) ? text : this.value(text, true);
  }

  /** `undefined` if it is none. */
  json(text: string, isSecret = false): string | undefined {
    return this.#nested(() =>
      replaceJson(text, {
        isSecret: (name) => isSecret || isSecretName(name),
        name: (name) => this.name(name),
        text: (value, secret) => this.value(value, isSecret || secret),
        number: (number, secret) => this.#number(number, isSecret || secret),
      }),
    );
  }

  /** With a scheme, or as a request has it (RFC 9112 §3.2). */
  url(text: string): string {
    const nested = this.#nested(() => {
      const [begin, scheme = '', authority = ''] = SCHEME.exec(text) ?? [];
      if (begin === undefined) return this.target(text);
      return `${isName(scheme) ? scheme.toLowerCase() : 'scheme'}://${this.authority(authority)}${this.target(text.slice(begin.length))}`;
    });
    return (
      nested ??
      text
        .split(/([:/?#&=]+)/)
        .map((part, index) => (index % 2 === 0 ? this.text(part) : part))
        .join('')
    );
  }

  /** `host:port`, with or without a user before it. */
  authority(text: string): string {
    const [, user, host = '', port = ''] = AUTHORITY.exec(text) ?? [];
    if (!AUTHORITY.test(text)) return this.text(text);
    const users =
      user === undefined
        ? ''
        : `${user
            .split(':')
            .map((part) => this.coded(part, true))
            .join(':')}@`;
    return `${users}${host.startsWith('[') ? `[${this.#bracketed(host.slice(1, -1))}]` : this.host(host)}${port}`;
  }

  /** Only an address of IPv6 should stand there (RFC 3986 §3.2.2). */
  #bracketed(text: string): string {
    return isIPv6(text) ? this.pseudonyms.address(text) : this.text(text);
  }

  host(name: string): string {
    return name.toLowerCase() === 'localhost' ? name : this.text(name);
  }

  /** Path, query and fragment. */
  target(text: string): string {
    const [, path = '', query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
    return [
      this.path(path),
      ...(query === undefined ? [] : ['?', this.pairs(query)]),
      ...(fragment === undefined
        ? []
        : ['#', fragment.includes('=') ? this.pairs(fragment) : this.coded(fragment, false)]),
    ].join('');
  }

  /** Names and values as queries and forms have them: `a=1&b=2`. */
  pairs(text: string): string {
    return text
      .split('&')
      .map((pair) => {
        const equals = pair.indexOf('=');
        if (equals === -1) return this.coded(pair, false);
        const name = pair.slice(0, equals);
        const isSecret = isSecretName(decoded(name) ?? name);
        return `${this.#codedName(name)}=${this.coded(pair.slice(equals + 1), isSecret)}`;
      })
      .join('&');
  }

  /** A value that may be percent-encoded; it is so again afterwards. */
  coded(text: string, isSecret: boolean): string {
    if (text === '') return text;
    const plain = decoded(text);
    if (plain === undefined) return encoded(this.text(text, isSecret));
    const value = this.value(plain, isSecret);
    return value === plain ? text : encoded(value, text.includes('+'));
  }

  path(path: string): string {
    let before = '';
    return path
      .split('/')
      .map((segment) => {
        const isSecret = before !== '' && isSecretName(before);
        before = segment;
        const plain = decoded(segment.replaceAll('+', '%2B'));
        if (!isSecret && plain !== undefined && SEGMENT.test(segment) && isName(plain)) return segment;
        if (/^\.{0,2}$/.test(segment) || segment === '*') return segment;
        if (plain === undefined) return encoded(this.text(segment, isSecret));
        const value = this.value(plain, isSecret);
        return value === plain ? segment : encoded(value);
      })
      .join('/');
  }

  #codedName(name: string): string {
    const plain = decoded(name);
    if (plain !== undefined && isName(plain)) return name;
    return encoded(this.value(plain ?? name, true));
  }

  #number(text: string, isSecret: boolean): string {
    const at = text.search(/[eE]/);
    const mantissa = at === -1 ? text : text.slice(0, at);
    return `${this.value(mantissa, isSecret)}${text.slice(mantissa.length)}`;
  }

  #nested<Result>(replace: () => Result): Result | undefined {
    if (this.#nesting >= MAX_NESTING) return undefined;
    this.#nesting++;
    try {
      return replace();
    } finally {
      this.#nesting--;
    }
  }
}

/** `undefined` if it is not what percent-encoding makes of UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function encoded(text: string, hasPlus = false): string {
  // Half of a surrogate pair has no encoding.
  const all = encodeURIComponent(Buffer.from(text).toString());
  return hasPlus ? all.replaceAll('%20', '+') : all;
}
