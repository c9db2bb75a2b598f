/** Shared by the live tests: the right to capture, processes around the sniffer, and the comparison with the plan. */

import { isUtf8 } from 'node:buffer';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import type { HttpMessage } from '../../dist/index.js';
import { type Exchange, plan } from './plan.cjs';

const here = (name: string): string => join(__dirname, name);

export const CLI = here('../../dist/cli.js');
export const FIXTURES = here('../../fixtures');

/** capabilities(7) */
const CAP_NET_RAW = 13n;
const effective = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
const mayCapture = ((BigInt(`0x${effective}`) >> CAP_NET_RAW) & 1n) === 1n;

/** Where nothing may be captured these tests are skipped and say so; under CI they run, and fail. */
export function describeLive(name: string, tests: () => void): void {
  if (mayCapture || process.env.CI) describe(name, tests);
  else describe.skip(`${name} (skipped: this process lacks CAP_NET_RAW)`, tests);
}

/** A command line that runs without the right to capture. */
export function withoutCapture(command: string[]): string[] {
  return mayCapture ? ['setpriv', '--bounding-set=-net_raw,-net_admin', ...command] : command;
}

export interface Server {
  port: number;
  stop(): void;
}

/** The server of the plan, in a process of its own. */
export async function startServer(): Promise<Server> {
  const child = fork(here('server.mjs'));
  const [port] = await once(child, 'message');
  return { port, stop: () => child.disconnect() };
}

/** Sends the exchanges `from`..`to` of the plan from a process of its own. */
export async function runClient(port: number, from: number, to: number, sockets: number): Promise<void> {
  const child = fork(here('client.mjs'), [port, from, to, sockets].map(String));
  const [code] = await once(child, 'exit');
  expect(code, 'exit code of the client').toBe(0);
}

/** One exchange of the plan from this process, on a connection of its own; settles when its response is complete. */
export async function fetchOne(port: number, i: number): Promise<void> {
  const { method, path } = plan(i);
  const sent = request({ host: '127.0.0.1', port, method, path, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  await once(response, 'end');
}

export interface Run {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Process {
  child: ChildProcess;
  /** Resolves when the text stands on stderr; rejects when the process ends before. */
  logged(text: string): Promise<void>;
  done: Promise<Run>;
}

/** Characters of a complaint: there may be very many more. */
const STDOUT_SHOWN = 2_000;

export function start(command: string[], env: NodeJS.ProcessEnv = {}): Process {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const done = once(child, 'close').then(([code, signal]): Run => ({ code, signal, ...output }));
  const logged = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.stderr.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      look();
      void done.then((run) => {
        const end = { ...run, stdout: run.stdout.slice(-STDOUT_SHOWN) };
        reject(new Error(`ended before it logged '${text}': ${JSON.stringify(end)}`));
      });
    });
  return { child, logged, done };
}

export const startCli = (args: string[], env?: NodeJS.ProcessEnv): Process =>
  start([process.execPath, CLI, ...args], env);

/** The command, to its end. */
export function runCli(args: string[], { input, env }: { input?: Buffer; env?: NodeJS.ProcessEnv } = {}): Promise<Run> {
  const { child, done } = startCli(args, env);
  child.stdin?.end(input);
  return done;
}

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Every line of stdout as a message; a line that is not whole fails here. */
export function messagesOf(stdout: string): HttpMessage[] {
  expect(stdout === '' || stdout.endsWith('\n'), 'stdout ends with a whole line').toBe(true);
  return linesOf(stdout).map((line) => JSON.parse(line) as HttpMessage);
}

/** The body as its message has to tell it; the plan knows no content-coding but gzip. */
function bodyOf(bytes: Buffer, coding?: string): Partial<HttpMessage> {
  const content = coding === undefined ? bytes : gunzipSync(bytes);
  const text = isUtf8(content)
    ? { body: content.toString('utf8'), bodyEncoding: undefined }
    : { body: undefined, bodyEncoding: 'binary' };
  return { ...text, bodyDecoded: coding, bodySize: bytes.length, bodyTruncated: undefined, incomplete: undefined };
}

/** The parts of a message that the plan decides. */
function decided({
  direction,
  method,
  path,
  statusCode,
  body,
  bodyEncoding,
  bodyDecoded,
  bodySize,
  bodyTruncated,
  incomplete,
  request,
}: HttpMessage) {
  return {
    direction,
    method,
    path,
    statusCode,
    body,
    bodyEncoding,
    bodyDecoded,
    bodySize,
    bodyTruncated,
    incomplete,
    request,
  };
}

function expected({ method, path, request, status, response, encoding }: Exchange) {
  return [
    { direction: 'request', method, path, statusCode: undefined, request: undefined, ...bodyOf(request) },
    {
      direction: 'response',
      method: undefined,
      path: undefined,
      statusCode: status,
      request: { method, path },
      ...bodyOf(response, encoding),
    },
  ];
}

/** Exactly the exchanges `from`..`to` came out: each message once, paired, whole, with the right sides. */
export function expectPlan(messages: HttpMessage[], port: number, from: number, to: number): void {
  expect(messages.length).toBe(2 * (to - from));
  const byId = new Map<string, HttpMessage[]>();
  for (const message of messages) byId.set(message.id, [...(byId.get(message.id) ?? []), message]);
  expect(byId.size).toBe(to - from);
  const seen = new Set<string>();
  for (const exchange of byId.values()) {
    const [asked, answered] = exchange;
    if (asked === undefined || answered === undefined) throw new Error(`alone: ${JSON.stringify(exchange)}`);
    const path = asked.path ?? '';
    expect(exchange.map(decided)).toEqual(expected(plan(Number(/\d+/.exec(path)?.[0]))));
    expect(asked.receiver).toEqual({ ip: '127.0.0.1', port });
    expect(answered.receiver).toEqual(asked.receiver);
    expect(answered.destination).toEqual(asked.destination);
    expect(answered.latencyMs).toBeGreaterThan(0);
    seen.add(path);
  }
  expect(seen.size).toBe(to - from);
}

/** Looks until it is so, or for `forMs`: longer than a machine under load needs, shorter than the runner waits for a test. */
export async function until(isSo: () => boolean, forMs = 15_000): Promise<void> {
  const deadline = Date.now() + forMs;
  while (!isSo() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isSo()).toBe(true);
}
