/** The command on a terminal of its own, and what that terminal shows. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CLI, until } from '../live/harness.js';

export interface OnTerminal {
  child: ChildProcess;
  /** The bytes so far, as they came. */
  raw(): string;
  /** Of `on_pty.py`: `size 120 24`, `key ^C`, `hold`, `go`. */
  tell(line: string): void;
  shows(text: string): Promise<void>;
  /** The exit code; the terminal is gone then. */
  done: Promise<number | null>;
}

export function onTerminal(args: string[], columns = 80, env: NodeJS.ProcessEnv = {}): OnTerminal {
  const command = [join(__dirname, 'on_pty.py'), String(columns), '24', process.execPath, CLI, ...args];
  const child = spawn('python3', command, {
    env: { ...process.env, TERM: 'xterm-256color', TZ: 'UTC', NO_COLOR: '', ...env },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.pipe(process.stderr);
  const raw = (): string => Buffer.concat(chunks).toString('utf8');
  return {
    child,
    raw,
    tell: (line) => child.stdin.write(`${line}\n`),
    shows: (text) => until(() => raw().includes(text)),
    done: once(child, 'close').then(([code]) => code as number | null),
  };
}

export async function shown(args: string[], columns?: number, env?: NodeJS.ProcessEnv) {
  const terminal = onTerminal(args, columns, env);
  const code = await terminal.done;
  return { code, raw: terminal.raw(), lines: linesOn(terminal.raw()) };
}

/** The only sequences that we send: colours, and a line that is written over. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const OURS = /\x1b\[\d*m|\r\x1b\[K/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const WRITTEN_OVER = /\n|\r\x1b\[K/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Sequences that a terminal obeys and we did not mean to send. */
export function unmeant(raw: string): string[] {
  return raw.replaceAll('\r\n', '\n').replace(OURS, '').match(OBEYED) ?? [];
}

/** The text that was shown, without colours; of a line that was written over, each text by itself. */
export function linesOn(raw: string): string[] {
  return raw
    .replaceAll('\r\n', '\n')
    .split(WRITTEN_OVER)
    .map((line) => line.replace(OURS, ''))
    .filter((line, index, all) => line !== '' || index < all.length - 1);
}

/**
 * Columns of each line by another table than ours: Python's `unicodedata`. Knows no clusters: sequences of emoji are
 * wider there.
 */
export async function columnsOf(lines: string[]): Promise<number[]> {
  const script = `
import json, sys, unicodedata as u
def columns(c): return 0 if u.category(c) in ("Mn", "Me", "Cf") else 2 if u.east_asian_width(c) in "WF" else 1
print(json.dumps([sum(map(columns, line)) for line in json.load(sys.stdin)]))`;
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(lines));
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as number[];
}
