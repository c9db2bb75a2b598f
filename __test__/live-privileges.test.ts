/** The command gives the right to capture up once it captures, in every thread, and goes on capturing. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLI, describeLive, fetchOne, linesOf, type Server, start, startServer } from './live/harness.js';

/** NET_ADMIN and NET_RAW. */
const GIVEN_UP = (1n << 12n) | (1n << 13n);
/** Inheritable, permitted, effective, ambient. The bounding set grants nothing by itself. */
const SETS = /^Cap(Inh|Prm|Eff|Amb):\s*(\w+)$/gm;

/** The sets of each thread that has any of it. */
function holders(pid: number | undefined): string[] {
  const found: string[] = [];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    let status: string;
    try {
      status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    } catch {
      continue; // It has ended.
    }
    for (const [line, , bits] of status.matchAll(SETS)) {
      if ((BigInt(`0x${bits}`) & GIVEN_UP) !== 0n) found.push(`${thread} ${line}`);
    }
  }
  return found;
}

const EXCHANGES = 5;

/** Root without root's privileges: NET_RAW is ambient, as the image's launcher leaves it, and that is all. */
const NET_RAW_ONLY = ['--inh-caps', '-all,+net_raw', '--ambient-caps', '-all,+net_raw', '--securebits', '+noroot'];

describeLive('the right to capture', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test.each([
    ['root', []],
    ['NET_RAW alone', ['setpriv', ...NET_RAW_ONLY]],
  ])('is given up in every thread, and messages still come: %s', async (_, prefix) => {
    const sniffer = start([...prefix, process.execPath, CLI, '--ports', `${server.port}`, '--interface', 'lo']);
    const { pid } = sniffer.child;
    await sniffer.logged('capture started');
    await expect.poll(() => holders(pid), { timeout: 5000 }).toEqual([]);
    for (let i = 0; i < EXCHANGES; i++) await fetchOne(server.port, 10 * i + 3);
    // Also not in threads that were started since.
    expect(holders(pid)).toEqual([]);
    sniffer.child.kill('SIGTERM');
    const { code, stdout, stderr } = await sniffer.done;
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('"level":"warn"');
    const responses = linesOf(stdout).filter((line) => JSON.parse(line).direction === 'response');
    expect(responses.length).toBe(EXCHANGES);
  });

  test('is kept with KEEP_NET_RAW', async () => {
    const words = [process.execPath, CLI, '--ports', `${server.port}`, '--interface', 'lo'];
    const sniffer = start(words, { KEEP_NET_RAW: 'true' });
    await sniffer.logged('capture started');
    await fetchOne(server.port, 3);
    expect(holders(sniffer.child.pid)).not.toEqual([]);
    sniffer.child.kill('SIGTERM');
    expect((await sniffer.done).code).toBe(0);
  });

  test('a library leaves its host process as it is', async () => {
    const script = `
      const { createSniffer } = require(${JSON.stringify(join(CLI, '../index.js'))});
      const sniffer = createSniffer({ ports: [${server.port}], interface: 'lo', outputStdout: true, handleSignals: true });
      sniffer.start();`;
    const host = start([process.execPath, '--eval', script]);
    await host.logged('capture started');
    await fetchOne(server.port, 3);
    expect(holders(host.child.pid)).not.toEqual([]);
    host.child.kill('SIGTERM');
    await host.done;
  });
});
