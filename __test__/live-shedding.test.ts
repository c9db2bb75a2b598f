/** A sidecar with `cpuLimitShare` under more traffic than that allows: it sheds, says so, takes less, and its ledger adds up. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLive, messagesOf, type Process, startCli } from './live/harness.js';
import { expectBalance, loggedLedger, type Pacer, startPacer } from './live/paced.js';

const EXCHANGES_PER_SECOND = 6_000;
const RUN_SECONDS = 2;
const MAX_RUNS = 20;
/** So many that the share of each process is no accident. */
const ENOUGH_TICKS = 60;
/** Less than reading any traffic takes. */
const LIMIT = '0.01';

/** CPU time of a process, in ticks of the kernel. */
function ticksOf({ child }: Process): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [user, system] = fields.slice(11, 13).map(Number);
  return (user ?? Number.NaN) + (system ?? Number.NaN);
}

describeLive('load shedding', () => {
  let pacer: Pacer;
  beforeAll(async () => {
    pacer = await startPacer(EXCHANGES_PER_SECOND);
  });
  afterAll(() => pacer.stop());

  test('a sidecar over its limit sheds, and says so, also when it reads again', { timeout: 240_000 }, async () => {
    const args = ['--ports', String(pacer.port), '--interface', 'lo'];
    // Both see the same traffic on the same machine.
    const free = startCli(args);
    const limited = startCli([...args, '--cpu-limit-share', LIMIT]);
    await Promise.all([free.logged('capture started'), limited.logged('capture started')]);

    // Any level that the line is about is past bodies.
    let isShed = false;
    const levels = ['1 of 2 connections', '3 of 4', '7 of 8', '15 of 16', 'every connection is left out'];
    void Promise.any(levels.map((text) => limited.logged(text))).then(
      () => {
        isShed = true;
      },
      () => undefined,
    );
    for (let runs = 0; runs < MAX_RUNS && !isShed; runs++) await pacer.run(RUN_SECONDS);
    expect(isShed, 'connections are left out, and the log says so').toBe(true);

    const before = [free, limited].map(ticksOf);
    const taken = (): number[] => [free, limited].map((each, index) => ticksOf(each) - (before[index] ?? 0));
    for (let runs = 0; runs < MAX_RUNS && (taken()[0] ?? 0) < ENOUGH_TICKS; runs++) await pacer.run(RUN_SECONDS);
    const [freely = 0, limitedly = 0] = taken();
    expect(limitedly, `ticks, of ${freely} without a limit`).toBeLessThan(freely * 0.75);

    await limited.logged('less than cpuLimitShare');
    await limited.logged('everything is read');
    for (const each of [free, limited]) each.child.kill('SIGTERM');
    const [all, some] = await Promise.all([free.done, limited.done]);
    const ledger = loggedLedger(some.stderr);
    expectBalance(ledger);
    expect(ledger.engine.shedPackets).toBeGreaterThan(0);
    expect(ledger.engine.shedConnections).toBeGreaterThan(0);
    expect(loggedLedger(all.stderr).engine).not.toHaveProperty('shedPackets');

    // Each message that came out is whole, or says that its body was left out.
    const messages = messagesOf(some.stdout);
    const bare = messages.filter(({ bodyTruncated, incomplete }) => bodyTruncated && incomplete === undefined);
    expect(bare.length).toBeGreaterThan(0);
    // Each is counted, those of messages that ended early too, and those whose messages were dropped later.
    const without = messages.filter(
      ({ bodyTruncated, body, bodySize }) => bodyTruncated && body === '' && bodySize > 0,
    );
    const { shedBodies = 0, queueDropped = 0 } = ledger.engine;
    expect(without.length).toBeLessThanOrEqual(shedBodies);
    expect(without.length).toBeGreaterThanOrEqual(shedBodies - queueDropped);
    expect(bare.filter(({ body, bodySize }) => body !== '' || bodySize !== 120)).toEqual([]);
  });
});
