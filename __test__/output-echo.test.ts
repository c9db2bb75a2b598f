/** Our own POSTs are never messages, though the collector listens on a port that is captured; nobody hides as one of them. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Collector, startCollector } from './live/collecting.js';
import { describeLive, messagesOf, startCli } from './live/harness.js';
import { expectBalance, loggedLedger, type Pacer, startPacer } from './live/paced.js';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function parts(actions?: string[]): Promise<{ pacer: Pacer; collector: Collector }> {
  const pacer = await startPacer(100);
  const collector = await startCollector(actions);
  stops.push(
    () => pacer.stop(),
    () => collector.stop(),
  );
  return { pacer, collector };
}

async function sniff(ports: number[], url: string, more: string[] = []) {
  const command = startCli(['--ports', ports.join(), '--interface', 'lo', '--output-url', url, ...more]);
  await command.logged('capture started');
  const stop = async () => {
    command.child.kill('SIGTERM');
    const run = await command.done;
    expect(run.code, run.stderr).toBe(0);
    const ledger = loggedLedger(run.stderr);
    expectBalance(ledger);
    return { ...ledger, stdout: run.stdout };
  };
  return { stop };
}

describeLive('no echo', () => {
  test.each([
    ['a POST a message', []],
    ['batches', ['--output-batch', 'maxDelayMs=100']],
  ])('on lo, with the collector on a watched port: %s', { timeout: 30_000 }, async (_, more) => {
    const { pacer, collector } = await parts();
    const { stop } = await sniff([pacer.port, collector.port], collector.url, more);
    const exchanges = await pacer.run(2);
    await sleep(500);
    const ledger = await stop();
    const { received } = await collector.report();
    expect(received.flatMap(({ body }) => body.trimEnd().split('\n'))).toHaveLength(2 * exchanges);
    expect(received.some(({ body }) => body.includes('/in?key='))).toBe(false);
    expect(ledger.outputs.http).toMatchObject({ delivered: 2 * exchanges, dropped: 0 });
    // Both halves of every POST, but for those whose capture the end cut off.
    expect(ledger.engine.ownMessages).toBeGreaterThan(received.length);
  });

  test('failed attempts and redirects neither', { timeout: 30_000 }, async () => {
    const { pacer, collector } = await parts(['307', '200']);
    const { stop } = await sniff([pacer.port, collector.port], collector.url);
    const exchanges = await pacer.run(1);
    await sleep(1_500);
    const ledger = await stop();
    const { received } = await collector.report();
    expect(received).toHaveLength(4 * exchanges);
    expect(ledger.outputs.http).toMatchObject({ accepted: 2 * exchanges, delivered: 2 * exchanges });
  });

  test('through a proxy on a watched port', { timeout: 30_000 }, async () => {
    const { pacer, collector } = await parts();
    const proxy = fork(join(__dirname, 'live/forwarder.mjs'), [String(collector.port)]);
    stops.push(() => proxy.disconnect());
    const [{ port }] = (await once(proxy, 'message')) as [{ port: number }];
    const { stop } = await sniff([pacer.port, collector.port, port], `http://127.0.0.1:${port}/in`);
    const exchanges = await pacer.run(2);
    await sleep(500);
    const ledger = await stop();
    expect((await collector.report()).received).toHaveLength(2 * exchanges);
    expect(ledger.outputs.http).toMatchObject({ accepted: 2 * exchanges, delivered: 2 * exchanges });
  });

  test('several sniffers on one host do not report each other', { timeout: 30_000 }, async () => {
    const { pacer, collector } = await parts();
    const ports = [pacer.port, collector.port];
    const sniffers = [await sniff(ports, collector.url), await sniff(ports, collector.url)];
    const exchanges = await pacer.run(2);
    await sleep(500);
    for (const { stop } of sniffers) {
      const { outputs } = await stop();
      expect(outputs.http).toMatchObject({ accepted: 2 * exchanges, delivered: 2 * exchanges });
    }
    expect((await collector.report()).received).toHaveLength(4 * exchanges);
  });

  test('a marker, guessed or copied, hides nothing that does not go to the URL', { timeout: 30_000 }, async () => {
    const { pacer, collector } = await parts();
    const elsewhere = await startCollector();
    stops.push(() => elsewhere.stop());
    const ports = [pacer.port, collector.port, elsewhere.port];
    const { stop } = await sniff(ports, collector.url, ['--output-stdout']);
    const exchanges = await pacer.run(0.5);
    await sleep(500);
    const [post] = (await collector.report()).received;
    const copied = post?.headers['tcp-sniffer-output'] ?? '';
    expect(copied).toMatch(/^\d+\.\d+\.\d+ [0-9a-f]{16}$/);
    const { host = '' } = new URL(collector.url);
    let count = 0;
    for (const marker of [copied, '0.1.0', '0.1.0 0123456789abcdef']) {
      for (const [port, path, name] of [
        [collector.port, '/other', host],
        [collector.port, '/in', host],
        [collector.port, '/in?key=hunter2-url', 'other.example'],
        [elsewhere.port, '/in?key=hunter2-url', host],
        [elsewhere.port, '/in?key=hunter2-url', `127.0.0.1:${elsewhere.port}`],
      ] as const) {
        const headers = { 'tcp-sniffer-output': marker, host: name, 'x-number': String(count++) };
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false });
        sent.end(`hidden ${count}`);
        (await once(sent, 'response'))[0].resume();
      }
    }
    await sleep(1_000);
    const { engine, stdout } = await stop();
    const messages = messagesOf(stdout);
    const numbers = messages.flatMap(({ headers }) => headers['x-number'] ?? []);
    expect(numbers.sort()).toEqual(Array.from({ length: count }, (_, number) => String(number)).sort());
    expect(messages).toHaveLength(2 * (exchanges + count));
    expect(engine.falselyMarked).toBe(2 * count);
  });
});
