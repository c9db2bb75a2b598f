/** Everything that writes a URL says the same of a message that came in TLS, or whose client asked for https. */

import { expect, it } from 'vitest';
import { commandOf } from '../../ts/exchange/curl';
import { entryOf } from '../../ts/outputs/har/entry';
import { fetchOf } from '../../ts/page/copy';
import type { HttpRequest } from '../../ts/types';
import { REQUEST, RESPONSE } from '../bases';
import { infer, linesOf } from '../openapi/exchanges';
import { spanOf } from '../otlp/packed';

const tls = { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'h', alpn: 'h2' };
const firstUrl = (text: string): string | undefined => /[a-z]+:\/\/[^\s'"/]*\//.exec(text)?.[0];

const WRITERS: Record<string, (request: HttpRequest) => unknown> = {
  HAR: (request) => (entryOf({ request, interim: [], response: RESPONSE }) as { request: { url: string } }).request.url,
  'a command of curl': (request) => firstUrl(commandOf({ request, interim: [] })),
  'the copy as fetch': (request) => firstUrl(fetchOf(request)),
  'a span': (request) => `${spanOf(request, RESPONSE).attributes['url.scheme']}://h/`,
  OpenAPI: (request) => `${serverOf(request)}/`,
};

function serverOf(request: HttpRequest): unknown {
  const lines = linesOf([{ path: '/', host: 'h', request: { tls: request.tls, scheme: request.scheme } }]);
  return infer(lines).document.servers?.[0]?.url;
}

it.each([
  ['http', {}],
  ['http', { scheme: 'http' }],
  ['https', { tls }],
  ['https', { scheme: 'https', tls }],
  ['https', { scheme: 'https' }],
  ['https', { scheme: 'http', tls }],
  ['http', { scheme: 'ftp' }],
])('%s of %j, whoever writes it', (scheme, more) => {
  const request: HttpRequest = { ...REQUEST, headers: { host: 'h' }, ...more };
  const urls = Object.entries(WRITERS).map(([name, write]) => [name, write(request)]);
  expect(Object.fromEntries(urls)).toEqual(Object.fromEntries(urls.map(([name]) => [name, `${scheme}://h/`])));
});
