/** Each program of examples/node/ as a user runs it who has copied it, against real servers on loopback. */

import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { HttpMessage } from '../dist/index.js';
import { ROOT } from './docs/blocks.js';
import { furnish } from './docs/stage.js';
import { describeLive, FIXTURES, linesOf, type Process, start, startCli } from './live/harness.js';
import { freePort } from './ports.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-examples-'));
furnish(folder);
cpSync(join(ROOT, 'examples', 'node'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const running: Process[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

function run(name: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Process {
  const process_ = start([process.execPath, join(folder, name), ...args], env);
  running.push(process_);
  return process_;
}

/** Ctrl-C; it has to end well by itself. */
async function interrupt({ child, done }: Process): Promise<string> {
  child.kill('SIGINT');
  const { code, stdout, stderr } = await done;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function until<Value>(look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The text that the example has printed so far. */
function printed({ child }: Process): () => string {
  let output = '';
  child.stdout?.on('data', (text) => {
    output += text;
  });
  return () => output;
}

async function serve(): Promise<number> {
  const server = createServer((_, response) => response.end('{"ok":true}')).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const get = (port: number, path: string): Promise<string | undefined> =>
  fetch(`http://127.0.0.1:${port}${path}`).then(
    (response) => response.text(),
    () => undefined,
  );

test('there is a test for each', () => {
  const tests = readFileSync(__filename, 'utf8');
  const names = readdirSync(join(ROOT, 'examples', 'node')).filter((name) => name.endsWith('.mjs'));
  expect(names.filter((name) => !tests.includes(`'${name}'`))).toEqual([]);
});

test('slow-endpoints.mjs: a savefile', async () => {
  const { done } = run('slow-endpoints.mjs', ['8080', join(FIXTURES, 'shop.pcap')]);
  const { code, stdout, stderr } = await done;
  expect(code, stderr).toBe(0);
  const rows = linesOf(stdout).flatMap((line) => /'(\w+ \/\S*)'\s*│ (\d+)/.exec(line)?.slice(1, 3) ?? []);
  expect(rows.slice(0, 4)).toEqual(['GET /reports/daily', '2', 'POST /orders', '2']);
  expect(rows).toContain('GET /products/:n');
});

describeLive('live', () => {
  test('console.mjs', async () => {
    const port = await serve();
    const example = run('console.mjs', [String(port), 'lo']);
    const output = printed(example);
    await until(async () => {
      await get(port, '/hello');
      return output().includes('/hello') || undefined;
    });
    expect(await interrupt(example)).toMatch(/^\S+Z 127\.0\.0\.1 GET \/hello 200 [\d.]+ ms$/m);
  });

  test('slow-endpoints.mjs: live', async () => {
    const port = await serve();
    const example = run('slow-endpoints.mjs', [String(port)], { INTERFACE: 'lo' });
    const output = printed(example);
    await until(() => output().includes('watching') || undefined);
    for (let i = 0; i < 5; i++) await get(port, `/item/${i}`);
    expect(await interrupt(example)).toMatch(/'GET \/item\/:n' *│ 5 /);
  });

  test('express-app.mjs', async () => {
    const port = await freePort();
    const example = run('express-app.mjs', [], { PORT: String(port) });
    await until(() => get(port, '/hello'));
    const posted = await fetch(`http://127.0.0.1:${port}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"item":"tea"}',
    });
    expect(posted.status).toBe(201);
    const traffic = await until(async () => {
      const seen = JSON.parse((await get(port, '/traffic')) ?? '[]') as { path: string }[];
      return seen.some(({ path }) => path === '/orders') ? seen : undefined;
    });
    expect(traffic.at(-1)).toMatchObject({
      method: 'POST',
      path: '/orders',
      statusCode: 201,
      body: '{"order":1,"item":"tea"}',
    });
    expect(traffic.some(({ path }) => path === '/traffic')).toBe(false);
    await interrupt(example);
  });
});

test('collector.mjs: one message a POST and batches; who has no token gets nothing in', async () => {
  const FILE = join(folder, 'collected.jsonl');
  const OUTPUT_URL_AUTH_TOKEN = 'a-token';
  const example = run('collector.mjs', [], { PORT: '0', FILE, OUTPUT_URL_AUTH_TOKEN });
  const output = printed(example);
  const url = await until(() => /http:\S+/.exec(output())?.[0]);
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
  const headers = { authorization: `Bearer ${OUTPUT_URL_AUTH_TOKEN}` };
  expect((await fetch(url, { headers })).status).toBe(405);
  expect((await fetch(url, { method: 'POST', headers, body: 'no JSON' })).status).toBe(400);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const unpacked = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: bomb,
  });
  expect(unpacked.status).toBe(400);

  const read = ['--read', join(FIXTURES, 'shop.pcap'), '--ports', '8080', '--output-url', url];
  for (const more of [[], ['--output-batch', 'gzip']]) {
    const { done } = startCli([...read, ...more], { OUTPUT_URL_AUTH_TOKEN });
    expect((await done).code).toBe(0);
  }
  await interrupt(example);
  const lines = linesOf(readFileSync(FILE, 'utf8'));
  const expected = linesOf(readFileSync(join(FIXTURES, 'shop.jsonl'), 'utf8'));
  expect(lines.length).toBe(2 * expected.length);
  const paths = new Set(lines.map((line) => (JSON.parse(line) as HttpMessage).path));
  expect(paths).toContain('/products/43');
});
