// Children with a time limit that never outlive this process, and what they used.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TIMED = fileURLToPath(new URL('timed.py', import.meta.url));
/** Where it is set, Node reads those certificates at each start, which is longer than all the rest of it. */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;
const running = new Set();
const undoings = [];

/** `undo` runs when this process ends, however it does. */
export function atExit(undo) {
  undoings.push(undo);
}

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const undo of undoings.reverse()) undo();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** Starts a child that is killed with this process, or after `limitSeconds`. */
export function start(command, { limitSeconds, stdio }) {
  const child = spawn(command[0], command.slice(1), { stdio, cwd: ROOT, env: ENVIRONMENT });
  running.add(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitSeconds * 1000);
  child.ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: -1, error }));
    child.on('close', (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    clearTimeout(timer);
    running.delete(child);
  });
  return child;
}

/** All that a stream has to say; others may listen too. */
export function textOf(stream) {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('close', () => resolve(text));
  });
}

/**
 * Runs a command to its end with stdout into `stdoutFile`: {wallSeconds, cpuSeconds, userSeconds, peakBytes, stderr}.
 * Throws when it fails or takes longer than `limitSeconds`.
 */
export async function timed(command, { limitSeconds = 180, stdoutFile = '/dev/null' } = {}) {
  const out = openSync(stdoutFile, 'w');
  const child = start(['python3', TIMED, String(limitSeconds), ...command], {
    limitSeconds: limitSeconds + 10,
    stdio: ['ignore', out, 'pipe', 'pipe'],
  });
  closeSync(out);
  const [stderr, report] = await Promise.all([textOf(child.stderr), textOf(child.stdio[3]), child.ended]);
  const used = report === '' ? { status: -1 } : JSON.parse(report);
  if (used.late) throw new Error(`${command.join(' ')}: not done after ${limitSeconds} s`);
  if (used.status !== 0) throw new Error(`${command.join(' ')}: exit ${used.status}: ${stderr.slice(-500)}`);
  return { ...used, stderr };
}

/** Resolves with the match once `pattern` stands in what `stream` has given. */
export function said(stream, pattern, limitSeconds = 10) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`no ${pattern} within ${limitSeconds} s: ${text}`)),
      limitSeconds * 1000,
    );
    const settle = (settled) => {
      clearTimeout(timer);
      settled();
    };
    stream.on('data', (chunk) => {
      text += chunk;
      const match = pattern.exec(text);
      if (match) settle(() => resolve(match));
    });
    stream.on('end', () => settle(() => reject(new Error(`ended without ${pattern}: ${text}`))));
  });
}

export function output(command, args, options = {}) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  return execFileSync(command, args, { encoding: 'utf8', stdio, timeout: 300_000, maxBuffer: 64 << 20, ...options });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
