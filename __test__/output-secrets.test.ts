/** A run through every error: the token, redacted values and bodies stand in no log line and in no error. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCollector } from './live/collecting.js';
import { linesOf, runCli, start } from './live/harness.js';

const CERTIFICATE = join(__dirname, 'live/tls/cert.pem');
const TOKEN = 'hunter2-token';
const URL_SECRET = 'hunter2-url';
const REDACTED = ['hunter2-header', 'hunter2-cookie', 'hunter2-query'];

const stops: (() => unknown)[] = [];
const env = { OUTPUT_URL_AUTH_TOKEN: TOKEN };
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const SAVEFILE = join(folder, 'secrets.pcap');
const MESSAGES = 4;

beforeAll(() => execFileSync(process.execPath, [join(__dirname, 'live/secrets.mjs'), SAVEFILE]));
afterAll(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(folder, { recursive: true });
});

const read = (...args: string[]): string[] => {
  const source = ['--ports', '80', '--read', SAVEFILE, '--redact-query', 'token'];
  return [...source, '--log-level', 'debug', ...args];
};

/** Every secret here begins with it. */
function expectNoSecret(stderr: string): void {
  expect(stderr).not.toContain('hunter2');
  expect(stderr).not.toContain('Bearer');
}

// Side by side: most of their time is the waits between attempts.
describe.concurrent('no secret in the logs', () => {
  test('nor, where it is redacted, in what comes out', async () => {
    const run = await runCli(read());
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain('hunter2-body');
    for (const secret of REDACTED) expect(run.stdout).not.toContain(secret);
    expect(run.stderr).toContain('no longer followed');
    expectNoSecret(run.stderr);
  });

  test.each(['503', '307', 'hang', 'reset', 'garbage', 'half-head'])(
    'the collector gives %s',
    { timeout: 60_000 },
    async (action) => {
      const collector = await startCollector([action]);
      stops.push(() => collector.stop());
      const run = await runCli(read('--output-url', collector.url, '--output-timeout-ms', '100'), { env });
      expect(run.code, 'messages of a savefile were lost').toBe(2);
      expect(run.stderr).toContain('could not be POSTed');
      expect((await collector.report()).received[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
      expectNoSecret(run.stderr);
    },
  );

  test('nobody listens, and no such host', { timeout: 60_000 }, async () => {
    const urls = [`http://127.0.0.1:1/?key=${URL_SECRET}`, `http://nowhere.invalid/?key=${URL_SECRET}`];
    for (const run of await Promise.all(urls.map((url) => runCli(read('--output-url', url), { env })))) {
      expect(run.stderr).toMatch(/"reason":"(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)"/);
      expectNoSecret(run.stderr);
    }
  });

  test('a certificate of nobody is refused, a private authority is taken', { timeout: 60_000 }, async () => {
    let received = 0;
    const server = createServer({
      key: readFileSync(join(__dirname, 'live/tls/key.pem')),
      cert: readFileSync(CERTIFICATE),
    });
    server.on('request', (request, response) => {
      received++;
      request.resume().on('end', () => response.end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const { port } = server.address() as AddressInfo;
    const url = `https://localhost:${port}/?key=${URL_SECRET}`;
    // The host process may have switched the check off for itself; not for the token.
    const refused = await runCli(read('--output-url', url), { env: { ...env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    expect(received).toBe(0);
    expect(refused.stderr).toContain('"reason":"DEPTH_ZERO_SELF_SIGNED_CERT"');
    expectNoSecret(refused.stderr);
    const taken = await runCli(read('--output-url', url), {
      env: { ...env, NODE_EXTRA_CA_CERTS: CERTIFICATE, NODE_ENV: 'production' },
    });
    expect(taken.code, taken.stderr).toBe(0);
    expect(received).toBe(MESSAGES);
  });

  test('wrong options', async () => {
    const wrong = [
      ['--output-url', `ftp://user:${URL_SECRET}@host/`],
      ['--output-url', `http://user:${URL_SECRET}@host/`],
      ['--include', `header=authorization\n: ${TOKEN}`],
      ['--include', `headr=authorization: ${TOKEN}`],
    ];
    for (const args of wrong) {
      const run = await runCli(read(...args), { env });
      expect(run.code).toBe(1);
      expect(linesOf(run.stderr)).toHaveLength(1);
      expectNoSecret(run.stderr);
    }
    const badToken = await runCli(read('--output-url', 'http://h/'), { env: { OUTPUT_URL_AUTH_TOKEN: `${TOKEN} x` } });
    expect(badToken.code).toBe(1);
    expectNoSecret(badToken.stderr);
  });

  test('stdout breaks; a listener throws what it was given', async () => {
    const full = await start(
      ['bash', '-c', '"$@" >/dev/full', 'bash', process.execPath, join(__dirname, '../dist/cli.js'), ...read()],
      env,
    ).done;
    expect(full.code).toBe(2);
    expectNoSecret(full.stderr);
    const script = `
      const { createSniffer } = require(${JSON.stringify(join(__dirname, '../dist/index.js'))});
      createSniffer({ ports: [80], pcapFile: ${JSON.stringify(SAVEFILE)}, logLevel: 'debug', onHttpMessage: (message) => {
        throw new Error(JSON.stringify(message));
      } }).start();`;
    const thrown = await start([process.execPath, '-e', script], env).done;
    expect(thrown.stderr).toContain('onHttpMessage threw');
    expectNoSecret(thrown.stderr);
  });
});
