/** Start, stop, start again, several at once, and everything that keeps a start from happening. */

import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createSniffer, type EngineError, type HttpMessage, type SnifferConfig } from '../dist/index.js';
import {
  CLI,
  describeLive,
  fetchOne,
  linesOf,
  type Server,
  start,
  startServer,
  until,
  withoutCapture,
} from './live/harness.js';

const HOST_PROCESS = join(__dirname, 'live/lifecycle.cjs');
const host = (mode: 'stays' | 'ends', port = 1): string[] => [process.execPath, HOST_PROCESS, mode, String(port)];

function collecting(config: SnifferConfig) {
  const messages: HttpMessage[] = [];
  const sniffer = createSniffer({ interface: 'lo', logLevel: 'silent', ...config });
  sniffer.on('message', (message) => messages.push(message));
  return { sniffer, messages };
}

describeLive('lifecycle', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test('a second start() rejects, and the first goes on', async () => {
    const { sniffer, messages } = collecting({ ports: [server.port] });
    await sniffer.start();
    await expect(sniffer.start()).rejects.toThrow(/running/);
    await fetchOne(server.port, 3);
    await sniffer.stop();
    expect(messages.length).toBe(2);
  });

  test('two start() at once: one wins', async () => {
    const { sniffer } = collecting({ ports: [server.port] });
    const results = await Promise.allSettled([sniffer.start(), sniffer.start()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await sniffer.stop();
  });

  test('stop() never started, twice, and twice at once, resolves; isRunning() follows', async () => {
    const { sniffer } = collecting({ ports: [server.port] });
    await sniffer.stop();
    expect(sniffer.isRunning()).toBe(false);
    await sniffer.start();
    expect(sniffer.isRunning()).toBe(true);
    await Promise.all([sniffer.stop(), sniffer.stop()]);
    expect(sniffer.isRunning()).toBe(false);
    await sniffer.stop();
  });

  test('stop() during start()', async () => {
    const { sniffer } = collecting({ ports: [server.port] });
    const started = sniffer.start();
    await sniffer.stop();
    await started;
    expect(sniffer.isRunning()).toBe(false);
  });

  test('start() after stop() captures again, and nothing of the time between', async () => {
    const { sniffer, messages } = collecting({ ports: [server.port] });
    await sniffer.start();
    await fetchOne(server.port, 3);
    await sniffer.stop();
    await fetchOne(server.port, 5);
    await sniffer.start();
    await fetchOne(server.port, 7);
    await sniffer.stop();
    expect(messages.map(({ path, statusCode }) => path ?? statusCode)).toEqual([
      '/exchange/3?of=live',
      200,
      '/exchange/7?of=live',
      304,
    ]);
  });

  test('two sniffers side by side see what is theirs', async () => {
    const other = await startServer();
    const [a, b] = [collecting({ ports: [server.port] }), collecting({ ports: [other.port] })];
    await Promise.all([a.sniffer.start(), b.sniffer.start()]);
    for (const { port } of [server, other, server]) await fetchOne(port, 3);
    await a.sniffer.stop();
    await fetchOne(other.port, 7);
    await b.sniffer.stop();
    other.stop();
    expect(a.messages.map(({ receiver }) => receiver.port)).toEqual(Array(4).fill(server.port));
    expect(b.messages.map(({ receiver }) => receiver.port)).toEqual(Array(4).fill(other.port));
  });

  test('the process lives while the sniffer runs', async () => {
    const { child, logged, done } = start(host('stays'));
    await logged('capture started');
    await sleep(1500);
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    await done;
  });

  test('the process ends by itself after stop()', { timeout: 10_000 }, async () => {
    const run = await start(host('ends')).done;
    expect({ code: run.code, signal: run.signal }).toEqual({ code: 0, signal: null });
  });

  test('a listener that throws stops neither the others nor the capture', async () => {
    const fromCallback: HttpMessage[] = [];
    const { sniffer, messages } = collecting({
      ports: [server.port],
      onHttpMessage: (message) => void fromCallback.push(message),
    });
    sniffer.prependListener('message', () => {
      throw new Error('from a listener');
    });
    await sniffer.start();
    for (const i of [3, 7]) await fetchOne(server.port, i);
    await sniffer.stop();
    expect(messages.length).toBe(4);
    expect(fromCallback).toEqual(messages);
  });

  test('a panic in the engine becomes an error event, and the process goes on', async () => {
    // Read by the addon when it opens a capture, where it is built with the feature `faults`.
    vi.stubEnv('TCP_SNIFFER_PANIC_AT_PACKET', '3');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { sniffer } = collecting({ ports: [server.port] });
    const failed = once(sniffer, 'error') as Promise<[EngineError]>;
    await sniffer.start();
    await fetchOne(server.port, 3);
    const [error] = await failed;
    expect(error.code).toBe('UNRECOVERABLE');
    expect(error.message).toMatch(/panic/);
    await until(() => !sniffer.isRunning());
    await sniffer.stop();
  });

  test('the default interface is the first that is up and not a loopback', async () => {
    const outside = Object.entries(networkInterfaces()).filter(([, addresses]) =>
      addresses?.some(({ internal }) => !internal),
    );
    const { sniffer } = collecting({ ports: [server.port], interface: '' });
    if (outside.length === 0) {
      await expect(sniffer.start()).rejects.toMatchObject({ code: 'INVALID_INTERFACE' });
      return;
    }
    await sniffer.start();
    await sniffer.stop();
    const { logged, child, done } = start([process.execPath, CLI, '--ports', '80']);
    await logged('capture started');
    child.kill('SIGTERM');
    const line = linesOf((await done).stderr).find((text) => text.includes('capture started')) ?? '{}';
    const { interface: name, loopback } = JSON.parse(line);
    expect(loopback).toBe(false);
    expect(outside.map(([outsideName]) => outsideName)).toContain(name);
  });

  test('a machine with nothing but a loopback has no default interface', async () => {
    const run = await start(['unshare', '--net', process.execPath, CLI, '--ports', '80']).done;
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('INVALID_INTERFACE');
  });

  test('an interface that does not exist: INVALID_INTERFACE with those that do', async () => {
    const { sniffer } = collecting({ ports: [server.port], interface: 'nope0' });
    const error = await sniffer.start().then(undefined, (reason: EngineError) => reason);
    expect(error).toMatchObject({ code: 'INVALID_INTERFACE' });
    expect(error?.message).toContain('nope0');
    expect(error?.message).toMatch(/\blo\b/);
    expect(sniffer.isRunning()).toBe(false);
  });
});

describe('without the right to capture', () => {
  test("CAPTURE_OPEN_FAILED with libpcap's words and the hint", async () => {
    const run = await start(withoutCapture(host('stays'))).done;
    const { code, message } = JSON.parse(run.stdout);
    expect(code).toBe('CAPTURE_OPEN_FAILED');
    expect(message).toMatch(/permission|not permitted/i);
    expect(message).toContain('NET_RAW');
  });

  test('the command ends with 2', async () => {
    const run = await start(withoutCapture([process.execPath, CLI, '--ports', '80', '--interface', 'lo'])).done;
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('NET_RAW');
  });
});
