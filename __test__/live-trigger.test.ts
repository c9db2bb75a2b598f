/** The command with a trigger, on real traffic and on a savefile. */

import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../dist/index.js';
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

describeLive('live traffic with a trigger', () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
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
