// `node bench/progress.mjs [MEGABYTES]`: what the progress line costs. Reads one savefile with stderr on a terminal (there
// is a progress then) and with stderr elsewhere (there is none), by turns; both have their JSON lines in /dev/null.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request, response } from '../fixtures/make/http.mjs';
import { Tape } from '../fixtures/make/tape.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MEGABYTES = Number(process.argv[2] ?? 500);
const ROUNDS = 7;
const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
/** Of the source address in an Ethernet frame; the destination is behind it. The client is 192.…, the server is not. */
const IP_SOURCE = 26;
const CONNECTIONS = 200;
const PER_CONNECTION = 20;
const BODY = JSON.stringify({ items: Array.from({ length: 40 }, (_, id) => ({ id, name: `item ${id}` })) });

/** The same connections again and again, each time from another client and a minute later. */
function writeSavefile(path) {
  const tape = new Tape({});
  for (let n = 0; n < CONNECTIONS; n++) {
    const connection = tape.connection({ client: `192.0.2.10:${10_000 + n}` }).open();
    for (let i = 0; i < PER_CONNECTION; i++)
      connection.exchange(request('GET', `/items/${i}`), response(200, 'OK', { body: BODY }));
    connection.close();
  }
  const part = Buffer.from(tape.toSavefile());
  const fd = openSync(path, 'w');
  writeSync(fd, part, 0, HEADER_BYTES);
  for (let bytes = 0, client = 1; bytes < MEGABYTES * 1e6; bytes += part.length - HEADER_BYTES, client++) {
    writeSync(fd, part, HEADER_BYTES);
    for (let at = HEADER_BYTES; at < part.length; at += RECORD_BYTES + part.readUInt32LE(at + 8)) {
      part.writeUInt32LE(part.readUInt32LE(at) + 60, at);
      const source = at + RECORD_BYTES + IP_SOURCE;
      part.writeUInt16BE(client, part[source] === 192 ? source + 1 : source + 5);
    }
  }
  closeSync(fd);
}

/** Seconds from start to end. */
async function read(path, progress) {
  const script = join(ROOT, '__test__/terminal/on_pty.py');
  const command = [
    process.execPath,
    join(ROOT, 'dist/cli.js'),
    '--ports',
    '80',
    '--read',
    path,
    '--log-level',
    'error',
  ];
  const env = { ...process.env, PTY_STDOUT: '/dev/null', ...(progress ? {} : { PTY_STDERR: '/dev/null' }) };
  const began = performance.now();
  const child = spawn('python3', [script, '80', '24', ...command], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text;
  });
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - began) / 1000;
  const lines = shown.split('reading ').length - 1;
  if (code !== 0 || lines > 0 !== progress) throw new Error(`exit ${code}, ${lines} lines of progress`);
  return { seconds, lines };
}

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bench-'));
try {
  const path = join(folder, 'large.pcap');
  writeSavefile(path);
  const megabytes = statSync(path).size / 1e6;
  await read(path, false);
  const runs = { with: [], without: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? ['with', 'without'] : ['without', 'with'])
      runs[name].push(await read(path, name === 'with'));
  }
  for (const [name, all] of Object.entries(runs)) {
    const seconds = all.map((run) => run.seconds).sort((a, b) => a - b);
    const [least, median, most] = [0, ROUNDS >> 1, ROUNDS - 1].map((at) => seconds[at].toFixed(2));
    const speed = (megabytes / Number(median)).toFixed(0);
    console.log(
      `${name.padEnd(7)} progress: median ${median} s (${least}-${most}), ${speed} MB/s, lines ${all.map(({ lines }) => lines).join(' ')}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
