/** The command with a trigger, on real traffic and on a savefile. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../dist/index.js';
// @ts-expect-error scripts have no types
import { request, response } from '../fixtures/make/http.mjs';
// @ts-expect-error scripts have no types
import { Tape } from '../fixtures/make/tape.mjs';
import { PATIENCE_MS } from '../ts/exchange/unanswered.js';
import { startCollector } from './live/collecting.js';
import { describeLive, FIXTURES, linesOf, messagesOf, type Process, runCli, startCli, until } from './live/harness.js';

const SHOP = ['--read', join(FIXTURES, 'shop.pcap'), '--ports', '8080'];

/** Its ledger, from the log. */
function ledgerOf(stderr: string) {
  return JSON.parse(linesOf(stderr).find((line) => line.includes('capture stopped')) as string);
}

function expectBalance(stderr: string, output: string): void {
  const { engine, outputs } = ledgerOf(stderr);
  const { requests, responses, filtered = 0, untriggered = 0, triggerEvicted = 0, ownMessages = 0 } = engine;
  expect(filtered + untriggered + triggerEvicted + ownMessages + outputs[output].accepted).toBe(requests + responses);
}

describe('a savefile with a trigger', () => {
  const flags = ['--trigger', 'status=5xx', '--before', '1s', '--after', '300ms'];
  // 1.4 fails at 14:03:00.136: 3.1 goes on until 14:02:59.481, and 3.2 begins at 14:03:00.318.
  const expected = ['1.3', '1.4', '2.2', '3.1', '3.2'];

  test('hands on what surrounds it, in every format', async () => {
    const json = await runCli([...SHOP, ...flags]);
    expect([...new Set(messagesOf(json.stdout).map(({ id }) => id))].sort()).toEqual(expected);
    expectBalance(json.stderr, 'stdout');
    const har = await runCli([...SHOP, ...flags, '--format', 'har']);
    expect(JSON.parse(har.stdout).log.entries).toHaveLength(expected.length);
    const text = await runCli([...SHOP, ...flags, '--format', 'text']);
    for (const id of expected) expect(text.stdout).toMatch(new RegExp(` ${id.replace('.', '\\.')}$`, 'm'));
    expect(text.stdout).not.toMatch(/ 1\.6$/m);
  });

  test('sums up what comes out', async () => {
    const { stderr } = await runCli([...SHOP, ...flags, '--summary']);
    expect(stderr).toMatch(/^messages +20; no trigger came for: 10$/m);
    expect(stderr).toMatch(/^exchanges +5$/m);
  });

  test('adds triggers up, a variable too', async () => {
    const idsWith = async (args: string[], env = {}): Promise<string[]> => {
      const run = await runCli([...SHOP, '--before', '0', '--after', '0', ...args], { env });
      expect(run.code, run.stderr).toBe(0);
      return [...new Set(messagesOf(run.stdout).map(({ id }) => id))];
    };
    expect(await idsWith(['--trigger', 'status=5xx', '--trigger', 'id=1.1', '--trigger', 'signal'])).toEqual([
      '1.1',
      '1.4',
    ]);
    expect(await idsWith([], { TRIGGER: 'status=404' })).toEqual(['1.3']);
    expect(await idsWith(['--trigger', 'signal'])).toEqual([]);
  });
});

describe('a connection that ends without a response', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-trigger-'));
  const path = join(folder, 'lost.pcap');
  afterAll(() => rmSync(folder, { recursive: true }));

  /** 4 000 exchanges in 400 s, and one request whose connection is closed in their middle. */
  function save(): void {
    const tape = new Tape({});
    const host = ['Host', 'shop.test'];
    const open = (port: number) =>
      tape.connection({ client: `192.0.2.10:${port}`, server: '198.51.100.80:8080' }).open();
    const busy = open(20_000);
    const lost = open(20_001);
    for (let n = 0; n < 4_000; n++) {
      if (n === 1_850) lost.send(request('GET', '/lost', { headers: [host] }));
      if (n === 2_000) lost.close('server');
      busy.exchange(request('GET', `/${n}`, { headers: [host] }), response(200, 'OK', { headers: [], body: 'tea' }));
      tape.wait(100);
    }
    writeFileSync(path, tape.toSavefile());
  }

  test('is a trigger at its end, wherever that falls in the reading', { timeout: 60_000 }, async () => {
    save();
    const flags = ['--read', path, '--ports', '8080', '--trigger', 'status=none', '--before', '2s', '--after', '1s'];
    const { stdout, stderr } = await runCli(flags);
    const { engine } = ledgerOf(stderr);
    expect(engine).toMatchObject({ triggers: 1 });
    expect(engine).not.toHaveProperty('triggerWindowsCut');
    const messages = messagesOf(stdout);
    const answered = messages.flatMap(({ direction, request: asked }) =>
      direction === 'response' ? [Number(asked?.path.slice(1))] : [],
    );
    expect(messages.filter(({ path: target }) => target === '/lost')).toHaveLength(1);
    expect(messages).toHaveLength(2 * answered.length + 1);
    // An exchange takes 0.1 s.
    const [first = 0, last = 0] = [Math.min(...answered), Math.max(...answered)];
    expect(answered).toHaveLength(last - first + 1);
    expect(first).toBeGreaterThan(1_975);
    expect(first).toBeLessThan(1_985);
    expect(last).toBeGreaterThan(2_005);
    expect(last).toBeLessThan(2_015);
    expectBalance(stderr, 'stdout');
  });
});

describeLive('live traffic with a trigger', () => {
  let server: Server;
  let port = 0;
  /** Connections whose request is not answered. */
  const hung: Socket[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/hang') {
        hung.push(request.socket);
        return;
      }
      response.statusCode = request.url?.startsWith('/fail') === true ? 500 : 200;
      response.end(`to ${request.url}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  async function ask(path: string): Promise<void> {
    const [response] = await once(get({ host: '127.0.0.1', port, path, agent: false }), 'response');
    response.resume();
    await once(response, 'end');
  }

  const startOn = async (...args: string[]): Promise<Process> => {
    const command = startCli(['--ports', `${port}`, '--interface', 'lo', ...args]);
    await command.logged('capture started');
    return command;
  };

  const pathsOf = (messages: readonly HttpMessage[]): Set<string> =>
    new Set(messages.map(({ path, request }) => path ?? request?.path ?? ''));

  test('hands on what another capture says was under way around a 500', { timeout: 60_000 }, async () => {
    const all = await startOn();
    let seen = '';
    all.child.stdout?.on('data', (text) => {
      seen += text;
    });
    const some = await startOn('--trigger', 'status=5xx', '--before', '500ms', '--after', '300ms');
    for (let i = 0; i < 60; i++) {
      await ask(i === 30 ? '/fail' : `/ok/${i}`);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await until(() => seen.includes('"to /ok/59"'), 30_000);
    for (const { child } of [all, some]) child.kill('SIGTERM');
    const [whole, run] = await Promise.all([all.done, some.done]);
    const byPath = new Map<string, [begin: number, end: number]>();
    for (const { direction, timestamp, latencyMs = 0, durationMs = 0, path, request } of messagesOf(whole.stdout)) {
      if (direction === 'request') continue;
      const ms = Date.parse(timestamp);
      byPath.set(path ?? request?.path ?? '', [ms - latencyMs, ms + durationMs]);
    }
    expect(byPath.size).toBe(60);
    const [, at] = byPath.get('/fail') as [number, number];
    const wanted = [...byPath].filter(([, [begin, end]]) => begin <= at + 300 && end >= at - 500).map(([path]) => path);
    expect(wanted.length).toBeGreaterThan(1);
    expect(wanted.length).toBeLessThan(60);
    const messages = messagesOf(run.stdout);
    expect([...pathsOf(messages)].sort()).toEqual(wanted.sort());
    expect(messages).toHaveLength(2 * wanted.length);
    expectBalance(run.stderr, 'stdout');
  });

  test('posts it', { timeout: 60_000 }, async () => {
    const collector = await startCollector();
    try {
      const args = ['--trigger', 'status=5xx', '--before', '0', '--after', '60s', '--output-url', collector.url];
      const command = await startOn(...args);
      await ask('/before');
      // Not in the same millisecond.
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const path of ['/fail', '/after']) await ask(path);
      await command.logged('a trigger');
      // Messages that were captured before the signal come out.
      command.child.kill('SIGTERM');
      const { stderr, code } = await command.done;
      expect(code, stderr).toBe(0);
      const { received } = await collector.report();
      const messages = received.map(({ body }) => JSON.parse(body) as HttpMessage);
      expect([...pathsOf(messages)].sort()).toEqual(['/after', '/fail']);
      expect(messages).toHaveLength(4);
      expectBalance(stderr, 'http');
    } finally {
      await collector.stop();
    }
  });

  test('a connection that ends without a response is a trigger at once', { timeout: 60_000 }, async () => {
    const command = await startOn('--trigger', 'status=none', '--before', '60s');
    await ask('/before');
    const asking = get({ host: '127.0.0.1', port, path: '/hang', agent: false });
    asking.on('error', () => {});
    await until(() => hung.length > 0, 30_000);
    hung.pop()?.destroy();
    await command.logged('a trigger');
    command.child.kill('SIGTERM');
    const { stdout, stderr, code } = await command.done;
    expect(code, stderr).toBe(0);
    const messages = messagesOf(stdout);
    expect([...pathsOf(messages)].sort()).toEqual(['/before', '/hang']);
    const { timestamp = '' } = messages.find(({ path }) => path === '/hang') ?? {};
    const { at } = JSON.parse(linesOf(stderr).find((line) => line.includes('a trigger')) as string);
    // Otherwise it is a trigger after that.
    expect(Date.parse(at) - Date.parse(timestamp)).toBeLessThan(PATIENCE_MS);
    expect(ledgerOf(stderr).engine).toMatchObject({ triggers: 1 });
  });

  test('a SIGUSR2 is a trigger', { timeout: 60_000 }, async () => {
    const command = await startOn('--trigger', 'signal', '--before', '60s');
    await ask('/one');
    command.child.kill('SIGUSR2');
    await command.logged('a trigger');
    await ask('/two');
    command.child.kill('SIGTERM');
    const { stdout, stderr, code } = await command.done;
    expect(code, stderr).toBe(0);
    expect([...pathsOf(messagesOf(stdout))].sort()).toEqual(['/one', '/two']);
    expect(ledgerOf(stderr).engine).toMatchObject({ triggers: 1 });
  });
});
