/** No secret is left where it was, in any place, encoding and format; and equal secrets stay equal. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PseudonymizedLines } from '../../ts/pseudonym/lines';
import { Replacer } from '../../ts/pseudonym/replacer';
import type { HttpMessage } from '../../ts/types';
import { Random } from '../differential/random.js';
import { linesOf, messagesOf, runCli } from '../live/harness.js';
import { exchangeWith, formsOf, secrets } from './secrets.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-pseudonyms-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRETS = secrets(new Random(26), 10_000);
/** Each format gets some of them, all go the way that is before each format. */
const SOME = SECRETS.slice(0, 500);

function fileOf(name: string, some: readonly string[]): string {
  const file = join(folder, `${name}.jsonl`);
  const messages = some.flatMap((secret, index) => Object.values(exchangeWith(secret, index + 1)));
  writeFileSync(file, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return file;
}
let lines = '';
beforeAll(() => {
  lines = fileOf('some', SOME);
});

const MARKS = 1 << 22;
const BEGINNING = 8;
/** Of the four characters from `at` on. */
const markOf = (text: string, at: number): number => {
  let mark = 0;
  for (let index = at; index < at + 4; index++) mark = Math.imul(mark, 31) + text.charCodeAt(index);
  return mark & (MARKS - 1);
};

/** Of so many secrets, in ten forms each: a search for each of them would take minutes. */
function survivorsIn(text: string, all: readonly string[]): string[] {
  const beginnings = new Map<string, string[]>();
  const marks = new Uint8Array(MARKS);
  for (const form of all.flatMap(formsOf)) {
    const beginning = form.slice(0, BEGINNING);
    expect(beginning).toHaveLength(BEGINNING);
    marks[markOf(form, 0)] = 1;
    beginnings.set(beginning, [...(beginnings.get(beginning) ?? []), form]);
  }
  const found = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    if (marks[markOf(text, at)] === 0) continue;
    for (const form of beginnings.get(text.slice(at, at + BEGINNING)) ?? [])
      if (text.startsWith(form, at)) found.add(form);
  }
  return [...found];
}

describe('10 000 secrets', { timeout: 180_000 }, () => {
  test('are found where they are', () => {
    const text = readFileSync(lines, 'utf8');
    expect(survivorsIn(text, SOME).length).toBeGreaterThan(2 * SOME.length);
  });

  test.each(['json', 'har', 'csv', 'curl', 'text'])('none of them survives in %s', async (format) => {
    const args = ['--pseudonymize', '--format', format, '--verbose', '--log-level', 'error', '--no-summary', lines];
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.length).toBeGreaterThan(SOME.length * (format === 'csv' ? 100 : 500));
    expect(survivorsIn(stdout, SOME)).toEqual([]);
  });

  test('none of them survives in HTML and in a HAR file', async () => {
    const [html, har] = [join(folder, 'out.html'), join(folder, 'out.har')];
    const args = ['--pseudonymize', '--html', html, '--har', har, '--log-level', 'error', '--no-summary', lines];
    expect((await runCli(args)).code).toBe(0);
    for (const file of [html, har]) expect(survivorsIn(readFileSync(file, 'utf8'), SOME)).toEqual([]);
  });

  test('none survives, and equal ones stay equal: in headers, cookies, queries, forms and JSON', async () => {
    const all = fileOf('all', SECRETS);
    const { stdout } = await runCli(['--pseudonymize', '--log-level', 'error', '--no-summary', all]);
    expect(survivorsIn(stdout, SECRETS)).toEqual([]);
    const messages = messagesOf(stdout);
    expect(messages).toHaveLength(2 * SECRETS.length);
    const pseudonyms = new Set<string>();
    SECRETS.forEach((secret, index) => {
      const [request, response] = messages.slice(2 * index, 2 * index + 2) as [HttpMessage, HttpMessage];
      const query = new URLSearchParams(request.path?.replace(/^[^?]*/, ''));
      const pseudonym = query.get('token') as string;
      const json = JSON.parse(response.body ?? '');
      const found = [
        query.get('q'),
        json.password,
        json.note,
        json.list[0].deep,
        JSON.parse(json.inner).a,
        decodeURIComponent(/session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''),
        decodeURIComponent(/session=([^;]*)/.exec(response.headers['set-cookie'] ?? '')?.[1] ?? ''),
        new URLSearchParams(response.headers.location?.replace(/^[^?]*/, '')).get('token'),
      ];
      if (index % 3 === 0) {
        const form = new URLSearchParams(request.body);
        found.push(form.get('secret'), form.get('other'), form.get('last'));
      }
      if (/^[\x21-\x7e]+$/.test(secret)) found.push(request.headers['x-api-key'] as string);
      expect(found, secret).toEqual(found.map(() => pseudonym));
      expect([json.state, json.count, json.ok, query.get('page')]).toEqual(['active', 3, true, '2']);
      pseudonyms.add(pseudonym);
    });
    // Different secrets become different words.
    expect(pseudonyms.size).toBeGreaterThan(SECRETS.length - 10);
  });
});

test('no text survives as a value, whatever it is, and JSON stays JSON', () => {
  const text = fc.string({
    minLength: 8,
    unit: fc.oneof(
      fc.constantFrom(...'ab1-_.@:/%=+ \\"\n{[,&;'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  });
  const isTold = (value: string): boolean =>
    /[\p{L}\p{N}]/u.test(value) && !/T\d\d:|127\.|::|\d{1,5}\s*$|REDACTED/.test(value);
  fc.assert(
    fc.property(text.filter(isTold), (value) => {
      const replacer = new Replacer();
      const out = [
        replacer.value(value),
        replacer.text(value),
        decodeURIComponent(replacer.coded(encodeURIComponent(value), false)),
        JSON.parse(replacer.json(JSON.stringify({ a: value })) ?? '{}').a,
      ];
      for (const each of out) {
        expect(each).not.toContain(value);
        expect(each).not.toBe('');
      }
      expect(out[3]).toBe(out[0]);
      expect(out[2]).toBe(out[0]);
      expect(replacer.value(value)).toBe(out[0]);
    }),
    { numRuns: 2_000 },
  );
});

test('bodies that are left out are a warning, and a loss in the summary', async () => {
  const file = join(folder, 'cut.jsonl');
  const { request } = exchangeWith('correct-horse-battery', 1);
  writeFileSync(file, `${JSON.stringify({ ...request, body: 'correct', bodySize: 99, bodyTruncated: true })}\n`);
  const { code, stderr } = await runCli(['--pseudonymize', '--summary', file]);
  expect(code).toBe(0);
  const log = linesOf(stderr)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  expect(log.filter(({ level }) => level === 'warn')).toEqual([
    expect.objectContaining({ cutBodies: 1, message: 'left out, since no pseudonyms could be put in their place' }),
  ]);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain('lost bodies left out for pseudonyms: parts of them are missing: 1');
});

test('another run has other pseudonyms', () => {
  const lineOf = (): string => {
    const { request } = exchangeWith('correct-horse-battery', 1);
    return new PseudonymizedLines().replace(Buffer.from(`${JSON.stringify(request)}\n`)).lines.toString();
  };
  expect(lineOf()).not.toBe(lineOf());
  expect(linesOf(lineOf())).toHaveLength(1);
});
