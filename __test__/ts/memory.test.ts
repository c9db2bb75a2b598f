// The memory of each output for large lines that it cannot get rid of: fifty a second of 6 MB, for some seconds, in a process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECONDS = 4;
const DRAIN_MS = 1_000;
/** Without an output it is some 110: Node, the addon's stand-in, the rooms of the batches. */
const MOST_MIB = 210;

it.each([
  ['a HAR file', ['--har', join(folder, 'large.har')]],
  ['a stdout that nobody reads', ['--output-stdout']],
  ['a URL that never answers', ['--output-url', 'URL']],
  ['a URL that never answers, batches', ['--output-url', 'URL', '--output-batch', 'gzip']],
])('%s takes no more than its part, and ends', { timeout: 60_000 }, async (_name, output) => {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const args = ['--ports', '80', '--interface', 'huge', '--drain-timeout-ms', String(DRAIN_MS)];
  const cli = join(process.env.TEST_DIST as string, 'cli.js');
  const child = spawn(process.execPath, [cli, ...args, ...output.map((text) => text.replace('URL', url))]);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const exited = once(child, 'exit');
  try {
    while (!log.includes('capture started')) await sleep(20);
    await sleep(SECONDS * 1_000);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    child.kill('SIGTERM');
    await exited;
    expect(Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1]) / 1_024).toBeLessThan(MOST_MIB);
    const { outputs } = JSON.parse(log.split('\n').find((line) => line.includes('capture stopped')) ?? '{}');
    const [[, { accepted, delivered, dropped, waiting = 0 }]] = Object.entries<Record<string, number>>(outputs).filter(
      ([name]) => name !== 'callback',
    ) as [[string, Record<string, number>]];
    expect(accepted).toBeGreaterThan(0);
    expect((delivered ?? 0) + (dropped ?? 0) + waiting).toBe(accepted);
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
});
