import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsServer } from '../../ts/http-server/server';
import { metricsText } from '../../ts/run/metrics';
import type { SnifferStats } from '../../ts/types';
import { freePort } from '../ports';
import { settle } from './setup/fakes';
import { type FakeCapture, rig } from './setup/rig';

const CAPTURING = { running: true, version: '1.2.3', source: 'eth0' };
const http = { accepted: 10, delivered: 4, dropped: 3, droppedBy: { failed: 1, overflow: 2 }, waiting: 3, errors: 7 };
const stats: SnifferStats = {
  engine: {
    ...{ packets: 5, segments: 3, notTcp: 2, connectionsActive: 1, received: 6, dropped: 1, brandNewThing: 9 },
    ...{ tlsUnreadNoKeylog: 8, tlsUnreadNoKeys: 0 },
  },
  outputs: { callback: { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 }, http },
};

describe('the text', () => {
  const text = metricsText(stats, CAPTURING);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  it('keeps to the format: each metric once, with HELP and TYPE, counters ending in _total', () => {
    const types = new Map<string, string>();
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(types.has(name), name).toBe(false);
      types.set(name, type);
      expect(text).toContain(`# HELP ${name} `);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
    for (const sample of samples) {
      expect(sample).toMatch(/^tcp_sniffer_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? \d+$/);
      expect(types.has(sample.split(/[ {]/, 1)[0] ?? '')).toBe(true);
    }
    expect(new Set(samples.map((sample) => sample.split(' ')[0])).size).toBe(samples.length);
  });

  it.each([
    'tcp_sniffer_info{version="1.2.3",source="eth0"} 1',
    'tcp_sniffer_capturing 1',
    'tcp_sniffer_pcap_packets_received_total 6',
    'tcp_sniffer_pcap_packets_dropped_total 1',
    'tcp_sniffer_engine_packets_total{kind="segment"} 3',
    'tcp_sniffer_engine_packets_total{kind="not_tcp"} 2',
    'tcp_sniffer_tls_unread_connections_total{reason="no_keylog"} 8',
    'tcp_sniffer_tls_unread_connections_total{reason="no_keys"} 0',
    'tcp_sniffer_engine_connections_active 1',
    'tcp_sniffer_engine_brand_new_thing_total 9',
    'tcp_sniffer_output_messages_total{output="http"} 10',
    'tcp_sniffer_output_delivered_total{output="http"} 4',
    'tcp_sniffer_output_dropped_total{output="http",reason="overflow"} 2',
    'tcp_sniffer_output_dropped_total{output="http",reason="failed"} 1',
    'tcp_sniffer_output_dropped_total{output="http",reason="abandoned"} 0',
    'tcp_sniffer_output_waiting_messages{output="http"} 3',
    'tcp_sniffer_output_errors_total{output="http"} 7',
  ])('%s', (sample) => expect(samples).toContain(sample));

  it('counts no packet twice', () => {
    const sum = samples
      .filter((sample) => sample.startsWith('tcp_sniffer_engine_packets_total'))
      .reduce((total, sample) => total + Number(sample.split(' ').at(-1)), 0);
    expect(sum).toBe(stats.engine.packets);
  });

  it('has each reason for which TLS is not read under a label', () => {
    const { createCapture } = require('../../dist/native') as typeof import('../../ts/native');
    const { toCaptureOptions } = require('../../dist/config/engine') as typeof import('../../ts/config/engine');
    const { validateConfig } = require('../../dist/config') as typeof import('../../ts/config');
    const engine = createCapture(toCaptureOptions(validateConfig({ ports: [80], pcapFile: '-' }))).stats();
    const all = metricsText({ engine, outputs: stats.outputs }, CAPTURING);
    const reasons = Object.keys(engine).filter((name) => /^tlsUnread(?!Bytes$)/.test(name));
    expect(reasons.length).toBeGreaterThan(5);
    expect(all.match(/^tcp_sniffer_tls_unread_connections_total\{reason="[a-z_]+"\} 0$/gm)).toHaveLength(
      reasons.length,
    );
    expect(all.match(/^\w+_tls_unread_\w+_total /gm)).toEqual(['tcp_sniffer_engine_tls_unread_bytes_total ']);
  });

  it('escapes what stands in a label', () => {
    expect(metricsText(stats, { ...CAPTURING, source: 'a"b\\c\nd' })).toContain('source="a\\"b\\\\c\\nd"');
  });
});

describe('the server', () => {
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function get(port: number, path: string, method = 'GET'): Promise<[number, string]> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return [answer.status, await answer.text()];
  }

  it('follows the capture: ready when it is open, gone when it has stopped', async () => {
    const metricsPort = await freePort();
    let open = (): void => {};
    const prepare = (capture: FakeCapture): void => {
      capture.opening = new Promise((resolve) => (open = resolve));
      capture.holdEnd = true;
    };
    const { sniffer, captures } = rig({ metricsPort }, { prepare });
    const started = sniffer.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await get(metricsPort, '/healthz')).toEqual([200, 'ok\n']);
    expect((await get(metricsPort, '/readyz'))[0]).toBe(503);
    open();
    await started;
    expect((await get(metricsPort, '/readyz'))[0]).toBe(200);
    const [status, text] = await get(metricsPort, '/metrics?x');
    expect(status).toBe(200);
    expect(text).toContain('tcp_sniffer_info{version="');
    expect(text).toContain('source="eth0"');
    expect((await get(metricsPort, '/'))[0]).toBe(404);
    expect((await get(metricsPort, '/metrics', 'POST'))[0]).toBe(405);
    const stopping = sniffer.stop();
    // The drain can still be watched.
    expect((await get(metricsPort, '/readyz'))[0]).toBe(503);
    expect((await get(metricsPort, '/healthz'))[0]).toBe(200);
    captures[0]?.end();
    await stopping;
    await expect(get(metricsPort, '/healthz')).rejects.toThrow();
  });

  it('is not alive once the capture has broken', async () => {
    const metricsPort = await freePort();
    const { sniffer, captures } = rig({ metricsPort }, { prepare: (capture) => (capture.holdEnd = true) });
    await sniffer.start();
    await settle();
    captures[0]?.emit({ kind: 'error', code: 'UNRECOVERABLE', message: 'panicked' });
    expect(await get(metricsPort, '/healthz')).toEqual([503, 'the capture is not alive\n']);
    captures[0]?.end();
    await sniffer.stop();
  });

  it('that cannot have its port keeps the capture from starting, and a later start may succeed', async () => {
    const other = createServer().listen(0);
    stops.push(() => other.close());
    const metricsPort = (other.address() as AddressInfo).port;
    const { sniffer, captures, log } = rig({ metricsPort });
    await expect(sniffer.start()).rejects.toMatchObject({ code: 'UNRECOVERABLE' });
    expect(log.lines).toMatchObject([
      { level: 'error', message: expect.stringMatching(/cannot serve metrics on port \d+: .*EADDRINUSE/) },
    ]);
    expect(sniffer.isRunning()).toBe(false);
    await new Promise((resolve) => other.close(resolve));
    await sniffer.start();
    await sniffer.stop();
    expect(captures).toHaveLength(2);
  });

  it('is given back when the capture cannot be opened', async () => {
    const metricsPort = await freePort();
    const { sniffer } = rig(
      { metricsPort },
      { prepare: (capture) => (capture.opening = Promise.reject(new Error('no'))) },
    );
    await expect(sniffer.start()).rejects.toThrow('no');
    await expect(get(metricsPort, '/healthz')).rejects.toThrow();
  });

  it('warns where its own port is captured', async () => {
    const metricsPort = await freePort();
    const { sniffer, log } = rig({ metricsPort, ports: [80, metricsPort], metricsHost: '127.0.0.1' });
    await sniffer.start();
    expect(log.messages('warn')[0]).toContain('scrapes are shown as messages');
    await sniffer.stop();
  });

  it('closes twice, and never opened', async () => {
    const server = new MetricsServer({ port: 1, host: '', text: () => '', isHealthy: () => true, isReady: () => true });
    await server.close();
    await server.close();
  });
});
