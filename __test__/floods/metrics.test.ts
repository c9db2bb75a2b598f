// Probes and scrapes of the sidecar and of the injector while others keep connections and say nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../injector/process';
import { Flood, kindOf, PLAIN } from './flood';

const ENDLESS = ['nothing at all', 'half a head', 'an answer and then nothing'];

let port: number;
let child: ChildProcess;
let flood: Flood;
afterEach(() => {
  flood.close();
  child.kill('SIGKILL');
});

/** In a process of its own, whose scrapes have so many bytes. */
async function start(bytes = 10_000): Promise<void> {
  [port] = await freePorts();
  flood = new Flood();
  const script = `
    const { MetricsServer } = require(${JSON.stringify(join(process.env.TEST_DIST as string, 'http-server', 'server.js'))});
    const text = () => 'x'.repeat(${bytes});
    const server = new MetricsServer({ port: ${port}, host: '', text, isHealthy: () => true, isReady: () => true });
    server.listen().then(() => console.log('listening'));
    setInterval(() => {}, 1_000);`;
  child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
}

/** The status, or what went wrong. */
function ask(path: string): Promise<number | string> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', (error) => resolve(error.message))
      .end();
  });
}

describe.each(Object.entries(PLAIN))('%s', (name, kind) => {
  it.each([64, 600])('%i connections', async (count) => {
    await start();
    await flood.open(count, port, kind);
    for (const path of ['/healthz', '/readyz', '/metrics', '/healthz']) expect(await ask(path)).toBe(200);
    // All at one time, as many as there may be.
    const together = await Promise.all(['/metrics', '/healthz', '/readyz'].map((path) => ask(path)));
    expect(together).toEqual([200, 200, 200]);
  });

  it.runIf(ENDLESS.includes(name))('connections that come without end', async () => {
    await start();
    let more = true;
    const endless = (async () => {
      while (more) {
        await flood.open(10, port, kind);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const answers: (number | string)[] = [];
    for (let round = 0; round < 10; round++) {
      answers.push(await ask('/healthz'), await ask('/readyz'));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    more = false;
    await endless;
    expect(answers.filter((answer) => answer !== 200)).toEqual([]);
  });
});

it('none of them stays', async () => {
  await start();
  // Who reads nothing does not see its end.
  const kinds = Object.entries(PLAIN).filter(([name]) => name !== 'scrapes that nobody takes');
  for (const [, kind] of kinds) await flood.open(5, port, kind);
  await expect.poll(() => flood.ended, { timeout: 15_000 }).toBe(kinds.length * 5);
});

it('3000 connections', async () => {
  await start();
  await flood.open(3_000, port, kindOf('nothing at all'));
  for (const path of ['/healthz', '/readyz', '/metrics']) expect(await ask(path)).toBe(200);
});

it('probes go on where scrapes fill what there is for scrapes, and the text is large', async () => {
  // More than the kernel buffers.
  await start(5_000_000);
  await flood.open(12, port, kindOf('scrapes that nobody takes'));
  for (const path of ['/healthz', '/readyz']) expect(await ask(path)).toBe(200);
});

it('answers one request a connection, whatever else is asked on it', async () => {
  await start();
  const answers = await Promise.all(['/healthz', '/metrics'].map((path) => fetch(`http://127.0.0.1:${port}${path}`)));
  for (const answer of answers) expect(answer.headers.get('connection')).toBe('close');
});
