/** Shared by the tests of the outputs: the collector's process, and a sniffer whose log and clock are at hand. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Sniffer, SnifferConfig, SnifferStats } from '../../dist/index.js';

const { DEFAULT_DEPS } = require('../../dist/run/deps.js');
const { createLogger } = require('../../dist/logger.js');
const { Sniffer: SnifferClass } = require('../../dist/run/sniffer.js');

export interface Post {
  /** ms, on the collector's own clock. */
  at: number;
  url: string;
  headers: Record<string, string>;
  body: string;
  bytes: number;
  port: number;
}

export interface Collector {
  url: string;
  port: number;
  /** Every POST that came, in order; `messages` counts them where the collector is quiet. */
  report(): Promise<{ received: Post[]; sockets: number; messages: number }>;
  send(message: 'quiet' | { actions: string[] }): void;
  stop(): Promise<void>;
}

/** `actions`: what each body gets at its first, second, … POST; see collector.mjs. */
export async function startCollector(actions: string[] = ['200'], port = 0): Promise<Collector> {
  const child = fork(join(__dirname, 'collector.mjs'), [JSON.stringify(actions), String(port)]);
  const [started] = (await once(child, 'message')) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${started.port}/in?key=hunter2-url`,
    port: started.port,
    async report() {
      child.send('report');
      return (await once(child, 'message'))[0];
    },
    send: (message) => void child.send(message),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Waits that the product makes take a fiftieth of their time. */
export const HASTE = 50;

export interface Watched {
  sniffer: Sniffer;
  log: Record<string, unknown>[];
}

/** A sniffer of the built package: the real engine, its log kept, its waits shortened by `haste`. */
export function watched(
  config: SnifferConfig,
  { haste = HASTE, token }: { haste?: number; token?: string } = {},
): Watched {
  const log: Record<string, unknown>[] = [];
  const sniffer = new SnifferClass(config, {
    ...DEFAULT_DEPS,
    createLogger: (level: string) => createLogger(level, { write: (text: string) => log.push(JSON.parse(text)) }),
    runtime: () => ({ production: false, identity: {}, ...(token === undefined ? {} : { authToken: token }) }),
    schedule: (ms: number, run: () => void) => DEFAULT_DEPS.schedule(ms / haste, run),
  });
  return { sniffer, log };
}

/** Starts it and waits for the end of the savefile; returns the ledger. */
export async function runToEnd(sniffer: Sniffer): Promise<SnifferStats> {
  const over = new Promise<void>((resolve) => sniffer.once('stop', () => resolve()));
  await sniffer.start();
  await over;
  return sniffer.stats();
}
