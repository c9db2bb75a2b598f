// Who gets what from the page's server: the right host, the right origin, the right cookie, and nothing beyond limits.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, exchange, type Opened, openView, requestOf, responseOf, streamedOf } from './rig';

let opened: Opened;
let cookie: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  opened = await openView();
  cookie = await opened.logIn();
  opened.write(...exchange('1.1', {}, { body: 'a secret' }));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await opened.view.leave();
});

const PATHS = ['/', '/page.js', '/page.css', '/icon.svg', '/feed', '/exchange?n=1'];
const POSTS = ['/har', '/match', '/packets'];

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${opened.origin}${path}`, { headers: { cookie, ...headers } });
const post = (path: string, content: unknown, headers: Record<string, string> = {}) =>
  ask(`${opened.origin}${path}`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(content),
  });

describe('the token', () => {
  it('is worth a cookie once, and then another one is said', async () => {
    const [first, second] = opened.urls;
    expect(second).not.toBe(first);
    expect((await ask(first as string)).status).toBe(403);
    const { status, headers } = await ask(second as string);
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^tcp-sniffer-\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/$/),
    ]);
  });

  it('is not used up by a browser that is known already', async () => {
    const url = opened.urls.at(-1) as string;
    const known = await ask(url, { headers: { cookie } });
    expect([known.status, known.headers['set-cookie']]).toEqual([303, undefined]);
    expect((await ask(url)).status).toBe(303);
  });

  it.each(['', 'x', 'x'.repeat(10_000)])('that is wrong is worth nothing (%#)', async (token) => {
    const { status, headers } = await ask(`${opened.origin}/?token=${token}`);
    expect([status, headers['set-cookie']]).toEqual([403, undefined]);
  });
});

describe('without the cookie', () => {
  const cookies: Record<string, () => string> = {
    none: () => '',
    another: () => `${cookie}x`,
    'of another name': () => cookie.replace(/^[^=]*/, 'tcp-sniffer-1'),
    'within another': () => `a="${cookie}"`,
  };
  it.each(Object.keys(cookies))('(%s) nothing is shown', async (name) => {
    const headers = { cookie: cookies[name]?.() ?? '' };
    for (const path of PATHS) {
      const { status, text } = await get(path, headers);
      expect([path, status]).toEqual([path, 403]);
      expect(text).not.toMatch(/secret|items|script/);
    }
    for (const path of POSTS) expect((await post(path, [[1, 9]], headers)).status).toBe(403);
  });
});

describe('a name that is not ours', () => {
  const names = ['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test', '0.0.0.0', '10.0.0.1', '[::2]', ''];
  it.each(names)('%s (DNS rebinding)', async (name) => {
    const { port } = opened;
    for (const host of [`${name}:${port}`, name]) {
      const { status, text } = await get('/exchange?n=1', { host, origin: `http://${host}` });
      expect([host, [400, 421].includes(status)]).toEqual([host, true]);
      expect(text).not.toContain('secret');
    }
  });

  it('is also ours with another port', async () => {
    for (const host of ['127.0.0.1', '127.0.0.1:1', `127.0.0.1:${opened.port}x`]) {
      expect((await get('/', { host })).status).toBe(421);
    }
  });

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('%s is ours', async (name) => {
    expect((await get('/', { host: `${name}:${opened.port}` })).status).toBe(200);
  });
});

describe('another page', () => {
  const origins = ['http://evil.test', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1', 'http://localhost'];
  it.each(origins)('of origin %s gets nothing', async (origin) => {
    for (const path of PATHS) expect((await get(path, { origin })).status).toBe(403);
    for (const path of POSTS) expect((await post(path, [[1, 1]], { origin })).status).toBe(403);
  });

  it.each(['cross-site', 'same-site', 'anything'])('that is %s gets nothing', async (site) => {
    for (const path of POSTS) expect((await post(path, [[1, 1]], { 'sec-fetch-site': site })).status).toBe(403);
    for (const path of [...PATHS, `/?${new URL(opened.urls.at(-1) as string).searchParams}`]) {
      expect((await get(path, { 'sec-fetch-site': site })).status).toBe(403);
    }
  });

  it('is told of no permission', async () => {
    const asked = { origin: 'http://evil.test', 'access-control-request-method': 'POST' };
    const answers = [
      await ask(`${opened.origin}/har`, { method: 'OPTIONS', headers: { cookie, ...asked } }),
      await ask(`${opened.origin}/har`, { method: 'OPTIONS', headers: { cookie } }),
      await get('/exchange?n=1'),
    ];
    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    expect(answers.map(({ status }) => status)).toEqual([403, 405, 200]);
  });

  it('cannot send a form', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      for (const path of POSTS) expect((await post(path, [[1, 1]], { 'content-type': type })).status).toBe(415);
    }
  });
});

describe('every answer', () => {
  it('has a policy without inline code, and is kept nowhere', async () => {
    const answers = await Promise.all([...PATHS.filter((path) => path !== '/feed'), '/none'].map((path) => get(path)));
    answers.push(await ask(`${opened.origin}/`), await get('/', { host: 'evil.test' }));
    for (const { headers } of answers) {
      const policy = String(headers['content-security-policy']);
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        connection: 'close',
      });
    }
  });

  it('has a type that no browser takes for a document, unless it is the page', async () => {
    const types = await Promise.all(
      ['/', '/page.js', '/page.css', '/icon.svg', '/exchange?n=1', '/none'].map(
        async (path) => String((await get(path)).headers['content-type']).split(';', 1)[0],
      ),
    );
    expect(types).toEqual([
      'text/html',
      'text/javascript',
      'text/css',
      'image/svg+xml',
      'application/json',
      'text/plain',
    ]);
  });
});

it.each(['/page', '/page.js/', '//page.js', '/..%2fpackage.json', '/../package.json', '/page/', '/__proto__', '/%00'])(
  '%s is no file',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);

it.each(['POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND'])('%s is no method of a file', async (method) => {
  const { status, headers } = await ask(`${opened.origin}/`, { method, headers: { cookie } });
  expect([status, headers.allow]).toEqual([405, 'GET']);
});

describe('an exchange', () => {
  it('is its lines as they came', async () => {
    const { text } = await get('/exchange?n=1');
    expect(JSON.parse(text)).toEqual(exchange('1.1', {}, { body: 'a secret' }));
  });

  it.each(['', '?n=', '?n=2', '?n=-1', '?n=1e99', '?n=x', '?n=%ff', '?m=1'])('that is not there: %s', async (query) => {
    expect((await get(`/exchange${query}`)).status).toBe(404);
  });
});

describe('a HAR', () => {
  it('has the exchanges that are wanted', async () => {
    opened.write(...exchange('1.2'), requestOf('1.3'), ...exchange('1.4'));
    const upgraded = { statusCode: 101, headers: { upgrade: 'websocket' } };
    opened.write(...exchange('1.5', {}, upgraded), streamedOf('1.5', 1), streamedOf('1.5', 2, { opcode: 'ping' }));
    // A file of lines may say anything.
    opened.write(streamedOf('1.5', 3, { opcode: 'constructor' as never }));
    const { text } = await post('/har', [
      [4, 9],
      [2, 3],
    ]);
    const { log } = JSON.parse(text);
    expect(log.entries.map(({ _id }: { _id: string }) => _id)).toEqual(['1.2', '1.3', '1.4', '1.5']);
    const [page, ...others] = log.pages;
    expect([page.id, others]).toEqual([log.entries[0].pageref, []]);
    expect(page.startedDateTime).toBe(log.entries[0].startedDateTime);
    expect(log.entries[3]._webSocketMessages.map(({ data }: { data: string }) => data)).toEqual(['text 1.']);
  });
});

describe.each(['/har', '/packets'])('the numbers of exchanges for %s', (path) => {
  it.each([['null'], ['{}'], ['[1]'], ['[[1]]'], ['[[2,1]]'], ['[[1,"2"]]'], ['[[0.5,1]]']])(
    'are refused if they are %s',
    async (text) => {
      expect((await post(path, JSON.parse(text))).status).toBe(400);
    },
  );

  it('are not read without end', async () => {
    expect((await post(path, 'x'.repeat(3_000_000))).status).toBe(413);
    const ranges = Array.from({ length: 100_001 }, (_, n) => [n, n]);
    expect((await post(path, ranges)).status).toBe(400);
  });
});

describe('a filter that asks for messages', () => {
  it('tells those apart that have changed', async () => {
    opened.write(...exchange('1.2', { headers: { 'x-debug': '1' } }), requestOf('1.3'));
    const first = JSON.parse((await post('/match', { expression: 'header.x-debug', after: 0 })).text);
    expect(first).toMatchObject({ matched: [2], others: [1, 3], more: false });
    opened.write(responseOf('1.3', { headers: { 'x-debug': 'yes' } }));
    const again = await post('/match', { expression: 'header.x-debug=yes', after: first.version });
    expect(JSON.parse(again.text)).toMatchObject({ matched: [3], others: [] });
  });

  it.each([{ expression: 'nonsense', after: 0 }, { expression: 'tls' }, { after: 0 }, null, 7])(
    'is refused: %j',
    async (content) => {
      expect((await post('/match', content)).status).toBe(400);
    },
  );
});

describe('limits', () => {
  const open = async (count: number, text: string): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const socket = connect(opened.port, '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      if (text !== '') socket.write(text);
    }
  };

  it.each([
    ['silent ones', ''],
    ['halves of heads', 'GET / HTTP/1.1\r\nhost:'],
    ['pages that are not taken', 'GET /page.js HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\n\r\n'],
  ])('%s take no room from a page', async (_, text) => {
    await open(300, text.replace('PORT', String(opened.port)));
    expect((await get('/page.js')).status).toBe(200);
  });

  it('feeds have a cap, and the oldest goes', async () => {
    const head = `GET /feed HTTP/1.1\r\nhost: 127.0.0.1:${opened.port}\r\ncookie: ${cookie}\r\n\r\n`;
    await open(1, head);
    const ended = once(sockets[0] as Socket, 'close');
    sockets[0]?.resume();
    await open(40, head);
    await ended;
    expect((await get('/page.js')).status).toBe(200);
  });

  it('requests of strangers, however many at once, close nothing of a page', async () => {
    const headOf = (headers: string): string =>
      `GET /feed HTTP/1.1\r\nhost: 127.0.0.1:${opened.port}\r\n${headers}\r\n`;
    await open(1, headOf(`cookie: ${cookie}\r\n`));
    let told = '';
    sockets[0]?.on('data', (piece) => {
      told += piece;
    });
    await expect.poll(() => told, { timeout: 5_000 }).toContain('event: state');
    await open(60, '');
    for (const socket of sockets.slice(1)) socket.write(headOf(''));
    await get('/page.css');
    opened.write(...exchange('1.2'));
    await expect.poll(() => told, { timeout: 5_000 }).toContain('/items/1.2');
  });

  it('a head has a cap', async () => {
    expect((await get('/', { 'x-long': 'x'.repeat(100_000) })).status).toBe(431);
  });

  it('one request a connection', async () => {
    const socket = connect(opened.port, '127.0.0.1');
    sockets.push(socket);
    const head = `GET /page.css HTTP/1.1\r\nhost: 127.0.0.1:${opened.port}\r\ncookie: ${cookie}\r\n\r\n`;
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.write(head.repeat(20));
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});
