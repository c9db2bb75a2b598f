#!/usr/bin/env bash
# A HAR has the query and the cookies of a request twice: as they were sent, in `url` and in the field Cookie, and as lists of names and values,
# `queryString` and `cookies`. A posted form is there as `params` or as `text` (HAR 1.2; browsers write both). A name may come more
# than once. Three libraries make requests of such a HAR; a server on loopback sees what is sent.
#
# Seen with har-to-k6 0.14.16 (with modules of our own in the place of k6's), httpsnippet 3.0.10 (its targets curl and fetch) and fetch-har 12.0.4:
#                         /?a=1       /?a=1&a=2            form b=1&b=2 as params   as text   Cookie: c=3
#   har-to-k6             right       /?a=1&a=2&a=2        b=1%2C2                  right     right
#   httpsnippet, curl     right       right                right                    nothing   right
#   httpsnippet, fetch    right       right                b=1%2C2                  nothing   right
#   fetch-har             /?a=1&a=1   /?a=1&a=2&a=1&a=2    b=2                      right     c=3; c=3
# A form with check boxes, or a filter with several values, becomes another request in a load test or a snippet. All send what was sent if the
# lists are empty and the `mimeType` of the text is text/plain, while the field Content-Type stays as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' > package.json
npm install --silent --no-audit --no-fund 'har-to-k6@0.14.16' 'httpsnippet@3.0.10' 'fetch-har@12.0.4'
mkdir node_modules/k6
cat > node_modules/k6/package.json <<'JSON'
{ "type": "module", "exports": { ".": "./index.js", "./http": "./http.js" } }
JSON
echo 'export const sleep = () => {};' > node_modules/k6/index.js
cat > node_modules/k6/http.js <<'JS'
const send = (method) => (url, body, { headers } = {}) => fetch(url, { method, headers, body });
export default { get: (url, { headers } = {}) => fetch(url, { headers }), post: send('POST') };
JS
cat > ask.mjs <<'JS'
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import fetchHar from 'fetch-har';
import { HTTPSnippet } from 'httpsnippet';

const { liHARToK6Script } = createRequire(import.meta.url)('har-to-k6');
const FORM = 'application/x-www-form-urlencoded';
const seen = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  seen.push(`${request.url} ${body} ${request.headers.cookie ?? ''}`.trim().replaceAll(/ +/g, ' '));
  response.end('{}');
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const BASE = `http://127.0.0.1:${server.address().port}`;
const pairs = (...list) => list.map(([name, value]) => ({ name, value }));
const form = (data) => ({ method: 'POST', headers: pairs(['content-type', FORM]), postData: { mimeType: FORM, ...data } });
const REQUESTS = {
  '/?a=1': { url: `${BASE}/?a=1`, queryString: pairs(['a', '1']) },
  '/?a=1&a=2': { url: `${BASE}/?a=1&a=2`, queryString: pairs(['a', '1'], ['a', '2']) },
  'form as params': form({ params: pairs(['b', '1'], ['b', '2']) }),
  'form as text': form({ text: 'b=1&b=2' }),
  'c=3': { headers: pairs(['cookie', 'c=3']), cookies: pairs(['c', '3']) },
  'without lists': {
    ...form({ mimeType: 'text/plain', text: 'b=1&b=2' }),
    url: `${BASE}/?a=1&a=2`,
    headers: pairs(['content-type', FORM], ['cookie', 'c=3']),
  },
};
const EMPTY = { cookies: [], headers: [], queryString: [], headersSize: -1, bodySize: -1 };
const DEFAULTS = { method: 'GET', url: `${BASE}/`, httpVersion: 'HTTP/1.1', ...EMPTY };
const RESPONSE = { status: 200, statusText: 'OK', httpVersion: 'HTTP/1.1', content: { size: 0, mimeType: '' }, redirectURL: '', ...EMPTY };
const TIMES = { startedDateTime: '2024-05-17T10:00:00.000Z', time: 1, timings: { send: 0, wait: 1, receive: 0 } };

async function run(...command) {
  const child = spawn(command[0], command.slice(1), { stdio: 'ignore' });
  await once(child, 'exit');
}

const LIBRARIES = {
  async 'har-to-k6'(har) {
    const { main } = await liHARToK6Script(har);
    writeFileSync('script.mjs', `${main}\nmain();\n`.replace('default function main', 'function main'));
    await run('node', 'script.mjs');
  },
  async 'httpsnippet, curl'({ log: { entries } }) {
    await run('bash', '-c', [new HTTPSnippet(entries[0].request).convert('shell', 'curl')].flat()[0]);
  },
  async 'httpsnippet, fetch'({ log: { entries } }) {
    writeFileSync('snippet.mjs', [new HTTPSnippet(entries[0].request).convert('javascript', 'fetch')].flat()[0]);
    await run('node', 'snippet.mjs');
  },
  async 'fetch-har'(har) {
    await fetchHar(har);
  },
};

for (const [library, send] of Object.entries(LIBRARIES)) {
  for (const [name, request] of Object.entries(REQUESTS)) {
    const entry = { ...TIMES, cache: {}, request: structuredClone({ ...DEFAULTS, ...request }), response: RESPONSE };
    await send({ log: { version: '1.2', creator: { name: 'ask', version: '1' }, entries: [entry] } });
    console.log(`${library}: ${name}: ${seen.splice(0).join(' and ')}`);
  }
}
server.close();
server.closeAllConnections();
JS
cat > expected <<'TXT'
har-to-k6: /?a=1: /?a=1
har-to-k6: /?a=1&a=2: /?a=1&a=2&a=2
har-to-k6: form as params: / b=1%2C2
har-to-k6: form as text: / b=1&b=2
har-to-k6: c=3: / c=3
har-to-k6: without lists: /?a=1&a=2 b=1&b=2 c=3
httpsnippet, curl: /?a=1: /?a=1
httpsnippet, curl: /?a=1&a=2: /?a=1&a=2
httpsnippet, curl: form as params: / b=1&b=2
httpsnippet, curl: form as text: /
httpsnippet, curl: c=3: / c=3
httpsnippet, curl: without lists: /?a=1&a=2 b=1&b=2 c=3
httpsnippet, fetch: /?a=1: /?a=1
httpsnippet, fetch: /?a=1&a=2: /?a=1&a=2
httpsnippet, fetch: form as params: / b=1%2C2
httpsnippet, fetch: form as text: /
httpsnippet, fetch: c=3: / c=3
httpsnippet, fetch: without lists: /?a=1&a=2 b=1&b=2 c=3
fetch-har: /?a=1: /?a=1&a=1
fetch-har: /?a=1&a=2: /?a=1&a=2&a=1&a=2
fetch-har: form as params: / b=2
fetch-har: form as text: / b=1&b=2
fetch-har: c=3: / c=3; c=3
fetch-har: without lists: /?a=1&a=2 b=1&b=2 c=3
TXT
node ask.mjs | tee seen
cmp expected seen
