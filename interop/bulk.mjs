// `node interop/bulk.mjs`: many messages between real peers, every one of them once, in order and byte for byte, live and by `--read` of
// the same packets (README.md).
//   --rows WORDS     only those whose name has one of these words, separated by semicolons
//   --messages N     so many a row in each direction; the rows of versions of Node share them
//   --keep FOLDER    the savefiles of what failed go there
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROWS } from './bulk/rows.mjs';
import { watch } from './bulk/watch.mjs';
import { OF_LOSS } from './losses.mjs';
import { freePort, listening, run, start } from './processes.mjs';
import { secured } from './secured.mjs';
import { TOOLS } from './tools.mjs';

/** A row of a machine that is too busy is had again. */
const ATTEMPTS = 3;
const CLIENT_LIMIT_MS = 600_000;

const { values: flags } = parseArgs({
  options: { rows: { type: 'string' }, messages: { type: 'string', default: '100000' }, keep: { type: 'string' } },
});
const chosen = ROWS.filter(({ name }) => !flags.rows || flags.rows.split(';').some((word) => name.includes(word)));
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bulk-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function attempt(row, count, place) {
  mkdirSync(place);
  const { keylog, env } = row.secure ? secured(place) : {};
  const options = {
    cwd: place,
    env: { ...env, ...(row.secure && { BULK_TLS: place }), INTEROP_MODULES: TOOLS.modules() },
  };
  const port = await freePort();
  const server = start(row.server(port, count, TOOLS).map(String), options);
  try {
    await listening(server, port);
    const [live, read] = [row.judge(count), row.judge(count)];
    const file = join(place, 'capture.pcap');
    const { told, counters, dropped } = await watch({ port, file, keylog, live, read }, async () => {
      const { code, stdout, stderr } = await run(row.client(port, count, TOOLS).map(String), CLIENT_LIMIT_MS, options);
      if (code !== 0) throw new Error(`the client: exit ${code}, ${stderr.trim()}`);
      return (row.told ?? JSON.parse)(stdout);
    });
    const complaints = [
      ...live.complaints(told).map((text) => `live: ${text}`),
      ...read.complaints(told).map((text) => `--read: ${text}`),
      ...OF_LOSS.filter((name) => counters[name] > 0).map((name) => `live: ${name} is ${counters[name]}`),
    ];
    return { complaints, dropped, live, read, file };
  } finally {
    await server.stop();
  }
}

async function resultOf(row) {
  const count = Math.ceil(Number(flags.messages) * (row.share ?? 1));
  const place = join(folder, 'row');
  for (let tries = 1; ; tries++) {
    rmSync(place, { recursive: true, force: true });
    const result = await attempt(row, count, place);
    if (result.dropped === 0 || tries === ATTEMPTS) return result;
    console.log(`${row.name}: again, the machine was busy: ${result.dropped} dropped`);
  }
}

for (const row of chosen) {
  const began = performance.now();
  let text;
  try {
    const { complaints, live, read, file } = await resultOf(row);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    text = `${live.shown} live, ${read.shown} of the savefile, ${seconds} s`;
    if (complaints.length > 0) {
      process.exitCode = 1;
      text = ['FAILED', text, ...complaints].join('\n  ');
      if (flags.keep) copyFileSync(file, join(flags.keep, `${row.name.replaceAll(/\W+/g, '-')}.pcap`));
    }
  } catch (error) {
    process.exitCode = 1;
    text = `FAILED: ${error.message}`;
  }
  console.log(`${row.name}: ${text}`);
}
