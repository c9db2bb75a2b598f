// The webhook that answers only API servers with a certificate (`clientCa`), over real TLS.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createCa, createLeaf } from '../../ts/injector/certificates/issue';
import { clientOf } from './client';
import { INJECTED } from './pods';
import { killAll, startInjector } from './process';
import { reviewOf } from './rig';
import { Volume } from './serving';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
const own = createCa(Date.now());
const REVIEW = JSON.stringify(reviewOf(INJECTED[0]?.pod));

beforeAll(() => {
  for (const name of ['ours', 'theirs']) makeClient(name);
});
afterEach(() => killAll());
afterAll(() => rmSync(folder, { recursive: true }));

/** A CA and a certificate for a client, as an operator makes them. */
function makeClient(name: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', `${name}-ca.key`, '-out', `${name}-ca.crt`, '-subj', '/CN=clients');
  openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=kube-apiserver');
  writeFileSync(join(folder, 'usage'), 'extendedKeyUsage=clientAuth\n');
  const signer = ['-CA', `${name}-ca.crt`, '-CAkey', `${name}-ca.key`, '-CAcreateserial', '-extfile', 'usage'];
  openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...signer, '-days', '2');
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const pairOf = (name: string) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) });
const leaf = () => createLeaf(own, ['127.0.0.1'], Date.now());

it('answers its own clients only, also after its certificate has changed', async () => {
  const volume = new Volume(leaf());
  const injector = await startInjector({
    INJECTOR_TLS_DIR: volume.path,
    INJECTOR_CLIENT_CA: join(folder, 'ours-ca.crt'),
  });
  try {
    await injector.logged('webhook is served');
    const ask = async (options: RequestOptions) => {
      const client = clientOf(injector.port, own.cert, false);
      try {
        const { status, text } = await client.post(REVIEW, options);
        return { status, patched: JSON.parse(text).response.patch !== undefined };
      } finally {
        client.close();
      }
    };
    const all = async () => {
      expect(await ask(pairOf('ours'))).toEqual({ status: 200, patched: true });
      await expect(ask({})).rejects.toThrow();
      await expect(ask(pairOf('theirs'))).rejects.toThrow();
    };
    await all();
    volume.put(leaf());
    while (injector.log.filter(({ message }) => message === 'certificate loaded').length < 2)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await all();
    // Each is counted once its connection has closed, which the client may know first.
    const failed = async () => (await (await injector.health('/metrics')).text()).match(/"handshake"} (\d+)/)?.[1];
    await expect.poll(failed).toBe('4');
    expect((await injector.health('/readyz')).status).toBe(200);
  } finally {
    volume.remove();
  }
});

it.each([
  ['is not there', 'nothing', /cannot read it: ENOENT/],
  ['is none of a CA', 'ours.crt', /not a certificate of a CA/],
  ['is no certificate', 'usage', /not a certificate of a CA/],
])('says that the CA %s, and ends', async (_, name, words) => {
  const injector = startInjector({ INJECTOR_CLIENT_CA: join(folder, name) });
  const { log, ended } = await injector;
  expect(await ended).toBe(1);
  expect(log).toHaveLength(1);
  expect(log[0]).toMatchObject({ level: 'error', code: 'INVALID_CONFIG', message: expect.stringMatching(words) });
});
