/** Steady traffic for the tests of the outputs, and what they look at in the process under test. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SnifferStats } from '../../dist/index.js';
import { linesOf, type Process } from './harness.js';

export interface Pacer {
  port: number;
  /** Sends for so long; resolves when every request is answered, with how many there were. */
  run(seconds: number): Promise<number>;
  stop(): void;
}

/** `within`: a command that runs another command in the namespaces of a process. */
export async function startPacer(exchangesPerSecond: number, port = 0, within: string[] = []): Promise<Pacer> {
  const [execPath = process.execPath, ...execArgv] = [...within, process.execPath];
  const child = fork(join(__dirname, 'pacer.mjs'), [exchangesPerSecond, port].map(String), { execPath, execArgv });
  const [started] = await once(child, 'message');
  return {
    port: started.port,
    async run(seconds) {
      child.send({ seconds });
      return (await once(child, 'message'))[0].exchanges;
    },
    stop: () => child.disconnect(),
  };
}

/** Resident bytes of a process, in MiB. */
export function residentMib({ child }: Process): number {
  const kib = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** The ledger as the command logged it at its end; what was zero is not in it. */
export function loggedLedger(stderr: string): SnifferStats {
  const line = linesOf(stderr).findLast((text) => text.includes('"capture stopped"')) ?? '{}';
  return JSON.parse(line) as SnifferStats;
}

/** Every received packet was read, dropped or left; `packets` is the sum of what they were; what was parsed is the sum of where it went. The log leaves zeros out. */
export function expectBalance({ engine, outputs }: SnifferStats): void {
  const sum = (...names: string[]): number => names.reduce((total, name) => total + (engine[name] ?? 0), 0);
  const kinds = [
    'undecodable',
    'notTcp',
    'fragments',
    'otherPorts',
    'notSampled',
    'shedPackets',
    'noSyn',
    'afterClose',
    'segments',
  ];
  expect(sum(...kinds)).toBe(engine.packets);
  expect(sum('packets', 'dropped', 'unread')).toBe(engine.received);
  const out = sum('requests', 'responses') - sum('filtered', 'ownMessages', 'queueDropped');
  for (const [name, { accepted = 0, delivered, dropped = 0, droppedBy = {}, waiting = 0 }] of Object.entries(outputs)) {
    if (name === 'callback' && accepted === 0) continue;
    expect(accepted, name).toBe(out);
    expect(delivered + dropped + waiting, name).toBe(accepted);
    expect(
      Object.values(droppedBy).reduce((total, count) => total + count, 0),
      name,
    ).toBe(dropped);
  }
}
