// Runs a block of a document as it stands, in a shell of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Of what a block said, in an error: a build says much before it comes to the point. */
const LAST_LINES = 30;

export interface Surroundings {
  cwd: string;
  env: NodeJS.ProcessEnv;
  seconds: number;
  /** A command that runs the shell. */
  by?: string[];
  /** Whether that is all that one wanted to see: then comes the Ctrl-C that it needs to end. */
  enough?: (stdout: string) => boolean;
}

/** @returns its stdout. @throws with what it said when it fails or does not end in time */
export async function runBlock(text: string, { cwd, env, seconds, by = [], enough }: Surroundings): Promise<string> {
  const [file = '', ...args] = [...by, 'bash', '-euo', 'pipefail', '-c', text];
  // In a process group of its own, as in a terminal.
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', all: '' };
  let ending = 'by itself';
  const end = (how: string, signal: NodeJS.Signals): void => {
    if (ending !== 'by itself' || child.pid === undefined) return;
    ending = how;
    process.kill(-child.pid, signal);
  };
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said.stdout += part;
    said.all += part;
    if (enough?.(said.stdout)) end('by Ctrl-C', 'SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said.all += part;
  });
  const timer = setTimeout(() => end('by the clock', 'SIGKILL'), seconds * 1_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  const failed = (how: string): Error =>
    new Error(`it ${how}. It was:\n${text}\nIt said at last:\n${said.all.split('\n').slice(-LAST_LINES).join('\n')}`);
  if (ending === 'by the clock') throw failed(`did not end in ${seconds} s`);
  if (ending === 'by itself' && enough !== undefined) throw failed(`ended with ${code} before one saw enough`);
  if (ending === 'by itself' && code !== 0) throw failed(`ended with ${code}`);
  return said.stdout;
}
