// The command as a process, with a fake engine (fake-binding.cjs). A process that still runs after a test is killed.

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const CLI = join(process.env.TEST_DIST as string, 'cli.js');

const running: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  /** The log, each line parsed. */
  log: Record<string, unknown>[];
}

export function command(
  args: string[],
  env: Record<string, string> = {},
  script = [CLI],
): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [...script, ...args], { env: { PATH: process.env.PATH ?? '', ...env } });
  running.push(child);
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      const log = stderr
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      resolve({ code, signal, stdout: Buffer.concat(out).toString('utf8'), stderr, log });
    }),
  );
  return { child, ended };
}

export function run(args: string[], env?: Record<string, string>): Promise<Ended> {
  return command(args, env).ended;
}

/** A pipeline around the command; what came out on either stream, and the command's own exit status. */
export function shell(script: string): string {
  // The time limit is for the command itself: a killed shell would leave it running.
  const cli = `timeout 20 ${process.execPath} ${CLI}`;
  const text = `exec 2>&1; ${script.replaceAll('CLI', cli)}; echo "status \${PIPESTATUS[0]}"`;
  return execFileSync('bash', ['-c', text], { encoding: 'utf8' });
}

/** Until its log says so. */
export function logged(child: ChildProcessWithoutNullStreams, words: string): Promise<void> {
  return new Promise((resolve) => {
    let seen = '';
    child.stderr.on('data', (chunk: string) => {
      seen += chunk;
      if (seen.includes(words)) resolve();
    });
  });
}
