// `--output-otlp` as a user meets it: a savefile, or live traffic, to a receiver on loopback.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { HttpMessage } from '../../dist/index.js';
import { CLI, describeLive, FIXTURES, runCli, start, startCli } from '../live/harness.js';
import { expectBalance, loggedLedger, startPacer } from '../live/paced.js';
import { startReceiver } from './receiver';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function receiverOf(...args: Parameters<typeof startReceiver>) {
  const receiver = await startReceiver(...args);
  stops.push(receiver.stop);
  return receiver;
}

const read = (name: string): string[] => ['--read', join(FIXTURES, `${name}.pcap`), '--ports', '80,8080'];
const messagesIn = (name: string): HttpMessage[] =>
  readFileSync(join(FIXTURES, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const NAMES = ['demo', 'chunked', 'absolute-form', 'keep-alive', 'connect'];

describe('a savefile', () => {
  test.each(NAMES.flatMap((name) => [[name, 'json'] as const, [name, 'protobuf'] as const]))(
    '%s as spans in %s: one for each request, with what its response says',
    async (name, encoding) => {
      const receiver = await receiverOf();
      const env = { POD_NAME: 'shop-1', OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b' };
      const run = await runCli([...read(name), '--output-otlp', receiver.url, '--otlp-encoding', encoding], { env });
      expect(run.code, run.stderr).toBe(0);
      const messages = messagesIn(name);
      const requests = messages.filter(({ direction }) => direction === 'request');
      const spans = receiver.spans();
      expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id']).sort()).toEqual(
        requests.map(({ id }) => id).sort(),
      );
      for (const request of requests) {
        const span = spans.find(({ attributes }) => attributes['tcp_sniffer.id'] === request.id);
        const response = messages.find(
          ({ id, direction, statusCode = 0 }) => id === request.id && direction === 'response' && statusCode >= 200,
        );
        expect(span?.attributes['http.request.method']).toBe(request.method);
        expect(span?.attributes['http.response.status_code']).toBe(response?.statusCode);
        expect(span?.attributes['network.peer.port']).toBe(request.destination.port);
        expect(span?.start).toBe(BigInt(Date.parse(request.timestamp)) * 1_000_000n);
        const micros = Math.round(1_000 * ((response?.latencyMs ?? 0) + (response?.durationMs ?? 0)));
        if (response !== undefined) expect((span?.end ?? 0n) - (span?.start ?? 0n)).toBe(BigInt(micros) * 1_000n);
      }
      const [first] = receiver.received;
      expect(first?.resource).toEqual({ 'service.name': 'shop', 'k8s.pod.name': 'shop-1' });
      expect(first?.url).toBe('/v1/traces');
      expect(first?.headers).toMatchObject({
        'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
        'x-tenant': 'a b',
        'user-agent': expect.stringMatching(/^tcp-sniffer\//),
      });
      const ledger = loggedLedger(run.stderr);
      expectBalance(ledger);
      expect(ledger.outputs.otlp).toMatchObject({ accepted: messages.length, delivered: messages.length, dropped: 0 });
    },
  );

  test.each([
    ['demo', []],
    ['shop', []],
    ['over-max-body-size', ['--max-body-size', '1000']],
    ['over-max-body-size', ['--max-body-size', '1000', '--otlp-bodies']],
    ['early-response', []],
    ['latin-1', ['--otlp-bodies']],
  ])('%s: where spans are all that is wanted, they are the same as beside another output', async (name, flags) => {
    const spansWith = async (...more: string[]): Promise<object[]> => {
      const receiver = await receiverOf();
      const run = await runCli([...read(name), '--output-otlp', receiver.url, ...flags, ...more]);
      expect(run.code, run.stderr).toBe(0);
      // Ids of a trace that begins here are random.
      return receiver
        .spans()
        .map(({ traceId, spanId, parentSpanId, ...rest }) =>
          parentSpanId === '' ? rest : { traceId, parentSpanId, ...rest },
        );
    };
    const alone = await spansWith();
    expect(alone.length).toBeGreaterThan(0);
    expect(alone).toEqual(await spansWith('--output-stdout'));
  });

  test('gzip, and bodies if they are asked for', async () => {
    const receiver = await receiverOf();
    const to = ['--output-otlp', receiver.url, '--otlp-bodies', '--output-batch', 'gzip'];
    expect((await runCli([...read('demo'), ...to])).code).toBe(0);
    expect(receiver.received[0]?.headers['content-encoding']).toBe('gzip');
    const bodies = receiver.spans().map(({ attributes }) => attributes['http.response.body.content'] ?? '');
    const shown = messagesIn('demo').filter(({ direction }) => direction === 'response');
    expect(bodies).toEqual(shown.map(({ body = '' }) => body));
  });

  test('what is refused is not sent again, and the command fails', async () => {
    const receiver = await receiverOf((response) => response.writeHead(400).end('no'));
    const run = await runCli([...read('demo'), '--output-otlp', receiver.url]);
    expect(run.code).toBe(2);
    expect(receiver.received).toHaveLength(1);
    expect(run.stderr).toContain('could not be sent by OTLP');
    expect(loggedLedger(run.stderr).outputs.otlp).toMatchObject({ droppedBy: { rejected: 12 }, errors: 1 });
  });

  test.each([429, 502, 503, 504])('%i: the same spans again, not before the receiver wants them', async (status) => {
    const receiver = await receiverOf((response, before) => {
      if (before === 0) response.writeHead(status, { 'retry-after': '2' });
      response.end();
    });
    const run = await runCli([...read('demo'), '--output-otlp', receiver.url]);
    expect(run.code, run.stderr).toBe(0);
    const [first, second, ...more] = receiver.received;
    expect(more).toEqual([]);
    expect(second?.spans).toEqual(first?.spans);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_950);
    expect(loggedLedger(run.stderr).outputs.otlp).toMatchObject({ delivered: 12, errors: 1 });
  });

  test.each(['identity', 'gzip'])(
    'spans that a receiver leaves out of what it takes are counted: %s',
    async (coding) => {
      const answer = '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"a secret"}}';
      const receiver = await receiverOf((response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding });
        response.end(coding === 'gzip' ? gzipSync(answer) : answer);
      });
      const run = await runCli([...read('demo'), '--output-otlp', receiver.url, '--otlp-encoding', 'json']);
      expect(run.code).toBe(2);
      expect(run.stderr).not.toContain('a secret');
      expect(loggedLedger(run.stderr).outputs.otlp).toMatchObject({ delivered: 8, droppedBy: { rejected: 4 } });
    },
  );

  test('a receiver that is not there: four attempts, and all is counted', { timeout: 40_000 }, async () => {
    const receiver = await startReceiver();
    receiver.stop();
    const run = await runCli([...read('demo'), '--output-otlp', receiver.url]);
    expect(run.code).toBe(2);
    expect(loggedLedger(run.stderr).outputs.otlp).toMatchObject({ droppedBy: { failed: 12 }, errors: 4 });
  });

  test.each([
    [['--output-otlp', 'collector:4318'], '--output-otlp: must be an absolute http:// or https:// URL'],
    [['--output-otlp', 'http://a:hunter2@h'], 'use OTEL_EXPORTER_OTLP_HEADERS'],
    [['--output-otlp', 'http://h', '--otlp-encoding', 'grpc'], '--otlp-encoding: must be one of protobuf, json'],
  ])('%j is refused', async (args, words) => {
    const run = await runCli([...read('demo'), ...args]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(words);
    expect(run.stderr).not.toContain('hunter2');
  });

  test('fields of requests that are none are refused, and not shown', async () => {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'hunter2' };
    const run = await runCli([...read('demo'), '--output-otlp', 'http://h'], { env });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('OTEL_EXPORTER_OTLP_HEADERS: must be name=value pairs');
    expect(run.stderr).not.toContain('hunter2');
  });
});

describeLive('live', () => {
  test('SIGTERM in the middle: all that was captured is spans, and our own requests are none', {
    timeout: 60_000,
  }, async () => {
    const pacer = await startPacer(1_000);
    stops.push(() => pacer.stop());
    const receiver = await receiverOf();
    const { port } = new URL(receiver.url);
    const ports = `${pacer.port},${port}`;
    const command = startCli(['--ports', ports, '--interface', 'lo', '--output-otlp', receiver.url]);
    await command.logged('capture started');
    const traffic = pacer.run(3);
    await new Promise((resolve) => setTimeout(resolve, 1_700));
    command.child.kill('SIGTERM');
    const run = await command.done;
    await traffic;
    expect(run.code, run.stderr).toBe(0);
    const ledger = loggedLedger(run.stderr);
    expectBalance(ledger);
    const { requests = 0, ownMessages = 0, unpairedResponses = 0 } = ledger.engine;
    expect(ownMessages).toBeGreaterThan(0);
    // Connections that were there before the capture: what their first responses answer is not known, nor are they an error.
    expect(ledger.outputs.otlp?.dropped ?? 0).toBe(2 * unpairedResponses);
    const spans = receiver.spans();
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    expect(spans.every(({ attributes }) => attributes['network.local.port'] === pacer.port)).toBe(true);
    expect(spans.length).toBe(requests - ownMessages / 2 - unpairedResponses);
    expect(spans.length).toBeGreaterThan(500);
  });

  test('the library has it too', { timeout: 30_000 }, async () => {
    const receiver = await receiverOf();
    const script = `
      const { createSniffer } = require(${JSON.stringify(join(CLI, '..'))});
      const sniffer = createSniffer({ ports: [8080], pcapFile: ${JSON.stringify(join(FIXTURES, 'demo.pcap'))}, outputOtlp: ${JSON.stringify(receiver.url)}, logLevel: 'silent' });
      sniffer.on('stop', () => console.log(JSON.stringify(sniffer.stats().outputs.otlp)));
      sniffer.start();`;
    const run = await start([process.execPath, '-e', script]).done;
    expect(JSON.parse(run.stdout), run.stderr).toMatchObject({ accepted: 12, delivered: 12, waiting: 0 });
    expect(receiver.spans()).toHaveLength(6);
  });
});
