// The packets of what the page shows: which connections, from which inputs, when not; and nothing that stays on the disk.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Savefiles } from '../../ts/exchange/savefiles';
import { PacketCopies, type PacketCopiesOptions } from '../../ts/outputs/view/packets';
import type { Row } from '../../ts/outputs/view/shapes';
import type { HttpMessage } from '../../ts/types';
import { FIXTURES, linesOf, messagesOf, type Process, runCli, startCli, until } from '../live/harness';
import { ask, exchange, type Opened, openView } from './rig';
import { describePage, TIMEOUT_MS } from './session';

const SHOP = join(FIXTURES, 'shop.pcap');
const DEMO = join(FIXTURES, 'demo.pcap');
const JSON_TYPE = { 'content-type': 'application/json' };

let folder: string;
/** Where packets are put for a while. */
let temporary: string;
let child: Process | undefined;
let opened: Opened | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-view-'));
  temporary = mkdtempSync(join(tmpdir(), 'tcp-sniffer-view-'));
});
afterEach(async () => {
  child?.child.kill('SIGKILL');
  await child?.done.catch(() => {});
  await opened?.view.leave();
  [child, opened] = [undefined, undefined];
  rmSync(folder, { recursive: true });
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(temporary, { recursive: true });
});

interface Answer {
  status: number;
  type: string;
  bytes: Buffer;
}

function post(origin: string, cookie: string, path: string, content: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}${path}`, { method: 'POST', headers: { cookie, ...JSON_TYPE }, agent: false });
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject);
      response.on('end', () => {
        const type = String(response.headers['content-type']);
        resolve({ status: response.statusCode ?? 0, type, bytes: Buffer.concat(pieces) });
      });
    });
    sent.on('error', reject).end(JSON.stringify(content));
  });
}

/** The address of a page of the command, once all is read. */
async function openCommand(args: string[]): Promise<string> {
  const page = startCli([...args, '--view'], { TMPDIR: temporary });
  child = page;
  let stderr = '';
  page.child.stderr?.on('data', (text) => {
    stderr += text;
  });
  await page.logged('capture stopped');
  return linesOf(stderr)
    .map((line) => JSON.parse(line).url)
    .find((text) => text !== undefined);
}

async function read(bytes: Buffer, ...args: string[]): Promise<HttpMessage[]> {
  const path = join(folder, 'saved.pcapng');
  writeFileSync(path, bytes);
  return messagesOf((await runCli(['--ports', '80,8080', ...args, path])).stdout);
}

/** The part that does not depend on the numbers of connections. */
const bare = (messages: readonly HttpMessage[]): string[] =>
  messages.map(({ id: _, ...rest }) => JSON.stringify(rest)).sort();

describe('of a savefile', () => {
  interface Page {
    rows: Row[];
    offered: boolean;
    save(ranges: [number, number][]): Promise<Answer>;
  }

  async function open(args: string[]): Promise<Page> {
    const url = await openCommand(args);
    const { headers } = await ask(url);
    const { origin } = new URL(url);
    const cookie = String(headers['set-cookie']).split(';')[0] as string;
    const { rows, offered } = await feedOf(origin, cookie);
    return { rows, offered, save: (ranges) => post(origin, cookie, '/packets', ranges) };
  }

  /** Up to the state, which comes after all rows. */
  function feedOf(origin: string, cookie: string): Promise<{ rows: Row[]; offered: boolean }> {
    return new Promise((resolve, reject) => {
      const sent = request(`${origin}/feed`, { headers: { cookie }, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => {
          text += piece;
          const [, state] = /^event: state\ndata: (.*)\n\n/m.exec(text) ?? [];
          if (state === undefined) return;
          const rows = [...text.matchAll(/^data: (\{"rows".*)$/gm)].flatMap(([, data = '']) => JSON.parse(data).rows);
          resolve({ rows, offered: JSON.parse(state).packets === true });
          sent.destroy();
        });
        response.on('error', reject);
      });
      sent.on('error', reject).end();
    });
  }

  it('they are those of whole connections', async () => {
    const page = await open(['--ports', '8080', SHOP]);
    expect(page.offered).toBe(true);
    const failed = page.rows.filter(({ status = 0 }) => status >= 400);
    expect(failed.length).toBeGreaterThan(0);
    const { status, type, bytes } = await page.save(failed.map(({ n }) => [n, n]));
    expect([status, type]).toEqual([200, 'application/octet-stream']);
    const all = messagesOf((await runCli(['--ports', '8080', SHOP])).stdout);
    const connections = new Set(failed.map(({ id }) => id.split('.')[0]));
    const theirs = all.filter(({ id }) => connections.has(id.split('.')[0]));
    expect(theirs.length).toBeLessThan(all.length);
    expect(bare(await read(bytes))).toEqual(bare(theirs));
  });

  it('they come from the input of each exchange', async () => {
    const page = await open(['--ports', '8080', SHOP, DEMO]);
    const last = page.rows.at(-1) as Row;
    const first = page.rows[0] as Row;
    expect([first.id, last.id]).toEqual([expect.stringMatching(/^1\//), expect.stringMatching(/^2\//)]);
    const { bytes } = await page.save([
      [first.n, first.n],
      [last.n, last.n],
    ]);
    const paths = (await read(bytes)).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([first.path, last.path]));
    // Again, and without anything.
    expect((await page.save([[first.n, last.n]])).bytes.length).toBeGreaterThan(bytes.length);
    expect((await page.save([])).bytes).toHaveLength(28);
  });

  it('they are without the secrets of their TLS', async () => {
    const [pcap, keys] = [join(folder, 'tls.pcap'), join(folder, 'tls.keys')];
    execFileSync(process.execPath, [join(__dirname, '../live/tls-savefile.mjs'), 'TLSv1.3', pcap, keys]);
    const tls = ['--tls-keylog', keys];
    const page = await open(['--ports', '80', ...tls, pcap]);
    const { bytes } = await page.save([[1, page.rows.length]]);
    const text = bytes.toString('latin1');
    for (const line of linesOf(readFileSync(keys, 'utf8'))) expect(text).not.toContain(line.split(' ')[2]);
    expect(await read(bytes)).toEqual([]);
    expect(await read(bytes, ...tls)).toHaveLength(4);
  });

  it('they are not those of another file with its name', async () => {
    const path = join(folder, 'moved.pcap');
    writeFileSync(path, readFileSync(DEMO));
    const page = await open(['--ports', '8080', path]);
    writeFileSync(`${path}2`, readFileSync(SHOP));
    renameSync(`${path}2`, path);
    const { status, bytes } = await page.save([[1, 1]]);
    expect([status, bytes.toString()]).toEqual([500, expect.stringContaining('has changed since it was read')]);
  });

  it.each<[string, string[]]>([
    ['pseudonyms', ['--ports', '8080', '--pseudonymize', DEMO]],
    ['JSON lines', [join(FIXTURES, 'shop.jsonl')]],
  ])('with %s there are none', async (_, args) => {
    const page = await open(args);
    expect(page.rows.length).toBeGreaterThan(0);
    expect([page.offered, (await page.save([[1, 1]])).status]).toEqual([false, 404]);
  });
});

describe('in the server', () => {
  /** As if an engine took its time. */
  class Slow {
    readonly paths = [DEMO];
    readonly asked: string[] = [];
    end: (error?: Error) => void = () => {};
    readonly copy: PacketCopiesOptions['savefiles']['copy'] = (_, connections, file) => {
      this.asked.push(connections.of(0).toString('hex', 0, 1));
      writeFileSync(file, 'all packets');
      return new Promise((resolve, reject) => {
        this.end = (error) =>
          error === undefined ? resolve({ connections: 1, packets: 1, bytes: 11 }) : reject(error);
      });
    };
  }

  const capture = {} as PacketCopiesOptions['capture'];

  async function open(slow: Slow): Promise<string> {
    const packets = new PacketCopies({ savefiles: slow, capture, folder: temporary });
    opened = await openView({ lossless: true, packets });
    opened.write(...exchange('1.1'), ...exchange('2.1'), ...exchange('2.2'), ...exchange('4.1'));
    return opened.logIn();
  }

  it('one request is answered at a time', async () => {
    const slow = new Slow();
    const cookie = await open(slow);
    const { origin } = opened as Opened;
    const first = post(origin, cookie, '/packets', [[2, 4]]);
    await until(() => slow.asked.length === 1);
    // Of the connections 2 and 4.
    expect(slow.asked).toEqual(['14']);
    expect(readdirSync(temporary)).toEqual([]);
    const second = await post(origin, cookie, '/packets', [[1, 1]]);
    expect([second.status, slow.asked.length]).toEqual([409, 1]);
    slow.end();
    expect((await first).bytes.toString()).toBe('all packets');
    const third = post(origin, cookie, '/packets', [[1, 1]]);
    await until(() => slow.asked.length === 2);
    slow.end(new Error('the disk is full'));
    expect([(await third).status, (await third).bytes.toString()]).toEqual([500, 'the disk is full\n']);
  });

  it('a client that goes away, and the end of the page, keep nothing', async () => {
    const slow = new Slow();
    const cookie = await open(slow);
    const { origin, view } = opened as Opened;
    const gone = request(`${origin}/packets`, { method: 'POST', headers: { cookie, ...JSON_TYPE }, agent: false });
    gone.on('error', () => {}).end('[[1,1]]');
    await until(() => slow.asked.length === 1);
    gone.destroy();
    slow.end();
    // The one before may not be over yet.
    const again = async (): Promise<Answer | Error> => {
      const answer = await post(origin, cookie, '/packets', [[1, 1]]).catch((error: Error) => error);
      return 'status' in answer && answer.status === 409 ? again() : answer;
    };
    const cut = again();
    await until(() => slow.asked.length === 2);
    // It does not wait for the engine.
    await view.leave();
    expect(await cut).toBeInstanceOf(Error);
    slow.end();
  });

  it('exchanges that have gone are no reason to leave out a part', async () => {
    const slow = new Slow();
    const cookie = await open(slow);
    const { status } = await post((opened as Opened).origin, cookie, '/packets', [[1, 5]]);
    expect([status, slow.asked]).toEqual([404, []]);
  });

  it('there must be space for them', async () => {
    const path = join(folder, 'large.pcap');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
    const slow = Object.assign(new Slow(), { paths: new Array(100_000).fill(path) });
    const cookie = await open(slow);
    const { status, bytes } = await post((opened as Opened).origin, cookie, '/packets', [[1, 1]]);
    expect([status, bytes.toString()]).toEqual([507, expect.stringContaining('save them with -w FILE')]);
  });
});

it('a page for other machines has none, since nothing in packets is redacted', async () => {
  const tls = join(FIXTURES, '..', '__test__', 'live', 'tls');
  const view = `host=0.0.0.0,certFile=${join(tls, 'cert.pem')},keyFile=${join(tls, 'key.pem')}`;
  const token = 'the-operator-has-chosen-it';
  const page = startCli(['--ports', '8080', DEMO, '--view', view], { VIEW_TOKEN: token });
  child = page;
  let stderr = '';
  page.child.stderr?.on('data', (text) => {
    stderr += text;
  });
  await page.logged('capture stopped');
  const [, port = ''] = /"url":"https:\/\/0\.0\.0\.0:(\d+)/.exec(stderr) ?? [];
  const ask = (path: string, method: string, headers: Record<string, string>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const to = { host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false };
      const sent = requestTls({ ...to, headers: { host: `localhost:${port}`, ...headers } }, (response) => {
        resolve(response.resume());
      });
      sent.on('error', reject).end(method === 'POST' ? '[[1,1]]' : undefined);
    });
  const { headers } = await ask(`/?token=${token}`, 'GET', {});
  const cookie = String(headers['set-cookie']).split(';')[0] as string;
  const statusOf = async (path: string): Promise<number | undefined> =>
    (await ask(path, 'POST', { cookie, ...JSON_TYPE })).statusCode;
  expect([await statusOf('/har'), await statusOf('/packets')]).toEqual([200, 404]);
});

it('a page without them says so', async () => {
  opened = await openView();
  opened.write(...exchange('1.1'));
  const { status, bytes } = await post(opened.origin, await opened.logIn(), '/packets', [[1, 1]]);
  expect([status, bytes.toString()]).toEqual([404, expect.stringContaining('of savefiles on a disk')]);
});

it('an id that has no connection is never taken for one', async () => {
  const copies = new PacketCopies({ savefiles: new Savefiles([DEMO]), capture: {} as never, folder: temporary });
  for (const id of ['', '1', '1-2.1', 'x.1', '1/.1', '99999999999.1'])
    await expect(copies.copy([id])).rejects.toThrow(/connection/);
});

describePage('the button', (session) => {
  it('saves the packets of what the filter shows', { timeout: TIMEOUT_MS }, async () => {
    await session.show(await openCommand(['--ports', '8080', SHOP]));
    const { page } = session;
    await page.getByText('The savefile is read').waitFor();
    const all = messagesOf((await runCli(['--ports', '8080', SHOP])).stdout);
    await page.getByLabel('Filter', { exact: true }).fill('status>=400');
    await page
      .locator('.status')
      .getByText(/^\d+ of \d+ exchanges$/)
      .waitFor();
    const paths = await session.rows().locator('[title]').allInnerTexts();
    expect(paths.length).toBeGreaterThan(0);
    const [download] = await Promise.all([page.waitForEvent('download'), session.button('Save packets').click()]);
    expect(download.suggestedFilename()).toBe('exchanges.pcapng');
    const saved = await read(readFileSync(await download.path()), '--filter', 'status>=400');
    const shown = all.filter(({ id }) => all.some((other) => other.id === id && (other.statusCode ?? 0) >= 400));
    expect(bare(saved)).toEqual(bare(shown));
    expect(saved.flatMap(({ path }) => path ?? [])).toEqual(paths);
    await session.button('Save packets').waitFor();
  });

  it('says why there are none', { timeout: TIMEOUT_MS }, async () => {
    const path = join(folder, 'moved.pcap');
    writeFileSync(path, readFileSync(DEMO));
    await session.show(await openCommand(['--ports', '8080', path]));
    await session.page.getByText('The savefile is read').waitFor();
    rmSync(path);
    session.allow(/500/);
    await session.button('Save packets').click();
    await session.page.getByText(/^Not saved: savefile .* has changed since it was read/).waitFor();
  });

  it('is not there live', { timeout: TIMEOUT_MS }, async () => {
    await session.open();
    await session.button('Save HAR').waitFor();
    await session.page.getByText('eth0').waitFor();
    expect(await session.button('Save packets').count()).toBe(0);
  });
});
