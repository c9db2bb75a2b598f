// `npm run bench:instructions [-- --write]`: how many instructions the engine takes for fixed traffic, held against
// instructions.json, which `--write` makes anew. Unlike times, counts do not depend on what else the machine does.
//
// They do depend on the compiler, and on the CPU by what libc and memchr choose for it (callgrind hides AVX-512, so that
// all of x86-64 with AVX2 counts alike): if either differs, the counts are shown and not judged. Randomness (the hash tables'
// keys) moves them by less than 0.1 %.
//
// To see where the instructions are spent: callgrind_annotate on the file that `--profile FOLDER` leaves there for each run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Kind of traffic (examples/traffic.rs) and number of exchanges. */
const RUNS = {
  'small-gets': 10_000,
  'small-http2': 10_000,
  connections: 5_000,
  'large-text': 200,
  'large-text-mtu': 200,
  'large-json': 100,
};
const PORT = '8080';
const SLACK = 0.03;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const budgetFile = join(root, 'scripts', 'instructions.json');
const { write, profile } = parseArgs({ options: { write: { type: 'boolean' }, profile: { type: 'string' } } }).values;
if (profile !== undefined) mkdirSync(profile, { recursive: true });
const example = (name) => join(root, 'target', 'release', 'examples', name);
const output = (command, args) =>
  execFileSync(command, args, { encoding: 'utf8', cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });

const percent = (share) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(2)} %`;

function environment() {
  const [, rustc] = output('rustc', ['--version']).split(' ');
  const avx2 = /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? ' with AVX2' : '';
  return { rustc, cpu: `${process.arch}${avx2}` };
}

function count(folder, kind) {
  const file = join(folder, `${kind}.pcap`);
  writeFileSync(file, execFileSync(example('traffic'), [kind, String(RUNS[kind])], { maxBuffer: 1 << 30 }));
  const saved = join(profile ?? folder, `callgrind.${kind}`);
  const args = ['--tool=callgrind', `--callgrind-out-file=${saved}`, example('read'), file, PORT];
  const { status, stderr, error } = spawnSync('valgrind', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error?.code === 'ENOENT') throw new Error('valgrind is missing: apt-get install valgrind');
  const messages = ['requests', 'responses'].map((name) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stderr)?.[1]),
  );
  if (status !== 0 || messages.some((found) => found !== RUNS[kind]))
    throw new Error(`reading ${kind} went wrong, ${messages} of ${RUNS[kind]} requests and responses:\n${stderr}`);
  return Number(stderr.match(/Collected : (\d+)/)?.[1]);
}

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
try {
  output('cargo', ['build', '--quiet', '--release', '--example', 'read', '--example', 'traffic']);
  const here = environment();
  const counts = Object.fromEntries(Object.keys(RUNS).map((kind) => [kind, count(folder, kind)]));
  if (write) writeFileSync(budgetFile, `${JSON.stringify({ ...here, instructions: counts }, null, 2)}\n`);
  const { instructions: budget, ...made } = JSON.parse(readFileSync(budgetFile, 'utf8'));
  const judged = made.rustc === here.rustc && made.cpu === here.cpu;
  let verdict = 'within the budget';
  for (const [kind, instructions] of Object.entries(counts)) {
    const change = instructions / budget[kind] - 1;
    const each = Math.round(instructions / (2 * RUNS[kind]));
    console.log(`${kind}: ${instructions} instructions, ${each} a message, ${percent(change)} against the budget`);
    if (!judged) continue;
    if (change > SLACK) {
      console.log(`  more than ${100 * SLACK} % over: find out why, or say why in the commit that raises the budget`);
      verdict = 'OVER THE BUDGET';
      process.exitCode = 1;
    } else if (change < -SLACK) console.log('  the budget is too high now: lower it with --write');
  }
  if (!judged)
    verdict = `not judged: budget of rustc ${made.rustc}, ${made.cpu}; here rustc ${here.rustc}, ${here.cpu}`;
  console.log(verdict);
} finally {
  rmSync(folder, { recursive: true });
}
