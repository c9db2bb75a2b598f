// `node bench/summary.mjs [ROUNDS [MB]]`: what the summary costs beside `--format json > /dev/null`, of savefiles of 230 MB, in CPU time of
// the whole process and by the clock, with its start. The two commands run in turn; the ratio is that of each round.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { timed } from './processes.mjs';
import { inTurn, median, ratios } from './statistics.mjs';
import { atOnce, oneByOne } from './synthetic.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const MB = Number(process.argv[3] ?? 230);
const CONNECTIONS = 1_000;

/** Bytes of an exchange in the savefile, by what is made. */
const FILES = [
  {
    name: 'answers of 2 000 bytes',
    exchangeBytes: 2_350,
    make: (path, exchanges) => atOnce(path, { connections: CONNECTIONS, exchanges, bodyBytes: 2_000 }),
  },
  {
    name: 'answers of 46 bytes',
    exchangeBytes: 323,
    make: (path, exchanges) => atOnce(path, { connections: CONNECTIONS, exchanges }),
  },
  {
    name: 'answers of 46 bytes, a connection for ten',
    exchangeBytes: 351,
    make: (path, exchanges) => oneByOne(path, { connections: Math.ceil(exchanges / 10), each: 10 }),
  },
];

const KINDS = { json: ['--format', 'json'], summary: ['--summary'] };

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-summary-'));
const path = join(folder, 'bench.pcap');
console.log(`medians of ${ROUNDS} rounds, stdout to /dev/null, CPU time and time by the clock`);
console.log('| in the file | `--format json` | `--summary` | CPU | clock |\n|---|---|---|---|---|');
for (const { name, exchangeBytes, make } of FILES) {
  const { messages } = make(path, Math.round((MB * 1e6) / exchangeBytes));
  const figures = await inTurn(
    Object.entries(KINDS).map(([kind, flags]) => ({ name: kind, run: () => read(flags) })),
    { rounds: ROUNDS },
  );
  const [json, summary] = [figures.get('json'), figures.get('summary')];
  const seconds = (rounds) =>
    ['cpuSeconds', 'wallSeconds'].map((what) => median(rounds.map((round) => round[what])).toFixed(2)).join(' s, ');
  const [cpu, clock] = ['cpuSeconds', 'wallSeconds'].map((what) => ratios(summary, json, what).median.toFixed(2));
  const size = `${Math.round(statSync(path).size / 1e6)} MB, ${messages / 2} exchanges, ${name}`;
  console.log(`| ${size} | ${seconds(json)} s | ${seconds(summary)} s | ${cpu} times | ${clock} times |`);
}
rmSync(folder, { recursive: true });

function read(flags) {
  const args = ['dist/cli.js', '--ports', String(PORT), '--log-level', 'error', '--read', path, ...flags];
  return timed([process.execPath, ...args]);
}
