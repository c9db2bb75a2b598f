/** Bodies in every form there is, from a savefile through the command into a HAR. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { entryOf } from '../../ts/outputs/har/entry';
import { Random } from '../differential/random.js';
import { savefile, type Turn } from '../differential/savefile.js';
import { runCli } from '../live/harness.js';
import { type Cookie, complaintsAbout, type Entry, entriesOf } from './rules.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-content-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00, 0x01]);
const LATIN = Buffer.from('café', 'latin1');
const LONG = Array.from({ length: 50_000 }, (_, index) => `long ${index} `).join('');
const BOMB = Buffer.alloc(10 << 20, 'x');
const MEBIBYTE = 1 << 20;

type Content = Partial<Entry['response']['content']>;

/** Fields, bytes on the wire, and the content as the HAR must have it. */
const BODIES: Record<string, [string[], Buffer, Content]> = {
  plain: [['Content-Type: text/plain'], Buffer.from('one'), { size: 3, text: 'one', mimeType: 'text/plain' }],
  empty: [[], Buffer.alloc(0), { size: 0, text: '', mimeType: 'x-unknown' }],
  gzip: [['Content-Encoding: gzip'], gzipSync(LONG), { size: LONG.length, text: LONG }],
  br: [['Content-Encoding: br'], brotliCompressSync('two'), { size: 3, text: 'two' }],
  zlib: [['Content-Encoding: deflate'], deflateSync('three'), { size: 5, text: 'three' }],
  raw: [['Content-Encoding: deflate'], deflateRawSync('four'), { size: 4, text: 'four' }],
  both: [['Content-Encoding: gzip, br'], brotliCompressSync(gzipSync('five')), { size: 4, text: 'five' }],
  latin: [['Content-Type: text/plain; charset=latin1'], LATIN, { size: 4, text: 'café' }],
  coded: [
    ['Content-Type: text/html; charset=iso-8859-1', 'Content-Encoding: gzip'],
    gzipSync(LATIN),
    // As text it has a byte more than in latin1.
    { size: 5, text: 'café', compression: undefined },
  ],
  image: [['Content-Type: image/png'], PNG, { size: 7, text: undefined, comment: 'a binary body, left out' }],
  packed: [['Content-Encoding: gzip'], gzipSync(PNG), { text: undefined, comment: 'a binary body, left out' }],
  lie: [['Content-Encoding: gzip'], Buffer.from('not gzip at all'), { size: 15, text: 'not gzip at all' }],
  bomb: [['Content-Encoding: gzip'], gzipSync(BOMB), { size: MEBIBYTE, compression: undefined }],
  over: [[], Buffer.alloc(2 * MEBIBYTE, 'y'), { size: 2 * MEBIBYTE, compression: undefined }],
};
/** With `--binary-bodies base64`. */
const BASE64: Record<string, Content> = {
  image: { size: 7, text: PNG.toString('base64'), encoding: 'base64' },
  packed: { size: 7, text: PNG.toString('base64'), encoding: 'base64' },
  // Readable content is text, whatever the bytes were.
  latin: { size: 4, text: 'café', encoding: undefined },
  coded: { size: 4, text: 'café', encoding: undefined, compression: 4 - gzipSync(LATIN).length },
};

/** Returns the entry of a path. */
async function harOf(name: string, turns: Turn[], flags: string[] = []): Promise<(path: string) => Entry> {
  const [pcap, har] = [join(folder, `${name}.pcap`), join(folder, `${name}.har`)];
  writeFileSync(pcap, savefile([{ clientPort: 40_000, turns }], new Random(1)));
  const run = await runCli(['--ports', '80', '--read', pcap, '--har', har, '--log-level', 'warn', ...flags]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const entries = await entriesOf(har);
  expect(entries.flatMap(complaintsAbout)).toEqual([]);
  return (path) => {
    const found = entries.filter(({ request }) => new URL(request.url).pathname === `/${path}`);
    expect(found.length, path).toBe(1);
    return found[0] as Entry;
  };
}

const sent = (from: Turn['from'], head: string[], body: Buffer): Turn => ({
  from,
  bytes: Buffer.concat([Buffer.from(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`), body]),
});
const ask = (path: string): Turn => ({
  from: 'client',
  bytes: Buffer.from(`GET /${path} HTTP/1.1\r\nHost: h\r\n\r\n`),
});

describe('a response', () => {
  const turns = Object.entries(BODIES).flatMap(([name, [head, body]]) => [
    ask(name),
    sent('server', ['HTTP/1.1 200 OK', ...head], body),
  ]);

  test.each([
    ['as text', [], {}],
    ['as base64 where it is none', ['--binary-bodies', 'base64'], BASE64],
  ])('has its content %s', async (name, flags, other) => {
    const entryOf = await harOf(name, turns, flags);
    for (const [path, [, bytes, content]] of Object.entries(BODIES)) {
      const expected = other[path as keyof typeof other] ?? content;
      const { response } = entryOf(path);
      expect(response.bodySize, path).toBe(bytes.length);
      for (const [field, value] of Object.entries(expected))
        expect(response.content[field as keyof Content], `${path} ${field}`).toBe(value);
    }
    const cut = Object.keys(BODIES).filter((path) => entryOf(path).response._bodyTruncated);
    expect(cut).toEqual(['bomb', 'over']);
    const { content, bodySize } = entryOf('gzip').response;
    expect(content.compression).toBe(LONG.length - bodySize);
    expect(entryOf('bomb').response.content.text).toBe('x'.repeat(MEBIBYTE));
  });
});

test.each<[string, Cookie[]]>([
  ['sid=1', [{ name: 'sid', value: '1', httpOnly: false, secure: false }]],
  [
    'sid=a=b; Path=/; Domain=shop.test; Expires=Wed, 21 Oct 2015 07:28:00 GMT; HttpOnly; Secure',
    [
      {
        ...{ name: 'sid', value: 'a=b', path: '/', domain: 'shop.test', expires: '2015-10-21T07:28:00.000Z' },
        ...{ httpOnly: true, secure: true },
      },
    ],
  ],
  [
    'sid=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=5',
    [{ name: 'sid', value: '1', httpOnly: false, secure: false }],
  ],
  // Two, or one with a comma in it: the fields were joined, so that is not known.
  ['a=1, b=2', []],
  ['a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT, b=2; Expires=Thu, 22 Oct 2015 07:28:00 GMT', []],
  ['a=1; Expires=never, b=2', []],
  ['no cookie', []],
])('the cookies of Set-Cookie: %s', (field, cookies) => {
  const ends = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 40_000 } };
  const { response } = entryOf({
    interim: [],
    response: {
      ...{ ...ends, id: '1.1', direction: 'response', timestamp: '2024-05-17T08:30:00.000Z', httpVersion: '1.1' },
      ...{ headers: { 'set-cookie': field }, body: '', bodySize: 0, statusCode: 200 },
    },
  }) as unknown as Entry;
  expect(response.cookies).toEqual(cookies);
});

describe('a request', () => {
  const post = (path: string, type: string, body: Buffer, ...more: string[]): Turn[] => [
    sent('client', [`POST /${path} HTTP/1.1`, 'Host: h', `Content-Type: ${type}`, ...more], body),
    sent('server', ['HTTP/1.1 204 No Content'], Buffer.alloc(0)),
  ];
  const FORM = 'application/x-www-form-urlencoded';

  test('has its fields, its cookies and its query', async () => {
    const entryOf = await harOf(
      'requests',
      [
        ...post('form', `${FORM}; charset=utf-8`, Buffer.from('a=1&b=x+y%21&c'), 'Cookie: sid=1; theme=dark=er'),
        ...post('zipped', FORM, gzipSync('a=1'), 'Content-Encoding: gzip'),
        ...post('json?q=%C3%A4&q=2', 'application/json', Buffer.from('{}')),
        ...post('binary', 'application/octet-stream', PNG),
      ],
      ['--redact-headers', ''],
    );
    expect(entryOf('form').request).toMatchObject({
      cookies: [
        { name: 'sid', value: '1' },
        { name: 'theme', value: 'dark=er' },
      ],
      postData: {
        mimeType: `${FORM}; charset=utf-8`,
        text: 'a=1&b=x+y%21&c',
        params: [
          { name: 'a', value: '1' },
          { name: 'b', value: 'x y!' },
          { name: 'c', value: '' },
        ],
      },
    });
    expect(entryOf('zipped').request.postData).toMatchObject({ text: 'a=1', params: [{ name: 'a', value: '1' }] });
    const { queryString, postData } = entryOf('json').request;
    expect(queryString).toEqual([
      { name: 'q', value: 'ä' },
      { name: 'q', value: '2' },
    ]);
    expect(postData).toEqual({ mimeType: 'application/json', params: [], text: '{}' });
    expect(entryOf('binary').request.postData).toMatchObject({ text: '', comment: 'a binary body, left out' });
  });
});

test('a call by gRPC-Web has what HAR has no word for', async () => {
  const type = 'Content-Type: application/grpc-web+proto';
  const message = Buffer.from('\0\0\0\0\x03one');
  const trailers = Buffer.from('\x80\0\0\0\x0fgrpc-status: 5\n', 'latin1');
  const entryOf = await harOf('grpc', [
    sent('client', ['POST /s.S/M HTTP/1.1', 'Host: h', type], message),
    sent('server', ['HTTP/1.1 200 OK', type], Buffer.concat([message, trailers])),
  ]);
  const { request, response } = entryOf('s.S/M');
  const call = { service: 's.S', method: 'M', messageCount: 1, messages: [{ size: 3, data: 'b25l' }] };
  expect(request).toMatchObject({ _grpc: call });
  expect(response).toMatchObject({ status: 200, _grpc: { ...call, status: 5, statusName: 'NOT_FOUND' } });
});
