// Requests to the API server and the use of its answers, by an HTTPS server in its place.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCa, createLeaf } from '../../ts/injector/certificates/issue';
import { inClusterApi, type KubeApi } from '../../ts/injector/kube-api';
import { NativeSidecars } from '../../ts/injector/native-sidecars';
import { type LogLine, logInto } from './rig';

const ca = createCa(Date.now());
let folder: string;
let server: Server;
let api: KubeApi;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
  writeFileSync(join(folder, 'ca.crt'), ca.cert);
  writeFileSync(join(folder, 'token'), 'first\n');
  server = createServer(createLeaf(ca, ['127.0.0.1'], Date.now()), (request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const found = inClusterApi(folder, { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${port}` });
  if (found === undefined) throw new Error('no API');
  api = found;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('the API server', () => {
  it('is asked with the token that is there now', async () => {
    answer = ({ headers }, response) => response.end(JSON.stringify(headers.authorization));
    expect((await api.send('GET', '/version')).body).toBe('Bearer first');
    writeFileSync(join(folder, 'token'), 'second');
    expect((await api.send('GET', '/version')).body).toBe('Bearer second');
  });

  it('is told who asks', async () => {
    answer = ({ headers }, response) => response.end(JSON.stringify(headers['user-agent']));
    expect((await api.send('GET', '/version')).body).toMatch(/^tcp-sniffer-injector\/\d+\.\d+\.\d+/);
  });

  it('gets what is sent, as what it is', async () => {
    answer = (request, response) => {
      request.on('data', (body) =>
        response.end(JSON.stringify([request.method, request.headers['content-type'], `${body}`])),
      );
    };
    expect((await api.send('PUT', '/x', { a: 1 })).body).toEqual(['PUT', 'application/json', '{"a":1}']);
    expect((await api.send('PATCH', '/x', [])).body).toEqual(['PATCH', 'application/json-patch+json', '[]']);
  });

  it('may answer with anything', async () => {
    answer = (_, response) => response.writeHead(503).end('<html>');
    expect(await api.send('GET', '/x')).toEqual({ status: 503, body: undefined });
    answer = (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024, 0x20));
    await expect(api.send('GET', '/x')).rejects.toThrow(/too long/);
    answer = (_, response) => response.destroy();
    await expect(api.send('GET', '/x')).rejects.toThrow();
  });

  it('must be the one of the service account', async () => {
    writeFileSync(join(folder, 'ca.crt'), createCa(Date.now()).cert);
    await expect(api.send('GET', '/version')).rejects.toThrow(/certificate/);
    rmSync(join(folder, 'token'));
    await expect(api.send('GET', '/version')).rejects.toThrow(/ENOENT/);
  });

  it('is not there outside of a cluster', () => {
    expect(inClusterApi(folder, {})).toBeUndefined();
  });
});

describe('native sidecars', () => {
  async function availableAt(
    mode: 'auto' | 'always' | 'never',
    body: string,
    status = 200,
  ): Promise<[boolean, LogLine[]]> {
    const log: LogLine[] = [];
    const sidecars = new NativeSidecars(mode, api, logInto(log));
    answer = (_, response) => response.writeHead(status).end(body);
    await sidecars.start();
    sidecars.stop();
    return [sidecars.available, log];
  }

  it.each([
    ['{"major":"1","minor":"29"}', true],
    ['{"major":"1","minor":"33+"}', true],
    ['{"major":"2","minor":"0"}', true],
    ['{"major":"1","minor":"28"}', false],
    ['{"major":"1","minor":"9"}', false],
    ['{"major":"1","minor":"x"}', false],
    ['{}', false],
    ['nonsense', false],
  ])('auto: %s', async (body, expected) => {
    expect((await availableAt('auto', body))[0]).toBe(expected);
  });

  it('always and never ask nobody', async () => {
    expect(await availableAt('always', '')).toEqual([true, []]);
    expect(await availableAt('never', '{"major":"1","minor":"33"}')).toEqual([false, []]);
  });

  it('a server that cannot say leaves what was known', async () => {
    const log: LogLine[] = [];
    const sidecars = new NativeSidecars('auto', api, logInto(log));
    answer = (_, response) => response.end('{"major":"1","minor":"30"}');
    await sidecars.start();
    answer = (_, response) => response.writeHead(500).end('{}');
    await sidecars.start();
    sidecars.stop();
    expect(sidecars.available).toBe(true);
    expect(log.map(({ level }) => level)).toEqual(['info', 'warn']);
  });

  it('outside of a cluster: none, and that is said', async () => {
    const log: LogLine[] = [];
    const sidecars = new NativeSidecars('auto', undefined, logInto(log));
    await sidecars.start();
    expect(sidecars.available).toBe(false);
    expect(log).toMatchObject([{ level: 'warn' }]);
  });
});
