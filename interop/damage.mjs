// `node interop/damage.mjs`: savefiles of real streams, damaged again and again: every message that is shown as whole was sent,
// in the order in which they were sent, and whatever is missing was told.
//   --rows WORDS     of the rows of bulk.mjs, by words in their names, separated by semicolons
//   --messages N     in each direction
//   --times N        so many damaged copies of each savefile
//   --seed N         of the first copy
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DamagedJudge } from './bulk/damaged.mjs';
import { damaged } from './bulk/packets.mjs';
import { record } from './bulk/record.mjs';
import { ROWS } from './bulk/rows.mjs';
import { readCounted } from './bulk/watch.mjs';

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: 'ws ws - ws;wss ws - ws;gRPC;SSE;100 streams;node 24' },
    messages: { type: 'string', default: '3000' },
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = ROWS.filter(({ name }) => flags.rows.split(';').some((word) => name.includes(word)));
if (chosen.length === 0) throw new Error(`no row has a name with ${flags.rows}`);
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-damage-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Packets are lost; of TLS, bytes are also altered, which its tags find out. */
const waysFor = ({ secure }) => ['lose', 'loseRuns', ...(secure ? ['alter'] : [])];
/** Counters that say of a loss that it was seen. */
const TOLD_BY = [
  ...['gaps', 'gapBytes', 'tlsBrokenRecords', 'tlsLostRecords', 'tlsUnreadLostStep'],
  // A connection whose hellos are altered.
  ...['tlsUnreadNoHandshake', 'tlsUnreadNoKeys', 'tlsUnreadWrongKeys'],
];
const count = Number(flags.messages);

for (const row of chosen) {
  const place = join(folder, 'row');
  rmSync(place, { recursive: true, force: true });
  const { port, file, keylog } = await record(row, Math.ceil(count * (row.share ?? 1)), place);
  const copy = join(place, 'damaged.pcap');
  for (const way of waysFor(row)) {
    const sums = { damaged: 0, whole: 0, flagged: 0 };
    const complaints = [];
    for (let time = 0; time < Number(flags.times); time++) {
      const seed = Number(flags.seed) + time;
      const losses = damaged(file, copy, way, seed);
      const judge = new DamagedJudge((row.directions ?? 2) * Math.ceil(count * (row.share ?? 1)));
      const counters = await readCounted({ port, file: copy, keylog }, judge);
      for (const text of judge.complaints(losses, counters, TOLD_BY)) complaints.push(`seed ${seed}: ${text}`);
      sums.damaged += losses;
      sums.whole += judge.whole;
      sums.flagged += judge.flagged;
    }
    const text = `${sums.damaged} packets, ${sums.whole} messages whole, ${sums.flagged} flagged`;
    console.log([`${row.name}, ${way}: ${complaints.length > 0 ? 'FAILED, ' : ''}${text}`, ...complaints].join('\n  '));
    if (complaints.length > 0) process.exitCode = 1;
  }
}
