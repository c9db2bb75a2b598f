// `node bench/outputs.mjs [EXCHANGES]`: messages a second from a savefile to a collector on loopback, one POST a message
// and in batches, side by side. The collector is a process of its own; nothing is dropped, since a savefile waits.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request, response } from '../fixtures/make/http.mjs';
import { Tape } from '../fixtures/make/tape.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXCHANGES = Number(process.argv[2] ?? 15_000);
const PER_CONNECTION = 100;
const ROUNDS = 3;
const BODY = JSON.stringify({ items: Array.from({ length: 8 }, (_, id) => ({ id, name: `item ${id}` })) });
const RUNS = {
  'one POST a message': [],
  'one POST a message, 32 at a time': ['--output-concurrency', '32'],
  batches: ['--output-batch', 'true'],
  'batches, gzip': ['--output-batch', 'gzip'],
};

function savefile(path) {
  const tape = new Tape({});
  for (let sent = 0; sent < EXCHANGES; sent += PER_CONNECTION) {
    const connection = tape.connection({ client: `192.0.2.10:${10_000 + sent / PER_CONNECTION}` }).open();
    for (let n = 0; n < PER_CONNECTION; n++)
      connection.exchange(request('GET', `/items/${sent + n}`), response(200, 'OK', { body: BODY }));
    connection.close();
  }
  writeFileSync(path, tape.toSavefile());
}

async function deliver(path, flags) {
  const collector = fork(join(ROOT, '__test__/live/collector.mjs'));
  const [{ port }] = await once(collector, 'message');
  collector.send('quiet');
  const url = `http://127.0.0.1:${port}/`;
  const args = ['--ports', '80', '--read', path, '--log-level', 'error', '--output-url', url, ...flags];
  const began = performance.now();
  const command = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), ...args], { stdio: 'inherit' });
  const [code] = await once(command, 'exit');
  const seconds = (performance.now() - began) / 1000;
  collector.send('report');
  const [{ messages, posts, bytes }] = await once(collector, 'message');
  collector.kill();
  if (code !== 0 || messages !== 2 * EXCHANGES)
    throw new Error(`exit ${code}, ${messages} of ${2 * EXCHANGES} messages`);
  return { seconds, posts, bytes };
}

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
const path = join(folder, 'bench.pcap');
savefile(path);
console.log(`${2 * EXCHANGES} messages, best of ${ROUNDS}, whole process with its start`);
console.log('| | messages/s | POSTs | bytes |\n|---|---|---|---|');
const best = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, flags] of Object.entries(RUNS)) {
    const run = await deliver(path, flags);
    if (best[name] === undefined || run.seconds < best[name].seconds) best[name] = run;
  }
}
for (const [name, { seconds, posts, bytes }] of Object.entries(best))
  console.log(`| ${name} | ${Math.round((2 * EXCHANGES) / seconds)} | ${posts} | ${bytes} |`);
rmSync(folder, { recursive: true });
