/** Commands of curl: a shell hands any message to curl as it was sent, and does nothing else. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandOf, factsOf } from '../../ts/exchange/curl';
import type { HttpRequest } from '../../ts/types';
import { REQUEST as BASE } from '../bases';

const REQUEST: HttpRequest = { ...BASE, receiver: { ip: '10.0.0.5', port: 80 }, headers: { host: 'h' } };

const textOf = (request: Partial<HttpRequest>): string =>
  commandOf({ request: factsOf({ ...REQUEST, ...request }), interim: [] });

function withBody(body: string | Buffer): Partial<HttpRequest> {
  const bodySize = Buffer.byteLength(body);
  return typeof body === 'string'
    ? { method: 'POST', body, bodySize }
    : { method: 'POST', body: body.toString('base64'), bodyEncoding: 'base64', bodySize };
}

/** In place of curl: its arguments, each ended by NUL, and after `STDIN` what it reads, if it is told to. */
const CURL = `curl() { printf '%s\\0' "$@"; for last do :; done; if [ "$last" = @- ]; then printf 'STDIN\\0'; cat; fi; }`;
const SHELLS = ['sh', 'bash'].filter((name) => spawnSync(name, ['-c', ':']).status === 0);

interface Called {
  args: string[];
  stdin: Buffer | undefined;
}

function called(shell: string, command: string): Called {
  const { stdout, stderr, status } = spawnSync(shell, { input: `${CURL}\n${command}`, maxBuffer: 64 * 1024 * 1024 });
  expect({ stderr: stderr.toString(), status }).toEqual({ stderr: '', status: 0 });
  const mark = Buffer.from('@-\0STDIN\0');
  const at = stdout.indexOf(mark);
  const args = (at === -1 ? stdout : stdout.subarray(0, at + 3)).toString('utf8').split('\0').slice(0, -1);
  return { args, stdin: at === -1 ? undefined : stdout.subarray(at + mark.length) };
}

/** The values of an option. */
const valuesOf = ({ args }: Called, option: string): string[] =>
  args.flatMap((each, index) => (each === option ? [args[index + 1] ?? ''] : []));

const dataOf = (call: Called): Buffer | undefined =>
  call.stdin ?? valuesOf(call, '--data-raw').map((text) => Buffer.from(text))[0];

/** Characters that shells, curl, printf and terminals take for more than that. */
const HOSTILE = [...`'"\`$(){}[]\\!#&|;<>*?~%@=-^ \t\n\r\x1b\x07\x7f\u009b\u202e\u2028é茶😀0123456789abnrtx`];
const hostile = (options: object = {}) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...HOSTILE), maxLength: 40, ...options }),
    fc.string({ unit: 'grapheme', maxLength: 20, ...options }),
    fc.constantFrom('$(touch HACKED)', '`touch HACKED`', "'; touch HACKED; '", '@/etc/passwd', '-o/tmp/x', '%s%n\\0'),
  );

describe.each(SHELLS)('a command in %s', (shell) => {
  it('hands curl the body as it was sent', () => {
    fc.assert(
      fc.property(fc.oneof(hostile({ minLength: 1 }), fc.uint8Array({ minLength: 1, maxLength: 60 })), (content) => {
        const body = typeof content === 'string' ? content : Buffer.from(content);
        const call = called(shell, textOf(withBody(body)));
        expect(dataOf(call)?.equals(Buffer.from(body as string))).toBe(true);
        expect(valuesOf(call, '-X')).toEqual(['POST']);
      }),
      { numRuns: 80 },
    );
    expect(existsSync('HACKED')).toBe(false);
  });

  it('hands curl fields as they were sent, and leaves out what can be no field', () => {
    const name = fc.string({ unit: fc.constantFrom(..."ab-_.!#$&'*+^`|~0"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.dictionary(name, hostile()), (fields) => {
        const text = textOf({ headers: { host: 'h', ...fields } });
        const sendable = Object.entries(fields).filter(([, value]) => !/[\0\r\n]/.test(value));
        const expected = sendable.map(([key, value]) => (value.trim() === '' ? `${key};` : `${key}: ${value}`));
        expect(valuesOf(called(shell, text), '-H')).toEqual(expected);
        expect(text.includes('# fields that')).toBe(sendable.length < Object.keys(fields).length);
      }),
      { numRuns: 80 },
    );
    expect(existsSync('HACKED')).toBe(false);
  });

  it('hands curl the target, of which a URL cannot hold all as it is', () => {
    fc.assert(
      fc.property(hostile(), (rest) => {
        const { args } = called(shell, textOf({ path: `/${rest}` }));
        const url = args.at(-1) ?? '';
        expect(url.startsWith('http://h/')).toBe(true);
        expect(url).toMatch(/^[\x21-\x7e]*$/);
        const sent = url.slice('http://h/'.length);
        const bytes = (text: string) =>
          Buffer.from(
            text.replace(/%[\dA-F]{2}/gi, (each) => decodeOf(each)),
            'latin1',
          );
        const encoded = Buffer.from(rest).toString('latin1');
        expect(bytes(sent).equals(bytes(encoded))).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  it('takes a body that is longer than an argument may be', () => {
    const body = `'%${'x'.repeat(300_000)}`;
    expect(dataOf(called(shell, textOf(withBody(body))))?.toString() === body).toBe(true);
  });
});

const decodeOf = (each: string): string => String.fromCharCode(Number.parseInt(each.slice(1), 16));

describe('a command', () => {
  it('shows nothing that a terminal obeys, and is one line after its comments', () => {
    fc.assert(
      fc.property(hostile(), hostile(), hostile({ minLength: 1 }), (path, value, body) => {
        const text = textOf({
          ...withBody(body),
          path: `/${path}`,
          headers: { host: value, 'x-a': value, [path]: value },
        });
        expect(text).toMatch(/^(?:# [\w ,.:()[\]-]+\n)*[^\p{C}\p{Zl}\p{Zp}]+\n$/u);
      }),
    );
  });

  it.each<[Partial<HttpRequest>, string]>([
    [{}, 'curl --globoff --path-as-is http://h/\n'],
    [{ method: 'HEAD' }, 'curl --head --globoff --path-as-is http://h/\n'],
    [{ method: 'DELETE' }, 'curl -X DELETE --globoff --path-as-is http://h/\n'],
    [{ method: 'OPTIONS', path: '*' }, "curl -X OPTIONS --globoff --path-as-is --request-target '*' http://h/\n"],
    [{ method: 'CONNECT', path: 'h:443' }, '# a request that curl cannot send\n'],
    [{ method: '-o /etc/x' }, '# a request that curl cannot send\n'],
    [{ headers: {} }, 'curl --globoff --path-as-is http://10.0.0.5:80/\n'],
    [{ headers: { host: 'h:8080' } }, 'curl --globoff --path-as-is --connect-to ::10.0.0.5:80 http://h:8080/\n'],
    [{ headers: { host: '/etc' } }, "curl --globoff --path-as-is http://10.0.0.5:80/ -H 'host: /etc'\n"],
    [{ headers: { host: 'h', accept: '' } }, "curl --globoff --path-as-is http://h/ -H 'accept;'\n"],
    [
      { headers: { host: 'h', 'x-a': 'é' } },
      "# characters that may have been sent as ISO 8859-1 are sent as UTF-8\ncurl --globoff --path-as-is http://h/ -H 'x-a: é'\n",
    ],
    [{ headers: { host: 'h', 'x-a': 'é茶' } }, "curl --globoff --path-as-is http://h/ -H 'x-a: é茶'\n"],
    [{ trailers: { 'x-a': 'b' } }, '# trailers are left out\ncurl --globoff --path-as-is http://h/\n'],
    [{ httpVersion: '1.0' }, 'curl --http1.0 --globoff --path-as-is http://h/\n'],
    [{ httpVersion: '2.0', streamId: 1 }, 'curl --http2-prior-knowledge --globoff --path-as-is http://h/\n'],
    [
      { headers: { host: 'h', cookie: '[REDACTED]' } },
      "# [REDACTED] stands for what is hidden\ncurl --globoff --path-as-is http://h/ -H 'cookie: [REDACTED]'\n",
    ],
    [
      { method: 'POST', body: 'a', bodySize: 9, bodyTruncated: true, headers: { host: 'h', 'content-length': '9' } },
      '# the body is left out: it was not kept whole (--max-body-size), or not seen whole\ncurl -X POST --globoff --path-as-is http://h/\n',
    ],
    [
      { method: 'POST', body: undefined, bodySize: 9, bodyEncoding: 'binary' },
      '# a binary body is left out: --binary-bodies base64 keeps it\ncurl -X POST --globoff --path-as-is http://h/\n',
    ],
    [
      { method: 'POST', body: '*', bodySize: 1, bodyEncoding: 'base64' },
      '# the body is left out: it is not base64, as its line says\ncurl -X POST --globoff --path-as-is http://h/\n',
    ],
    [
      { ...withBody('{"a":"it\'s"}'), headers: { host: 'h', 'content-type': 'application/json' } },
      `curl -X POST --globoff --path-as-is http://h/ -H 'content-type: application/json' --data-raw '{"a":"it'\\''s"}'\n`,
    ],
  ])('of %j', (request, expected) => {
    expect(textOf(request)).toBe(expected);
  });

  it('of a request that was not seen is a comment', () => {
    expect(commandOf({ interim: [] })).toBe('# an exchange whose request was not seen\n');
  });
});
