/** `view`: where the page is served, and how its text is read. */

import { ValidationError } from '../errors';
import type { ViewOptions } from '../types';
import { checkFileName, integer, type PartsCheck, parts, wrong } from './checks';
import { MAX_PORT } from './limits';
import { list, number } from './texts';

export const LOCALHOST = '127.0.0.1';
/** Of random characters, so that trying does not find them. */
const MIN_TOKEN_CHARACTERS = 24;

const checkParts = parts<ViewOptions>(
  { port: integer(0, MAX_PORT), host: checkHost, certFile: checkFileName, keyFile: checkFileName },
  { port: 0, host: LOCALHOST },
);

/** True is all defaults, false is no page. */
export const checkView = Object.assign(
  (value: unknown, field: string, production: boolean): ViewOptions | undefined => {
    if (value === false) return undefined;
    if (typeof value !== 'object' && value !== true) {
      throw wrong(field, 'true, false, or an object with port, host, certFile, keyFile', value);
    }
    return checkParts(value === true ? {} : value, field, production);
  },
  { parts: checkParts.parts, isSwitch: true as const },
) satisfies PartsCheck<ViewOptions> | ((...all: never) => unknown);

function checkHost(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '' || /[\s\0/]/.test(value)) throw wrong(field, 'an address', value);
  return value === 'localhost' ? LOCALHOST : value;
}

export function checkViewToken(value: unknown, field: string): string {
  if (typeof value !== 'string' || !/^[\w.~-]+$/.test(value) || value.length < MIN_TOKEN_CHARACTERS) {
    const expected = `at least ${MIN_TOKEN_CHARACTERS} random letters, digits, and - . _ ~`;
    throw new ValidationError(field, `must be ${expected} (from VIEW_TOKEN unless given; value not shown)`);
  }
  return value;
}

const EXPECTED = 'must be a port, true, or parts such as port=8000,host=0.0.0.0,certFile=cert.pem,keyFile=key.pem';

const ORDER = 'a file to read stands before --view, or after --read';

/** A port, `true`, `false`, or the parts. */
export function parseView(value: string): unknown {
  const word = value.toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  if (/^\d+$/.test(value)) return { port: Number(value) };
  return Object.fromEntries(
    list(value).map((part) => {
      const at = part.indexOf('=');
      if (at <= 0) throw new Error(/[./]/.test(part) ? `${EXPECTED}; ${ORDER}` : EXPECTED);
      const [name, text] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
      return [name, name === 'port' ? number(text) : text];
    }),
  );
}
