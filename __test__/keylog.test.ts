// The script that a watched Node service loads: it logs the secrets of servers and clients of any kind, at once, where another
// user can read them, and never gets in the way of the service.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = join(__dirname, '..', 'dist', 'cli.js');
/** Everything at once: https and http2 servers, clients by fetch, https and http2; it ends by process.exit. */
const SERVICE = `
  const https = require('https'), http2 = require('http2'), { readFileSync } = require('fs');
  const pair = { key: readFileSync(process.argv[2]), cert: readFileSync(process.argv[3]) };
  const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
  (async () => {
    const [one, two] = await Promise.all([
      listen(https.createServer(pair, (request, response) => response.end('one'))),
      listen(http2.createSecureServer(pair, (request, response) => response.end('two'))),
    ]);
    console.log(await (await fetch('https://127.0.0.1:' + one)).text());
    const options = { port: one, rejectUnauthorized: false, maxVersion: 'TLSv1.2' };
    await new Promise((resolve) => https.get(options, (response) => response.resume().on('end', resolve)));
    const session = http2.connect('https://127.0.0.1:' + two, { rejectUnauthorized: false });
    await new Promise((resolve) => session.request({ ':path': '/' }).resume().on('end', resolve));
    process.exit(7);
  })();
`;

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-keylog-'));
const volume = join(folder, 'volume');
const keys = join(volume, 'keys');
const [service, key, certificate] = ['service.cjs', 'key.pem', 'certificate.pem'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

const run = (preload: string) =>
  spawnSync(process.execPath, [service, key, certificate], {
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_OPTIONS: `--no-warnings --require ${preload}`,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    },
  });

const logged = () =>
  readdirSync(keys).flatMap((name) => readFileSync(join(keys, name), 'latin1').trimEnd().split('\n'));

beforeAll(() => {
  writeFileSync(service, SERVICE);
  const subject = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const made = spawnSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', certificate]);
  expect(made.status).toBe(0);
  for (const _ of ['once', 'again']) {
    const prepared = spawnSync(process.execPath, [CLI, 'prepare-keys', volume], { encoding: 'utf8' });
    expect(prepared).toMatchObject({ status: 0, stdout: '', stderr: '' });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a Node service', () => {
  it('logs the secrets of all its TLS connections before it exits', () => {
    expect(run(join(volume, 'preload', 'preload.cjs'))).toMatchObject({ status: 7, stdout: 'one\n', stderr: '' });
    const labels = logged().map((line) => line.split(' ')[0]);
    const count = (label: string) => labels.filter((each) => each === label).length;
    // Both ends of each connection are here.
    expect(count('CLIENT_RANDOM')).toBe(2);
    expect(count('CLIENT_TRAFFIC_SECRET_0')).toBe(4);
    expect(count('SERVER_TRAFFIC_SECRET_0')).toBe(4);
    const [file] = readdirSync(keys) as [string];
    expect(statSync(join(keys, file)).mode & 0o777).toBe(0o640);
  });

  it('runs as ever where it cannot write', () => {
    const elsewhere = join(folder, 'elsewhere');
    spawnSync('cp', ['-r', volume, elsewhere]);
    rmSync(join(elsewhere, 'keys'), { recursive: true });
    expect(run(join(elsewhere, 'preload', 'preload.cjs'))).toMatchObject({ status: 7, stdout: 'one\n', stderr: '' });
  });
});

it('keeps at most two files of 1 MiB a process, the newest lines in them', () => {
  for (const name of readdirSync(keys)) rmSync(join(keys, name));
  const loop = `
    const { TLSSocket } = require('tls');
    const socket = new TLSSocket(new (require('net').Socket)());
    for (let line = 0; line < 30000; line++) socket.emit('keylog', Buffer.from('CLIENT_RANDOM ' + line + ' ' + '0'.repeat(90) + '\\n'));
  `;
  const { status } = spawnSync(process.execPath, ['-r', join(volume, 'preload', 'preload.cjs'), '-e', loop]);
  expect(status).toBe(0);
  const files = readdirSync(keys);
  expect(files).toHaveLength(2);
  for (const name of files) expect(statSync(join(keys, name)).size).toBeLessThanOrEqual(1 << 20);
  const numbers = logged().map((line) => Number(line.split(' ')[1]));
  expect(numbers.length).toBeGreaterThan(9_000);
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers.map((_, at) => 30_000 - numbers.length + at));
});

it('makes a folder where anybody may log and only the sidecar may look', () => {
  expect(statSync(keys).mode & 0o7777).toBe(0o3773);
  expect(statSync(join(volume, 'preload', 'preload.cjs')).mode & 0o777).toBe(0o755);
});

/** As a container of that user runs, in a pod whose `fsGroup` is 2000. */
const as = (user: number, script: string, groups = [2_000]) =>
  spawnSync(
    process.execPath,
    [
      '-e',
      `${script}\nprocess.setgroups(${JSON.stringify(groups)}); process.setgid(${user}); process.setuid(${user}); main()`,
    ],
    { encoding: 'utf8' },
  );

it.skipIf(process.getuid?.() !== 0 && process.env.CI === undefined)(
  "lets the sidecar read what another user logs into a volume with the pod's group (root)",
  () => {
    const shared = mkdtempSync(join(tmpdir(), 'tcp-sniffer-keylog-'));
    try {
      // Where every user finds them.
      for (const name of ['prepare.js', 'preload.js'])
        copyFileSync(join(dirname(CLI), 'keylog', name), join(shared, name));
      const inPod = join(shared, 'volume');
      mkdirSync(inPod);
      chmodSync(shared, 0o755);
      // As the kubelet makes it.
      chownSync(inPod, 0, 2_000);
      chmodSync(inPod, 0o2777);
      const prepare = JSON.stringify(join(shared, 'prepare.js'));
      const prepared = as(65_532, `const main = () => require(${prepare}).prepareKeys(${JSON.stringify(inPod)});`);
      expect(prepared).toMatchObject({ status: 0, stderr: '' });
      const log = `
        const main = () => {
          require(${JSON.stringify(join(inPod, 'preload', 'preload.cjs'))});
          const { TLSSocket } = require('tls');
          new TLSSocket(new (require('net').Socket)()).emit('keylog', Buffer.from('CLIENT_RANDOM 1 2\\n'));
        };`;
      expect(as(1_000, log)).toMatchObject({ status: 0, stderr: '' });
      const look = `
        const { readdirSync, readFileSync } = require('fs');
        const main = () => {
          const folder = ${JSON.stringify(join(inPod, 'keys'))};
          for (const name of readdirSync(folder)) console.log(readFileSync(folder + '/' + name, 'latin1'));
        };`;
      // By its own group: that of the volume it may have lost.
      expect(as(65_532, look, [])).toMatchObject({ status: 0, stdout: 'CLIENT_RANDOM 1 2\n\n' });
      expect(as(1_001, look).stderr).toContain('EACCES');
    } finally {
      rmSync(shared, { recursive: true, force: true });
    }
  },
);

it('says why it cannot prepare a folder', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o444);
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [CLI, 'prepare-keys', ...words], { encoding: 'utf8' });
  const failed = run(join(file, 'keys'));
  expect(failed.status).toBe(2);
  expect(JSON.parse(failed.stderr)).toMatchObject({
    level: 'error',
    message: 'cannot prepare the folder for key logs',
  });
  expect(run().status).toBe(1);
});
