/** Everything that was captured comes out at the end, however that comes; and the ledger says so to the packet. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startCollector } from './live/collecting.js';
import { CLI, describeLive, messagesOf, start, startCli } from './live/harness.js';
import { expectBalance, loggedLedger, startPacer } from './live/paced.js';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function pacerOf(perSecond: number) {
  const pacer = await startPacer(perSecond);
  stops.push(() => pacer.stop());
  return pacer;
}

async function collectorOf(actions?: string[]) {
  const collector = await startCollector(actions);
  stops.push(() => collector.stop());
  return collector;
}

describeLive('SIGTERM at 5 000 requests a second', () => {
  test('messages out = messages captured, the ledger adds up, exit 0', { timeout: 60_000 }, async () => {
    const pacer = await pacerOf(5_000);
    const collector = await collectorOf();
    collector.send('quiet');
    const to = ['--output-stdout', '--output-url', collector.url, '--output-batch', 'true'];
    const command = startCli(['--ports', String(pacer.port), '--interface', 'lo', ...to]);
    await command.logged('capture started');
    const traffic = pacer.run(5);
    await sleep(2_500);
    command.child.kill('SIGTERM');
    const run = await command.done;
    await traffic;

    const ledger = loggedLedger(run.stderr);
    expect({ code: run.code, signal: run.signal }, run.stderr).toEqual({ code: 0, signal: null });
    expectBalance(ledger);
    const { requests = 0, responses = 0, dropped, queueDropped } = ledger.engine;
    expect(requests).toBeGreaterThan(10_000);
    expect({ dropped, queueDropped }).toEqual({ dropped: 0, queueDropped: 0 });
    expect(messagesOf(run.stdout)).toHaveLength(requests + responses);
    expect(ledger.outputs.stdout).toMatchObject({ delivered: requests + responses, dropped: 0 });
    expect(ledger.outputs.http).toMatchObject({ delivered: requests + responses, dropped: 0 });
    expect((await collector.report()).messages).toBe(requests + responses);
  });
});

describeLive('the reader of stdout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
  const pidFile = join(folder, 'pid');

  test('is killed: a clean end', { timeout: 30_000 }, async () => {
    const pacer = await pacerOf(500);
    const script = '"$@" | sh -c "echo \\$\\$ >$PID_FILE; exec cat >/dev/null"; exit "$PIPESTATUS"';
    const command = start(
      ['bash', '-c', script, 'bash', process.execPath, CLI, '--ports', String(pacer.port), '--interface', 'lo'],
      { PID_FILE: pidFile },
    );
    await command.logged('capture started');
    const traffic = pacer.run(3);
    await sleep(1_000);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    const run = await command.done;
    await traffic;
    rmSync(folder, { recursive: true });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toMatch(/"level":"(warn|error)"/);
    const ledger = loggedLedger(run.stderr);
    expectBalance(ledger);
    expect(ledger.outputs.stdout?.delivered).toBeGreaterThan(100);
  });

  test.each(['alone', 'beside a collector'])(
    'stops reading, stdout %s: the capture goes on, memory is bounded, and no line is torn',
    { timeout: 60_000 },
    async (company) => {
      const alone = company === 'alone';
      const pacer = await pacerOf(4_000);
      const collector = await collectorOf();
      collector.send('quiet');
      // The reader looks at stdout when the command has ended.
      const script = '"$@" | { while [ ! -e "$DONE_FILE" ]; do sleep 0.1; done; cat; }; exit "$PIPESTATUS"';
      const doneFile = join(mkdtempSync(join(tmpdir(), 'tcp-sniffer-')), 'done');
      const beside = alone ? [] : ['--output-url', collector.url, '--output-batch', 'true'];
      const to = ['--output-stdout', ...beside, '--drain-timeout-ms', '500'];
      const command = start(
        [
          'bash',
          '-c',
          script,
          'bash',
          process.execPath,
          CLI,
          '--ports',
          String(pacer.port),
          '--interface',
          'lo',
          ...to,
        ],
        { DONE_FILE: doneFile },
      );
      await command.logged('capture started');
      const exchanges = await pacer.run(7);
      await sleep(1_500);
      const { stdout: pids } = await start(['pgrep', '-f', `cli.js --ports ${pacer.port} `]).done;
      for (const pid of pids.trim().split('\n')) if (isNode(pid)) process.kill(Number(pid), 'SIGTERM');
      await command.logged('capture stopped');
      await start(['touch', doneFile]).done;
      const run = await command.done;
      expect(run.code, run.stderr).toBe(2);
      const ledger = loggedLedger(run.stderr);
      expectBalance(ledger);
      expect(ledger.engine).toMatchObject({ dropped: 0, queueDropped: 0, requests: exchanges });
      if (!alone) expect(ledger.outputs.http).toMatchObject({ delivered: 2 * exchanges, dropped: 0 });
      const { delivered = 0, droppedBy = {} } = ledger.outputs.stdout ?? {};
      expect(messagesOf(run.stdout)).toHaveLength(delivered);
      expect(droppedBy.overflow).toBeGreaterThan(0);
      expect(droppedBy.abandoned).toBeGreaterThan(0);
      expect(run.stderr).toContain('the reader of stdout is slower than the traffic');
      expect(run.stderr).toContain('messages could not be delivered in time at stop');
    },
  );

  const isNode = (pid: string): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(process.execPath);
});

describeLive('the drain', () => {
  test('delivers what a retry saves within its time: exit 0', { timeout: 30_000 }, async () => {
    const pacer = await pacerOf(20);
    const collector = await collectorOf(['500', '200']);
    const command = startCli(['--ports', String(pacer.port), '--interface', 'lo', '--output-url', collector.url]);
    await command.logged('capture started');
    const exchanges = await pacer.run(1);
    await sleep(150);
    command.child.kill('SIGTERM');
    const run = await command.done;
    expect(run.code, run.stderr).toBe(0);
    expect(loggedLedger(run.stderr).outputs.http).toMatchObject({ delivered: 2 * exchanges, errors: 2 * exchanges });
  });

  test('drops and counts what is left then: one log line, exit 2', { timeout: 30_000 }, async () => {
    const pacer = await pacerOf(20);
    const collector = await collectorOf(['hang']);
    const to = ['--output-url', collector.url, '--drain-timeout-ms', '700'];
    const command = startCli(['--ports', String(pacer.port), '--interface', 'lo', ...to]);
    await command.logged('capture started');
    const exchanges = await pacer.run(1);
    await sleep(150);
    command.child.kill('SIGTERM');
    const run = await command.done;
    expect(run.code, run.stderr).toBe(2);
    const ledger = loggedLedger(run.stderr);
    expectBalance(ledger);
    expect(ledger.outputs.http).toMatchObject({ delivered: 0, droppedBy: { abandoned: 2 * exchanges } });
    expect(run.stderr).toContain(`"output":"http","messages":${2 * exchanges},"drainTimeoutMs":700`);
  });
});
