// `node interop/bulk.mjs`: many messages between real peers, every one of them once, in order and byte for byte, live and by `--read` of
// the same packets (README.md).
//   --rows WORDS     only those whose name has one of these words, separated by semicolons
//   --messages N     so many a row in each direction; the rows of versions of Node share them
//   --keep FOLDER    the savefiles of what failed go there
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withServer } from './bulk/processes.mjs';
import { ROWS } from './bulk/rows.mjs';
import { watch } from './bulk/watch.mjs';
import { OF_LOSS } from './losses.mjs';

/** Messages on their way to an echo and back. A row of a machine that is too busy is had again, with fewer of them. */
const IN_FLIGHT = [64, 16, 4];
/** The body of an exchange that is a stream is larger than what is kept of it. */
const OF_WHOLE_STREAM = ['overBodyLimit', 'contentOverLimit'];

const { values: flags } = parseArgs({
  options: { rows: { type: 'string' }, messages: { type: 'string', default: '100000' }, keep: { type: 'string' } },
});
const chosen = ROWS.filter(({ name }) => !flags.rows || flags.rows.split(';').some((word) => name.includes(word)));
if (chosen.length === 0) throw new Error(`no row has a name with ${flags.rows}`);
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bulk-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

if (flags.keep) mkdirSync(flags.keep, { recursive: true });

async function attempt(row, count, place) {
  mkdirSync(place);
  const [live, read] = [row.judge(count), row.judge(count)];
  const file = join(place, 'capture.pcap');
  const { told, counters, leftOut } = await withServer(row, count, place, ({ port, keylog, ask }) =>
    watch({ port, file, keylog, live, read }, ask),
  );
  const complaints = [
    ...live.complaints(told).map((text) => `live: ${text}`),
    ...read.complaints(told).map((text) => `--read: ${text}`),
    ...OF_LOSS.filter((name) => counters[name] > 0 && !(row.isStream && OF_WHOLE_STREAM.includes(name))).map(
      (name) => `live: ${name} is ${counters[name]}`,
    ),
  ];
  if (live.fingerprint?.() !== read.fingerprint?.()) complaints.push('live and --read differ');
  return { complaints, leftOut, live, read, file };
}

async function resultOf(row) {
  const count = Math.ceil(Number(flags.messages) * (row.share ?? 1));
  const place = join(folder, 'row');
  for (let tries = 1; ; tries++) {
    rmSync(place, { recursive: true, force: true });
    process.env.BULK_IN_FLIGHT = String(IN_FLIGHT[tries - 1]);
    const result = await attempt(row, count, place);
    if (result.leftOut === 0 || tries === IN_FLIGHT.length) return result;
    console.log(`${row.name}: again, the machine was busy: ${result.leftOut} left out`);
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
