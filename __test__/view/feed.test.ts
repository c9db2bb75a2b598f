// The feed of a page that is open: what was there, what comes, what a slow reader costs; and TLS, ports, the end of a run.

import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { Feed, MAX_EVENT_BYTES } from '../../ts/outputs/view/feed';
import { checkListening } from '../../ts/outputs/view/listening';
import { Ring } from '../../ts/outputs/view/ring';
import type { Row, State } from '../../ts/outputs/view/shapes';
import { until } from '../live/harness';
import { ask, exchange, type Opened, openView, requestOf, responseOf } from './rig';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function opened(options: Parameters<typeof openView>[0] = {}): Promise<Opened> {
  const page = await openView(options);
  closers.unshift(() => page.view.leave());
  return page;
}

class Reader {
  readonly rows: Row[] = [];
  readonly states: State[] = [];
  lastId = '';
  ended = false;
  readonly request: ClientRequest;

  constructor({ origin }: Opened, cookie: string, headers: Record<string, string> = {}) {
    this.request = request(`${origin}/feed`, { headers: { cookie, ...headers }, agent: false }).end();
    closers.unshift(() => this.request.destroy());
    this.request.on('error', () => {});
    this.request.on('response', (response) => this.#read(response));
  }

  #read(response: IncomingMessage): void {
    let text = '';
    response
      .on('error', () => {})
      .on('close', () => {
        this.ended = true;
      });
    response.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        this.#event(text.slice(0, end));
        text = text.slice(end + 2);
      }
    });
  }

  #event(text: string): void {
    const fields = Object.fromEntries(text.split('\n').map((line) => line.split(/: (.*)/s, 2)));
    if (fields.id !== undefined) this.lastId = fields.id;
    if (fields.event === 'state') this.states.push(JSON.parse(fields.data));
    else if (fields.data !== undefined) this.rows.push(...JSON.parse(fields.data).rows);
  }
}

describe('the feed', () => {
  it('has what was there, what comes and what changes', async () => {
    const page = await opened();
    page.write(...exchange('1.1'), requestOf('1.2'));
    const reader = new Reader(page, await page.logIn());
    await until(() => reader.rows.length === 2 && reader.states.length > 0);
    expect(reader.rows).toMatchObject([
      {
        n: 1,
        id: '1.1',
        method: 'GET',
        path: '/items/1.1',
        host: 'shop.test',
        status: 200,
        size: 5,
        wait: 2,
        latency: 2.5,
      },
      { n: 2, id: '1.2', request: true },
    ]);
    expect(reader.rows[1]).not.toHaveProperty('status');
    expect(reader.states[0]).toMatchObject({ source: 'eth0', ended: false, exchanges: 2 });
    expect(reader.states[0]?.losses).toEqual([[7, 'bytes that never arrived']]);
    page.write(responseOf('1.2', { statusCode: 503 }), requestOf('1.3'));
    await until(() => reader.rows.length === 4);
    expect(reader.rows.slice(2)).toMatchObject([
      { n: 2, status: 503 },
      { n: 3, id: '1.3' },
    ]);
  });

  it('goes on where a page has left it', async () => {
    const page = await opened();
    const cookie = await page.logIn();
    page.write(...exchange('1.1'));
    const first = new Reader(page, cookie);
    await until(() => first.rows.length === 1);
    first.request.destroy();
    page.write(...exchange('1.2'));
    const second = new Reader(page, cookie, { 'last-event-id': first.lastId });
    await until(() => second.rows.length === 1);
    expect(second.rows).toMatchObject([{ n: 2 }]);
  });

  it('of a capture that has ended has all rows before it says so', async () => {
    const page = await opened({ lossless: true });
    for (let i = 0; i < 5_000; i++) page.write(...exchange(`1.${i}`));
    await page.view.close();
    const reader = new Reader(page, await page.logIn());
    await until(() => reader.states.some(({ ended }) => ended));
    expect(reader.rows).toHaveLength(5_000);
    expect(reader.states).toHaveLength(1);
  });

  it('costs no more for a page that does not read', async () => {
    const page = await opened({ lossless: true });
    const cookie = await page.logIn();
    const idle = request(`${page.origin}/feed`, { headers: { cookie }, agent: false }).end();
    closers.unshift(() => idle.destroy());
    const [response] = (await once(
      idle.on('error', () => {}),
      'response',
    )) as [IncomingMessage];
    response.pause();
    const quick = new Reader(page, cookie);
    const ROWS = 20_000;
    const path = `/${'x'.repeat(1_000)}`;
    for (let i = 0; i < ROWS; i++) page.write(requestOf(`1.${i}`, { path }));
    await until(() => quick.rows.length >= ROWS, 15_000);
    // Rows that the kernel does not take wait as changes, of which only the last counts.
    for (let i = 0; i < ROWS; i++) page.write(responseOf(`1.${i}`));
    let [all, answered] = [0, 0];
    response.setEncoding('utf8').on('data', (piece: string) => {
      all += piece.split('"n":').length - 1;
      answered += piece.split('"status":200').length - 1;
    });
    response.resume();
    // A mark may stand at the border of two pieces.
    await until(() => answered > 0.99 * ROWS, 15_000);
    expect(all).toBeLessThan(1.7 * ROWS);
  }, 40_000);

  it('lets a page that does not read have no more than an event at a time, whatever the rows are', () => {
    const ring = new Ring();
    const written: string[] = [];
    let takes = false;
    const response = Object.assign(new EventEmitter(), {
      socket: null,
      writeHead: () => {},
      write: (text: string) => {
        written.push(text);
        return takes;
      },
    });
    const feed = new Feed({ ring, state: () => ({}) as State, schedule: () => () => {}, now: () => 0 });
    feed.open(response as unknown as ServerResponse, 0);
    expect(written).toEqual(['retry: 1000\n\n']);
    // Six characters each, as JSON.
    const path = `/${'\u0001'.repeat(100_000)}`;
    for (let i = 0; i < 5_000; i++) ring.add(requestOf(`1.${i}`, { path }), Buffer.from(''));
    const last = Math.max(...ring.rows().map((row) => JSON.stringify(row).length));
    const seen: number[] = [];
    while (seen.length < ring.rows().length) {
      feed.flush();
      response.emit('drain');
      expect(written).toHaveLength(2);
      const text = written.splice(1)[0] as string;
      expect(text.length).toBeLessThan(MAX_EVENT_BYTES + last + 100);
      seen.push(...JSON.parse(/^data: (.*)$/m.exec(text)?.[1] as string).rows.map(({ n }: Row) => n));
    }
    expect(seen).toEqual(ring.rows().map(({ n }) => n));
    takes = true;
    response.emit('drain');
    feed.flush();
    expect(written.slice(1)).toEqual(['event: state\ndata: {}\n\n']);
  });

  it('disconnects a page that has not read for a minute, and says so', async () => {
    let now = 0;
    const page = await opened({ lossless: true, now: () => now });
    const cookie = await page.logIn();
    const idle = request(`${page.origin}/feed`, { headers: { cookie }, agent: false }).end();
    closers.unshift(() => idle.destroy());
    const [response] = (await once(
      idle.on('error', () => {}),
      'response',
    )) as [IncomingMessage];
    const closed = new Promise((resolve) => response.on('error', () => {}).on('close', resolve));
    response.pause();
    const quick = new Reader(page, cookie);
    const path = `/${'x'.repeat(1_000)}`;
    // More than the kernel takes for it.
    for (let i = 0; i < 20_000; i++) page.write(requestOf(`1.${i}`, { path }));
    await until(() => quick.rows.length >= 20_000, 15_000);
    now += 61_000;
    await until(() => {
      now += 100;
      return quick.states.at(-1)?.losses.length === 2;
    }, 15_000);
    expect(quick.states.at(-1)?.losses[1]).toEqual([1, expect.stringContaining('a page read nothing for a minute')]);
    response.resume();
    await closed;
    page.write(...exchange('2.1'));
    await until(() => quick.rows.some(({ id }) => id === '2.1'));
  }, 40_000);

  it('ends with the page', async () => {
    const page = await opened();
    const reader = new Reader(page, await page.logIn());
    await until(() => reader.states.length > 0);
    page.view.limitDrain();
    await page.view.close();
    await until(() => reader.ended);
    expect(reader.states.at(-1)?.ended).toBe(true);
    await expect(ask(page.origin)).rejects.toThrow('ECONNREFUSED');
  });
});

it('live, messages are left out past a share of the time, and counted', async () => {
  let now = 0;
  const page = await opened({ now: () => (now += 0.5) });
  const messages = Array.from({ length: 10_000 }, (_, i) => requestOf(`1.${i}`));
  page.write(...messages);
  const { accepted, delivered, droppedBy } = page.view.stats();
  expect(accepted).toBe(10_000);
  expect(delivered).toBeGreaterThan(100);
  expect(droppedBy.overflow).toBe(10_000 - delivered);
  now += 10_000;
  page.write(requestOf('2.1'));
  expect(page.view.stats().delivered).toBe(delivered + 1);
});

it('of a savefile nothing is left out', async () => {
  let now = 0;
  const page = await opened({ lossless: true, now: () => (now += 0.5) });
  page.write(...Array.from({ length: 10_000 }, (_, i) => requestOf(`1.${i}`)));
  expect(page.view.stats().delivered).toBe(10_000);
});

describe('where it listens', () => {
  const config = (view: object, viewToken?: string) =>
    validateConfig({ ports: [8080], view, ...(viewToken === undefined ? {} : { viewToken }) });
  const TOKEN = 'x'.repeat(24);
  const pair = { certFile: 'cert.pem', keyFile: 'key.pem' };

  it.each([
    [{}, undefined],
    [{ host: 'localhost' }, undefined],
    [{ host: '::1', port: 9000 }, undefined],
    [{ host: '127.8.9.10' }, undefined],
    [{ host: '0.0.0.0', ...pair }, TOKEN],
    [{ host: '10.0.0.5', ...pair }, TOKEN],
  ])('%j may be', (view, token) => {
    expect(checkListening(config(view, token))).toMatchObject({
      port: 0,
      ...view,
      ...('host' in view && view.host === 'localhost' ? { host: '127.0.0.1' } : {}),
    });
  });

  it.each([
    [{ host: '0.0.0.0' }, undefined],
    [{ host: '0.0.0.0' }, TOKEN],
    [{ host: '10.0.0.5', ...pair }, undefined],
    [{ host: '::', ...pair }, undefined],
    [{ host: '127.0.0.1.evil.test' }, TOKEN],
    [{ certFile: 'cert.pem' }, undefined],
    [{ port: 8080 }, undefined],
  ])('%j with the token %s may not', (view, token) => {
    expect(() => checkListening(config(view, token))).toThrow(/^view: must (not )?have/);
  });

  it.each(['short', 'x'.repeat(23), `${TOKEN} `, `${TOKEN}&`])('%j is no token, and is not shown', (token) => {
    expect(() => config({}, token)).toThrow(/^viewToken: must be at least 24 random [^x]*$/);
  });

  it('is never a captured port', async () => {
    const tried: number[] = [];
    const ports = { includes: (port: number) => tried.push(port) === 1 } as unknown as number[];
    const page = await opened({ ports });
    expect(tried).toHaveLength(2);
    expect(page.port).toBe(tried[1]);
  });

  it('is said where it is taken', async () => {
    const { port } = await opened();
    const listening = { port, host: '127.0.0.1', certFile: undefined, keyFile: undefined, token: undefined };
    await expect(openView({ listening })).rejects.toThrow(`cannot serve the page on 127.0.0.1 port ${port}: `);
  });
});

describe('with TLS and a token of the operator', () => {
  const folder = join(__dirname, '..', 'live', 'tls');
  const listening = {
    port: 0,
    host: '0.0.0.0',
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    token: 'the-operator-has-chosen-it',
  };

  const askTls = (port: number, path: string, headers: Record<string, string>) =>
    new Promise<[number, IncomingMessage['headers']]>((resolve, reject) => {
      requestTls(
        {
          host: '127.0.0.1',
          port,
          path,
          headers,
          agent: false,
          ca: readFileSync(listening.certFile),
          rejectUnauthorized: false,
        },
        (response) => {
          response.resume().on('end', () => resolve([response.statusCode ?? 0, response.headers]));
        },
      )
        .on('error', reject)
        .end();
    });

  it('the page opens by the names of the certificate', async () => {
    const page = await opened({ listening });
    expect(page.urls[0]).not.toContain(listening.token);
    const host = `localhost:${page.port}`;
    const path = `/?token=${listening.token}`;
    expect((await askTls(page.port, path, { host: `evil.test:${page.port}` }))[0]).toBe(421);
    for (let twice = 0; twice < 2; twice++) {
      const [status, headers] = await askTls(page.port, path, { host });
      expect([status, String(headers['set-cookie'])]).toEqual([303, expect.stringContaining('; Secure')]);
      const cookie = String(headers['set-cookie']).split(';')[0] as string;
      expect((await askTls(page.port, '/', { host, cookie }))[0]).toBe(200);
    }
    expect((await askTls(page.port, '/?token=another', { host }))[0]).toBe(403);
  });
});
