/**
 * A collector that is dead while the traffic goes on: memory stays within its bounds, the capture and the other outputs
 * miss nothing, and delivery goes on when it is back. OUTAGE_SECONDS=60 is the whole measure; by default it is shorter.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Collector, startCollector } from './live/collecting.js';
import { describeLive, startCli } from './live/harness.js';
import { loggedLedger, type Pacer, residentMib, startPacer } from './live/paced.js';

const OUTAGE_SECONDS = Number(process.env.OUTAGE_SECONDS ?? 15);
const EXCHANGES_PER_SECOND = 1_000;
const MAX_GROWTH_MIB = 64;

let collector: Collector | undefined;
let pacer: Pacer | undefined;
afterEach(async () => {
  await collector?.stop();
  pacer?.stop();
});

describeLive('a dead collector', () => {
  test.each([
    ['one POST a message', []],
    ['batches', ['--output-batch', 'true']],
  ])('%s', { timeout: (OUTAGE_SECONDS + 60) * 1_000 }, async (_, flags) => {
    pacer = await startPacer(EXCHANGES_PER_SECOND);
    collector = await startCollector();
    collector.send('quiet');
    const { url, port } = collector;
    const to = ['--output-url', url, '--output-stdout', '--stats-interval-ms', '5000', ...flags];
    const command = startCli(['--ports', String(pacer.port), '--interface', 'lo', ...to]);
    await command.logged('capture started');
    let exchanges = await pacer.run(3);
    const before = residentMib(command);
    // Everything until now has arrived.
    await sleep(500);
    const { messages: early } = await collector.report();
    expect(early).toBe(2 * exchanges);
    await collector.stop();

    const outage = pacer.run(OUTAGE_SECONDS).then((sent) => {
      exchanges += sent;
      return true;
    });
    let most = before;
    while (!(await Promise.race([outage, sleep(250, false)]))) most = Math.max(most, residentMib(command));

    collector = await startCollector(['200'], port);
    collector.send('quiet');
    exchanges += await pacer.run(3);
    let late = 0;
    for (let idle = 0; idle < 4; ) {
      await sleep(500);
      const { messages } = await collector.report();
      // Between two attempts of a probe there are 4 s in which nothing comes.
      idle = messages === late && messages > 0 ? idle + 1 : 0;
      late = messages;
    }
    command.child.kill('SIGTERM');
    const run = await command.done;
    const { engine, outputs } = loggedLedger(run.stderr);
    const growth = Math.round(most - before);
    console.log(
      `outage of ${OUTAGE_SECONDS} s: RSS ${Math.round(before)} MiB + ${growth} MiB`,
      JSON.stringify(outputs.http),
    );

    expect(run.code, run.stderr).toBe(0);
    expect(growth).toBeLessThan(MAX_GROWTH_MIB);
    expect(engine).toMatchObject({ dropped: 0, queueDropped: 0, requests: exchanges, responses: exchanges });
    expect(run.stdout.split('\n').length - 1).toBe(2 * exchanges);
    expect(outputs.stdout).toMatchObject({ delivered: 2 * exchanges, dropped: 0 });
    const { delivered = 0, dropped = 0, droppedBy = {} } = outputs.http ?? {};
    expect(delivered + dropped).toBe(2 * exchanges);
    // A batch on its way when the collector was killed may have arrived without its answer.
    expect(early + late).toBeGreaterThanOrEqual(delivered);
    expect(early + late - delivered).toBeLessThan(8 * 500);
    expect(droppedBy.failed ?? 0).toBeLessThan(flags.length === 0 ? 100 : 60_000);
    expect(late).toBeGreaterThan(2 * EXCHANGES_PER_SECOND * 3);
  });
});
