/** The rules of HAR 1.2 for an entry that no schema can state (http://www.softwareishard.com/blog/har-12-spec/). */

import { readFileSync } from 'node:fs';
import { har as validate } from 'har-validator';
import { expect } from 'vitest';

export interface Pair {
  name: string;
  value: string;
}

export interface Cookie extends Pair {
  path?: string;
  domain?: string;
  expires?: string;
  httpOnly?: boolean;
  secure?: boolean;
}

export interface Entry {
  pageref: string;
  startedDateTime: string;
  time: number;
  request: {
    method: string;
    url: string;
    httpVersion: string;
    cookies: Pair[];
    headers: Pair[];
    queryString: Pair[];
    headersSize: number;
    bodySize: number;
    postData?: { mimeType: string; params?: Pair[]; text: string };
    _incomplete?: string;
  };
  response: {
    status: number;
    httpVersion: string;
    cookies: Cookie[];
    headers: Pair[];
    redirectURL: string;
    headersSize: number;
    bodySize: number;
    content: {
      size: number;
      compression?: number;
      mimeType: string;
      text?: string;
      encoding?: string;
      comment?: string;
    };
    _error?: string;
    _incomplete?: string;
    _bodyTruncated?: true;
  };
  timings: Record<'blocked' | 'dns' | 'connect' | 'ssl' | 'send' | 'wait' | 'receive', number>;
  serverIPAddress: string;
  connection: string;
  _id: string;
  _interim?: { status: number }[];
}

/** Of a file that the validator accepts. */
export async function entriesOf(path: string): Promise<Entry[]> {
  const document = JSON.parse(readFileSync(path, 'utf8')) as {
    log: { version: string; entries: Entry[]; pages: { id: string; startedDateTime: string }[] };
  };
  await validate(document);
  const { version, entries, pages } = document.log;
  expect(version).toBe('1.2');
  // Importers of browsers look each entry's page up; it begins no later than any of them.
  expect(pages).toMatchObject([{ id: '1', startedDateTime: expect.stringMatching(DATE) }]);
  expect(new Set(entries.map(({ pageref }) => pageref)).size).toBe(Math.min(1, entries.length));
  const began = entries.map(({ startedDateTime }) => startedDateTime).sort();
  if (began.length > 0) expect(pages[0]?.startedDateTime).toBe(began[0]);
  return entries;
}

const VERSION = /^HTTP\/1\.[01]$/;
/** ISO 8601 with its zone. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Each rule that the entry breaks, in words. */
export function complaintsAbout(entry: Entry): string[] {
  const { request, response, timings, time } = entry;
  const { content } = response;
  const known = Object.values(timings).filter((ms) => typeof ms === 'number' && ms !== -1);
  const sum = known.reduce((total, ms) => total + ms, 0);
  const asked = request.bodySize !== -1;
  const answered = response._error === undefined;
  const rules: [string, boolean][] = [
    ['startedDateTime is a date', DATE.test(entry.startedDateTime) && !Number.isNaN(Date.parse(entry.startedDateTime))],
    ['time is the sum of the timings that are known', time === sum],
    ['send, wait and receive are never -1', Math.min(timings.send, timings.wait, timings.receive) >= 0],
    ['no other timing is below -1', Math.min(...Object.values(timings).filter(Number.isFinite)) >= -1],
    ['a request has its version, or was not seen', VERSION.test(request.httpVersion) === asked],
    ['a response has its version, or was not seen', VERSION.test(response.httpVersion) === answered],
    ['status is 0 only without a response', (response.status === 0) !== answered],
    ['the url is absolute', URL.canParse(request.url)],
    ['there is postData where there is a body', (request.postData !== undefined) === request.bodySize > 0],
    [
      'sizes are -1 or sizes',
      [request, response].every(({ bodySize, headersSize }) => Math.min(bodySize, headersSize) >= -1),
    ],
    ['the content has a size', content.size >= 0],
    [
      'compression is what was saved',
      (content.compression ?? content.size - response.bodySize) === content.size - response.bodySize,
    ],
    ['encoding is base64 or none', content.encoding === undefined || content.encoding === 'base64'],
    ['base64 is base64, of as many bytes', content.encoding === undefined || isBase64(content)],
    ['a redirect says where to', (fieldOf(response.headers, 'location') ?? '') === response.redirectURL],
    [
      'mimeType is that of the header',
      !answered || content.mimeType === (fieldOf(response.headers, 'content-type') ?? 'x-unknown'),
    ],
    ['the query is that of the url', request.queryString.length > 0 === /\?[^#&]/.test(request.url)],
  ];
  return rules.filter(([, holds]) => !holds).map(([words]) => `${entry._id}: ${words}`);
}

const fieldOf = (headers: Pair[], name: string): string | undefined =>
  headers.find((header) => header.name === name)?.value;

function isBase64({ text = '', size }: Entry['response']['content']): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text && bytes.length === size;
}
