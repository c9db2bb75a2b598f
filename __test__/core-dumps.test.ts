/** The kernel writes no core of the command while it has a key log, whatever the limit; so no secret gets into one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLI, FIXTURES } from './live/harness.js';

const PATIENCE_MS = 30_000;
/** The first 2 MiB of a core say that there is one. */
const SHELL = 'ulimit -c 2048; "$@" & echo "$!"; wait "$!"; kill -l "$?"';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-core-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts a program, aborts it once it has said a word on stderr, and returns what the shell says of its end. */
async function aborted(words: string[], word: string): Promise<string> {
  const shell = spawn('bash', ['-c', SHELL, 'bash', ...words], { cwd: folder });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    shell[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const closed = once(shell, 'close');
  await expect.poll(() => said.stderr, { timeout: PATIENCE_MS }).toContain(word);
  process.kill(Number.parseInt(said.stdout, 10), 'SIGABRT');
  await closed;
  expect(said.stdout).toMatch(/\nABRT\n$/);
  return said.stderr;
}

function command(...flags: string[]): Promise<string> {
  const read = ['--read', join(FIXTURES, 'plain.pcap'), '--ports', '80', '--follow', ...flags];
  return aborted([process.execPath, CLI, ...read], 'capture started');
}

/** Of a process that lets itself be dumped: does this machine do it, into the folder or to a program? */
const DUMPED = 'core dumped';

test('a process with a key log leaves no core, others do', { timeout: 4 * PATIENCE_MS }, async ({ skip }) => {
  const plain = await command();
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  skip(!plain.includes(DUMPED), `this machine makes no cores (core_pattern ${pattern})`);
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const keylog = join(folder, 'keys.log');
  writeFileSync(keylog, '# none yet\n');
  expect(await command('--tls-keylog', keylog)).not.toContain(DUMPED);
  expect(readdirSync(folder)).toEqual(['keys.log']);
});
