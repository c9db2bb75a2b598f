/** The main job on real traffic: 10 000 exchanges of every kind come out once, paired and whole; and soon. */

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSniffer, type HttpMessage } from '../dist/index.js';
import {
  describeLive,
  expectPlan,
  fetchOne,
  messagesOf,
  runClient,
  type Server,
  startCli,
  startServer,
  until,
} from './live/harness.js';

const EXCHANGES = 10_000;
const SOCKETS = 8;

describeLive('real server, real client', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test('10 000 exchanges through the library', { timeout: 120_000 }, async () => {
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [server.port], interface: 'lo', logLevel: 'warn' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    await runClient(server.port, 0, EXCHANGES, SOCKETS);
    await sniffer.stop();
    expectPlan(messages, server.port, 0, EXCHANGES);
  });

  test('10 000 exchanges through the command', { timeout: 120_000 }, async () => {
    const command = startCli(['--ports', String(server.port), '--interface', 'lo']);
    await command.logged('capture started');
    await runClient(server.port, 0, EXCHANGES, SOCKETS);
    command.child.kill('SIGTERM');
    const run = await command.done;
    expect({ code: run.code, signal: run.signal }).toEqual({ code: 0, signal: null });
    expectPlan(messagesOf(run.stdout), server.port, 0, EXCHANGES);
  });

  test('any: the same traffic is seen once', async () => {
    const messages: HttpMessage[] = [];
    const sniffer = createSniffer({ ports: [server.port], interface: 'any', logLevel: 'warn' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    await runClient(server.port, 0, 50, 2);
    await sniffer.stop();
    expectPlan(messages, server.port, 0, 50);
  });

  test('a connection that was there before the sniffer is picked up', async () => {
    const messages: HttpMessage[] = [];
    const socket = connect(server.port, '127.0.0.1');
    const ask = async (i: number): Promise<void> => {
      socket.write(`DELETE /exchange/${i}?of=live HTTP/1.1\r\nHost: x\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
    };
    await ask(6);
    const sniffer = createSniffer({ ports: [server.port], interface: 'lo', logLevel: 'warn' });
    sniffer.on('message', (message) => messages.push(message));
    await sniffer.start();
    await ask(16);
    await sniffer.stop();
    socket.destroy();
    expect(messages.map(({ path, statusCode }) => path ?? statusCode)).toEqual(['/exchange/16?of=live', 204]);
  });

  // 150 ms is the product's promise. A busy machine may delay a message, but not each of so many.
  test('a lone message reaches the callback within 150 ms', async () => {
    let cameAt: number | undefined;
    const onHttpMessage = ({ direction }: HttpMessage): void => {
      if (direction === 'response') cameAt = performance.now();
    };
    const sniffer = createSniffer({ ports: [server.port], interface: 'lo', onHttpMessage, logLevel: 'warn' });
    await sniffer.start();
    let least = Number.POSITIVE_INFINITY;
    for (let sample = 0; sample < 50 && least > 150; sample++) {
      cameAt = undefined;
      await fetchOne(server.port, 3);
      const answeredAt = performance.now();
      await until(() => cameAt !== undefined);
      least = Math.min(least, (cameAt ?? Number.POSITIVE_INFINITY) - answeredAt);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await sniffer.stop();
    expect(least).toBeLessThanOrEqual(150);
  });
});
