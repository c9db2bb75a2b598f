// `node interop/incidents.mjs`: real incidents of a shop (incidents/shop.mjs), and whether the first screen of the command names the
// endpoint, the onset and the side of the cause.
//   --kinds WORDS      only these, separated by commas: slow-dependency, storm-behind-retries, client-hangs-up
//   --place NAME       one-host (default) or pods, which needs root
//   --seconds N        how long each is; default: 40
//   --mb N             about so large is each savefile; default: 20
//   --keep FOLDER      the savefiles go there, and what the command said
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { complaintsOf } from './incidents/judge.mjs';
import { KINDS } from './incidents/plan.mjs';
import { haveIncident } from './incidents/shop.mjs';
import { run } from './processes.mjs';

const READ_LIMIT_MS = 120_000;

const { values: flags } = parseArgs({
  options: {
    kinds: { type: 'string', default: KINDS.join() },
    place: { type: 'string', default: 'one-host' },
    seconds: { type: 'string', default: '40' },
    mb: { type: 'string', default: '20' },
    keep: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-incidents-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const place = flags.keep ?? folder;
mkdirSync(place, { recursive: true });

let failed = 0;
for (const kind of flags.kinds.split(',')) {
  const file = join(place, `${kind}-${flags.place}.pcap`);
  const truth = await haveIncident(kind, {
    place: flags.place,
    seconds: Number(flags.seconds),
    megabytes: Number(flags.mb),
    file,
    folder: join(folder, 'nginx'),
  });
  if (flags.keep !== undefined) writeFileSync(`${file}.json`, JSON.stringify(truth));
  console.log(`${kind}: ${Math.round(statSync(file).size / 1e6)} MB, ${truth.dropped} packets dropped`);
  for (const ports of [truth.ports.join(), 'auto']) {
    const words = ['dist/cli.js', '--ports', ports, '--read', file, '--log-level', 'warn', '--summary'];
    const { code, stderr } = await run(
      ['bash', '-c', 'exec "$@" >/dev/null', '-', process.execPath, ...words],
      READ_LIMIT_MS,
      {
        env: { TZ: 'UTC' },
      },
    );
    const complaints = [...(code === 0 ? [] : [`exit ${code}`]), ...complaintsOf(truth, stderr)];
    failed += complaints.length;
    console.log(`  --ports ${ports}: ${complaints.length === 0 ? 'says what happened' : 'does NOT say what happened'}`);
    for (const complaint of complaints) console.log(`    ${complaint}`);
    if (complaints.length > 0 || flags.keep !== undefined) console.log(stderr.replace(/^/gm, '    | '));
  }
}
console.log(`incidents: ${failed === 0 ? 'each is told' : `${failed} complaints`}`);
process.exitCode = failed === 0 ? 0 : 1;
