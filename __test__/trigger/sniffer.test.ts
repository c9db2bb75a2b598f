/** A sniffer with a trigger: the ledger adds up for every output, and each stage has its place. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SnifferConfig } from '../../ts/config';
import { Selection } from '../../ts/exchange/selection';
import type { SnifferStats } from '../../ts/types';
import { freePort } from '../ports';
import { settle } from '../ts/setup/fakes';
import { rig } from '../ts/setup/rig';
import { answered, exchange, START } from './rig';

afterEach(() => vi.restoreAllMocks());

const namesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map(({ id, direction }) => `${id} ${direction}`);

const both = (...ids: string[]): string[] => ids.flatMap((id) => [`${id} request`, `${id} response`]);

/** Messages that came out + those that did not, each counted for one reason. */
function expectBalance({ engine, outputs }: SnifferStats, messages: number): void {
  const { filtered = 0, untriggered = 0, triggerEvicted = 0, triggerFailed = 0, triggerHeldMessages = 0 } = engine;
  const elsewhere = filtered + untriggered + triggerEvicted + triggerFailed + triggerHeldMessages;
  for (const output of [outputs.stdout, outputs.callback]) {
    expect(elsewhere + (output?.accepted ?? 0)).toBe(messages);
  }
}

async function run(config: Partial<SnifferConfig>) {
  const rigged = rig({
    outputStdout: true,
    pcapFile: 'some.pcap',
    triggerBeforeMs: 100,
    triggerAfterMs: 100,
    ...config,
  });
  rigged.sniffer.on('message', () => {});
  await rigged.sniffer.start();
  await settle();
  return rigged;
}

const TRAFFIC = [
  ...exchange('1', 0, 10),
  ...exchange('2', 900, 910),
  ...exchange('3', 950, 1_000, 500),
  ...exchange('4', 1_050, 1_060),
  ...exchange('5', 1_200, 1_210),
  ...exchange('6', 1_900, 2_000, 503),
];

describe('a sniffer with a trigger', () => {
  it('hands on what surrounds it to every output, and counts the rest', async () => {
    const { sniffer, capture, stdout, log } = await run({ trigger: 'status=500' });
    capture.batch(...TRAFFIC);
    await settle();
    expect(namesOf(stdout.text)).toEqual(both('2', '3', '4'));
    const { triggerHeldMessages, triggerHeldBytes = 0 } = sniffer.stats().engine;
    expect(triggerHeldMessages).toBeGreaterThan(0);
    expect(triggerHeldBytes).toBeGreaterThan(0);
    expectBalance(sniffer.stats(), TRAFFIC.length);
    capture.end();
    await settle();
    expect(sniffer.stats().engine).toMatchObject({
      triggers: 1,
      untriggered: 6,
      triggerHeldMessages: 0,
      triggerHeldBytes: 0,
    });
    expectBalance(sniffer.stats(), TRAFFIC.length);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'info', id: '3', messages: 4 }));
  });

  it('filters first: what is filtered is neither a trigger nor near one', async () => {
    const { sniffer, capture, stdout } = await run({ trigger: 'status=5xx', filter: 'not status=503 and id!=2' });
    capture.batch(...TRAFFIC);
    capture.end();
    await settle();
    expect(namesOf(stdout.text)).toEqual(both('3', '4'));
    expect(sniffer.stats().engine).toMatchObject({ filtered: 4, untriggered: 4, triggers: 1 });
    expectBalance(sniffer.stats(), TRAFFIC.length);
  });

  it('counts the exchanges that come out, and stops at so many', async () => {
    const { sniffer, capture, stdout } = await run({ trigger: 'status=5xx', maxExchanges: 2 });
    capture.batch(...TRAFFIC);
    await settle(20);
    expect(namesOf(stdout.text)).toEqual(both('2', '3'));
    expect(capture.stops).toBe(1);
    expect(sniffer.stats().engine).toMatchObject({ filtered: 4, untriggered: 4 });
    expectBalance(sniffer.stats(), TRAFFIC.length);
  });

  it.each([
    { pcapFile: 'some.pcap', triggerAfterMs: 100 },
    { pcapFile: undefined, triggerAfterMs: 3_600_000 },
  ])('loses what fails on its way to the outputs, counts it, and goes on: %j', async (config) => {
    vi.spyOn(Selection.prototype, 'select').mockImplementationOnce(() => {
      throw new Error('no such thing');
    });
    const { sniffer, capture, stdout, log } = await run({ ...config, trigger: 'status=5xx', maxExchanges: 100 });
    capture.batch(...TRAFFIC.slice(0, 6));
    await settle();
    expect(stdout.text).toBe('');
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'messages are lost: they could not be delivered',
        messages: 4,
      }),
    );
    capture.batch(...TRAFFIC.slice(6));
    await settle();
    expect(capture.released).toBe(2);
    await sniffer.stop();
    expect(namesOf(stdout.text)).toEqual(expect.arrayContaining(both('4', '6')));
    expect(sniffer.stats().engine).toMatchObject({ triggerFailed: 4, triggerHeldMessages: 0 });
    expectBalance(sniffer.stats(), TRAFFIC.length);
  });

  it('says of a savefile that no trigger came', async () => {
    const { capture, log, stdout } = await run({ trigger: 'status=418' });
    capture.batch(...TRAFFIC);
    capture.end();
    await settle();
    expect(stdout.text).toBe('');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', code: 'NOTHING_TRIGGERS', messages: 12 }),
    );
  });

  it('has calls as triggers, as long as it runs', async () => {
    const rigged = rig({ outputStdout: true, trigger: 'signal' });
    const { sniffer, stdout } = rigged;
    expect(sniffer.trigger()).toBe(false);
    await sniffer.start();
    await settle();
    const { capture } = rigged;
    const nowMs = Date.now() - START;
    capture.batch(...exchange('1', nowMs - 60_000, nowMs - 59_000), ...exchange('2', nowMs - 1_000, nowMs - 900, 500));
    await settle();
    expect(stdout.text).toBe('');
    expect(sniffer.trigger()).toBe(true);
    await settle();
    expect(namesOf(stdout.text)).toEqual(both('2'));
    capture.batch(...exchange('3', nowMs + 1_000, nowMs + 1_001));
    await settle();
    expect(namesOf(stdout.text)).toEqual(both('2', '3'));
    await sniffer.stop();
    expect(sniffer.trigger()).toBe(false);
    expect(sniffer.stats().engine).toMatchObject({ triggers: 1, untriggered: 2 });
    const without = rig({ outputStdout: true });
    await without.sniffer.start();
    expect(without.sniffer.trigger()).toBe(false);
    await without.sniffer.stop();
    expect(Object.keys(without.sniffer.stats().engine)).toEqual(['released']);
  });

  it('shows all of the traffic to the metrics, and what comes out to the summary', async () => {
    const seen: string[] = [];
    const metricsPort = await freePort();
    const rigged = rig(
      {
        ...{
          outputStdout: true,
          pcapFile: 'some.pcap',
          metricsByEndpoint: true,
          metricsPort,
          metricsHost: '127.0.0.1',
        },
        ...{ trigger: 'status=500', triggerBeforeMs: 100, triggerAfterMs: 100 },
      },
      { observe: (lines) => seen.push(...namesOf(lines.toString())) },
    );
    await rigged.sniffer.start();
    await settle();
    rigged.capture.batch(...TRAFFIC);
    await settle();
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.text());
    await rigged.sniffer.stop();
    expect(seen).toEqual(both('2', '3', '4'));
    expect(metrics).toMatch(/^tcp_sniffer_http_requests_total\{.*status="2xx".*\} 4$/m);
    expect(metrics).toMatch(/^tcp_sniffer_http_requests_total\{.*status="5xx".*\} 2$/m);
    expect(metrics).toMatch(/^tcp_sniffer_messages_hidden_total\{reason="untriggered"\} \d$/m);
    expect(metrics).toMatch(/^# TYPE tcp_sniffer_engine_trigger_held_bytes gauge$/m);
  });

  it('gives the engine its credit back while a window waits for its outputs', async () => {
    const rigged = rig({ outputStdout: true, trigger: 'status=500' });
    const { sniffer, stdout, time } = rigged;
    await sniffer.start();
    await settle();
    const { capture } = rigged;
    stdout.hold = true;
    const body = 'x'.repeat(200_000);
    for (let id = 0; id < 10; id++) capture.batch(answered(`${id}`, id, { request: undefined, body }));
    capture.batch(answered('bad', 20, { request: undefined, statusCode: 500 }));
    await settle(30);
    expect(capture.released).toBe(11);
    stdout.hold = false;
    for (const done of stdout.held.splice(0)) done();
    let isStopped = false;
    const stopping = sniffer.stop().then(() => {
      isStopped = true;
    });
    while (!isStopped) {
      await settle();
      time.advance(10);
    }
    await stopping;
    expect(namesOf(stdout.text)).toHaveLength(11);
  });

  it.each([
    [{ trigger: 'status=' }, 'trigger'],
    [{ trigger: 5 as unknown as string }, 'trigger'],
    [{ triggerBeforeMs: 100 }, 'triggerBeforeMs'],
    [{ triggerAfterMs: 0 }, 'triggerAfterMs'],
    [{ triggerMemoryBytes: 1 << 20 }, 'triggerMemoryBytes'],
    [{ trigger: 'status=500', triggerBeforeMs: -1 }, 'triggerBeforeMs'],
    [{ trigger: 'status=500', triggerAfterMs: 3_600_001 }, 'triggerAfterMs'],
    [{ trigger: 'status=500', triggerMemoryBytes: 1_000 }, 'triggerMemoryBytes'],
    [{ trigger: 'status=500', fields: ['method' as const] }, 'fields'],
  ])('refuses %j', async (config, field) => {
    await expect(rig(config).sniffer.start()).rejects.toMatchObject({ field });
  });
});
