// The metrics that the option turns on, by real scrapes: of a fake engine, and of the command that reads a savefile from a pipe.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../ports';
import { request, response } from './setup/exchanges';
import { FakeStream, settle } from './setup/fakes';
import { type Rig, rig } from './setup/rig';

const CLI = join(__dirname, '../../dist/cli.js');
const FIXTURES = join(__dirname, '../../fixtures');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of ends.splice(0)) await end();
});

async function scrape(port: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

async function start(config: Parameters<typeof rig>[0], overrides: Parameters<typeof rig>[1] = {}): Promise<Rig> {
  const made = rig(config, overrides);
  await made.sniffer.start();
  ends.push(() => made.sniffer.stop());
  await settle();
  return made;
}

const first = request('/orders/17');
const exchange = [first, response(first, 5, { statusCode: 503 })];

describe('a scrape', () => {
  it('has what is counted by endpoint, and what the process costs', async () => {
    const metricsPort = await freePort();
    const { capture, time, log } = await start({
      metricsPort,
      metricsByEndpoint: true,
      connectionIdleTimeoutMs: 1_000,
    });
    capture.batch(...exchange, request('/late'));
    const text = await scrape(metricsPort);
    expect(text).toContain(
      'tcp_sniffer_http_requests_total{port="80",method="GET",endpoint="/orders/:id",status="5xx"} 1\n',
    );
    expect(text).toContain('endpoint="/orders/:id",status="5xx",le="0.005"} 1\n');
    expect(text).toContain('tcp_sniffer_requests_in_flight 1\n');
    time.advance(1_000);
    expect(await scrape(metricsPort)).toContain(
      'tcp_sniffer_http_requests_unfinished_total{port="80",method="GET",endpoint="/late"} 1\n',
    );
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds']) {
      const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
      expect(Number(value), name).toBeGreaterThan(0);
    }
    // That is what becomes of messages.
    expect(log.messages('warn')).toEqual([]);
  });

  it('keeps to the format: each metric once, in one piece, its samples after HELP and TYPE', async () => {
    const metricsPort = await freePort();
    const { capture } = await start({ metricsPort, metricsByEndpoint: true, metricsByHost: true });
    const call = { service: 's', method: 'm', status: 0 };
    const asked = request('/s/m', 0, { grpc: call });
    capture.batch(...exchange, asked, response(asked, 5, { grpc: call }));
    const types = new Map<string, string>();
    let current = '';
    for (const line of (await scrape(metricsPort)).trimEnd().split('\n')) {
      const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (name !== undefined && type !== undefined) {
        expect(types.has(name), name).toBe(false);
        types.set(name, type);
        current = name;
        expect(name.endsWith('_total'), name).toBe(type === 'counter');
      } else if (!line.startsWith('#')) {
        const of = types.get(current) === 'histogram' ? '(_bucket|_sum|_count)' : '';
        expect(line).toMatch(new RegExp(`^${current}${of}(\\{[^}]*\\})? [\\d.e+]+$`));
      }
    }
    expect(types.get('tcp_sniffer_http_request_duration_seconds')).toBe('histogram');
    expect(types.get('tcp_sniffer_grpc_call_duration_seconds')).toBe('histogram');
  });
});

describe('without the option', () => {
  it.each([{}, { metricsByHost: true }])(
    '%j: no message is read, and nothing of it is in a scrape',
    async (options) => {
      const metricsPort = await freePort();
      const { capture } = await start({ metricsPort, ...options });
      const spies = [vi.spyOn(Buffer.prototype, 'toString'), vi.spyOn(JSON, 'parse')];
      capture.batch(...exchange);
      await settle();
      for (const spy of spies) expect(spy).not.toHaveBeenCalled();
      vi.restoreAllMocks();
      expect(capture.released).toBe(1);
      expect(await scrape(metricsPort)).not.toMatch(/endpoint|tcp_sniffer_http_|grpc/);
    },
  );

  it('the engine writes lines to stdout itself; with it they come here', async () => {
    const metricsPort = await freePort();
    const config = { outputStdout: true, metricsPort };
    const stdout = () => ({ stream: new FakeStream(), direct: { write: () => 0, pieceBytes: 4_096 } });
    const ours = { stdoutIsOurs: true, stdout };
    expect((await start(config, ours)).capture.stdoutOpen).toBe(true);
    await ends.pop()?.();
    const counting = await start({ ...config, metricsByEndpoint: true }, ours);
    expect(counting.capture.stdoutOpen).toBe(false);
    counting.capture.batch(...exchange);
    expect(await scrape(metricsPort)).toContain('endpoint="/orders/:id"');
  });

  it('the engine leaves out of lines what spans are not made of; with it lines are whole', async () => {
    const config = { outputOtlp: 'http://127.0.0.1:9/', metricsPort: await freePort() };
    const ours = { stdoutIsOurs: true };
    expect((await start(config, ours)).capture.options.fields).toBeDefined();
    await ends.pop()?.();
    expect((await start({ ...config, metricsByEndpoint: true }, ours)).capture.options.fields).toBeUndefined();
  });

  it.each([
    [{ metricsByEndpoint: true }, 'metricsPort'],
    [{ metricsByHost: true, metricsPort: 1 }, 'metricsByEndpoint'],
  ])('%j does nothing, and the log says what it needs', async (options, needs) => {
    const metricsPort = 'metricsPort' in options ? { metricsPort: await freePort() } : {};
    const { log } = await start({ outputStdout: true, ...options, ...metricsPort });
    expect(log.messages('warn')).toEqual([`nothing is counted by endpoint: that needs ${needs} too`]);
  });
});

it('the command counts what the engine reads', async () => {
  const port = await freePort();
  const args = ['--ports', '8080', '--read', '-', '--no-output-stdout', '--metrics-by-endpoint', '--metrics-by-host'];
  const child = spawn(process.execPath, [CLI, ...args, '--metrics-port', String(port)], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = once(child, 'exit');
  ends.push(() => child.kill('SIGKILL'));
  // The pipe stays open, and with it the capture.
  child.stdin.write(readFileSync(join(FIXTURES, 'demo.pcap')));
  const label = 'host="127.0.0.1:8080",port="8080",method="GET",endpoint="/hello"';
  const wanted = `tcp_sniffer_http_requests_total{${label},status="2xx"} 1\n`;
  const text = await vi.waitFor(
    async () => {
      const now = await scrape(port);
      expect(now, log).toContain(wanted);
      return now;
    },
    { timeout: 15_000, interval: 100 },
  );
  expect(text).toContain(`tcp_sniffer_http_request_duration_seconds_count{${label},status="2xx"} 1\n`);
  expect(text).toContain('tcp_sniffer_engine_tls_connections_total 0\n');
  expect(text).toContain('tcp_sniffer_engine_http2_connections_total 0\n');
  child.stdin.end();
  expect(await exited, log).toEqual([0, null]);
});
