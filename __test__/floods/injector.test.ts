// The webhook and the probes of the injector while others keep connections and say nothing.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Client, clientOf } from '../injector/client';
import { INJECTED } from '../injector/pods';
import type { InjectorProcess } from '../injector/process';
import { reviewOf } from '../injector/rig';
import { startServing } from '../injector/serving';
import { Flood, kindOf, secure } from './flood';

const REVIEW = JSON.stringify(reviewOf(INJECTED[0]?.pod));
/** The limit of the injector's container. */
const MEMORY_BYTES = 192 * 2 ** 20;

vi.setConfig({ testTimeout: 60_000 });

let injector: InjectorProcess;
let ca: string;
let client: Client;
let flood: Flood;
beforeAll(async () => {
  ({ injector, ca } = await startServing({ NODE_OPTIONS: '--max-old-space-size=96' }));
  client = clientOf(injector.port, ca, false);
});
beforeEach(() => {
  flood = new Flood();
});
afterEach(() => flood.close());
afterAll(() => {
  injector.child.kill('SIGKILL');
});

async function expectServed(): Promise<void> {
  for (const path of ['/healthz', '/readyz', '/metrics']) expect((await injector.health(path)).status).toBe(200);
  // On a busy machine the handshakes of a flood take seconds, and a review that waits for them may be refused as too slow (408).
  await expect.poll(async () => (await client.post(REVIEW)).status, { timeout: 50_000 }).toBe(200);
  const status = readFileSync(`/proc/${injector.child.pid}/status`, 'utf8');
  expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024).toBeLessThan(MEMORY_BYTES);
}

describe.each(Object.entries(secure(REVIEW)))('the webhook: %s', (_, kind) => {
  it('600 connections', async () => {
    await flood.open(600, injector.port, kind);
    await expectServed();
    // When their handshakes are done, too.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await expectServed();
  });
});

it.each(['nothing at all', 'half a head', 'scrapes that nobody takes'])('the health port: %s', async (name) => {
  await flood.open(600, injector.healthPort, kindOf(name));
  await expectServed();
});

it('both ports at one time, 3000 connections each', async () => {
  const silent = kindOf('nothing at all');
  await Promise.all([flood.open(3_000, injector.port, silent), flood.open(3_000, injector.healthPort, silent)]);
  await expectServed();
});

describe('who keeps a connection', () => {
  /** The local port of the one connection that the agent keeps. */
  function review(agent: Agent): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent,
        host: '127.0.0.1',
        port: injector.port,
        method: 'POST',
        path: '/mutate',
        headers: { 'content-type': 'application/json' },
      });
      outgoing.on('error', reject).on('response', (response) => {
        const { localPort } = response.socket;
        response.resume().on('end', () => resolve(localPort));
      });
      outgoing.end(REVIEW);
    });
  }

  it.each(['no hello', 'TLS and then nothing', 'half a request line', 'half a body'])(
    'keeps it, where 600 others say: %s',
    async (name) => {
      const kind = kindOf(name, secure(REVIEW));
      const agent = new Agent({ keepAlive: true, ca, maxSockets: 1 });
      const port = await review(agent);
      await flood.open(600, injector.port, kind);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await review(agent)).toBe(port);
      agent.destroy();
    },
  );
});

it('what is ended for its silence is counted, and not as a handshake that failed too', async () => {
  const counted = async () => {
    const text = await (await injector.health('/metrics')).text();
    const of = (reason: string) =>
      Number(new RegExp(`connections_failed_total\\{reason="${reason}"\\} (\\d+)`).exec(text)?.[1]);
    return { limit: of('limit'), handshake: of('handshake') };
  };
  // Connections of the tests before may still be ending.
  let before = await counted();
  for (let last = -1; last !== before.handshake + before.limit; before = await counted()) {
    last = before.handshake + before.limit;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  await flood.open(500, injector.port, kindOf('no hello', secure(REVIEW)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const after = await counted();
  expect(after.limit - before.limit).toBe(500 - 192);
  expect(after.handshake).toBe(before.handshake);
});
